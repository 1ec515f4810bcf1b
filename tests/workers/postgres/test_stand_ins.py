"""Stand-ins for extensions, created on real servers, beside the originals where there are some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workers.postgres.cluster import Cluster, Limits, start_cluster
from workers.postgres.dump import schema_dump
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, find_installations
from workers.postgres.session import Session
from workers.postgres.shadow import shadow
from workers.postgres.stand_ins import SAME, passed_over

UUID = "uuid-ossp"
STAND_INS = (SAME[UUID], passed_over("pg_cron"))
SPACES = ", ".join(f"e.{name}()" for name in ("uuid_nil", "uuid_ns_dns", "uuid_ns_url", "uuid_ns_oid", "uuid_ns_x500"))
# One block of SHA-1 holds 55 bytes, 16 of which are the namespace's.
NAMES = ("", "a", "www.example.com", "ü€😀", "x" * 39, "x" * 40, "y" * 47, "z" * 48, "w" * 200)


@pytest.fixture(scope="module")
def standing_in(installation: Installation, cache: Path) -> Iterator[Cluster]:
    with start_cluster(replace(installation, stand_ins=STAND_INS), strongest_tier(), Limits(), cache) as cluster:
        yield cluster


@pytest.fixture
def session(standing_in: Cluster) -> Iterator[Session]:
    standing_in.create_database("own")
    with Session(standing_in, database="own") as session:
        yield session
    standing_in.drop_database("own")


def run(session: Session, sql: str) -> None:
    assert (error := session.run(sql, simple=True).error) is None, error


def generated(session: Session) -> list[list[tuple[Any, ...]]]:
    """All that is the same each time, and what is known of the rest."""
    run(session, f'CREATE SCHEMA e; CREATE EXTENSION "{UUID}" WITH SCHEMA e')
    names = ", ".join(f"('{name}')" for name in NAMES)
    queries = (
        f"SELECT {SPACES}",
        "SELECT e.uuid_generate_v3(space, name), e.uuid_generate_v5(space, name)"
        f" FROM (VALUES {names}) n (name), unnest(ARRAY[{SPACES}]) space ORDER BY name, space",
        "SELECT substr(v::text, 15, 1), substr(v::text, 20, 1) ~ '[89ab]'"
        " FROM unnest(ARRAY[e.uuid_generate_v1(), e.uuid_generate_v1mc(), e.uuid_generate_v4()]) v",
        "SELECT proname::text, proargnames::text, provolatile::text, proisstrict, proparallel::text, prorettype"
        " FROM pg_proc WHERE pronamespace = 'e'::regnamespace ORDER BY 1",
    )
    return [session.query(query) for query in queries]


def test_the_uuids_are_those_of_the_original(session: Session, cache: Path) -> None:
    original = next((each for each in find_installations() if UUID in each.extensions), None)
    if original is None:
        pytest.skip("no server here has it")
    with start_cluster(original, strongest_tier(), Limits(), cache) as cluster, Session(cluster) as theirs:
        assert generated(session) == generated(theirs)


def test_a_uuid_by_time_tells_the_time(session: Session) -> None:
    """And its node is nobody's network card: https://www.rfc-editor.org/rfc/rfc9562#section-6.10"""
    run(session, f'CREATE EXTENSION "{UUID}"')
    ticks = "('x0' || substr(v, 16, 3) || substr(v, 10, 4) || substr(v, 1, 8))::bit(64)::bigint"
    (found,) = session.query(
        f"SELECT abs(extract(epoch FROM now()) - ({ticks} - 122192928000000000) / 1e7) < 60,"
        " ('x' || substr(v, 25, 2))::bit(8)::int & 1"
        " FROM (SELECT uuid_generate_v1mc()::text) u (v)"
    )
    assert found == (True, 1)
    assert session.query("SELECT count(DISTINCT uuid_generate_v1()) FROM generate_series(1, 1000)") == [(1000,)]


def test_an_extension_that_is_passed_over_is_one_like_any_other(session: Session) -> None:
    run(session, "CREATE SCHEMA cron; CREATE EXTENSION IF NOT EXISTS pg_cron WITH SCHEMA pg_catalog")
    run(session, "COMMENT ON EXTENSION pg_cron IS 'jobs'")
    dump = schema_dump(session.cluster, session.database)
    assert "CREATE EXTENSION IF NOT EXISTS pg_cron WITH SCHEMA pg_catalog" in dump
    run(session, "DROP EXTENSION pg_cron")
    assert session.query("SELECT extname::text FROM pg_extension") == [("plpgsql",)]


def test_its_script_steps_into_no_trap(session: Session) -> None:
    """It is run by our superuser, who looks for names in the schema that a migration chooses."""
    trap = "LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TABLE public.sprung ()'; RETURN 'SELECT 1'; END $$"
    run(session, f"CREATE FUNCTION public.format(text, text) RETURNS text {trap}")
    run(session, f'CREATE EXTENSION "{UUID}" WITH SCHEMA public')
    assert session.query("SELECT to_regclass('public.sprung')::text") == [(None,)]


@pytest.mark.parametrize("server", find_installations(), ids=str)
def test_it_takes_the_place_of_the_servers_own(server: Installation, cache: Path) -> None:
    """pg_stat_statements would want to be loaded with the server, as pg_cron does."""
    own = replace(server, stand_ins=(passed_over("pg_stat_statements"),))
    assert "pg_stat_statements" in shadow(own, cache).extensions
    with start_cluster(own, strongest_tier(), Limits(), cache) as cluster, Session(cluster) as session:
        run(session, "CREATE EXTENSION pg_stat_statements")
        assert session.query("SELECT extversion FROM pg_extension WHERE extname LIKE 'pg_stat%'") == [("1.0",)]
        assert session.query("SELECT to_regproc('pg_stat_statements_reset')::text") == [(None,)]
