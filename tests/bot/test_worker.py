"""Workers take turns between installations, and lose no job: they are killed, stopped, and left without Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from bot.clock import Intervals
from bot.model import Ask, Refresh, Repo, Work
from bot.queue import Queue, key
from bot.wire import from_json
from bot.worker import FairWorker, run_worker
from tests.bot.waiting import eventually
from tests.redis_server import RedisServer, running_redis

# ---------------------------------------------------------------- what the workers of these tests run


def perform(payload: Mapping[str, Any]) -> None:
    """A command says that it began, and which processes do it, and waits to be let go. Nothing else takes any time."""
    work = from_json(payload)
    with patient(os.environ["REDIS_URL"]) as client:
        queue = Queue(client, PERFORM)
        begun = queue.begin(key(work))
        if begun is None:
            return
        if isinstance(work, Ask):
            client.rpush("test:began", f"{key(work)} {os.getppid()} {os.getpid()}")
            client.blpop([f"test:go:{key(work)}"], 60)
            client.rpush("test:done", f"{key(work)} {begun.attempts}")
        queue.finish(key(work), begun)


def patient(url: str) -> redis.Redis:
    """A client that waits for answers as long as it was told to wait."""
    return redis.Redis.from_url(url, socket_timeout=None, decode_responses=False)


PERFORM = "tests.bot.test_worker.perform"
SCRIPT = "from tests.bot.test_worker import work; work()"
QUICK = Intervals(tick_s=0.05, memory_s=0.2, orphans_s=0.2, sweep_s=3600, leader_ms=600, grace_s=0.3)


def work() -> None:
    import faulthandler

    faulthandler.register(signal.SIGUSR1, all_threads=True)
    run_worker(os.environ["REDIS_URL"], perform=PERFORM, intervals=QUICK, lease_s=2)


def start(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen((sys.executable, "-c", SCRIPT), env={**os.environ, "REDIS_URL": url})


# ---------------------------------------------------------------- whose turn it is


def pull(number: int, installation: int) -> Refresh:
    return Refresh(Repo(installation, "octo/shop", installation), number)


def command(number: int, installation: int) -> Ask:
    return Ask(
        Repo(installation, "octo/shop", installation), 1, number, "mona", "2026-01-31T12:00:00Z", "/migrate help"
    )


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def take(connection: redis.Redis) -> Callable[[], str]:
    """What a worker would do next."""
    worker = FairWorker(connection, 30, lambda: None, lambda: None)

    def take() -> str:
        found = worker.dequeue_job_and_maintain_ttl(None)
        return "" if found is None else key(from_json(found[0].args[0]))

    return take


def test_where_nothing_waits_nobody_has_a_turn(take: Callable[[], str]) -> None:
    assert take() == ""


def test_a_noisy_installation_does_not_starve_another(connection: redis.Redis, take: Callable[[], str]) -> None:
    queue = Queue(connection)
    for number in range(200):
        queue.add(pull(number, installation=1))
    queue.add(pull(0, installation=2))
    assert [take(), take(), take()] == ["pr:1:0", "pr:2:0", "pr:1:1"]


def test_installations_take_turns(connection: redis.Redis, take: Callable[[], str]) -> None:
    queue = Queue(connection)
    for number, installation in ((1, 1), (2, 1), (3, 1), (1, 5), (2, 5), (1, 9)):
        queue.add(pull(number, installation))
    assert [take() for _ in range(6)] == ["pr:1:1", "pr:5:1", "pr:9:1", "pr:1:2", "pr:5:2", "pr:1:3"]


def test_commands_come_first_but_not_for_ever(connection: redis.Redis, take: Callable[[], str]) -> None:
    queue = Queue(connection)
    for number in range(6):
        queue.add(pull(number, installation=2))
        queue.add(command(number, installation=1))
    taken = [take() for _ in range(12)]
    assert taken[:5] == ["ask:0", "ask:1", "ask:2", "ask:3", "pr:2:0"]
    assert taken[5:] == ["ask:4", "ask:5", "pr:2:1", "pr:2:2", "pr:2:3", "pr:2:4", "pr:2:5"]


def test_a_workers_maintenance_looks_after_its_clock(connection: redis.Redis) -> None:
    looked = []
    FairWorker(connection, 30, lambda: looked.append("here"), lambda: None).run_maintenance_tasks()
    assert looked == ["here"]


# ---------------------------------------------------------------- processes


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as server:
        with patient(server.url) as client:
            Queue(client).remember()
        yield server


@pytest.fixture
def crew(server: RedisServer) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers, waiting."""
    workers = [start(server.url), start(server.url)]
    try:
        with patient(server.url) as client:
            eventually(lambda: client.scard("rq:workers") == 2)
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(70)  # longer than a job can wait


