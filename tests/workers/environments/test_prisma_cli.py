"""What we write into _prisma_migrations is what the real Prisma CLI writes there, and each goes on from the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.live_server import LiveServer, live_server
from tests.prisma_cli import PrismaCli, available
from workers.environments.history import PRISMA, diagnose, failure_log, locked
from workers.environments.model import EntryState
from workers.errors import Refused
from workers.model import Migration, SqlError, Transaction

# The table of states in test_prisma_states covers the most of it in bin/test.
pytestmark = [pytest.mark.campaign, pytest.mark.skipif(bool(available()), reason=available())]


def migration(name: str, text: str) -> Migration:
    return Migration(name, f"prisma/migrations/{name}/migration.sql", text, Transaction.SIMPLE_QUERY)


USERS = migration("20240101000000_users", "CREATE TABLE users (id int PRIMARY KEY);\n")
POSTS = migration(
    "20240102000000_posts", "-- Beiträge\r\nCREATE TABLE posts (id int);\r\nCREATE TABLE tags (id int);\r\n"
)
NAMES = migration("20240103000000_names", "ALTER TABLE users ADD COLUMN name text;\n")
WRONG = migration("20240104000000_wrong", "SELECT 1 / 0;\n")


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture
def cli(tmp_path: Path) -> PrismaCli:
    return PrismaCli(tmp_path)


@pytest.fixture
def connect(server: LiveServer) -> Iterator[Any]:
    """Connections that are closed with the test."""
    opened: list[psycopg.Connection] = []

    def connect(url: str, schema: str = "public") -> psycopg.Connection:
        opened.append(psycopg.connect(url, autocommit=True, options=f"-c search_path={schema}"))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def deploy(c: psycopg.Connection, *migrations: Migration) -> None:
    """As a deploy by us does it, without what surrounds it."""
    PRISMA.prepare(c)
    for one in migrations:
        row = PRISMA.begin(c, one)
        c.execute(one.text.encode())
        PRISMA.finish(c, row)


def rows(c: psycopg.Connection) -> list[tuple[Any, ...]]:
    """All but what differs from one run to the next: the ids, and the times, of which it counts which are there."""
    return c.execute("""SELECT migration_name, checksum, logs, applied_steps_count, length(id), finished_at IS NULL,
        rolled_back_at IS NULL, applied_steps_count = 0 AND finished_at = started_at
    FROM _prisma_migrations ORDER BY started_at, migration_name""").fetchall()


def columns(c: psycopg.Connection) -> list[tuple[Any, ...]]:
    """The table itself, with its keys."""
    return c.execute("""SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
        (SELECT array_agg(pg_get_indexdef(indexrelid)) FROM pg_index WHERE indrelid = attrelid)
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = '_prisma_migrations'::regclass AND attnum > 0 ORDER BY attnum""").fetchall()


def test_what_the_cli_began_we_go_on_with_and_the_other_way_round(
    server: LiveServer, cli: PrismaCli, connect: Any
) -> None:
    theirs, ours = server.create_database("theirs"), server.create_database("ours")
    with connect(theirs) as c, connect(ours) as d:
        cli.write(USERS, POSTS)
        assert cli.deploy(theirs).code == 0
        deploy(d, USERS, POSTS)
        assert (columns(d), rows(d)) == (columns(c), rows(c))

        cli.write(NAMES)
        found = diagnose(PRISMA.entries(c, ()), (USERS, POSTS, NAMES), PRISMA)
        assert [entry.name for entry in found.applied] == [USERS.id, POSTS.id]
        assert (found.pending, found.failed, found.edited, found.stamped) == ((NAMES,), (), (), ())

        deploy(c, NAMES)
        assert cli.status(theirs).code == 0
        deployed = cli.deploy(theirs)
        assert (deployed.code, "No pending migrations to apply" in deployed.output) == (0, True)

        assert cli.deploy(ours).code == 0
        assert rows(d) == rows(c)
        assert diagnose(PRISMA.entries(d, ()), (USERS, POSTS, NAMES), PRISMA).pending == ()


def test_what_we_undo_is_pending_for_the_cli_which_applies_it_again(
    server: LiveServer, cli: PrismaCli, connect: Any
) -> None:
    url = server.create_database("undone")
    cli.write(USERS, NAMES)
    with connect(url) as c:
        deploy(c, USERS, NAMES)
        with c.transaction():
            c.execute("ALTER TABLE users DROP COLUMN name")
            PRISMA.undo(c, NAMES, ())

        status = cli.status(url)
        assert (status.code, NAMES.id in status.output, USERS.id in status.output) == (1, True, False)
        assert cli.deploy(url).code == 0

        entries = PRISMA.entries(c, ())
        assert entries is not None
        assert [entry.state for entry in entries] == [EntryState.APPLIED, EntryState.ROLLED_BACK, EntryState.APPLIED]
        assert diagnose(entries, (USERS, NAMES), PRISMA).pending == ()


def test_a_migration_that_failed_with_one_stops_the_other_until_it_is_resolved(
    server: LiveServer, cli: PrismaCli, connect: Any
) -> None:
    theirs, ours = server.create_database("their_failure"), server.create_database("our_failure")
    error = SqlError("22012", "division by zero")
    cli.write(WRONG)
    with connect(theirs) as c, connect(ours) as d:
        assert cli.deploy(theirs).code == 1
        assert [entry.name for entry in diagnose(PRISMA.entries(c, ()), (WRONG,), PRISMA).failed] == [WRONG.id]

        PRISMA.prepare(d)
        PRISMA.fail(d, PRISMA.begin(d, WRONG), failure_log(WRONG.id, error))
        deployed = cli.deploy(ours)
        assert (deployed.code, "P3009" in deployed.output, WRONG.id in deployed.output) == (1, True, True)
        assert without_logs(d) == without_logs(c)

        assert cli.resolve(theirs, "--rolled-back", WRONG.id).code == 0
        PRISMA.clear(d, WRONG, ())
        assert without_logs(d) == without_logs(c)
        given_back = connect(server.create_database("given_back"))
        PRISMA.prepare(given_back)
        PRISMA.give_back(given_back, PRISMA.begin(given_back, WRONG), failure_log(WRONG.id, error))
        assert rows(given_back) == rows(d)

        assert cli.resolve(theirs, "--applied", WRONG.id).code == 0
        PRISMA.stamp(d, WRONG, ())
        assert without_logs(d) == without_logs(c)
        found = diagnose(PRISMA.entries(c, ()), (WRONG,), PRISMA)
        assert (found.pending, found.failed, found.stamped) == ((), (), (WRONG.id,))
        assert cli.status(ours).code == 0


def without_logs(c: psycopg.Connection) -> list[tuple[Any, ...]]:
    """The engine in WebAssembly tells less of an error than the native one. Whether there are logs counts, and that a
    stamped row's are empty."""
    return [(*row[:2], row[2] and "…", *row[3:]) for row in rows(c)]


