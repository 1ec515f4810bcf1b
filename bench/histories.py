"""Reviews the newest migrations of a repository, each on what was merged before it, and counts what the rules find.

    .venv/bin/python bench/histories.py REPO [--path DIR] [--layout plain] [--newest 30] [--findings FILE]

REPO may be a bare repository. Prints the findings of each rule, and what was not rehearsed or read; --findings writes
each finding as a line of JSON with the statement it is about, for a hand check. Code is not searched for what is
dropped: the code of that day is not at hand."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from workers.extensions import extensions_of
from workers.gather import Between, gather
from workers.judge import judge
from workers.model import Change, ChangedMigration, MigrationSet, Transaction
from workers.policy import Policy
from workers.policy_file import parse_policy
from workers.postgres.cluster import Limits, default_cache
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import choose, find_installations
from workers.projects import Wanted
from workers.rehearse import rehearse
from workers.rehearsed import Rehearsal
from workers.replay import Ground, replayed
from workers.repository import open_repository
from workers.verdict import Report


def main() -> int:
    asked = _arguments()
    repository = open_repository(asked.repo)
    commit = repository.commit(asked.revision)
    wanted = Wanted(asked.layout, asked.path, Transaction(asked.transaction) if asked.transaction else None)
    (merged,) = gather(repository, Between(commit, commit), (wanted,))
    policy = parse_policy(asked.policy.read_text("utf-8"), str(asked.policy)) if asked.policy else Policy()
    reports = []
    for one in _newest(merged, asked.newest):
        reports.append(judge(one, _rehearsal(one), policy))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    _tell(reports)
    if asked.findings:
        asked.findings.write_text("".join(json.dumps(line) + "\n" for line in _lines(reports)), "utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Counts what the rules find in the newest migrations.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--revision", default="HEAD")
    parser.add_argument("--path")
    parser.add_argument("--layout")
    parser.add_argument("--transaction", choices=tuple(Transaction))
    parser.add_argument("--newest", type=int, default=30)
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--findings", type=Path)
    return parser.parse_args()


def _newest(merged: MigrationSet, count: int) -> Iterator[MigrationSet]:
    """Each of the newest as a pull request of its own."""
    for index in range(max(0, len(merged.history) - count), len(merged.history)):
        added = (ChangedMigration(Change.ADDED, None, merged.history[index]),)
        yield replace(merged, history=merged.history[:index], changed=added)


def _rehearsal(migrations: MigrationSet) -> Rehearsal:
    extensions = extensions_of((*migrations.history, *migrations.added))
    installation = choose(find_installations(), None, frozenset(extensions))
    ground = Ground(installation, strongest_tier(), Limits(), default_cache(), 4 << 30, lambda: None)
    with replayed(migrations.history, ground) as base:
        return rehearse(base, migrations.added)


def _tell(reports: list[Report]) -> None:
    found = Counter((finding.rule, finding.level.word) for report in reports for finding in report.findings)
    levels = Counter(report.level.word for report in reports)
    print(f"{len(reports)} migrations: " + ", ".join(f"{count} {word}" for word, count in sorted(levels.items())))
    for (rule, level), count in found.most_common():
        print(f"{count:5} {level:10} {rule}")
    for report in reports:
        for item in report.unread:
            print(f"unread: {item.path}:{item.line}: {item.reason}")
        for note in report.notes:
            print(f"note: {note}")


def _lines(reports: list[Report]) -> Iterator[dict[str, Any]]:
    for report in reports:
        statements = {(m.path, s.statement.line): s.statement.text for m in report.migrations for s in m.statements}
        for finding in report.findings:
            yield {
                "rule": finding.rule,
                "level": finding.level.word,
                "path": finding.path,
                "line": finding.line,
                "object": finding.object,
                "message": finding.message,
                "sql": statements.get((finding.path, finding.line), ""),
            }


if __name__ == "__main__":
    sys.exit(main())