ASK: Work = command(99, installation=3)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Of a job: whose it is, and which processes do it."""

    key: str
    worker: int
    job: int


def began(client: redis.Redis) -> Beginning:
    """Waits for the next beginning."""
    name, worker, job = next_of(client, "test:began").split()
    return Beginning(name, int(worker), int(job))


def done(client: redis.Redis) -> tuple[str, int]:
    """Waits for the next end. Returns whose it is, and how often it was attempted before."""
    name, attempts = next_of(client, "test:done").split()
    return name, int(attempts)


def next_of(client: redis.Redis, name: str) -> str:
    found: Any = client.blpop([name], 30)
    assert found is not None
    text: str = found[1].decode()
    return text


def let_go(client: redis.Redis, work: Work) -> None:
    client.rpush(f"test:go:{key(work)}", "go")


def test_a_killed_workers_job_runs_again_on_another(server: RedisServer, crew: list[subprocess.Popen[bytes]]) -> None:
    with patient(server.url) as client:
        Queue(client, PERFORM).accept("guid-1", ASK)
        first = began(client)
        os.kill(first.worker, signal.SIGKILL)
        os.kill(first.job, signal.SIGKILL)
        second = began(client)
        assert {first.worker, second.worker} == {process.pid for process in crew}
        let_go(client, ASK)
        assert done(client) == (key(ASK), 1)


def test_a_killed_job_runs_again(server: RedisServer, crew: list[subprocess.Popen[bytes]]) -> None:
    """As when the machine is out of memory."""
    with patient(server.url) as client:
        Queue(client, PERFORM).accept("guid-1", ASK)
        os.kill(began(client).job, signal.SIGKILL)
        began(client)
        let_go(client, ASK)
        assert done(client) == (key(ASK), 1)
    assert [process.poll() for process in crew] == [None, None]


@pytest.mark.parametrize("also_the_job", [False, True])
def test_told_to_stop_a_worker_finishes_its_job(
    server: RedisServer, crew: list[subprocess.Popen[bytes]], also_the_job: bool
) -> None:
    with patient(server.url) as client:
        Queue(client, PERFORM).accept("guid-1", ASK)
        first = began(client)
        stopped = next(process for process in crew if process.pid == first.worker)
        stopped.send_signal(signal.SIGTERM)
        if also_the_job:
            os.kill(first.job, signal.SIGTERM)
        let_go(client, ASK)
        assert stopped.wait(30) == 0
        assert done(client) == (key(ASK), 0)
        assert client.llen("test:began") == 0


def test_workers_outlive_redis(server: RedisServer, crew: list[subprocess.Popen[bytes]]) -> None:
    """One of them is idle, and the other works; whether its job notices depends on how long the restart takes."""
    others = (command(100, installation=4), command(101, installation=5))
    with patient(server.url) as client:
        Queue(client, PERFORM).accept("guid-1", ASK)
        began(client)
    server.stop()
    server.start()
    with patient(server.url) as client:
        let_go(client, ASK)
        for work in others:
            Queue(client, PERFORM).accept(f"guid-{work.comment}", work)
        beginnings = (began(client), began(client))
        assert {one.key for one in beginnings} == {key(work) for work in others}
        assert {one.worker for one in beginnings} == {process.pid for process in crew}
        for work in others:
            let_go(client, work)
        ended: set[tuple[str, int]] = set()
        while len(ended) < len(others):
            ended |= {done(client)} - {(key(ASK), 0)}
        assert ended == {(key(work), 0) for work in others}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_at_once(crew: list[subprocess.Popen[bytes]], how: signal.Signals) -> None:
    for process in crew:
        process.send_signal(how)
    assert [process.wait(30) for process in crew] == [0, 0]


@pytest.mark.campaign
def test_a_worker_stops_without_redis(server: RedisServer, crew: list[subprocess.Popen[bytes]]) -> None:
    """One of them is idle, and the other works."""
    with patient(server.url) as client:
        Queue(client, PERFORM).accept("guid-1", ASK)
        began(client)
    server.stop()
    for process in crew:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(30) for process in crew] == [0, 0]
