"""The pair of every case of cases_keep.py on a real server: what it claims to bring back is there, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.rollback.cases_keep import KEEPS, Keep
from tests.workers.rollback.databases import fresh_database
from workers.catalog import Catalog, Kind
from workers.facts import Facts
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rollback.comparison import compare
from workers.rollback.effects import effects_in
from workers.rollback.keep import Keeping, keep, schema_of
from workers.rollback.names import ident
from workers.sql.split import split
from workers.ways_back import Grade

Connection = psycopg.Connection[tuple[object, ...]]
SCHEMA = schema_of("20260413_orders")


# The others run with --campaign.
ALWAYS = {
    *("nothing lost", "unique and required columns dropped", "identity key dropped", "values cut", "circle dropped"),
    *("enum value removed", "updated under a trigger", "deleted with those that refer", "truncated and numbered anew"),
    *("deleted from partitions", "deleted and inserted"),
}


def _marks(case: Keep) -> tuple[pytest.MarkDecorator, ...]:
    return () if case.name in ALWAYS else (pytest.mark.campaign,)


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> Iterator[Connection]:
    with fresh_database(cluster) as name, cluster.connect(Role.MIGRATION, name) as connection:
        yield connection


@pytest.fixture
def connection(database: Connection) -> Iterator[Connection]:
    with database.transaction(force_rollback=True):
        yield database


def run(connection: Connection, text: str) -> None:
    """As one transaction of several: what waits for its end is done."""
    connection.execute(text.encode())
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; RESET ALL")


def around(connection: Connection, case: Keep) -> tuple[Catalog, Keeping | None]:
    """The catalog before the migration, and the pair that is written for it."""
    run(connection, case.setup)
    before = read_catalog(connection)
    with connection.transaction(force_rollback=True):
        run(connection, case.migration)
        after = read_catalog(connection)
    statements = split(case.migration).statements
    seen = [case.seen or Facts(), *[Facts()] * (len(statements) - 1)]
    return before, keep(before, after, effects_in(statements, seen), SCHEMA)


def rows(connection: Connection, catalog: Catalog) -> dict[str, list[str]]:
    """Each row of each table as JSON, whatever the order of its columns; and where the sequences are."""
    found: dict[str, list[str]] = {}
    for each in catalog.of_kind(Kind.TABLE, Kind.SEQUENCE):
        name = ident(*each.path)
        query = f"SELECT to_jsonb(x)::text FROM ONLY {name} x ORDER BY 1"
        if each.kind is Kind.SEQUENCE:
            query = f"SELECT concat(last_value, is_called) FROM {name}"
        found[name] = [str(row) for (row,) in connection.execute(query.encode())]
    return found


@pytest.mark.parametrize("case", [pytest.param(one, marks=_marks(one), id=one.name) for one in KEEPS])
def test_kept(connection: Connection, case: Keep) -> None:
    before, keeping = around(connection, case)
    if keeping is None or case.left is None:
        assert (keeping, case.left) == (None, None)
        return
    held = rows(connection, before)
    run(connection, keeping.preserve)
    run(connection, case.migration)
    run(connection, keeping.plan.sql)
    back = rows(connection, before)
    reasons = keeping.plan.reasons
    assert [each for each, end in zip(reasons, case.left, strict=True) if not each.endswith(end)] == []
    if keeping.plan.grade is Grade.EXACT:
        assert back == held
    assert [
        schema for (schema,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^migration_bot'")
    ] == [SCHEMA]
    run(connection, keeping.clean)
    assert compare(before, read_catalog(connection)) == ()
    run(connection, case.migration)
