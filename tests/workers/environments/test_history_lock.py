from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.live_server import OWNER, live_server
from workers.environments.history import PLAIN, PRISMA, Book, locked
from workers.errors import Refused

WAIT_S = 30.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with live_server() as server:
        yield server.create_database("staging")


@contextlib.contextmanager
def connected(url: str, name: str = "") -> Iterator[psycopg.Connection]:
    with contextlib.closing(psycopg.connect(url, autocommit=True, application_name=name)) as connection:
        yield connection


def is_free(url: str, book: Book) -> bool:
    with connected(url) as c:
        try:
            with locked(c, book, 0):
                return True
        except Refused:
            return False


def test_each_layout_has_its_own(url: str) -> None:
    digest = hashlib.sha256(b"migration_bot_history").digest()
    with connected(url) as c:
        keys = PRISMA.lock_key(c), PLAIN.lock_key(c)
    assert keys == (72707369, int.from_bytes(digest[:4]) >> 1)
    with connected(url) as c, connected(url) as d, locked(c, PRISMA, 0), locked(d, PLAIN, 0):
        assert not is_free(url, PRISMA)
        assert not is_free(url, PLAIN)
    assert is_free(url, PRISMA)
    assert is_free(url, PLAIN)


def test_a_refusal_says_who_has_it(url: str) -> None:
    with connected(url, "their deploy") as c, connected(url) as d, locked(c, PRISMA, 0):
        with pytest.raises(Refused) as refused, locked(d, PRISMA, 0.2):
            pytest.fail("two have it")
        assert re.sub(r"\d{4}(-\d\d){2} \d\d(:\d\d){2} UTC", "THEN", str(refused.value)) == (
            f"the lock of _prisma_migrations is held by pid {c.info.backend_pid} "
            f"(their deploy, user {OWNER}, connected since THEN); waited 0.2 s for it"
        )
        d.execute("SELECT 1")


def test_a_lock_of_another_key_or_database_is_nobodys_business(url: str) -> None:
    with connected(url) as c, connected(url.rpartition("/")[0] + "/postgres") as d:
        key = PRISMA.lock_key(c)
        c.execute("SELECT pg_advisory_lock(%s, 1), pg_advisory_lock(1, %s)", (key, key))
        d.execute("SELECT pg_advisory_lock(%s)", (key,))
        assert is_free(url, PRISMA)


def test_who_waits_does_not_stand_in_the_way_of_an_index_that_is_built_concurrently(url: str) -> None:
    asking, got = threading.Event(), threading.Event()

    def wait() -> None:
        with connected(url) as d:
            asking.set()
            with locked(d, PRISMA, WAIT_S):
                got.set()

    waiting = threading.Thread(target=wait)
    with connected(url) as c:
        c.execute("CREATE TABLE t (id int)")
        with locked(c, PRISMA, 0):
            waiting.start()
            assert asking.wait(WAIT_S)
            c.execute("CREATE INDEX CONCURRENTLY t_id ON t (id)")
            assert not got.is_set()
        waiting.join(WAIT_S)
    assert got.is_set()


def fail(c: psycopg.Connection, book: Book) -> None:
    with locked(c, book, 0):
        c.execute("BEGIN")
        c.execute("SELECT 1 / 0")


def lose(c: psycopg.Connection, url: str, error: Exception | None = None) -> None:
    """An administrator ends the session while it has the lock."""
    with locked(c, PRISMA, 0):
        with connected(url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (c.info.backend_pid,))
        if error:
            raise error


def test_it_is_given_back_whatever_goes_wrong_inside(url: str) -> None:
    with connected(url) as c:
        with pytest.raises(psycopg.errors.DivisionByZero):
            fail(c, PRISMA)
        assert is_free(url, PRISMA)
        assert c.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_a_lost_connection_is_not_hidden_and_hides_nothing(url: str) -> None:
    with connected(url) as c, connected(url) as d:
        with pytest.raises(psycopg.OperationalError):
            lose(c, url)
        with pytest.raises(KeyError):
            lose(d, url, KeyError())
    assert is_free(url, PRISMA)
