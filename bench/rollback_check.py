"""Checks the rollbacks that an audit calls proven, with nothing of what wrote and proved them: psql, pg_dump, a server.

    .venv/bin/python -m workers audit DIR --repo REPO --sql --format json > AUDIT
    .venv/bin/python bench/rollback_check.py AUDIT REPO [--from 0] [--to 60] [--jobs 2]

REPO may be a bare repository. Each migration in order: dumped; applied as its runner would; on a copy of the database,
rolled back by the claimed SQL and dumped; applied again and dumped. The dumps of the schema must be the same but for
the order of columns and of grants. Each job replays what comes before its part. Prints every claim that does not hold,
with a short diff; ends with 1 where there is one."""

from __future__ import annotations

import argparse
import enum
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from schema_dumps import unlike

from workers.beforehand import beforehand
from workers.gather import Between, gather
from workers.model import Migration, Part, StatementKind, Transaction
from workers.policy import Policy
from workers.postgres.cluster import DATABASE, Cluster, Limits, Role, default_cache, start_cluster
from workers.postgres.prelude import Prelude
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, find_installations
from workers.projects import Wanted
from workers.repository import open_repository
from workers.sql.split import split

_LIMITS = Limits(total_ms=6 * 3600_000, disk_bytes=8 << 30)
_COPY = "checked"
_ERROR = re.compile(r"ERROR:\s+(?P<state>[0-9A-Z]{5}): (?P<message>.*)")
_APART = frozenset({"25001", "55P04"})  # refused in a transaction; a new enum value that is used in it
_PROVIDED = re.compile(r"^role (.+): not made by any migration")
_STAYS = {  # what a rollback says it leaves, by how the SQLSTATE begins with which the migration is refused then
    "23": re.compile("^Rows were inserted into "),
    "42710": re.compile(", reaches beyond the database; "),
}


class Verdict(enum.StrEnum):
    AGREES = "agrees"
    STAYS = "agrees, and what it says it leaves is in the way of applying again"
    DISAGREES = "disagrees"
    UNPROVEN = "not claimed to be proven"
    NOT_APPLIED = "not applied, by the audit or by psql"


