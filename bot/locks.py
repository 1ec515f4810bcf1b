"""One worker at a time: a lock in Redis with an owner and an end, renewed while its owner lives."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Final

import redis

from bot.errors import Retryable
from bot.store import PREFIX, reaching

_AGAIN_S = 2.0
_POLL_S = 0.1
_LOG = logging.getLogger(__name__)

# Only the owner renews or releases: the lock may have ended, and be another's now
# (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/).
# Asked twice, as a client asks again when the answer was lost, it is still ours.
_TAKE: Final = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
"""
_RENEW: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
_RELEASE: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class Busy(Retryable):
    """Somebody else has the lock. Not the work's fault."""


class LockLost(Retryable):
    """The lock ended before its owner did: another may have worked on the same. Look at it again."""


class Lock:
    """A lock that is ours. token: what names its owner in Redis."""

    def __init__(self, connection: redis.Redis, name: str, ttl_ms: int) -> None:
        self.token = secrets.token_hex(16)
        self._redis = connection
        self._name = name
        self._ttl_ms = ttl_ms
        self._until = 0.0
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lock {name}", daemon=True)

    def held(self) -> bool:
        """Whether it is ours for certain, by our own clock."""
        return time.monotonic() < self._until

    def acquire(self) -> bool:
        """Whether it was free. Raises Retryable when Redis cannot be reached: then nobody has a lock."""
        asked = time.monotonic()
        with reaching():
            taken = self._redis.eval(_TAKE, 1, self._name, self.token, self._ttl_ms)
        if taken:
            self._until = asked + self._ttl_ms / 1000
            self._thread.start()
        return bool(taken)

    def release(self) -> None:
        """Leaves it to the next one. A lock that cannot be released ends by itself."""
        self._released.set()
        self._thread.join()
        with contextlib.suppress(redis.RedisError):
            self._redis.eval(_RELEASE, 1, self._name, self.token)

    def _keep(self) -> None:
        """Ends when the lock is released or another's. An unreachable Redis is asked again, until the lock's end."""
        while self.held() and not self._released.wait(self._ttl_ms / 3000):
            asked = time.monotonic()
            try:
                kept = self._redis.eval(_RENEW, 1, self._name, self.token, self._ttl_ms)
            except redis.RedisError as error:
                _LOG.warning("%s: not renewed: %s", self._name, error)
                continue
            self._until = asked + self._ttl_ms / 1000 if kept else 0.0


def name_of(key: str) -> str:
    """What the lock of a key is called in Redis."""
    return f"{PREFIX}lock:{key}"


@contextlib.contextmanager
def lock(connection: redis.Redis, key: str, ttl_ms: int = 60_000, wait_s: float = 0.0) -> Iterator[Lock]:
    """Holds the lock of a key for the block. ttl_ms: how long it stays after its owner was killed. wait_s: how long to
    wait for another who has it. Raises Busy; Retryable when Redis cannot be reached; LockLost at the end of the block,
    when it was lost meanwhile."""
    held = Lock(connection, name_of(key), ttl_ms)
    deadline = time.monotonic() + wait_s
    while not held.acquire():
        if time.monotonic() >= deadline:
            raise Busy(f"{key} is being worked on", _AGAIN_S)
        time.sleep(_POLL_S)
    try:
        yield held
        if not held.held():
            raise LockLost(f"the lock of {key} was lost", _AGAIN_S)
    finally:
        held.release()
