"""What the base branch declares, made of what the pull request declares: the same as if it had been made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.drift.test_engine import SEVEN, installed, needs_engine
from workers.drift.earlier import steps_to
from workers.drift.engine import render
from workers.drift.gaps import gaps
from workers.drift.making import catalog_of
from workers.postgres.cluster import Cluster
from workers.postgres.sandbox import Tier
from workers.postgres.session import Session

HEAD = 'datasource db {\n  provider = "postgresql"\n}\n'
SCHEMA = (
    HEAD
    + """
enum State {
  OPEN
  CLOSED
}

model User {
  id    Int    @id @default(autoincrement())
  state State  @default(OPEN)
  note  String @default("-- CreateTable\\n\\"User\\"")
  posts Post[]
}

model Post {
  id     Int   @id
  userId Int
  user   User  @relation(fields: [userId], references: [id])
  tags   Tag[]

  @@index([userId])
}

model Tag {
  id    Int    @id
  posts Post[]
}
"""
)
CHANGES = {
    "nothing": ("", ""),
    "a column of a table that others refer to": ("model User {\n", "model User {\n  age Int?\n"),
    "an index": ("  @@index([userId])\n", ""),
    "a value": ("  CLOSED\n", "  CLOSED\n  GONE\n"),
    "a foreign key": ("references: [id])\n  tags", "references: [id], onDelete: Cascade)\n  tags"),
    "a table": ("model Tag {", "model Other {\n  id Int @id\n}\n\nmodel Tag {"),
    "a column with its index": ("model Tag {\n", "model Tag {\n  name String @unique\n"),
}


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    cluster.create_database("earlier", "template1")
    yield "earlier"
    cluster.drop_database("earlier")


def run(cluster: Cluster, database: str, *sql: str) -> None:
    with Session(cluster, database=database) as session:
        for each in sql:
            assert session.run(each, simple=True).error is None


def test_what_is_the_same_needs_nothing() -> None:
    ddl = '-- CreateTable\nCREATE TABLE "A" ("id" INTEGER);\n\n-- CreateEnum\nCREATE TYPE "E" AS ENUM (\'a\');\n'
    assert steps_to(ddl, ddl) == ()


def test_only_what_differs_is_made_again() -> None:
    a = '-- CreateTable\nCREATE TABLE "A" ("id" INTEGER, "e" "E");\n\n'
    key = '-- AddForeignKey\nALTER TABLE "B" ADD CONSTRAINT "k" FOREIGN KEY ("a") REFERENCES "A"("id");\n'
    rest = '-- CreateTable\nCREATE TABLE "B" ("a" INTEGER);\n\n-- CreateIndex\nCREATE INDEX "i" ON "B"("a");\n\n' + key
    enum, other = (f"-- CreateEnum\nCREATE TYPE \"E\" AS ENUM ('{label}');\n\n" for label in "ab")
    assert steps_to(enum + a + rest, other + a + rest) == (
        'DROP TABLE IF EXISTS "A" CASCADE',
        'DROP TYPE IF EXISTS "E" CASCADE',
        "CREATE TYPE \"E\" AS ENUM ('a');",
        'CREATE TABLE "A" ("id" INTEGER, "e" "E");',
        'ALTER TABLE "B" ADD CONSTRAINT "k" FOREIGN KEY ("a") REFERENCES "A"("id");',
    )


def test_of_other_kinds_it_knows_nothing() -> None:
    one = '-- CreateExtension\nCREATE EXTENSION "a";\n'
    assert steps_to(one, one.replace("a", "b")) is None
    assert steps_to(one + "-- Odd\nSELECT 1;\n", one) is None


@pytest.mark.campaign
@needs_engine
def test_it_comes_to_the_same(cluster: Cluster, database: str, tmp_path: Path) -> None:
    engines = installed(tmp_path)
    before = render(SEVEN, engines, {"a.prisma": SCHEMA}, Tier.RLIMITS)
    run(cluster, database, before)
    wanted = catalog_of(cluster, database)
    for name, (old, new) in CHANGES.items():
        after = render(SEVEN, engines, {"a.prisma": SCHEMA.replace(old, new, 1)}, Tier.RLIMITS)
        there, back = steps_to(after, before), steps_to(before, after)
        assert there is not None
        assert back is not None
        run(cluster, database, *there)
        assert (name, bool(gaps(wanted, catalog_of(cluster, database)))) == (name, name != "nothing")
        run(cluster, database, *back)
        assert (name, gaps(wanted, catalog_of(cluster, database))) == (name, ())