@dataclass(frozen=True, slots=True)
class Claim:
    """steps: SQL, and whether it goes in one transaction. stays: how SQLSTATEs may begin."""

    steps: tuple[tuple[str, bool], ...]
    proven: bool
    stays: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """The migrations of one job: the history, and which of them are checked. before: what is there before the history,
    as far as the repository's policy is not asked. provided: names of roles."""

    installation: Installation
    before: tuple[Migration, ...]
    history: tuple[Migration, ...]
    claims: dict[str, Claim]
    provided: tuple[str, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Checked:
    path: str
    verdict: Verdict
    difference: tuple[str, ...] = ()


def main() -> int:
    asked = _arguments()
    report = json.loads(asked.audit.read_text("utf-8"))
    repository = open_repository(asked.repo)
    commit = repository.commit(report["commit"])
    wanted = Wanted(report["layout"], report["directory"])
    history = gather(repository, Between(commit, commit), (wanted,))[0].history
    before = beforehand(report["layout"], history, Policy()).sql
    claims = {each["path"]: _claim(each) for each in report["migrations"] if each["applied"]}
    installation = next(one for one in find_installations() if one.version == report["server"]["version"])
    stop = min(asked.to or len(history), len(history))
    bounds = [asked.start + (stop - asked.start) * job // asked.jobs for job in range(asked.jobs + 1)]
    provided = tuple(made[1] for note in report["notes"] if (made := _PROVIDED.match(note)))
    parts = [Job(installation, before, history, claims, provided, *each) for each in pairwise(bounds)]
    assert not any(name.startswith(("workers.rollback", "workers.postgres.catalog")) for name in sys.modules)
    with ProcessPoolExecutor(asked.jobs) as jobs:
        found = [checked for job in jobs.map(_check, parts) for checked in job]
    return _tell(found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Checks an audit's claims by psql and pg_dump.")
    parser.add_argument("audit", type=Path)
    parser.add_argument("repo", type=Path)
    parser.add_argument("--from", dest="start", type=int, default=0, help="the first migration to check, from 0")
    parser.add_argument("--to", type=int, help="the one behind the last")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def _claim(told: dict[str, Any]) -> Claim:
    steps = tuple((step["sql"], step["transaction"]) for step in told["steps"])
    stays = (state for state, words in _STAYS.items() if any(map(words.search, told["reasons"])))
    return Claim(steps, told["proven"], tuple(stays))


def _tell(found: Sequence[Checked]) -> int:
    wrong = [each for each in found if each.verdict is Verdict.DISAGREES]
    for each in wrong:
        print(f"\n{each.path}", *each.difference, sep="\n    ")
    counts = Counter(each.verdict for each in found)
    print(f"\n{len(found)} migrations", *(f"{counts[verdict]:6} {verdict.value}" for verdict in Verdict), sep="\n")
    return 1 if wrong else 0


# ---------------------------------------------------------------- one part


def _check(part: Job) -> list[Checked]:
    with start_cluster(part.installation, strongest_tier(), _LIMITS, default_cache()) as cluster:
        line = _Database(cluster, Prelude(cluster), DATABASE, part.installation.bin)
        for role in part.provided:
            line.prelude.remedied("42704", f'role "{role}" does not exist', DATABASE)
        for migration in (*part.before, *part.history[: part.start]):
            line.apply(migration)
        found = []
        before = line.dump()
        for migration in part.history[part.start : part.stop]:
            refused = line.apply(migration)
            after = line.dump()
            found.append(_checked(line, migration, part.claims.get(migration.path), refused, (before, after)))
            print("." if found[-1].verdict is not Verdict.DISAGREES else "X", end="", file=sys.stderr, flush=True)
            before = after
    return found


def _checked(
    line: _Database, migration: Migration, claim: Claim | None, refused: str | None, dumps: tuple[str, str]
) -> Checked:
    if claim is None or refused:
        agree = claim is None and refused is not None
        return Checked(migration.path, Verdict.NOT_APPLIED, () if agree else (f"psql: {refused}",))
    if not claim.proven:
        return Checked(migration.path, Verdict.UNPROVEN)
    line.cluster.create_database(_COPY, DATABASE)
    copy = replace(line, name=_COPY)
    try:
        return _tried(copy, migration, claim, dumps)
    finally:
        line.cluster.drop_database(_COPY)


def _tried(copy: _Database, migration: Migration, claim: Claim, dumps: tuple[str, str]) -> Checked:
    for sql, transaction in claim.steps:
        if error := copy.run(sql, "--single-transaction" if transaction else None):
            return Checked(migration.path, Verdict.DISAGREES, (f"rolling back: {error}",))
    if different := tuple(unlike(dumps[0], copy.dump())):
        return Checked(migration.path, Verdict.DISAGREES, ("before, and rolled back:", *different))
    if error := copy.apply(migration):
        verdict = Verdict.STAYS if error.startswith(claim.stays) else Verdict.DISAGREES
        return Checked(migration.path, verdict, (f"applying again: {error}",))
    if different := tuple(unlike(dumps[1], copy.dump())):
        return Checked(migration.path, Verdict.DISAGREES, ("applied, and applied again:", *different))
    return Checked(migration.path, Verdict.AGREES)


# ---------------------------------------------------------------- psql and pg_dump


@dataclass(frozen=True, slots=True)
class _Database:
    cluster: Cluster
    prelude: Prelude
    name: str
    programs: Path  # the folder of psql and pg_dump of the server's version, where there are any

    def apply(self, migration: Migration) -> str | None:
        """As the layout's runner would; the error, or None. What a transaction refuses goes statement by statement, as
        a team would have done it. What a platform has is its own."""
        several = sum(one.kind is StatementKind.SQL for one in split(migration.text).statements) > 1
        wrapped = migration.transaction is Transaction.FILE or (
            migration.transaction is Transaction.SIMPLE_QUERY and several
        )
        role = Role.ADMIN if migration.part is Part.PLATFORM else Role.MIGRATION
        error = self.run(migration.text, "--single-transaction" if wrapped else None, role)
        if error and wrapped and error[:5] in _APART:
            return self.run(migration.text, None)
        return error

    def run(self, sql: str, how: str | None, role: Role = Role.MIGRATION) -> str | None:
        """SQLSTATE and message of the error, or None. Roles that the platform would provide are made."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
            file.write(sql)
            file.flush()
            options = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", *((how,) if how else ()))
            done = self._program("psql", role, *options, "-f", file.name)
        if done.returncode == 0:
            return None
        error = _ERROR.search(done.stderr)
        if error is None:
            return done.stderr.strip()
        if self.prelude.remedied(error["state"], error["message"], self.name):
            return self.run(sql, how, role)
        return f"{error['state']} {error['message']}"

    def dump(self) -> str:
        """The whole schema, as the superuser sees it. Raises RuntimeError."""
        done = self._program("pg_dump", Role.ADMIN, "--schema-only")
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def _program(self, program: str, role: Role, *options: str) -> subprocess.CompletedProcess[str]:
        path = self.programs / program
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGHOST": str(self.cluster.socket_folder)}
        environment |= {"PGPORT": "5432", "PGUSER": role.value, "PGDATABASE": self.name, "PGSSLMODE": "disable"}
        return subprocess.run(
            (str(path) if path.exists() else program, *options),
            env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