def test_a_failed_migration_that_is_stamped_is_rolled_back_and_applied(
    server: LiveServer, cli: PrismaCli, connect: Any
) -> None:
    theirs, ours = connect(server.create_database("their_stamp")), connect(server.create_database("our_stamp"))
    cli.write(USERS)
    for c in (theirs, ours):
        PRISMA.prepare(c)
        PRISMA.begin(c, USERS)
    assert cli.resolve(server.url("shop_owner", "their_stamp"), "--applied", USERS.id).code == 0
    PRISMA.stamp(ours, USERS, ())
    assert rows(ours) == rows(theirs)


def test_both_refuse_a_schema_with_tables_and_without_a_history_and_take_a_baseline(
    server: LiveServer, cli: PrismaCli, connect: Any
) -> None:
    url = server.create_database("baseline")
    cli.write(USERS, NAMES)
    with connect(url) as c:
        c.execute(USERS.text)
        assert "P3005" in cli.deploy(url).output
        with pytest.raises(Refused, match="P3005"):
            PRISMA.prepare(c)
        PRISMA.stamp(c, USERS, ())
        assert cli.deploy(url).code == 0
        found = diagnose(PRISMA.entries(c, ()), (USERS, NAMES), PRISMA)
        assert ([entry.name for entry in found.applied], found.stamped) == ([USERS.id, NAMES.id], (USERS.id,))


def test_the_table_is_where_prisma_puts_it(server: LiveServer, cli: PrismaCli, connect: Any) -> None:
    url = server.create_database("schemas")
    cli.write(USERS)
    assert cli.deploy(f"{url}?schema=shop").code == 0
    with connect(url) as public, connect(url, "shop,public") as shop:
        assert PRISMA.entries(public, ()) is None
        assert diagnose(PRISMA.entries(shop, ()), (USERS,), PRISMA).pending == ()


def test_who_comes_second_waits_for_the_lock(server: LiveServer, cli: PrismaCli, connect: Any) -> None:
    url = server.create_database("busy")
    cli.write(USERS)
    with connect(url) as c:
        with locked(c, PRISMA, 0):
            process = cli.start(url, "deploy")
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707369 AND NOT granted"
            deadline = time.monotonic() + 60
            while not c.execute(waiting).fetchone():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert PRISMA.entries(c, ()) is None
            deploy(c, replace(USERS, text="CREATE TABLE users (id int);\n"))
        done = cli.finish(process)
        assert (done.code, "No pending migrations to apply" in done.output) == (0, True)
