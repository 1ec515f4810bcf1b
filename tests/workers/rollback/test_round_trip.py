"""Every migration of cases.py is applied, rolled back, compared by us and by pg_dump, and applied again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.workers.rollback.case import Case
from tests.workers.rollback.cases import CASES
from tests.workers.rollback.databases import fresh_database, other_majors
from workers.catalog import Catalog, Kind
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Limits, Role, start_cluster
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import choose, find_installations
from workers.rollback.grading import DataEffects, TableEffect
from workers.rollback.proof import Rehearsed, States, prove, settle
from workers.rollback.rows import Fingerprint, fingerprint
from workers.rollback.write import Plan, write_rollback
from workers.ways_back import Grade
from workers.words import Name

Connection = psycopg.Connection[tuple[object, ...]]


_OTHERS = [pytest.param(major, marks=pytest.mark.campaign) for major in other_majors()]


@pytest.fixture(scope="module", params=[None, *_OTHERS])
def server(request: pytest.FixtureRequest, cluster: Cluster, cache: Path) -> Iterator[Cluster]:
    if request.param is None:
        yield cluster
        return
    installation = choose(find_installations(), request.param, frozenset())
    with start_cluster(installation, strongest_tier(), Limits(), cache) as running:
        yield running


@pytest.fixture
def database(server: Cluster) -> Iterator[str]:
    with fresh_database(server) as name:
        yield name


@pytest.fixture
def connection(server: Cluster, database: str) -> Iterator[Connection]:
    with server.connect(Role.MIGRATION, database) as connection:
        yield connection


def tables(catalog: Catalog) -> tuple[Name, ...]:
    return tuple(Name(*each.path) for each in catalog.of_kind(Kind.TABLE))


def rows(connection: Connection, catalog: Catalog) -> Fingerprint:
    return fingerprint(connection, catalog, tables(catalog))


def effects(connection: Connection, migration: str) -> DataEffects:
    """What the rows cases do, counted by the server while it runs them in one transaction, which is kept."""
    with connection.transaction():
        connection.execute(migration.encode())
        counted = connection.execute(
            "SELECT schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        ).fetchall()
    found = [
        TableEffect(Name(str(schema), str(table)), int(str(inserted)), int(str(updated)), int(str(deleted)))
        for schema, table, inserted, updated, deleted in counted
    ]
    truncated = (Name("public", "Post"),) if "TRUNCATE" in migration else ()
    return DataEffects(tuple(found), truncated)


def runner(connection: Connection, sql: str) -> str | None:
    try:
        connection.execute(sql.encode())
    except psycopg.Error as refused:
        return str(refused)
    return None


def dump(cluster: Cluster, database: str) -> list[str]:
    """pg_dump's schema, the lines of each CREATE TABLE in alphabetical order."""
    program = next(
        folder.bin / "pg_dump" for folder in find_installations() if folder.version == cluster.installation.version
    )
    done = subprocess.run(
        [program, "--schema-only", "-h", cluster.socket_folder, "-U", Role.MIGRATION.value, database],
        check=True,
        capture_output=True,
        text=True,
    )
    lines: list[str] = []
    columns: list[str] | None = None
    for line in done.stdout.splitlines():
        if columns is not None and line.startswith(")"):
            lines += [*sorted(columns), line]
            columns = None
        elif columns is not None:
            columns.append(line.rstrip(","))
        elif line and not line.startswith(("--", "\\")):
            lines.append(line)
            if line.startswith(("CREATE TABLE", "CREATE UNLOGGED TABLE")) and line.endswith("("):
                columns = []
    return lines


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_undone(server: Cluster, database: str, connection: Connection, case: Case) -> None:
    if server.installation.major < case.since:
        pytest.skip(f"PostgreSQL {case.since} and newer")
    with server.connect(Role.MIGRATION, database) as other:  # so that the rows written here are not counted
        other.execute(case.setup.encode())
    before, dumped = read_catalog(connection), dump(server, database)
    states_rows = rows(connection, before)
    if "COMMIT" in case.migration or "ADD VALUE" in case.migration:
        connection.execute(case.migration.encode())
        found = DataEffects()
    else:
        found = effects(connection, case.migration)
    after = read_catalog(connection)
    plan = write_rollback(before, after, found)
    assert (plan.grade, bool(plan.reasons)) == (case.grade, case.grade is not Grade.EXACT), plan.reasons
    if case.grade is Grade.IRREVERSIBLE:
        return
    seen: list[list[str]] = []

    def apply() -> str | None:
        seen.append(dump(server, database))
        return runner(connection, case.migration)

    rehearsed = Rehearsed(connection, lambda sql: in_transaction(connection, sql), apply)
    rollback = settle(plan, prove(rehearsed, plan, States(before, after, states_rows)))
    assert (rollback.difference, rollback.proven) == ((), True), rollback.sql
    assert seen == [dumped]


def in_transaction(connection: Connection, sql: str) -> str | None:
    try:
        with connection.transaction():
            connection.execute(sql.encode())
    except psycopg.Error as refused:
        return str(refused)
    return None


def test_no_change_needs_no_sql(connection: Connection) -> None:
    catalog = read_catalog(connection)
    assert write_rollback(catalog, catalog) == Plan((), Grade.EXACT, ())
