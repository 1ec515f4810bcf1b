"""What a dump is held against before it is kept, and what is said of that which cannot be tried."""

from __future__ import annotations

import dataclasses
import math
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.workers.environments.backups.conftest import SHOP, Team, Watching, environment
from workers.environments.backups import take_dump
from workers.environments.backups.archive import Archive
from workers.environments.backups.child import Look
from workers.environments.backups.programs import find_programs
from workers.environments.backups.source import Source, Table, held_source, sampled
from workers.environments.backups.verify import verify
from workers.errors import Refused
from workers.postgres.limits import Limits
from workers.review import Machine

LOOK = Look(Watching(), math.inf)


@contextmanager
def archived(url: str, team: Team, ground: Machine, folder: Path) -> Iterator[Archive]:
    """A dump that was kept, and what the database holds."""
    backup = take_dump(environment(url, folder / "store"), "pr1", ground, Watching())
    path = folder / "archive"
    shutil.copy(backup.where, path)
    with psycopg.connect(url, autocommit=True) as connection, held_source(connection, 3, 1 << 30, 1000) as source:
        yield Archive(path, source, find_programs(None, team.server.installation.major))


@pytest.fixture
def archive(shop: str, team: Team, ground: Machine, tmp_path: Path) -> Iterator[Archive]:
    with archived(shop, team, ground, tmp_path) as found:
        yield found


def with_source(archive: Archive, source: Source) -> Archive:
    return dataclasses.replace(archive, source=source)


def test_a_good_one(archive: Archive, ground: Machine) -> None:
    whole, proven, not_tried = verify(archive, ground, LOOK)
    assert whole == "The archive was read to its end; it holds all 5 tables of the database."
    assert re.fullmatch(
        r"On an ephemeral PostgreSQL [\d.]+ all rows came back, counted in the same snapshot: .*", proven
    )
    assert not_tried.startswith("Not part of this test: owners, privileges")


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.9, 0.999])
def test_one_that_is_cut_off(archive: Archive, ground: Machine, part: float) -> None:
    whole = archive.path.read_bytes()
    archive.path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(Refused, match=r"^the backup cannot be read back, so it was not kept: "):
        verify(archive, ground, LOOK)


def test_one_with_wrong_bytes(team: Team, ground: Machine, tmp_path: Path) -> None:
    url = team.database("CREATE TABLE t AS SELECT md5(i::text) FROM generate_series(1, 5000) i")
    with archived(url, team, ground, tmp_path) as archive:
        content = bytearray(archive.path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 100] = bytes(100)
        archive.path.write_bytes(content)
        with pytest.raises(Refused, match=r"^the backup cannot be read back, so it was not kept: "):
            verify(archive, ground, LOOK)


def test_one_that_lacks_tables(archive: Archive, ground: Machine) -> None:
    more = tuple(Table(oid, "public", f"t{oid}", False, 0) for oid in (1, 2, 3))
    source = dataclasses.replace(archive.source, tables=(*archive.source.tables, *more))
    with pytest.raises(Refused, match=r"^the backup lacks the table public\.t1 and 2 more, so it was not kept$"):
        verify(with_source(archive, source), ground, LOOK)


def test_one_whose_rows_are_fewer(archive: Archive, ground: Machine) -> None:
    sample = tuple(dataclasses.replace(table, rows=1001) for table in archive.source.sample if table.rows == 1000)
    with pytest.raises(Refused, match=r"^the backup was not kept: public\.orders had 1001 rows, and 1000 came back$"):
        verify(with_source(archive, dataclasses.replace(archive.source, sample=sample)), ground, LOOK)


# A check that reads what it finds by the search path: pg_restore's is empty.
DEPENDS_ON_THE_PATH = """
CREATE TABLE limits (most int); INSERT INTO limits VALUES (9);
CREATE FUNCTION fits(i int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN i <= (SELECT max(most) FROM limits); END';
CREATE TABLE sizes (i int CHECK (fits(i))); INSERT INTO sizes VALUES (7);
"""


