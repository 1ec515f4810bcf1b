"""Who is at work on an environment, whether somebody wants it to stop, and how it ended: told in Redis, for all
processes to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import redis

from bot import locks, wire
from bot.model import Touch
from bot.store import PREFIX, reaching

_RUNNING_S: Final = 100_000  # longer than any operation
_CANCEL_S: Final = 3_600
_ENDING_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Runner:
    """What runs, for whom, since when (UTC, 2026-01-31T12:00:00Z). key: of the work in the queue."""

    key: str
    act: str
    login: str
    number: int
    at: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended, as it is to be told. done: whether it came to what was asked. text: Markdown. touches: of
    the items that it saw to. headline: plain text, what its record ends with; "" where the record is left as it is."""

    done: bool
    text: str
    touches: tuple[Touch, ...] = ()
    headline: str = ""


class Running:
    """repo: a repository's id. environment: by its name. Every method raises Retryable when Redis cannot be reached."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def begin(self, repo: int, environment: str, runner: Runner) -> None:
        """To be called under the environment's lock."""
        with reaching():
            self._redis.set(_running(repo, environment), wire.dumps(runner), ex=_RUNNING_S)

    def end(self, repo: int, environment: str) -> None:
        with reaching():
            self._redis.delete(_running(repo, environment), _cancel(repo, environment))

    def now(self, repo: int, environment: str) -> Runner | None:
        """None also for what was killed: then its lock has ended."""
        with reaching():
            found: Any = self._redis.mget(_running(repo, environment), locks.name_of(lock_key(repo, environment)))
        return None if None in found else wire.loads(Runner, found[0])

    def cancel(self, repo: int, environment: str, key: str) -> None:
        """What runs under this key is to stop; whatever comes next is not."""
        with reaching():
            self._redis.set(_cancel(repo, environment), key, ex=_CANCEL_S)

    def cancelled(self, repo: int, environment: str, key: str) -> bool:
        with reaching():
            found: Any = self._redis.get(_cancel(repo, environment))
        return found is not None and bool(found.decode() == key)

    def keep(self, key: str, ending: Ending) -> None:
        """Until it could be told. key: of the work in the queue."""
        with reaching():
            self._redis.set(f"{PREFIX}ending:{key}", wire.dumps(ending), ex=_ENDING_S)

    def kept(self, key: str) -> Ending | None:
        with reaching():
            found: Any = self._redis.get(f"{PREFIX}ending:{key}")
        return None if found is None else wire.loads(Ending, found)


def lock_key(repo: int, environment: str) -> str:
    """Of the lock (bot.locks) that brings those who want something of an environment into order."""
    return f"environment:{repo}:{environment}"


def _running(repo: int, environment: str) -> str:
    return f"{PREFIX}running:{repo}:{environment}"


def _cancel(repo: int, environment: str) -> str:
    return f"{PREFIX}cancel:{repo}:{environment}"
