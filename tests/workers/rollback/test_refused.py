"""Kinds that only a superuser may make: their rollback is graded, and the reason says so."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rollback.write import write_rollback
from workers.ways_back import Grade

_SUPERUSER = "only a superuser can make it again"
_HANDLER = "CREATE FUNCTION public.told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
_REFUSED = (
    (
        _HANDLER + "; CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION public.told()",
        "DROP EVENT TRIGGER e",
        f"event trigger e was dropped; {_SUPERUSER}.",
    ),
    (
        "CREATE OPERATOR FAMILY public.f USING btree",
        "DROP OPERATOR FAMILY public.f USING btree",
        f"operator family public.f USING btree was dropped; {_SUPERUSER}.",
    ),
    (
        "CREATE TEXT SEARCH TEMPLATE public.t (LEXIZE = dsimple_lexize)",
        "DROP TEXT SEARCH TEMPLATE public.t",
        f"text search template public.t was dropped; {_SUPERUSER}.",
    ),
    ("CREATE LANGUAGE l HANDLER plpgsql_call_handler", "DROP LANGUAGE l", f"language l was dropped; {_SUPERUSER}."),
    (
        "CREATE ACCESS METHOD m TYPE TABLE HANDLER heap_tableam_handler",
        "DROP ACCESS METHOD m",
        f"access method m was dropped; {_SUPERUSER}.",
    ),
    (
        "CREATE FOREIGN DATA WRAPPER w",
        "DROP FOREIGN DATA WRAPPER w",
        f"foreign-data wrapper w was dropped; {_SUPERUSER}.",
    ),
    (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w",
        "DROP SERVER s",
        "server s was dropped; its foreign-data wrapper is a superuser's to install.",
    ),
    (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "
        "CREATE FOREIGN TABLE public.ft (a int) SERVER s",
        "DROP FOREIGN TABLE public.ft",
        "foreign table public.ft was dropped; its foreign-data wrapper is a superuser's to install.",
    ),
    (
        "CREATE CAST (money AS bigint) WITHOUT FUNCTION",
        "DROP CAST (money AS bigint)",
        "cast (pg_catalog.money AS bigint) was dropped; only a superuser can make a cast without a function.",
    ),
    (
        "CREATE CAST (money AS date) WITH INOUT",
        "DROP CAST (money AS date)",
        "cast (pg_catalog.money AS pg_catalog.date) was dropped; "
        "only a superuser can make a cast between built-in types.",
    ),
    (
        "CREATE PUBLICATION p FOR ALL TABLES",
        "DROP PUBLICATION p",
        "publication p was dropped; only a superuser can make a publication of all tables.",
    ),
)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with fresh_database(cluster) as name, cluster.connect(Role.ADMIN, name) as connection:
        yield connection


@pytest.mark.parametrize(("setup", "migration", "reason"), _REFUSED, ids=[found[1] for found in _REFUSED])
def test_reason(admin: psycopg.Connection, setup: str, migration: str, reason: str) -> None:
    admin.execute(setup.encode())
    before = read_catalog(admin)
    admin.execute(migration.encode())
    plan = write_rollback(before, read_catalog(admin))
    assert (plan.grade, plan.reasons[0]) == (Grade.IRREVERSIBLE, reason)


@pytest.mark.campaign
@pytest.mark.parametrize("setup", [found[0] for found in _REFUSED])
def test_refused_by_the_server(cluster: Cluster, setup: str) -> None:
    with (
        fresh_database(cluster) as name,
        cluster.connect(Role.MIGRATION, name) as connection,
        pytest.raises(psycopg.Error, match=r"superuser|permission denied|must be owner of type"),
    ):
        connection.execute(setup.encode())
