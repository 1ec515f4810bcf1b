"""What a live server says of one session to another."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
import pytest

from tests.live_server import LiveServer, live_server
from workers.environments.blockers import activity_of, blockers_of, described, waiting
from workers.environments.model import Blocker

_PATIENCE_S = 20.0
_numbers = itertools.count()
T = TypeVar("T")


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server("max_prepared_transactions=2") as running:
        yield running


@dataclass
class Sessions:
    """at_work: the session that is looked at; other: the one that looks."""

    url: str
    at_work: psycopg.Connection
    other: psycopg.Connection
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    @property
    def pid(self) -> int:
        return self.at_work.info.backend_pid

    def blockers(self) -> tuple[Blocker, ...]:
        return blockers_of(self.other, self.pid)

    def activity(self) -> str:
        return activity_of(self.other, self.pid)

    @contextlib.contextmanager
    def at(self, sql: str) -> Iterator[None]:
        """While the session runs something; it is cancelled at the end."""
        running = self.pool.submit(self.at_work.execute, sql.encode())
        try:
            yield
        finally:
            self.other.execute("select pg_cancel_backend(%s)", (self.pid,))
            with contextlib.suppress(psycopg.errors.QueryCanceled):
                running.result()


@pytest.fixture
def sessions(server: LiveServer) -> Iterator[Sessions]:
    url = server.create_database(f"sessions{next(_numbers)}")
    with psycopg.connect(url, autocommit=True) as at_work, psycopg.connect(url, autocommit=True) as other:
        at_work.execute("CREATE TABLE t AS SELECT n, repeat('x', 500) AS x FROM generate_series(1, 3000) AS n")
        found = Sessions(url, at_work, other)
        yield found
        found.pool.shutdown()


def seen(look: Callable[[], T], wanted: Callable[[T], object] = bool) -> T:
    deadline = time.monotonic() + _PATIENCE_S
    while not wanted(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


def test_a_session_that_waits_for_nobody(sessions: Sessions) -> None:
    assert sessions.blockers() == ()
    with psycopg.connect(sessions.url) as idle:
        idle.execute("LOCK TABLE t")
        assert sessions.blockers() == ()


def test_an_idle_transaction(sessions: Sessions) -> None:
    with psycopg.connect(sessions.url, application_name="psql") as holder:
        holder.execute("LOCK TABLE t")
        with sessions.at("SELECT FROM t"):
            (found,) = seen(sessions.blockers)
            assert (found.pid, found.user, found.application, found.state) == (
                holder.info.backend_pid,
                "shop_owner",
                "psql",
                "idle in transaction",
            )
            assert 0 < found.since_s < _PATIENCE_S


def test_the_longest_open_transaction_comes_first(sessions: Sessions) -> None:
    with psycopg.connect(sessions.url) as first, psycopg.connect(sessions.url) as second:
        pids = [first.info.backend_pid, second.info.backend_pid]
        first.execute("LOCK TABLE t IN ACCESS SHARE MODE")
        second.execute("LOCK TABLE t IN ACCESS SHARE MODE")
        with sessions.at("ALTER TABLE t ADD b int"):
            assert [blocker.pid for blocker in seen(sessions.blockers)] == pids


def test_of_another_role_s_session_little_is_seen(server: LiveServer, sessions: Sessions) -> None:
    with server.admin(sessions.at_work.info.dbname) as holder:
        pid = holder.info.backend_pid
        holder.execute("BEGIN; LOCK TABLE t")
        with sessions.at("SELECT FROM t"):
            assert seen(sessions.blockers) == (Blocker(pid, "postgres", "", "", 0.0),)


def test_a_prepared_transaction(sessions: Sessions) -> None:
    with psycopg.connect(sessions.url, autocommit=True) as holder:
        holder.execute("BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'left'")
        with sessions.at("SELECT FROM t"):
            assert seen(sessions.blockers) == (Blocker(0, "", "", "prepared transaction", 0.0),)
        holder.execute("ROLLBACK PREPARED 'left'")


def test_a_blocker_in_words() -> None:
    assert described(Blocker(123, "x", "psql", "idle in transaction", 40.4)) == (
        "pid 123 (psql, user x, idle in transaction for 40 s)"
    )
    assert described(Blocker(123, "postgres", "", "", 0.0)) == "pid 123 (user postgres)"
    assert described(Blocker(123, "", "", "", 0.0)) == "pid 123"
    one = Blocker(0, "", "", "prepared transaction", 0.0)
    assert waiting((one,)) == "waits for a lock held by pid 0 (prepared transaction)"
    assert waiting((one, one, one)) == "waits for a lock held by pid 0 (prepared transaction) and 2 more"


def test_what_the_server_does_not_count(sessions: Sessions) -> None:
    assert sessions.activity() == ""
    with sessions.at("SELECT pg_sleep(60)"):
        assert sessions.activity() == ""


def test_an_index_that_waits(sessions: Sessions) -> None:
    with psycopg.connect(sessions.url) as holder:
        holder.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
        with sessions.at("CREATE INDEX CONCURRENTLY i ON t (n)"):
            assert seen(sessions.activity, lambda said: "waiting" in said) == (
                "CREATE INDEX CONCURRENTLY: waiting for writers before build"
            )


@pytest.mark.parametrize(("sql", "phase"), [("VACUUM t", "scanning heap"), ("ANALYZE t", "acquiring sample rows")])
def test_a_share_of_the_blocks(sessions: Sessions, sql: str, phase: str) -> None:
    sessions.at_work.execute("SET vacuum_cost_delay = 5; SET vacuum_cost_limit = 1; SET vacuum_cost_page_hit = 10")
    with sessions.at(sql):
        found = seen(sessions.activity, lambda said: said.endswith(" %") and not said.endswith(", 0 %"))
        assert found.startswith(f"{sql[:-2]}: {phase}, ")


def test_the_rows_of_a_copy(sessions: Sessions) -> None:
    with sessions.at_work.cursor().copy("COPY t FROM stdin") as copy:
        for n in range(3000):
            copy.write_row((n, "x" * 100))
        assert seen(sessions.activity, lambda said: "rows" in said).startswith("COPY FROM: ")
