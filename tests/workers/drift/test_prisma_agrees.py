"""Prisma's own engine, over the database itself, sees drift where we see it, and none where we see none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.live_server import LiveServer, live_server
from tests.prisma_cli import PrismaCli, available
from tests.prisma_cli.engine import PrismaEngine, prisma_engine
from tests.workers.drift.prisma_schema import (
    DDL,
    FALSELY_SEEN,
    SCHEMA,
    SEEN,
    SEEN_BY_SUPERUSERS,
    UNSEEN,
    UNSEEN_BY_SUPERUSERS,
)
from workers.catalog import Catalog
from workers.drift.gaps import column_orders, gaps
from workers.drift.managed import managed
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role

pytestmark = pytest.mark.skipif(bool(available()), reason=available())

_Connection = psycopg.Connection[Any]
_NAME = "drift_oracle"
_MUTATIONS = ("SELECT 1", *(sql for row in UNSEEN for sql in row.values()), *(sql for sql, _ in SEEN))
_BY_SUPERUSERS = (*UNSEEN_BY_SUPERUSERS.values(), *(sql for sql, _ in SEEN_BY_SUPERUSERS))

# What Prisma is blind to and the comparison with a live database tells all the same is all of UNSEEN, but for these.
_TOLD_BY_NOBODY = {
    "grant": "whom a database lets in is decided where it runs",
    "column order": "no gap, and told apart",
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prisma") / "schema.prisma"
    path.write_text(SCHEMA)
    return path


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    cluster.create_database(_NAME)
    yield f"postgresql://{Role.MIGRATION.value}@localhost/{_NAME}?host={cluster.socket_folder}"
    cluster.drop_database(_NAME)


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """With a superuser, and the extensions that this machine has."""
    with live_server() as running:
        running.create_database(_NAME)
        yield running


def anew(connection: _Connection, sql: str = "SELECT 1") -> Catalog:
    """The schema as Prisma makes it, then changed."""
    connection.execute("DROP SCHEMA IF EXISTS o CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connection.execute(DDL.encode())
    connection.execute(sql.encode())
    return read_catalog(connection)


def disagreements(connection: _Connection, engine: PrismaEngine, mutations: Iterable[str]) -> list[str]:
    """The changes of which one says that they are drift and the other does not, with its script; and those of which
    the script names nothing that we tell of."""
    found, declared = [], anew(connection)
    for sql in mutations:
        ours, theirs = gaps(*managed(declared, anew(connection, sql))), engine.closing()
        named = any(f'"{name}"' in theirs for gap in ours for name in gap.path[1:])
        if bool(ours) != bool(theirs) or named != bool(ours):
            found.append(f"{sql}: {ours}: {theirs}")
    return found


def test_the_schema_is_what_prisma_makes_of_it(cluster: Cluster, url: str, schema: Path) -> None:
    """And a few of the changes, of which a campaign tries all."""
    with cluster.connect(Role.MIGRATION, _NAME) as connection, prisma_engine(url, schema) as engine:
        connection.execute(engine.ddl().encode())
        made = read_catalog(connection)
        assert gaps(made, anew(connection), frozenset({"comment", "owner", "grants"})) == ()
        assert disagreements(connection, engine, _MUTATIONS[::15]) == []


@pytest.mark.campaign
def test_each_change_is_drift_for_both_or_for_neither(server: LiveServer, schema: Path) -> None:
    with server.admin(_NAME) as connection, prisma_engine(server.url("postgres", _NAME), schema) as engine:
        there = {name for (name,) in connection.execute("SELECT name FROM pg_available_extensions")}
        able = [sql for sql in _BY_SUPERUSERS if "EXTENSION" not in sql or there >= {"citext", "pgcrypto"}]
        assert disagreements(connection, engine, (*_MUTATIONS, *able)) == []


@pytest.mark.campaign
def test_what_it_falsely_calls_drift_it_cannot_close(server: LiveServer, schema: Path) -> None:
    with server.admin(_NAME) as connection, prisma_engine(server.url("postgres", _NAME), schema) as engine:
        declared = anew(connection)
        assert gaps(*managed(declared, anew(connection, FALSELY_SEEN))) == ()
        with pytest.raises(psycopg.errors.SyntaxError, match='column "email" of relation "User" is a generated column'):
            connection.execute(engine.closing().encode())


@pytest.mark.campaign
def test_of_a_live_database_we_see_more(server: LiveServer) -> None:
    with server.admin(_NAME) as connection:
        declared = anew(connection)
        blind = {name: sql for row in (*UNSEEN, UNSEEN_BY_SUPERUSERS) for name, sql in row.items()}
        if not connection.execute("SELECT FROM pg_available_extensions WHERE name = 'pgcrypto'").fetchone():
            del blind["extension"]
        unseen = {name for name, sql in blind.items() if not gaps(declared, anew(connection, sql))}
        assert unseen == _TOLD_BY_NOBODY.keys()
        assert column_orders(declared, anew(connection, blind["column order"])) == ("public.User",)


@pytest.mark.campaign
@pytest.mark.parametrize(("sql", "code"), [("SELECT 1", 0), (SEEN[0][0], 2)])
def test_so_does_the_command(cluster: Cluster, url: str, tmp_path: Path, sql: str, code: int) -> None:
    cli = PrismaCli(tmp_path)
    (tmp_path / "prisma" / "schema.prisma").write_text(SCHEMA)
    with cluster.connect(Role.MIGRATION, _NAME) as connection:
        anew(connection, sql)
    assert cli.diff(url).code == code
