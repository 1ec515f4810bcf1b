"""What nobody tells still happens: in one process at a time, whatever becomes of the others and of Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from bot.clock import INTERVALS, Clock, Intervals, start_clock
from bot.model import Refresh, Repo
from bot.queue import Queue, key
from tests.bot.waiting import eventually
from tests.redis_server import RedisServer, running_redis

PULL = Refresh(Repo(7, "octo/shop", 3), 12)
QUICK = Intervals(tick_s=0.02, memory_s=0.02, orphans_s=0.1, leader_ms=600, grace_s=0.1)


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def pending(connection: redis.Redis) -> set[str]:
    found: Any = connection.zrange("migration-bot:pending", 0, -1)
    return {name.decode() for name in found}


def empty(connection: redis.Redis) -> None:
    """All work is taken away, and what is remembered stays."""
    names: Any = connection.keys("migration-bot:work:*")
    connection.delete("migration-bot:pending", "migration-bot:later", *names)


# ---------------------------------------------------------------- one clock


def test_at_first_everything_is_looked_at(connection: redis.Redis) -> None:
    Clock(Queue(connection), INTERVALS).tick()
    assert pending(connection) == {"sweep:0", "replay", "replay:forgetful"}
    assert Queue(connection).remembering()


def test_between_its_times_nothing_happens(connection: redis.Redis) -> None:
    clock = Clock(Queue(connection), INTERVALS)
    clock.tick()
    empty(connection)
    clock.tick()
    assert pending(connection) == set()


def test_a_new_clock_looks_at_once_but_redis_remembers(connection: redis.Redis) -> None:
    Queue(connection).remember()
    Clock(Queue(connection), INTERVALS).tick()
    assert pending(connection) == {"sweep:0", "replay"}


def test_lost_data_is_noticed(connection: redis.Redis) -> None:
    clock = Clock(Queue(connection), Intervals(memory_s=0))
    clock.tick()
    connection.flushall()
    clock.tick()
    assert pending(connection) == {"sweep:0", "replay:forgetful"}


def test_put_off_work_comes_back(connection: redis.Redis) -> None:
    queue = Queue(connection)
    queue.add(PULL, 0.01)
    time.sleep(0.02)
    Clock(queue, INTERVALS).tick()
    assert connection.hexists(f"migration-bot:work:{key(PULL)}", "queued")


def test_a_lost_job_is_queued_again(connection: redis.Redis) -> None:
    queue = Queue(connection)
    queue.add(PULL)
    connection.delete("rq:queue:reviews:3")
    clock = Clock(queue, Intervals(orphans_s=0, grace_s=0))
    clock.tick()
    clock.tick()
    assert connection.llen("rq:queue:reviews:3") == 1


# ---------------------------------------------------------------- processes


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def clocks(own_redis: RedisServer) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two, of which the first leads."""
    started = []
    try:
        with redis.Redis.from_url(own_redis.url) as client:
            started.append(start_clock(own_redis.url, "nobody.perform", QUICK))
            eventually(lambda: Queue(client).remembering())
            started.append(start_clock(own_redis.url, "nobody.perform", QUICK))
            yield started
    finally:
        for process in started:
            process.terminate()
            process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_another_clock_takes_over(
    own_redis: RedisServer, clocks: list[subprocess.Popen[bytes]], how: signal.Signals
) -> None:
    clocks[0].send_signal(how)
    assert clocks[0].wait() == (0 if how is signal.SIGTERM else -how)
    with redis.Redis.from_url(own_redis.url) as client:
        client.delete("migration-bot:epoch")
        eventually(lambda: Queue(client).remembering())


def test_clocks_outlive_redis(own_redis: RedisServer, clocks: list[subprocess.Popen[bytes]]) -> None:
    own_redis.stop()
    time.sleep(0.3)  # so that they notice
    own_redis.start()
    with redis.Redis.from_url(own_redis.url) as client:
        eventually(lambda: Queue(client).remembering())
        assert {"sweep:0", "replay:forgetful"} <= pending(client)
    assert [process.poll() for process in clocks] == [None, None]


def test_a_clock_ends_with_its_worker(own_redis: RedisServer) -> None:
    """However it ended: this one is killed."""
    code = (
        "import os, signal, sys; from bot.clock import Intervals, start_clock\n"
        "print(start_clock(sys.argv[1], 'nobody.perform', Intervals(tick_s=0.02)).pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = (sys.executable, "-c", code, own_redis.url)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        clock = int(worker.stdout.readline())
    eventually(lambda: not is_running(clock))


def is_running(process: int) -> bool:
    """One that ended and whom nobody waited for counts as ended."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
