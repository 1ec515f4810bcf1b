"""Slow statements measured on growing copies of a table, on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from workers.failing import failure
from workers.model import Migration, Transaction
from workers.pace.measure import Pace
from workers.play import play
from workers.policy import Policy, TablePolicy
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.postgres.prelude import Prelude
from workers.postgres.roles import Roles
from workers.postgres.session import Session
from workers.rehearsed import Estimate, RehearsedMigration
from workers.sql.split import split
from workers.stand import Stand
from workers.undoing.played import Played
from workers.words import Name

BASE = """
CREATE TABLE users (id serial PRIMARY KEY, email text);
CREATE TABLE orders (
    id bigserial PRIMARY KEY, user_id int NOT NULL REFERENCES users, total int CHECK (total < 1000000),
    code text UNIQUE, state varchar(20), placed timestamptz, note text
);
ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;
CREATE TABLE readings (taken date NOT NULL, value int) PARTITION BY RANGE (taken);
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
ORDERS, READINGS = Name("public", "orders"), Name("public", "readings")
SIZES = {2_000, 8_000}  # the next one is beyond the policy's rows
ROWS = 12_000

Estimated = Callable[..., tuple[Estimate, ...]]


@pytest.fixture(scope="module")
def line(cluster: Cluster) -> Iterator[str]:
    name = "pace_line"
    cluster.create_database(name)
    with Session(cluster, database=name) as session:
        assert session.run(BASE, simple=True).error is None
    yield name
    with cluster.connect(Role.ADMIN, "template1") as connection:
        made = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^(pace|play)_'").fetchall()
    for (database,) in made:
        cluster.drop_database(database)


@pytest.fixture
def estimated(cluster: Cluster, line: str) -> Estimated:
    def call(
        text: str, rows: int | None = ROWS, budget_ms: float = 10_000, size_bytes: int | None = None
    ) -> tuple[Estimate, ...]:
        stand, script = Stand(cluster, Prelude(cluster), line), split(text)
        migration = Migration("2", "2.sql", text, Transaction.STATEMENT)
        with stand.stage() as stage, cluster.connect(Role.MIGRATION, stage.database) as reader:
            before = read_catalog(reader)
            seen = play(stage, script, migration.transaction)
        assert failure(seen) is None, seen
        cluster.drop_database(stage.database)
        told = TablePolicy(rows, size_bytes=size_bytes)
        pace = Pace(Policy(tables=((ORDERS, told), (READINGS, told))), budget_ms)
        roles = Roles.before(cluster, text)
        pace.note(stand, Played(migration, script, roles), RehearsedMigration(migration, script, seen, before=before))
        found = pace.estimates(stand)
        for database in {work.database for work in pace._works}:
            cluster.drop_database(database)
        for number in range(1, stand.clones + 1):
            cluster.drop_database(f"play_{number}")
        return found.get("2", ())

    return call


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE orders ADD COLUMN more text;",
        "ALTER TABLE users ALTER email TYPE varchar(20);",
        "CREATE TABLE items (id int PRIMARY KEY); CREATE INDEX i ON items (id);",
    ],
)
def test_nothing_slow_on_a_table_that_is_told_of(estimated: Estimated, text: str) -> None:
    assert estimated(text) == ()


@pytest.mark.parametrize("rows", [None, 10_000])
def test_a_table_that_is_not_known_to_be_large(estimated: Estimated, rows: int | None) -> None:
    assert estimated("ALTER TABLE orders ALTER total TYPE bigint;", rows) == ()


def test_a_rewrite(estimated: Estimated) -> None:
    (found,) = estimated("ALTER TABLE orders ALTER total TYPE bigint;")
    assert (found.statement, found.table, found.rows) == (0, ORDERS, ROWS)
    assert [rows for rows, _ in found.measured] == [2_000, 2_000, 8_000, 8_000]
    assert 2 * found.low_ms <= found.high_ms
    assert found.wal_bytes > 100 * ROWS


def test_rows_as_wide_as_in_production(estimated: Estimated) -> None:
    """The log of a rewrite shows it."""
    narrow, wide = (
        estimated("ALTER TABLE orders ALTER total TYPE bigint;", size_bytes=size)[0].wal_bytes / ROWS
        for size in (None, 600 * ROWS)
    )
    assert narrow < 300
    assert wide > narrow + 300


COMMON = (
    "CREATE UNIQUE INDEX CONCURRENTLY i ON orders (state);",
    "ALTER TABLE orders ADD CHECK (total < 5);",
    "ALTER TABLE orders ADD FOREIGN KEY (total) REFERENCES users;",
    "UPDATE orders SET total = 1;",
)
RARER = (
    "CREATE INDEX i ON orders (placed);",
    "CREATE INDEX CONCURRENTLY i ON orders (state);",
    "REINDEX TABLE CONCURRENTLY orders;",
    "VACUUM FULL orders;",
    "ALTER TABLE orders VALIDATE CONSTRAINT positive;",
    "ALTER TABLE orders ALTER total SET NOT NULL;",
    "ALTER TABLE orders ADD UNIQUE (state, placed);",
    "ALTER TABLE orders ALTER code TYPE varchar(20);",
    "DELETE FROM orders WHERE total > 5;",
)


@pytest.mark.parametrize("text", [*COMMON, *(pytest.param(text, marks=pytest.mark.campaign) for text in RARER)])
def test_every_kind_of_work_on_rows_that_pass(estimated: Estimated, text: str) -> None:
    (found,) = estimated(text)
    assert {rows for rows, _ in found.measured} == SIZES


def test_behind_the_statements_before_it(estimated: Estimated) -> None:
    first, second = estimated(
        "ALTER TABLE orders ADD COLUMN big bigint; UPDATE orders SET big = total;"
        "ALTER TABLE orders ADD CHECK (big IS NOT NULL);"
    )
    assert (first.statement, second.statement) == (1, 2)


def test_a_partitioned_table_as_a_whole(estimated: Estimated) -> None:
    one, part = "ALTER TABLE readings ALTER value TYPE bigint;", "ALTER TABLE readings_2026 ADD CHECK (value > 0);"
    (found,) = estimated(one + part)
    assert (found.statement, found.table) == (0, READINGS)


def test_rows_that_nobody_can_make_up(estimated: Estimated) -> None:
    assert estimated("ALTER TABLE orders ALTER state TYPE date USING to_date('2026-' || state, 'YYYY-MM-DD');") == ()


def test_too_little_time(estimated: Estimated) -> None:
    assert estimated("ALTER TABLE orders ALTER total TYPE bigint;", budget_ms=0) == ()
