"""What happens untold: put-off work comes back, lost jobs are queued again, and GitHub is asked what we missed.

One process beside each worker, `python -m bot.clock`; the one that holds the lock ticks for all.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot import logs, wire
from bot.errors import Retryable
from bot.locks import Busy, lock
from bot.model import Replay, Sweep
from bot.queue import Queue
from bot.settings import read_settings
from bot.store import connect

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds from one time to the next. leader_ms: how long a killed clock keeps the others from leading. grace_s: how
    long a job must be missing before it counts as lost."""

    tick_s: float = 1.0
    memory_s: float = 5.0
    orphans_s: float = 15.0
    sweep_s: float = 600.0
    replay_s: float = 3600.0
    leader_ms: int = 15_000
    grace_s: float = 5.0


INTERVALS: Final = Intervals()


@dataclass(slots=True)
class _Beat:
    """An action, how often it is due, and when next, by time.monotonic(); at once at first."""

    every_s: float
    act: Callable[[], object]
    next_s: float = 0.0


class Clock:
    """The beats of one process; each process has its own, so that a new leader looks at everything at once."""

    def __init__(self, queue: Queue, intervals: Intervals) -> None:
        self._queue = queue
        self._beats = (
            _Beat(intervals.memory_s, self._recall),
            _Beat(intervals.tick_s, lambda: queue.due(time.time())),
            _Beat(intervals.orphans_s, lambda: queue.orphans(time.time(), intervals.grace_s)),
            _Beat(intervals.sweep_s, lambda: queue.add(Sweep(0))),
            _Beat(intervals.replay_s, lambda: queue.add(Replay())),
        )

    def tick(self) -> None:
        """Does what is due; what fails is due again at the next tick. Raises Retryable."""
        for beat in self._beats:
            if time.monotonic() >= beat.next_s:
                beat.act()
                beat.next_s = time.monotonic() + beat.every_s

    def _recall(self) -> None:
        """In this order, so that a clock that is killed here leaves it to the next one."""
        if not self._queue.remembering():
            _LOG.warning("Redis remembers nothing: everything is looked at again")
            self._queue.add(Sweep(0))
            self._queue.add(Replay(forgetful=True))
            self._queue.remember()


def run_clock(redis_url: str, perform: str, intervals: Intervals, alive: Callable[[], bool]) -> None:
    """Ticks while it leads, and waits to lead while it does not, until `alive` says no. Outlives a restart of Redis."""
    connection = connect(redis_url)
    clock = Clock(Queue(connection, perform), intervals)
    while alive():
        try:
            with lock(connection, "clock", intervals.leader_ms) as leading:
                while alive() and leading.held():
                    clock.tick()
                    time.sleep(intervals.tick_s)
        except Busy:
            pass
        except Retryable as error:
            _LOG.warning("the clock waits: %s", error)
        except Exception:  # noqa: BLE001, logged; a clock that stops would leave what was put off where it is
            _LOG.exception("the clock stumbled")
        time.sleep(intervals.tick_s)


def start_clock(redis_url: str, perform: str, intervals: Intervals) -> subprocess.Popen[bytes]:
    """A clock that ends with this process, however this process ends."""
    command = (sys.executable, "-m", "bot.clock", str(os.getpid()), perform, wire.dumps(intervals).decode())
    return subprocess.Popen(command, env={**os.environ, "REDIS_URL": redis_url})  # not in argv: it may hold a password


def main() -> int:
    """Arguments: the process that it ends with, the function that jobs call, and the intervals as JSON."""
    parent, perform, intervals = sys.argv[1:]
    logs.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes: the worker decides
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    run_clock(
        read_settings(os.environ).redis_url,
        perform,
        wire.loads(Intervals, intervals.encode()),
        lambda: not told and os.getppid() == int(parent),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
