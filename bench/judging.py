"""Measures how fast migrations are judged.

    .venv/bin/python bench/judging.py [REPO] [--path DIR] [--runs 5]

Goals: `migration-bot lint` of a file with 1,000 statements in at most 1.0 s, start-up included; of a review of the
newest migration of REPO, a git repository, judging takes at most 5 %. Prints one line each; ends with 1 when a goal is
missed."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from workers.extensions import extensions_of
from workers.gather import Between, gather
from workers.judge import judge
from workers.model import Change, ChangedMigration
from workers.policy import Policy
from workers.postgres.cluster import Limits, default_cache
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import choose, find_installations
from workers.projects import Wanted
from workers.rehearse import rehearse
from workers.replay import Ground, replayed
from workers.repository import open_repository

_FORMS = (
    "CREATE TABLE t{n} (id bigint PRIMARY KEY, a int, b text);",
    "ALTER TABLE t{m} ADD COLUMN c{n} int;",
    "CREATE INDEX i{n} ON t{m} (a);",
    "ALTER TABLE t{m} ADD CONSTRAINT k{n} CHECK (a > {n}) NOT VALID;",
    "UPDATE t{m} SET a = {n} WHERE id = {n};",
    "ALTER TABLE orders{m} ADD COLUMN d{n} text NOT NULL DEFAULT 'x';",
    "ALTER TABLE orders{m} ALTER COLUMN a SET NOT NULL;",
    "INSERT INTO t{m} (id, a) VALUES ({n}, {n});",
    "ALTER TABLE orders{m} DROP COLUMN z{n};",
    "CREATE INDEX j{n} ON orders{m} (a);",
)
_STATEMENTS, _LINT_S, _SHARE = 1000, 1.0, 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures lint, and the share of judging in a review.")
    parser.add_argument("repo", type=Path, nargs="?")
    parser.add_argument("--path")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    met = [_lint(asked.runs)]
    if asked.repo:
        met.append(_share(asked.repo, asked.path, asked.runs))
    return 0 if all(met) else 1


def _lint(runs: int) -> bool:
    text = "\n".join(_FORMS[n % len(_FORMS)].format(n=n, m=n // len(_FORMS)) for n in range(_STATEMENTS))
    with tempfile.TemporaryDirectory(prefix="migration-bot-bench-") as folder:
        file = Path(folder) / "1_many.sql"
        file.write_text(text, "utf-8")
        took = [_timed("lint", str(file), "--fail-on", "never") for _ in range(runs)]
    seconds = statistics.median(took)
    print(f"lint of {_STATEMENTS} statements: {seconds:.2f} s (goal {_LINT_S:.1f})")
    return seconds <= _LINT_S


def _timed(*arguments: str) -> float:
    began = time.monotonic()
    subprocess.run((sys.executable, "-m", "workers", *arguments), check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def _share(repo: Path, path: str | None, runs: int) -> bool:
    """Of a warm review: its history replayed from the snapshot."""
    repository = open_repository(repo)
    commit = repository.commit("HEAD")
    (merged,) = gather(repository, Between(commit, commit), (Wanted(directory=path),))
    *history, newest = merged.history
    added = (ChangedMigration(Change.ADDED, None, newest),)
    migrations = replace(merged, history=tuple(history), changed=added)
    installation = choose(find_installations(), None, frozenset(extensions_of(merged.history)))
    ground = Ground(installation, strongest_tier(), Limits(), default_cache(), 4 << 30, lambda: None)
    shares = []
    for _ in range(runs):
        began = time.monotonic()
        with replayed(migrations.history, ground) as base:
            rehearsal = rehearse(base, migrations.added)
        rehearsed = time.monotonic()
        judge(migrations, rehearsal, Policy())
        ended = time.monotonic()
        shares.append((ended - rehearsed) / (ended - began))
    share = statistics.median(shares)
    print(f"judging's share of a review of {newest.id}: {share:.1%} (goal {_SHARE:.0%})")
    return share <= _SHARE


if __name__ == "__main__":
    sys.exit(main())
