"""A review tells a pull request what its schema.prisma says and its migrations do not build, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repositories import Repo, prisma
from tests.workers.drift.test_engine import PACKED, installed, needs_engine
from workers.model import Level
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier
from workers.reading import Asked, fingerprint, gathered
from workers.review import Machine, review
from workers.verdict import Drift, DriftKind, Report

SCHEMA = "prisma/schema.prisma"
HEAD = 'datasource db {\n  provider = "postgresql"\n}\n\n'
ONE = HEAD + "model One {\n  id Int @id\n}\n"
NAMED = ONE.replace("@id\n", "@id\n  name String?\n")
BUILD = 'CREATE TABLE "One" (id int NOT NULL, CONSTRAINT "One_pkey" PRIMARY KEY (id));\n'
NAME = 'ALTER TABLE "One" ADD COLUMN name text;\n'
COLUMN = Drift(
    DriftKind.DECLARED,
    "column public.One.name",
    "text",
    "missing",
    'ALTER TABLE "public"."One" ADD COLUMN "name" text;',
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path / "repo")
    repo.commit({**prisma(m1=BUILD), SCHEMA: ONE})
    return repo


@pytest.fixture
def machine(cache: Path) -> Machine:
    """With the engine for Prisma 7 in the cache, where the tests' Prisma CLI has it."""
    if PACKED.is_dir():
        installed(cache)
    return Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)


def reviewed(repo: Repo, machine: Machine) -> Report:
    return review(Asked(repo.folder, "main", "feature"), machine)


@needs_engine
def test_a_schema_with_its_migration_is_clean(repo: Repo, machine: Machine) -> None:
    repo.commit({**prisma(m2=NAME), SCHEMA: NAMED}, branch="feature")
    report = reviewed(repo, machine)
    assert (report.level, report.drift, report.findings, report.notes) == (Level.SAFE, (), (), ())


@needs_engine
def test_a_field_without_its_migration_is_drift(repo: Repo, machine: Machine) -> None:
    repo.commit({SCHEMA: NAMED}, branch="feature")
    report = reviewed(repo, machine)
    assert (report.level, report.drift, report.migrations) == (Level.RISKY, (COLUMN,), ())
    ((rule, path, line),) = [(f.rule, f.path, f.line) for f in report.findings]
    assert (rule, path, line) == ("schema-not-as-declared", SCHEMA, 7)
    assert "`column public.One.name` is declared and not built" in report.findings[0].message


@needs_engine
def test_a_migration_without_its_field_is_drift(repo: Repo, machine: Machine) -> None:
    repo.commit(prisma(m2=NAME), branch="feature")
    report = reviewed(repo, machine)
    assert [(d.object, d.expected, d.actual) for d in report.drift] == [
        ("column public.One.name", "not to be there", "text")
    ]
    assert [(f.rule, f.line) for f in report.findings] == [("schema-not-as-declared", 5)]


@needs_engine
def test_another_name_is_told_once(repo: Repo, machine: Machine) -> None:
    repo.commit(prisma(m2='ALTER INDEX "One_pkey" RENAME TO one_key;\n'), branch="feature")
    assert reviewed(repo, machine).drift == (
        Drift(
            DriftKind.DECLARED,
            "constraint public.One.One_pkey",
            "PRIMARY KEY (id)",
            "called constraint public.One.one_key",
            'ALTER TABLE "public"."One" RENAME CONSTRAINT "one_key" TO "One_pkey";',
        ),
    )


@needs_engine
def test_what_the_base_branch_has_alarms_nobody(repo: Repo, machine: Machine) -> None:
    repo.commit({SCHEMA: NAMED})
    repo.commit(
        {**prisma(m2='CREATE TABLE "Two" (id int);\n'), SCHEMA: NAMED + "model Two {\n  id Int @id\n}\n"}, "feature"
    )
    report = reviewed(repo, machine)
    assert [d.object for d in report.drift] == ["constraint public.Two.Two_pkey", "column public.Two.id"]
    assert report.notes == (f"{SCHEMA}: one object differs from what the migrations build on the base branch already",)


@needs_engine
def test_the_merge_is_what_counts(repo: Repo, machine: Machine) -> None:
    """Both branches add a field and its migration; neither schema alone has both."""
    repo.commit({**prisma(m3=NAME), SCHEMA: NAMED.replace("name String?", "name String?\n")}, branch="feature")
    repo.git("switch", "-q", "main")
    two = "model Two {\n  id Int @id\n}\n\n"
    repo.commit(
        {
            **prisma(m2='CREATE TABLE "Two" (id int NOT NULL, CONSTRAINT "Two_pkey" PRIMARY KEY (id));\n'),
            SCHEMA: ONE.replace("datasource", two + "datasource"),
        }
    )
    report = reviewed(repo, machine)
    assert (report.drift, report.notes) == ((), ())


@needs_engine
def test_a_schema_that_is_broken_is_not_clean(repo: Repo, machine: Machine) -> None:
    repo.commit({SCHEMA: NAMED.replace("String?", "Strong")}, branch="feature")
    (note,) = reviewed(repo, machine).notes
    assert note.startswith(f"{SCHEMA}: not checked against the migrations: {SCHEMA}:7: Type")


def test_without_the_engine_it_is_not_checked(repo: Repo, machine: Machine) -> None:
    repo.commit({"package.json": '{"devDependencies": {"prisma": "5.1.0"}}', SCHEMA: NAMED}, branch="feature")
    report = reviewed(repo, machine)
    assert (report.level, report.server) == (Level.SAFE, None)
    assert report.notes == (
        f"{SCHEMA}: not checked against the migrations: it is written for Prisma 5, whose engine is not known here",
    )


@needs_engine
def test_behind_a_migration_that_fails_it_is_not_checked(repo: Repo, machine: Machine) -> None:
    repo.commit({**prisma(m2='ALTER TABLE "Nothing" ADD COLUMN name text;\n'), SCHEMA: NAMED}, branch="feature")
    report = reviewed(repo, machine)
    assert report.drift == ()
    assert report.notes[-1].endswith("not checked against the migrations: the new migrations do not come to their end")


def test_another_schema_is_another_review(repo: Repo) -> None:
    repo.commit({SCHEMA: NAMED}, branch="feature")
    one, two = (gathered(Asked(repo.folder, "main", head)) for head in ("main", "feature"))
    assert [found.touched for (found,) in (one, two)] == [False, True]
    assert fingerprint(one).whole != fingerprint(two).whole
    assert fingerprint(one).migrations == fingerprint(two).migrations
