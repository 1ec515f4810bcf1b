"""Shows on GitHub what an operation is doing while it does it, and hears when somebody wants it to stop."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from bot.errors import Permanent, Retryable
from workers.environments.model import Progress
from workers.errors import Cancelled

SHOW_S = 5.0  # GitHub wants a second between two writes, and people can read no faster
_ASK_S = 0.3
_LOG = logging.getLogger(__name__)


class Watching:
    """What is told is kept for the thread that shows it. stop_wanted: asked a few times a second."""

    def __init__(self, stop_wanted: Callable[[], bool]) -> None:
        self._stop_wanted = stop_wanted
        self._steps: dict[str, Progress] = {}
        self._asked_at, self._stopping = 0.0, False
        self._lock = threading.Lock()

    def tell(self, progress: Progress) -> None:
        with self._lock:
            self._steps[progress.step] = progress

    def cancelled(self) -> bool:
        """A Redis that is away for a moment stops nothing."""
        with self._lock:
            if self._stopping or time.monotonic() - self._asked_at < _ASK_S:
                return self._stopping
            self._asked_at = time.monotonic()
        with contextlib.suppress(Retryable):
            self._stopping = self._stop_wanted()
        return self._stopping

    @contextlib.contextmanager
    def replaying(self, total: int) -> Iterator[Callable[[], None]]:
        """To be called once for each migration of a history. Raises Cancelled there."""
        replayed = itertools.count(1)

        def advance() -> None:
            self.tell(Progress("replay", "what is applied there, on an ephemeral server", next(replayed), total))
            if self.cancelled():
                raise Cancelled("stopped on request while the migrations were replayed")

        yield advance

    def last(self) -> str:
        """The step that was begun last, "" for none."""
        return next(reversed(tuple(self.steps())), "")

    def steps(self) -> Mapping[str, Progress]:
        """What was told of each step last, the first step first."""
        with self._lock:
            return dict(self._steps)


@contextlib.contextmanager
def shown(watching: Watching, show: Callable[[Mapping[str, Progress]], None]) -> Iterator[None]:
    """While the block runs, `show` is called with the steps now and then. What GitHub has against it is no reason to
    stop: the end is told by somebody else."""
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(watching, show, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(watching: Watching, show: Callable[[Mapping[str, Progress]], None], over: threading.Event) -> None:
    before: Mapping[str, Progress] = {}
    while not over.wait(SHOW_S):
        steps = watching.steps()
        if steps != before:
            try:
                show(steps)
            except (Retryable, Permanent) as error:
                _LOG.warning("progress is not shown: %s", error)
            before = steps
