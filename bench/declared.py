"""Measures how much longer a review takes for holding schema.prisma against what the migrations build.

    .venv/bin/python bench/declared.py [--tables 300] [--runs 5]

The schema is made up: tables with relations, enums, lists and indexes as applications have them. Needs Prisma's engine:
bin/setup --prisma. Three pull requests, each with a migration: one without drift, one that declares a column which none
adds, one on a base branch that drifts already. Each is reviewed with schema.prisma in the repository and without it, in
turn, after a first time that fills the cache. Goal: at most 3 s between the medians. Ends with 1 when it is missed."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.repositories import Repo, prisma
from workers.drift.engine import missing, render
from workers.drift.pins import build_for
from workers.postgres.cluster import Limits, default_cache
from workers.postgres.sandbox import strongest_tier
from workers.reading import Asked
from workers.review import Machine, review

_GOAL_S = 3.0
_MAJOR = 7
_PATH = "prisma/schema.prisma"
_ADDED, _FORGOTTEN = "  added      Int?\n", "  forgotten  Int?\n"
_MORE = 'ALTER TABLE "entity_0" ADD COLUMN "added" INTEGER;\n'
_HEAD = 'datasource db {\n  provider = "postgresql"\n}\n'
_ENUM = """
enum State{0} {{
  DRAFT
  OPEN
  CLOSED
  ARCHIVED
}}
"""
_MODEL = """
model Entity{0} {{
  id         String   @id @default(uuid()) @db.Uuid
  number     Int      @default(autoincrement())
  slug       String   @unique @db.VarChar(80)
  title      String
  body       String?
  state      State{1} @default(DRAFT)
  tags       String[]
  meta       Json?
  price      Decimal  @default(0) @db.Decimal(12, 2)
  weight     Float?
  active     Boolean  @default(true)
  count      BigInt   @default(0)
  parentId   String   @map("parent_id") @db.Uuid
  ownerId    String?  @map("owner_id") @db.Uuid
  createdAt  DateTime @default(now()) @map("created_at") @db.Timestamptz(6)
  updatedAt  DateTime @updatedAt @map("updated_at")
  deletedAt  DateTime? @map("deleted_at")
{4}  parent     Entity{2} @relation("parents{0}", fields: [parentId], references: [id], onDelete: Cascade)
  owner      Entity{3}? @relation("owners{0}", fields: [ownerId], references: [id])
{5}
  @@unique([parentId, number])
  @@index([ownerId, createdAt(sort: Desc)])
  @@index([state])
  @@map("entity_{0}")
}}
"""


@dataclass(frozen=True, slots=True)
class _Pull:
    """What the base branch and the pull request declare, as fields of the first table."""

    base: str
    head: str


_PULLS = {
    "no drift": _Pull("", _ADDED),
    "a column that no migration adds": _Pull("", _ADDED + _FORGOTTEN),
    "drift of the base branch": _Pull(_FORGOTTEN, _ADDED + _FORGOTTEN),
}


def main() -> int:
    asked = _arguments()
    build = build_for(_MAJOR)
    if build is None or (why_not := missing(build, asked.cache)):
        raise SystemExit(why_not)
    tier = strongest_tier()
    schema = made_up(asked.tables)
    ddl = render(build, asked.cache, {_PATH: schema}, tier)
    machine = Machine(asked.cache, Limits(), 1 << 30, tier)
    print(f"{asked.tables} tables, {len(schema) >> 10} kB of schema.prisma")
    with tempfile.TemporaryDirectory(prefix="migration-bot-bench-") as folder:
        slowest = max(
            [
                _measure(name, _repositories(Path(folder, str(number)), pull, asked.tables, ddl), machine, asked.runs)
                for number, (name, pull) in enumerate(_PULLS.items())
            ]
        )
    return 0 if slowest <= _GOAL_S else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures what declared drift adds to a review.")
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=default_cache())
    return parser.parse_args()


def made_up(tables: int, added: str = "") -> str:
    """A schema of so many tables, each with a parent and an owner among the others. added: fields of the first."""
    back: dict[int, str] = dict.fromkeys(range(tables), "")
    for number in range(tables):
        back[number // 3] += f'  children{number} Entity{number}[] @relation("parents{number}")\n'
        back[number * 7 % tables] += f'  owned{number} Entity{number}[] @relation("owners{number}")\n'
    enums = "".join(_ENUM.format(number) for number in range(tables // 10 + 1))
    models = "".join(
        _MODEL.format(n, n // 10, n // 3, n * 7 % tables, "" if n else added, back[n]) for n in range(tables)
    )
    return _HEAD + enums + models


def _repositories(folder: Path, pull: _Pull, tables: int, ddl: str) -> tuple[Path, Path]:
    """With schema.prisma and without it."""
    both = Repo.at(folder / "with"), Repo.at(folder / "without")
    for repository in both:
        schemas = [
            {_PATH: made_up(tables, fields)} if repository is both[0] else {} for fields in (pull.base, pull.head)
        ]
        repository.commit({**schemas[0], **prisma(m1=ddl)})
        repository.commit({**schemas[1], **prisma(m2=_MORE)}, branch="pull")
    return both[0].folder, both[1].folder


def _measure(name: str, repositories: tuple[Path, Path], machine: Machine, runs: int) -> float:
    """By how much the medians differ, in seconds."""
    took: dict[Path, list[float]] = {repository: [] for repository in repositories}
    for run in range(runs + 1):
        for repository in repositories:
            began = time.monotonic()
            report = review(Asked(repository, "main", "pull"), machine)
            if run:
                took[repository].append(time.monotonic() - began)
            if repository == repositories[0]:
                told = f"{len(report.drift)} drift, {len(report.notes)} notes"
    all_of_it, plain = (statistics.median(times) for times in took.values())
    more = all_of_it - plain
    print(f"{name:32} {more:5.2f} s (goal {_GOAL_S:g}) of {all_of_it:.2f} s: {told}")
    return more


if __name__ == "__main__":
    sys.exit(main())
