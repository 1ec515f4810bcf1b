"""GitHub's rate limits as all workers know them together, in Redis: asked before each request, told after each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from redis import Redis

from bot.errors import RateLimited
from bot.github.replies import Reply
from bot.metrics import Metrics
from bot.store import PREFIX, reaching

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 60_000, 3_600_000
_LONGEST_QUEUE_MS = 10_000  # who would wait longer for a turn to write gives the worker back
_SECONDARY = ("secondary rate limit", "abuse detection", "submitted too quickly")

_GO, _BLOCKED, _SPENT, _CROWDED = range(4)

# KEYS blocked, budget, turn. ARGV requests to leave alone, gap between writes or 0 for a read, longest queue; in ms.
_ADMIT = """
local blocked = redis.call('PTTL', KEYS[1])
if blocked > 0 then return {1, blocked} end
local left = tonumber(redis.call('HGET', KEYS[2], 'left'))
if left and left <= tonumber(ARGV[1]) then return {2, redis.call('PTTL', KEYS[2])} end
local gap = tonumber(ARGV[2])
if gap == 0 then return {0, 0} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local turn = math.max(now, tonumber(redis.call('GET', KEYS[3]) or 0))
if turn - now > tonumber(ARGV[3]) then return {3, turn - now} end
redis.call('SET', KEYS[3], turn + gap, 'PX', turn + gap - now)
return {0, turn - now}
"""

# Replies overtake each other, so within one window the lowest count is the newest. ARGV left, end of window, ms to it.
_LEARN = """
local known = redis.call('HMGET', KEYS[1], 'left', 'ends')
local left = tonumber(ARGV[1])
if known[1] and tonumber(known[2]) >= tonumber(ARGV[2]) then left = math.min(left, tonumber(known[1])) end
redis.call('HSET', KEYS[1], 'left', left, 'ends', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return left
"""

# Several workers can run into one limit at once: only the first makes the next wait longer. KEYS blocked, hits.
# ARGV ms to wait, or 0 to double the wait of the last time; the first wait; the longest.
_BLOCK = """
local waiting = redis.call('PTTL', KEYS[1])
local wait = tonumber(ARGV[1])
if wait == 0 then
    if waiting > 0 then return waiting end
    local hits = redis.call('INCR', KEYS[2])
    wait = math.min(tonumber(ARGV[2]) * 2 ^ (hits - 1), tonumber(ARGV[3]))
    redis.call('PEXPIRE', KEYS[2], 2 * wait + tonumber(ARGV[2]))
end
wait = math.max(wait, waiting)
redis.call('SET', KEYS[1], 1, 'PX', wait)
return wait
"""


class Limits:
    """One for a process. The JWT's own requests count as installation 0. Without Redis each method raises Retryable."""

    def __init__(self, redis: Redis, write_gap_ms: int, reserve: int) -> None:
        self._write_gap_ms, self._reserve = write_gap_ms, reserve
        self._metrics = Metrics(redis)
        self._admit, self._learn, self._block = map(redis.register_script, (_ADMIT, _LEARN, _BLOCK))

    def admit(self, installation: int, *, write: bool, urgent: bool) -> None:
        """Returns when the request may be sent; a write waits for its turn. Raises RateLimited where that takes longer
        than a worker should stand still. urgent: may use the requests that are kept for people's commands."""
        if self._ask(installation, self._write_gap_ms if write else 0, urgent):
            self._ask(installation, 0, urgent)  # another worker may have been told to stop meanwhile

    def learn(self, installation: int, reply: Reply) -> None:
        """Remembers what a reply says of the limits. Raises RateLimited when the reply is that of a limit."""
        keys, wait_ms = _keys(installation), _wait_ms(reply)
        status = f"{reply.status // 100}xx" if wait_ms is None else "limited"
        self._metrics.count("github_replies", installation=installation, status=status)
        with reaching():
            if budget := _budget(reply):
                self._learn(keys=(keys["budget"],), args=budget)
            if wait_ms is None:
                return
            args = (wait_ms, _FIRST_WAIT_MS, _LONGEST_WAIT_MS)
            wait_ms = int(self._block(keys=(keys["blocked"], keys["hits"]), args=args))
        raise RateLimited(f"{reply.what}: {reply.status} {reply.message()}".rstrip(), wait_ms / 1000)

    def miss(self, installation: int) -> None:
        """A request that had no reply."""
        self._metrics.count("github_replies", installation=installation, status="none")

    def _ask(self, installation: int, gap_ms: int, urgent: bool) -> bool:
        """Whether there was anything to wait for."""
        keys = _keys(installation)
        args = (0 if urgent else self._reserve, gap_ms, _LONGEST_QUEUE_MS)
        with reaching():
            state, ms = self._admit(keys=(keys["blocked"], keys["budget"], keys["turn"]), args=args)
        if state != _GO:
            raise RateLimited(f"installation {installation}: {_WHY[state]}", max(ms, 1) / 1000)
        time.sleep(ms / 1000)
        return bool(ms)


_WHY: Mapping[int, str] = {
    _BLOCKED: "GitHub asked us to wait",
    _SPENT: "the requests of this hour are used up, but for what is kept for commands",
    _CROWDED: "too many writes wait for their turn",
}


def requests_left(redis: Redis, installation: int) -> int | None:
    """Of this hour; None when it is not known. Raises RedisError."""
    left: Any = redis.hget(_keys(installation)["budget"], "left")
    return None if left is None else int(left)


def _keys(installation: int) -> Mapping[str, str]:
    names = ("blocked", "budget", "hits", "turn")
    return {name: f"{PREFIX}github:{{{installation}}}:{name}" for name in names}


def _budget(reply: Reply) -> tuple[int, int, int] | None:
    """Requests left, when the window ends, and how many ms that is away; None when the reply does not say."""
    left, ends = _number(reply, "x-ratelimit-remaining"), _number(reply, "x-ratelimit-reset")
    if left is None or ends is None or reply.headers.get("x-ratelimit-resource", "core") != "core":
        return None
    return left, ends, _until_ms(reply, ends)


def _wait_ms(reply: Reply) -> int | None:
    """How long GitHub wants us to wait; 0 when it does not say how long, None when it does not want it at all."""
    if reply.status not in (403, 429):
        return None
    retry_after_s = _number(reply, "retry-after")
    if retry_after_s is not None:
        return max(1000 * retry_after_s, 1)
    ends = _number(reply, "x-ratelimit-reset")
    if _number(reply, "x-ratelimit-remaining") == 0 and ends is not None:
        return _until_ms(reply, ends)
    told = reply.message().lower()
    return 0 if reply.status == 429 or any(words in told for words in _SECONDARY) else None


def _until_ms(reply: Reply, ends: int) -> int:
    """By GitHub's clock, which is in the same reply; a second more, as it counts whole ones."""
    try:
        now = parsedate_to_datetime(reply.headers["date"]).timestamp()
    except (KeyError, ValueError):
        now = time.time()
    return max(int(1000 * (ends - now)), 0) + 1000


def _number(reply: Reply, header: str) -> int | None:
    value = reply.headers.get(header, "")
    return int(value) if value.isdecimal() else None