def test_one_whose_rows_do_not_come_back(team: Team, ground: Machine, tmp_path: Path) -> None:
    url = team.database(DEPENDS_ON_THE_PATH)
    with pytest.raises(Refused) as refused:
        take_dump(environment(url, tmp_path), "pr1", ground, Watching())
    assert str(refused.value) == (
        'the rows of sizes do not come back, so the backup was not kept: relation "limits" does not exist'
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# ---------------------------------------------------------------- what cannot be tried


def test_an_extension_that_only_a_superuser_may_create(team: Team, ground: Machine, tmp_path: Path) -> None:
    if "xml2" not in team.server.installation.extensions:
        pytest.skip("needs contrib")
    url = team.database("CREATE TABLE plain (id int); INSERT INTO plain SELECT generate_series(1, 5)")
    team.admin(url, "CREATE EXTENSION xml2")
    team.run(
        url,
        "CREATE TABLE odd (id int, fine boolean DEFAULT xml_valid('<a/>'))",
        "INSERT INTO odd SELECT generate_series(1, 9)",
    )
    checks = take_dump(environment(url, tmp_path), "pr1", ground, Watching()).checks
    assert checks[1].endswith("all rows came back, counted in the same snapshot: public.plain (5).")
    lines = [
        'EXTENSION xml2 (permission denied to create extension "xml2")',
        'COMMENT EXTENSION xml2 (extension "xml2" does not exist)',
        "TABLE odd (function public.xml_valid(text) does not exist)",
        'TABLE DATA odd (relation "public.odd" does not exist)',
    ]
    assert checks[2] == f"Could not be restored there: {'; '.join(lines)}."


def test_a_value_is_not_told(team: Team, ground: Machine, tmp_path: Path) -> None:
    url = team.database(
        "CREATE TABLE t (a text); INSERT INTO t VALUES ('confidential')",
        "CREATE FUNCTION number(a text) RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
        "'BEGIN IF current_database() <> ''app'' THEN RETURN 1; END IF; RETURN a::int; END'",
        "CREATE INDEX i ON t (number(a))",
    )
    checks = take_dump(environment(url, tmp_path), "pr1", ground, Watching()).checks
    assert checks[2] == "Could not be restored there: INDEX i (invalid input syntax for type integer: …)."


@pytest.mark.parametrize(
    ("sample", "said"), [(0, "backup.sample is 0"), (3, "there is none, or none that is small enough")]
)
def test_no_table_is_small_enough(shop: str, ground: Machine, tmp_path: Path, sample: int, said: str) -> None:
    small = dataclasses.replace(ground, limits=Limits(file_bytes=4096))
    checks = take_dump(environment(shop, tmp_path, sample=sample), "pr1", small, Watching()).checks
    assert checks[1:] == (f"No table was restored for a test: {said}.",)


def test_there_is_no_server_to_restore_to(archive: Archive, ground: Machine) -> None:
    newer = with_source(archive, dataclasses.replace(archive.source, server="99.1"))
    assert verify(newer, ground, LOOK)[1:] == (
        "No table was restored for a test: this machine has no PostgreSQL 99 or newer to restore to.",
    )


def test_the_ephemeral_server_is_too_small(team: Team, ground: Machine, tmp_path: Path) -> None:
    """Its limits end pg_restore; that says nothing of the dump."""
    url = team.database("CREATE TABLE t AS SELECT repeat('x', 500) AS text FROM generate_series(1, 20000)")
    with archived(url, team, ground, tmp_path) as archive:
        small = dataclasses.replace(ground, limits=Limits(file_bytes=2 << 20))
        checks = verify(archive, small, LOOK)
    assert checks[1:] == ("No table was restored for a test: they need more room than the ephemeral server has.",)


# ---------------------------------------------------------------- the sample


def tables(*sizes: int) -> tuple[Table, ...]:
    return tuple(Table(number, "public", f"t{number}", False, size) for number, size in enumerate(sizes))


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [
        ((), 3, []),
        ((5, 6), 0, []),
        ((5, 6), 1, [6]),
        ((5, 6), 3, [6, 5]),
        ((1, 7, 3, 9, 5), 3, [9, 7, 1]),
        ((1, 7, 3, 999, 5), 2, [7, 1]),
        ((101, 102), 3, []),
    ],
)
def test_the_largest_that_are_not_too_large_and_the_smallest(
    sizes: tuple[int, ...], count: int, expected: list[int]
) -> None:
    assert [table.bytes for table in sampled(tables(*sizes), count, 100)] == expected


def test_what_pg_dump_takes(team: Team) -> None:
    url = team.database(SHOP, "CREATE EXTENSION IF NOT EXISTS plpgsql", "CREATE UNLOGGED TABLE fast (id int)")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE gone (id int)")
        with held_source(connection, 0, 0, 1000) as source:
            assert {str(table) for table in source.tables} == {
                f"public.{name}" for name in ("users", "orders", "notes", "visits", "visits_1", "fast")
            }
