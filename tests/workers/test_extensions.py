"""Which server judges, where migrations create extensions: its own, stand-ins, and what is passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.beforehand import Before
from workers.errors import CannotAnalyse
from workers.extensions import extensions_of, lacking, server_with_all, server_with_most, stood_in
from workers.model import Migration, Transaction
from workers.postgres.servers import Installation, find_installations

ALL = find_installations()
BARE = tuple(replace(each, extensions=each.extensions & {"plpgsql", "vector"}) for each in ALL)
UUID = 'CREATE EXTENSION IF NOT EXISTS "uuid-ossp";'


def creating(*texts: str) -> list[Migration]:
    return [Migration(str(n), f"m/{n}.sql", text, Transaction.FILE) for n, text in enumerate(texts)]


def standing_in(
    *texts: str, provided: frozenset[str] = frozenset(), found: tuple[Installation, ...] = BARE
) -> list[str]:
    server = server_with_all(creating(*texts), Before(provided=provided), found, None)
    return [each.name for each in server.stand_ins]


def test_most_need_none() -> None:
    assert standing_in("SELECT 1;", "CREATE EXTENSION vector;") == []
    assert standing_in("SELECT 1;", provided=frozenset({"pg_cron"})) == []
    assert extensions_of(creating("SELECT 'CREATE EXTENSION a'", "\n" + UUID)) == {"uuid-ossp": "m/1.sql:2"}


def test_a_server_that_has_it_comes_first() -> None:
    with_it = next((each for each in ALL if "uuid-ossp" in each.extensions), None)
    if with_it is None:
        pytest.skip("no server here has it")
    assert server_with_all(creating(UUID), Before(), ALL, None).origin == with_it.origin
    assert standing_in(UUID, found=ALL) == []


def test_a_stand_in_where_no_server_has_it() -> None:
    assert standing_in(UUID) == ["uuid-ossp"]
    assert standing_in(UUID, "CREATE EXTENSION vector;") == ["uuid-ossp"]


def test_what_counts_as_provided_is_passed_over() -> None:
    provided = frozenset({"pg_cron", "pg_net"})
    assert standing_in(UUID, "CREATE EXTENSION pg_cron;", provided=provided) == ["uuid-ossp", "pg_cron", "pg_net"]
    server = server_with_all(creating("CREATE EXTENSION pg_cron;"), Before(provided=provided), BARE, None)
    assert stood_in(server) == ("CREATE EXTENSION passes over pg_cron: there is what the prelude makes of it",)
    assert stood_in(server_with_all(creating(UUID), Before(), BARE, None)) == (
        "not on this server: uuid-ossp; a stand-in of ours does the same",
    )


def test_what_is_not_to_be_had_is_named_with_its_place() -> None:
    texts = (UUID, "\nCREATE EXTENSION postgis;")
    with pytest.raises(CannotAnalyse, match=r"^m/1\.sql:2: no server here has the extension postgis; looked at .*"
        r"Install postgresql-N-postgis-3 \(N is the server's major version\), or name a folder"):  # fmt: skip
        server_with_all(creating(*texts), Before(), BARE, None)
    with pytest.raises(
        CannotAnalyse, match=r"^m/0\.sql:1: .*\. Install PostgreSQL itself with its contrib modules, or"
    ):
        server_with_all(creating("CREATE EXTENSION citext"), Before(), BARE, None)
    with pytest.raises(CannotAnalyse, match=r"No system package of our_own is known: .*\(extensions\).*\(prelude\)$"):
        server_with_all(creating("CREATE EXTENSION our_own"), Before(), BARE, None)


def test_an_audit_looks_at_the_others() -> None:
    server = server_with_most(creating(UUID, "CREATE EXTENSION postgis;"), Before(), BARE, None)
    assert [each.name for each in server.stand_ins] == ["uuid-ossp"]
    (told,) = lacking(server, creating(UUID, "CREATE EXTENSION postgis;"), Before())
    assert told.startswith("not on this server: postgis. Install postgresql-N-postgis-3")
    assert lacking(server, creating(UUID), Before()) == ()
    with pytest.raises(CannotAnalyse, match="no PostgreSQL server was found"):
        server_with_most(creating(UUID), Before(), (), None)
