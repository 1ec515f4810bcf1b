"""Prisma projects of all kinds: what is in order is clean, and what cannot be compared is never called so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.workers.drift.test_engine import installed, needs_engine
from workers.drift.declaration import Declaration, PrismaSchema
from workers.drift.declared import Compared, Place, compare_declared
from workers.drift.engine import NotRendered
from workers.drift.making import catalog_of
from workers.drift.told import asked_about
from workers.postgres.cluster import Cluster
from workers.postgres.session import Session

PATH, LINE = "prisma/schema.prisma", "project"
HEAD = 'datasource db {\n  provider = "postgresql"\n}\n'
MODEL = "\nmodel One {\n  id Int @id\n}\n"
BUILT = 'CREATE TABLE "One" (id int NOT NULL, CONSTRAINT "One_pkey" PRIMARY KEY (id));\n'
PREVIEW = 'generator client {\n  provider        = "prisma-client-js"\n  previewFeatures = ["views"]\n}\n'


def defaulting(code: str) -> str:
    return HEAD + MODEL.replace("@id", f'@id @default(dbgenerated("{code}"))')


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    """With an empty line, on an empty base branch."""
    cluster.create_database(LINE)
    yield Place(cluster, LINE, installed(tmp_path))
    cluster.drop_database(LINE)


def declared(files: Mapping[str, str], before: Mapping[str, str] | None = None) -> Declaration:
    return Declaration(PATH, files, before or {}, PrismaSchema(7))


def compared(place: Place, migration: str, *files: str, before: str = "") -> Compared:
    with Session(place.cluster, database=place.line) as session:
        assert session.run(migration, simple=True).error is None
    texts = {f"prisma/{number}.prisma": text for number, text in enumerate(files)}
    return compare_declared(declared(texts, {"prisma/0.prisma": before} if before else {}), place)


@pytest.mark.campaign
@needs_engine
@pytest.mark.parametrize(
    ("migration", "files"),
    [
        (BUILT, (HEAD + MODEL,)),
        (BUILT, (HEAD, MODEL)),
        (BUILT, ((HEAD + MODEL).replace("\n", "\r\n"),)),
        (
            """CREATE SCHEMA base; CREATE TYPE base."E" AS ENUM ('a'); CREATE TABLE "One" (id int PRIMARY KEY);
            CREATE TABLE base."Two" (id int PRIMARY KEY, e base."E" NOT NULL)""",
            (
                HEAD.replace("}", '  schemas = ["base", "public"]\n}'),
                MODEL.replace("@id\n", '@id\n  @@schema("public")\n'),
                MODEL.replace("One", "Two").replace("@id\n", '@id\n  e E\n  @@schema("base")\n'),
                'enum E {\n  a\n  @@schema("base")\n}\n',
            ),
        ),
        (
            BUILT + "CREATE VIEW seen AS SELECT id FROM \"One\"",
            (PREVIEW + HEAD + MODEL + "view seen {\n  id Int @unique\n}\n",),
        ),
        (
            """CREATE FUNCTION next() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN d AS int;
            CREATE TABLE "One" (id int DEFAULT next() PRIMARY KEY)""",
            (defaulting("next()"),),
        ),
        (
            """CREATE SEQUENCE numbers; CREATE TABLE "One" (id int DEFAULT nextval('numbers'::regclass) PRIMARY KEY)""",
            (defaulting("nextval('numbers'::regclass)"),),
        ),
    ],
    ids=["plain", "folder", "CRLF", "multiSchema", "views", "function", "sequence"],
)  # fmt: skip
def test_what_is_in_order_is_clean(place: Place, migration: str, files: tuple[str, ...]) -> None:
    assert compared(place, migration, *files) == Compared()


@pytest.mark.campaign
@needs_engine
@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (HEAD + "model One {\n  id Nothing @id\n}\n", 'prisma/0.prisma:5: Type "Nothing" is neither a built-in type'),
        (HEAD + "<<<<<<< HEAD\n", "prisma/0.prisma:4: Error validating: This line is invalid"),
        (HEAD.replace('"postgresql"', 'env("X")') + MODEL, "prisma/0.prisma:1: A datasource must not use the env()"),
        (HEAD + "view seen {\n  id Int @unique\n}\n", "prisma/0.prisma:4: Error validating: View definitions are only"),
        (MODEL, "There is no datasource in the schema"),
        ("", "There is no datasource in the schema"),
        (HEAD + MODEL + "\0", "prisma/0.prisma:8: Error validating: This line is invalid"),
        (defaulting("unknown()"), "the server refuses what it declares: function unknown() does not"),
    ],
)
def test_what_is_broken_is_told_with_its_place(place: Place, schema: str, why: str) -> None:
    with pytest.raises(NotRendered) as refused:
        compared(place, BUILT, schema)
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize("other", ["mysql", "sqlite", "sqlserver", "mongodb"])
def test_another_database_is_not_checked(tmp_path: Path, other: str) -> None:
    asked = asked_about(declared({PATH: HEAD.replace("postgresql", other) + MODEL}), True, tmp_path)
    assert asked is not None
    assert asked.why_not == f"its provider is {other}, not postgresql"


@needs_engine
def test_a_schema_that_was_broken_is_all_new(place: Place) -> None:
    """Who mends it is told what it says."""
    found = compared(place, "SELECT 1", HEAD + MODEL, before=HEAD + MODEL + "}")
    assert ([gap.object for gap in found.new], found.old) == (["table public.One"], ())
    assert len(found.sql) > 0


@needs_engine
def test_what_the_base_branch_declares_is_old(place: Place) -> None:
    """Also what differs there, of a table that the pull request changes."""
    more = MODEL.replace("@id\n", "@id\n  old Int?\n  two Two?\n") + "model Two {\n  id Int @id\n  one One @relation("
    more += "fields: [id], references: [id])\n}\n"
    found = compared(place, "SELECT 1", HEAD + more.replace("old Int?", "old Int?\n  new Int?"), before=HEAD + more)
    assert [gap.object for gap in found.old] == ["table public.Two"]
    assert [gap.object for gap in found.new] == ["table public.One"]


@needs_engine
def test_what_the_policy_ignores_is_not_told(place: Place) -> None:
    built = BUILT + 'CREATE TABLE audit (id int); CREATE TABLE tmp_1 (id int); ALTER TABLE "One" ADD note text;'
    ignoring = replace(place, ignore=("audit", "public.tmp_*", "public.One.note"))
    assert compared(ignoring, built, HEAD + MODEL) == Compared()
    assert len(compare_declared(declared({PATH: HEAD + MODEL}), place).new) == 3


@needs_engine
def test_what_was_read_already_is_not_read_again(place: Place) -> None:
    seen = {LINE: catalog_of(place.cluster, LINE)}
    assert len(compared(replace(place, seen=seen), BUILT, HEAD + MODEL).new) == 1
    assert compare_declared(declared({PATH: HEAD + MODEL}), place) == Compared()
