"""Who is at work on an environment, who waits for it, whether somebody wants that to stop, and how it ended: told in
Redis, for all processes to see."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import redis

from bot import locks, wire
from bot.model import Operate, Touch
from bot.scripts import PENDING, WORK
from bot.store import PREFIX, reaching

_RUNNING_S: Final = 100_000  # longer than any operation
_CANCEL_S: Final = 3_600
_ENDING_S: Final = 86_400
_SPARE_S: Final = 900  # longer than all attempts at it take
_T = TypeVar("_T")


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
            self._redis.delete(_running(repo, environment))

    def now(self, repo: int, environment: str) -> Runner | None:
        """None also for what was killed: then its lock has ended."""
        with reaching():
            found: Any = self._redis.mget(_running(repo, environment), locks.name_of(lock_key(repo, environment)))
        return None if None in found else wire.loads(Runner, found[0])

    def asked(self, repo: int, environment: str) -> tuple[Operate, ...]:
        """What is not done yet, the oldest first: what runs, and what waits in the queue."""
        return tuple(self._asked(repo, environment).values())

    def is_next(self, repo: int, environment: str, key: str) -> bool:
        """Whether nothing that was asked for before it is still to be done there. key: of the work in the queue."""
        return key not in tuple(self._asked(repo, environment))[1:]

    def _asked(self, repo: int, environment: str) -> dict[str, Operate]:
        """By their keys in the queue."""
        with reaching():
            pending: Any = self._redis.zrange(PENDING, 0, -1)
            keys = [key.decode() for key in pending]
            with self._redis.pipeline() as pipeline:
                for key in keys:
                    pipeline.hget(f"{WORK}{key}", "payload")
                found = {key: _operation(payload) for key, payload in zip(keys, pipeline.execute(), strict=True)}
        return {key: one for key, one in found.items() if one and (one.repo.id, one.environment) == (repo, environment)}

    def cancel(self, repo: int, key: str) -> None:
        """What has this key in the queue is to stop, or not to begin; nothing else is."""
        with reaching():
            self._redis.set(_cancel(repo, key), 1, ex=_CANCEL_S)

    def cancelled(self, repo: int, key: str) -> bool:
        with reaching():
            return bool(self._redis.exists(_cancel(repo, key)))

    def conclude(self, repo: int, key: str) -> None:
        """It came to its end: there is nothing to cancel any more."""
        with reaching():
            self._redis.delete(_cancel(repo, key))

    def keep(self, key: str, ending: Ending) -> None:
        """Until it could be told. key: of the work in the queue."""
        with reaching():
            self._redis.set(f"{PREFIX}ending:{key}", wire.dumps(ending), ex=_ENDING_S)

    def kept(self, key: str) -> Ending | None:
        with reaching():
            found: Any = self._redis.get(f"{PREFIX}ending:{key}")
        return None if found is None else wire.loads(Ending, found)

    def lay_by(self, key: str, value: object) -> None:
        """For a while. value: a frozen dataclass of plain values."""
        with reaching():
            self._redis.set(_spare(key), wire.dumps(value), ex=_SPARE_S)

    def laid_by(self, key: str, kind: type[_T]) -> _T | None:
        """None as well where another version has laid it by."""
        with reaching():
            found: Any = self._redis.get(_spare(key))
        with contextlib.suppress(wire.Unreadable):
            return None if found is None else wire.loads(kind, found)
        return None


def lock_key(repo: int, environment: str) -> str:
    """Of the lock (bot.locks) that brings those who want something of an environment into order."""
    return f"environment:{repo}:{environment}"


def _operation(payload: bytes | None) -> Operate | None:
    """None for other work, and for what another version wrote."""
    with contextlib.suppress(wire.Unreadable):
        work = wire.from_json(json.loads(payload or "{}"))
        return work if isinstance(work, Operate) else None
    return None


def _running(repo: int, environment: str) -> str:
    return f"{PREFIX}running:{repo}:{environment}"


def _spare(key: str) -> str:
    return f"{PREFIX}spare:{key}"


def _cancel(repo: int, key: str) -> str:
    return f"{PREFIX}cancel:{repo}:{key}"
