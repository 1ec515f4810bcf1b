"""What goes wrong on purpose: faults that wait for a request, and what happens while one is under way."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """The request is not done, and this is said instead. raw: a body that is not GitHub's JSON."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is cut; done: after the work, so that only the answer is lost."""

    done: bool


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Something else happens just before the request is looked at."""

    act: Callable[[], object]


Effect = Answer | Cut | Meanwhile


def primary_limit(resets_in_s: int = HOUR_S) -> Answer:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit"""
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + resets_in_s)}
    return Answer(403, "API rate limit exceeded for installation.", headers)


def secondary_limit(retry_after_s: int | None = 60, status: int = 403) -> Answer:
    """The same page: 403 or 429, and retry-after is not always there."""
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Answer(status, message, {} if retry_after_s is None else {"retry-after": str(retry_after_s)})


def server_error(status: int = 502) -> Answer:
    """A proxy's page, not JSON, as GitHub's 502 and 504 are."""
    return Answer(status, "Server Error", {"Content-Type": "text/html"}, "<html><title>Unicorn!</title></html>")


def refusal(status: int, message: str) -> Answer:
    return Answer(status, message)


def lost_response() -> Cut:
    return Cut(done=True)


def broken_connection() -> Cut:
    return Cut(done=False)


def slow(delay_s: float) -> Meanwhile:
    return Meanwhile(lambda: time.sleep(delay_s))


@dataclass(frozen=True, slots=True)
class Gate:
    """Holds a request: wait for `reached`, and set `open` to let it on."""

    reached: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def stand(self) -> None:
        self.reached.set()
        self.open.wait(HOUR_S)


@dataclass(eq=False, slots=True)
class Fault:
    """after: how many requests that match go by first. times: how many it then meets."""

    method: str
    path: re.Pattern[str]
    effect: Effect
    times: int = 1
    after: int = 0

    def meets(self, method: str, path: str) -> bool:
        """Counts the request if it matches."""
        if self.method not in (method, "*") or not self.path.search(path) or not self.times:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


@dataclass(eq=False, slots=True)
class Faults:
    """Those that still wait."""

    waiting: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        with self.lock:
            self.waiting.append(fault)

    def clear(self) -> None:
        with self.lock:
            self.waiting.clear()

    def met(self, method: str, path: str) -> list[Effect]:
        """What this request meets, in the order of adding."""
        with self.lock:
            effects = [fault.effect for fault in self.waiting if fault.meets(method, path)]
            self.waiting = [fault for fault in self.waiting if fault.times]
            return effects
