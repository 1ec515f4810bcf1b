"""One owner at a time, on a real Redis: taken, renewed, lost and left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from bot.errors import Retryable
from bot.locks import Busy, Lock, LockLost, lock
from bot.store import connect
from tests.bot.waiting import eventually
from tests.redis_server import free_port, running_redis

NAME = "migration-bot:lock:pr:7:12"


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def test_a_lock_is_gone_after_its_block(connection: redis.Redis) -> None:
    with lock(connection, "pr:7:12") as held:
        assert held.held()
        assert connection.get(NAME) == held.token
    assert connection.exists(NAME) == 0


def test_a_lock_is_gone_after_an_error(connection: redis.Redis) -> None:
    with pytest.raises(ZeroDivisionError), lock(connection, "pr:7:12"):
        raise ZeroDivisionError
    assert connection.exists(NAME) == 0


def test_only_one_has_it(connection: redis.Redis) -> None:
    with lock(connection, "pr:7:12"), pytest.raises(Busy) as caught, lock(connection, "pr:7:12"):
        pass
    assert (str(caught.value), caught.value.after_s) == ("pr:7:12 is being worked on", 2.0)
    with lock(connection, "pr:7:12"):
        pass


def test_others_locks_are_others(connection: redis.Redis) -> None:
    with lock(connection, "pr:7:12"), lock(connection, "pr:7:13") as held:
        assert held.held()


def test_it_can_be_waited_for(connection: redis.Redis) -> None:
    order = []

    def second() -> None:
        with lock(connection, "pr:7:12", wait_s=20):
            order.append("second")

    with lock(connection, "pr:7:12"):
        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_it_is_renewed_while_its_owner_works(connection: redis.Redis) -> None:
    with lock(connection, "pr:7:12", ttl_ms=300) as held:
        time.sleep(0.7)  # more than twice its end
        assert held.held()
        assert connection.get(NAME) == held.token


def test_a_dead_owners_lock_ends(connection: redis.Redis) -> None:
    connection.set(NAME, "of a worker that was killed", px=300)
    with lock(connection, "pr:7:12", wait_s=20) as held:
        assert held.held()


def test_a_lost_lock_is_noticed_and_left_to_its_new_owner(connection: redis.Redis) -> None:
    with pytest.raises(LockLost), lock(connection, "pr:7:12", ttl_ms=300) as held:
        lose(held, lambda: connection.set(NAME, "another"))
    assert connection.get(NAME) == "another"


def test_a_lock_is_lost_with_its_redis() -> None:
    with (
        running_redis() as server,
        connect(server.url) as connection,
        pytest.raises(LockLost),
        lock(connection, "pr:7:12", ttl_ms=600) as held,
    ):
        lose(held, server.stop)


def lose(held: Lock, how: Callable[[], object]) -> None:
    how()
    eventually(lambda: not held.held())


def test_without_redis_there_is_no_lock() -> None:
    with (
        connect(f"redis://127.0.0.1:{free_port()}/0") as nobody,
        pytest.raises(Retryable, match=r"^Redis cannot be reached: "),
        lock(nobody, "pr:7:12"),
    ):
        raise AssertionError
