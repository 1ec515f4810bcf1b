"""The one Redis: how it is reached, and what it means when it is not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError
from redis.retry import Retry

from bot.errors import Retryable

PREFIX = "migration-bot:"
# A restart takes a second or two; GitHub waits ten for its answer.
_RETRIES, _FIRST_S, _LONGEST_S = 4, 0.05, 0.8
_SOCKET_S, _CONNECT_S = 5.0, 2.0


def connect(url: str) -> redis.Redis:
    """A client that bridges a short restart of the server. Connects when it is first used."""
    return redis.Redis.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=_LONGEST_S, base=_FIRST_S), _RETRIES, (ConnectionError,)),
        socket_timeout=_SOCKET_S,
        socket_connect_timeout=_CONNECT_S,
    )


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """Raises Retryable where Redis cannot be reached: nothing is done without it."""
    try:
        yield
    except (ConnectionError, TimeoutError, BusyLoadingError) as error:
        raise Retryable(f"Redis cannot be reached: {error}") from error
