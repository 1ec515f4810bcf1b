"""A town in quick time: what waits for its time to come can be told that it has, and processes can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import redis

from bot.clock import Intervals
from bot.logs import configure
from bot.scripts import LATER, PENDING
from bot.settings import read_settings
from bot.store import PREFIX
from bot.worker import run_worker
from tests.town import Town, town
from workers.jobs import watching
from workers.jobs.tools import tools_of

QUICK = Intervals(tick_s=0.05, memory_s=0.2, orphans_s=0.2, sweep_s=3600, replay_s=3600, leader_ms=600, grace_s=0.3)
_LEASE_S = 2
_SHOW_S = 0.2
_WORKER = ("-c", "from tests.conversations.faults.quick import work; work()")
_OPERATOR = ("-c", "from tests.conversations.faults.quick import work; work(operations=True)")
_NOT_OURS_TO_SAY = ("ghs_", "eyJ", "BEGIN RSA", "BEGIN PRIVATE")


def work(operations: bool = False) -> None:
    """What `python -m workers.jobs` does, but quicker to notice."""
    configure()
    watching.SHOW_S = _SHOW_S
    settings = read_settings(os.environ)
    tools_of(settings)
    run_worker(settings.redis_url, intervals=QUICK, lease_s=_LEASE_S, operations=operations)


@contextlib.contextmanager
def quick_town(folder: Path, cache: Path, **more: str) -> Iterator[Town]:
    """A town whose processes have told no secret when it ends."""
    with town(folder, cache, _WORKER, **more) as place:
        yield place
    said = place.log.read_text("utf-8", "replace")
    assert [word for word in (*_NOT_OURS_TO_SAY, place.github.hooks.secret) if word in said] == []


# ---------------------------------------------------------------- time


def time_passes(place: Town) -> None:
    """Enough for put-off work to be due, and for GitHub's limits to end."""
    with redis.Redis.from_url(place.redis.url) as connection:
        for key in connection.zrange(LATER, 0, -1):
            connection.zadd(LATER, {key: 0}, xx=True)
        for name in connection.scan_iter(f"{PREFIX}github:*"):
            connection.delete(name)


def locks_end(place: Town) -> None:
    """As the locks of the dead do after a minute."""
    with redis.Redis.from_url(place.redis.url) as connection:
        for name in connection.scan_iter(f"{PREFIX}lock:*"):
            connection.pexpire(name, 1)


def settle(place: Town) -> None:
    """Returns when all work is done, however long it would have been put off."""

    def idle() -> bool:
        time_passes(place)
        return place.idle()

    place.until(idle, "all work is done")


def put_off(place: Town) -> list[str]:
    """The keys of the work that waits for its time."""
    with redis.Redis.from_url(place.redis.url) as connection:
        return [key.decode() for key in connection.zrange(LATER, 0, -1)]


def queued(place: Town) -> list[str]:
    """The keys of the work that is not done."""
    with redis.Redis.from_url(place.redis.url) as connection:
        return [key.decode() for key in connection.zrange(PENDING, 0, -1)]


# ---------------------------------------------------------------- processes


def start_operator(place: Town) -> subprocess.Popen[bytes]:
    """One more that works on environments."""
    return replace(place, worker=_OPERATOR).start_worker()


def operates(worker: subprocess.Popen[bytes]) -> bool:
    return _OPERATOR[-1] in str(worker.args)


def job_of(worker: subprocess.Popen[bytes]) -> int:
    """The process of the job that a worker works on. Raises LookupError when it works on none."""
    found = [child for child in _children(worker.pid) if b"bot.clock" not in _command(child)]
    if not found:
        raise LookupError(f"worker {worker.pid} does nothing")
    return found[0]


def has_server(job: int) -> bool:
    """Whether a database server runs for the job."""
    return any(b"postgres" in _command(child) or has_server(child) for child in _children(job))


def stop(process: subprocess.Popen[bytes]) -> None:
    """As a platform does: it is asked to, and ends well."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


@contextlib.contextmanager
def frozen(process: int) -> Iterator[None]:
    """It hangs, and its connections with it; at the end of the block it is killed."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        kill(process)


def kill(*processes: int) -> None:
    for process in processes:
        os.kill(process, signal.SIGKILL)


def _children(process: int) -> list[int]:
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [int(child) for child in text.split()]
    return []


def _command(process: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""
