"""Every migration of cases.py is applied, rolled back, compared by us and by pg_dump, and applied again."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.rollback.case import Case
from tests.workers.rollback.cases import CASES, SELDOM
from tests.workers.rollback.databases import fresh_database
from tests.workers.rollback.witnesses import Witnesses, witnesses
from workers.catalog import Catalog, Kind
from workers.facts import Facts
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rollback.effects import effects_in
from workers.rollback.grading import DataEffects
from workers.rollback.proof import Rehearsed, States, prove, settle
from workers.rollback.reached import TableEffect
from workers.rollback.rows import Fingerprint, fingerprint
from workers.rollback.write import Plan, write_rollback
from workers.sql.split import split
from workers.ways_back import Grade
from workers.words import Name

Connection = psycopg.Connection[tuple[object, ...]]


_SELDOM = [pytest.param(case, marks=pytest.mark.campaign) for case in SELDOM]


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
    statements = split(migration).statements
    told = effects_in(statements, [Facts()] * len(statements))
    return DataEffects((*found, *told.tables), truncated)


def runner(connection: Connection, sql: str) -> str | None:
    try:
        connection.execute(sql.encode())
    except psycopg.Error as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("case", [*CASES, *_SELDOM], ids=lambda case: case.name)
def test_undone(server: Cluster, database: str, connection: Connection, case: Case) -> None:
    if server.installation.major < case.since:
        pytest.skip(f"PostgreSQL {case.since} and newer")
    if case.needs and case.needs not in server.installation.extensions:
        pytest.skip(f"without {case.needs}")
    with server.connect(Role.MIGRATION, database) as other:  # so that the rows written here are not counted
        other.execute(case.setup.encode())
    with witnesses(server, connection, case.migration) as seen:
        undone(connection, case, seen)


def undone(connection: Connection, case: Case, seen: Witnesses) -> None:
    before = read_catalog(connection)
    states_rows = rows(connection, before)
    if "COMMIT" in case.migration or "ADD VALUE" in case.migration:
        connection.execute(case.migration.encode())
        found = DataEffects()
    else:
        found = effects(connection, case.migration)
    after = read_catalog(connection)
    plan = write_rollback(before, after, found)
    assert plan.grade is case.grade, plan.reasons
    assert plan.reasons or plan.grade is Grade.EXACT
    if case.grade is Grade.IRREVERSIBLE:
        return

    def apply() -> str | None:
        return runner(connection, case.migration)

    rehearsed = Rehearsed(connection, lambda sql: in_transaction(connection, sql), apply, seen.dump)
    rollback = settle(plan, prove(rehearsed, plan, States(before, after, states_rows, lambda: seen.dumped)))
    assert (rollback.difference, rollback.proven, rollback.notes) == ((), True, ()), rollback.sql


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
