"""A worker process: RQ's own, that takes turns between installations, outlives Redis, and ends without losing a job."""

from __future__ import annotations

import contextlib
import functools
import logging
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

import redis
import rq
from redis.client import Pipeline
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from bot.clock import INTERVALS, Intervals, start_clock
from bot.queue import COMMANDS, OPERATIONS, QUEUES
from bot.store import connect

_IN_A_ROW: Final = 4  # commands, before a review has its turn
_TTL_S = 60  # of the worker's own record; it waits 15 s less for a job, so that it notices a Redis that vanished
_MAINTENANCE_S = 120
_AGAIN_S = 1.0
_CLOCK_S = 5.0  # for the clock to release its lock
_LOG = logging.getLogger(__name__)


class FairWorker(rq.Worker):
    """operations: whether it works on environments, and on nothing else. lease_s: how long a job counts as running
    without a sign of its worker. maintain: called now and then, beside RQ's own maintenance. stop: called when a signal
    says so."""

    max_connection_wait_time = 5.0
    log_result_lifespan = False

    def __init__(
        self,
        connection: redis.Redis,
        lease_s: int,
        maintain: Callable[[], object],
        stop: Callable[[], object],
        operations: bool = False,
    ) -> None:
        super().__init__(
            tuple(name for name in QUEUES if name.startswith(OPERATIONS) is operations),
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=_TTL_S,
            job_monitoring_interval=max(1, lease_s // 3),
            maintenance_interval=_MAINTENANCE_S,
        )
        self._lease_s = lease_s
        self._maintain = maintain
        self._stop = stop
        self._in_a_row = 0

    def reorder_queues(self, reference_queue: rq.Queue) -> None:
        """The shard that was served goes to the end of its group. Commands come before reviews, as somebody waits for
        them; but not for ever, or one who comments all day would stop everybody's reviews."""
        before = self._ordered_queues
        served = before.index(reference_queue)
        turned = before[served + 1 :] + before[: served + 1]
        urgent = _is_urgent(reference_queue)
        self._in_a_row = self._in_a_row + 1 if urgent else 0
        commands = [queue for queue in (turned if urgent else before) if _is_urgent(queue)]
        reviews = [queue for queue in (before if urgent else turned) if not _is_urgent(queue)]
        self._ordered_queues = commands + reviews if self._in_a_row < _IN_A_ROW else reviews + commands

    def get_heartbeat_ttl(self, job: Job) -> int:
        """RQ's own is 90 s, and so long a killed worker's job would wait."""
        return self._lease_s

    def subscribe(self) -> None:
        """RQ would listen for `rq` commands in a thread. Nobody sends any, and a thread beside fork() is a hazard."""

    def run_maintenance_tasks(self) -> None:
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        self._maintain()

    def handle_warm_shutdown_request(self) -> None:
        self._stop()
        # RQ raises an exception for the loop that is idle: raised while a line is logged, logging would swallow it.
        self._stop_requested = True
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]

    def setup_work_horse_signals(self) -> None:
        """A platform that stops all processes at once means the worker: the job goes on to its end. A handler that does
        nothing, as an ignored signal would be ignored by the job's own child processes, too."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, lambda *_: None)

    def maintain_heartbeats(self, job: Job) -> None:
        """A Redis that restarts meanwhile is no reason to leave the job alone."""
        with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
            super().maintain_heartbeats(job)

    def set_current_job_working_time(self, current_job_working_time: float, pipeline: Pipeline | None = None) -> None:
        with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
            super().set_current_job_working_time(current_job_working_time, pipeline)


def _is_urgent(queue: rq.Queue) -> bool:
    return queue.name.startswith(COMMANDS)


def run_worker(
    redis_url: str,
    perform: str = "workers.jobs.perform",
    intervals: Intervals = INTERVALS,
    lease_s: int = 30,
    operations: bool = False,
) -> None:
    """Works until it is told to stop: SIGTERM or SIGINT lets it finish its job; the same again, a second later or more,
    kills the job, which another worker then does. perform: the function that jobs call. lease_s, operations: as in
    FairWorker."""
    told: list[str] = []  # and no threading.Event, whose lock the signal's handler might find taken by its own thread
    for number in (signal.SIGTERM, signal.SIGINT):  # until RQ installs its own
        signal.signal(number, _stop)
    with (
        contextlib.suppress(StopRequested),
        _clock(lambda: start_clock(redis_url, perform, intervals)) as look,
    ):
        stop = functools.partial(told.append, "stop")
        worker = functools.partial(FairWorker, connect(redis_url), lease_s, look, stop, operations)
        _work(worker)
        while not told:
            time.sleep(_AGAIN_S)
            _work(worker)


def _stop(number: int, frame: FrameType | None) -> None:
    raise StopRequested


def _work(start: Callable[[], FairWorker]) -> None:
    """RQ's loop bridges a Redis that is away while it waits, but not while it works."""
    try:
        worker = start()
        try:
            worker.work(logging_level=None)
        finally:
            if worker.horse_pid:
                worker.wait_for_horse()
    except (redis.ConnectionError, redis.TimeoutError) as error:
        _LOG.warning("the worker starts again: %s", error)


@contextlib.contextmanager
def _clock(start: Callable[[], subprocess.Popen[bytes]]) -> Iterator[Callable[[], None]]:
    """Yields what looks after the clock: it starts another where the first was killed."""
    running = [start()]

    def look() -> None:
        if running[-1].poll() is not None:
            running.append(start())

    try:
        yield look
    finally:
        running[-1].terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running[-1].wait(_CLOCK_S)
        running[-1].kill()
        running[-1].wait()
