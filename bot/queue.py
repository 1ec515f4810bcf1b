"""The only enqueuer: what GitHub tells is never lost, and told ten times in a second it is done once, or twice."""

from __future__ import annotations

import enum
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import redis
import rq
from redis.commands.core import Script
from rq.job import Job, get_current_job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from bot import model, scripts, wire
from bot.model import Refresh, Touch, Work
from bot.scripts import LATER, WORK
from bot.store import PREFIX, reaching

SHARDS: Final = 16
COMMANDS, REVIEWS, OPERATIONS = "commands", "reviews", "operations"
GROUPS: Final = (COMMANDS, REVIEWS, OPERATIONS)
QUEUES: Final = tuple(f"{group}:{shard}" for group in GROUPS for shard in range(SHARDS))
ATTEMPTS: Final = 5
_URGENT = (model.Ask, model.Rerun, model.Group, model.GroupGone)  # somebody waits for these
_LONG = (model.Operate, model.OnCopy, model.Drift)  # these may take hours, and have workers of their own
_GROWTH = 3  # 5, 15, 45, 135 s
_LONGEST_S = 600.0
_GUID_S = 7 * 86_400  # an enterprise server redelivers what is so old; github.com three days
_DROPPED_TOUCH_S = 86_400
_TIMEOUTS_S: Final = {OPERATIONS: 90_000}  # of a job: an operation's own limit is a day at most
_TIMEOUT_S = 900  # a review ends itself earlier
_FAILURE_S = 86_400  # how long RQ keeps what a job raised
_GRACE_S = 5.0  # between a worker's taking a job and its beginning
_AT_ONCE = 1000  # moved in one go
_EPOCH = f"{PREFIX}epoch"
_REDIS_VERSION = (6, 2, 0)  # the oldest with ZADD LT
_LOG = logging.getLogger(__name__)


class Accepted(enum.StrEnum):
    """NEW: a job waits for it now. COALESCED: one waited or worked already, and will see it; or it is for later. DONE:
    this delivery was answered before."""

    NEW = "new"
    COALESCED = "coalesced"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Begun:
    """What is to be done for a key, as it was when the work began. touches: the oldest first. guids: the deliveries
    that it answers. attempts: that ended in nothing, a killed worker's included."""

    generation: int
    touches: tuple[Touch, ...] = ()
    touch_count: int = 0
    guids: tuple[str, ...] = ()
    attempts: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether another attempt would most likely kill its worker, too."""
        return self.attempts >= ATTEMPTS


# What has the same key is done once for all that was told meanwhile, so a key says all that would be lost.
_KEYS: Final[Mapping[type[Work], Callable[[Any], str]]] = {
    Refresh: lambda work: f"pr:{work.repo.id}:{work.number}",
    model.Ask: lambda work: f"ask:{work.comment}",
    model.Rerun: lambda work: f"rerun:{work.repo.id}:{work.sha}" + (f":{work.number}" if work.number else ""),
    model.BaseMoved: lambda work: f"base:{work.repo.id}:{work.branch}",
    model.Group: lambda work: f"group:{work.repo.id}:{work.head}",
    model.GroupGone: lambda work: f"gone:{work.repo.id}:{work.head}",
    model.Sweep: lambda work: f"sweep:{work.installation}",
    model.Replay: lambda work: "replay:forgetful" if work.forgetful else "replay",
    model.Operate: lambda work: f"operate:{work.comment}",
    model.OnCopy: lambda work: f"copy:{work.repo.id}:{work.number}:{work.environment}",
    model.Landed: lambda work: f"landed:{work.repo.id}:{work.number}",
    model.Drift: lambda work: f"drift:{work.repo.id}:{work.environment}",
}


def key(work: Work) -> str:
    """What names the work in the queue."""
    return _KEYS[type(work)](work)


def queue_name(work: Work) -> str:
    """The shard of an installation: its backlog waits there, and others' work passes it by."""
    match work:
        case model.Sweep():
            installation = work.installation
        case model.Replay():
            installation = 0
        case _:
            installation = work.repo.installation
    return f"{_group(work)}:{installation % SHARDS}"


def _group(work: Work) -> str:
    if isinstance(work, _LONG):
        return OPERATIONS
    return COMMANDS if isinstance(work, _URGENT) else REVIEWS


class Queue:
    """Every method raises Retryable when Redis cannot be reached. perform: the function that RQ calls, by its name."""

    def __init__(self, connection: redis.Redis, perform: str = "workers.jobs.perform") -> None:
        self._redis = connection
        self._perform = perform
        self._name = uuid.uuid4().hex
        self._scripts: dict[str, Script] = {text: connection.register_script(text) for text in scripts.ALL}

    def accept(self, guid: str, work: Work) -> Accepted:
        """Takes the work of a delivery, in one round trip. The same delivery again passes, until its work is done."""
        return self._take(work, guid, 0.0)

    def add(self, work: Work, delay_s: float = 0.0) -> Accepted:
        """Takes work that no delivery told of; after a while, unless it is told again before."""
        return self._take(work, "", delay_s)

    def _take(self, work: Work, guid: str, delay_s: float) -> Accepted:
        touches = tuple(wire.dumps(touch) for touch in work.touches) if isinstance(work, Refresh) else ()
        bare = replace(work, touches=()) if isinstance(work, Refresh) else work
        payload = json.dumps(wire.to_json(bare))
        place = queue_name(work)
        now = time.time()
        head = (key(work), place, payload, now, now + delay_s, guid, _GUID_S, len(touches))
        answer: bytes = self._run(scripts.ACCEPT, *head, *touches, *self._job(key(work), place, payload))
        return Accepted(answer.decode())

    def begin(self, key: str) -> Begun | None:
        """From here on, what is told of the key is done by another job. None: it was done already."""
        found = self._run(scripts.BEGIN, key, self._runner())
        if found is None:
            return None
        generation, attempts, touches, guids = found
        return Begun(
            generation=generation,
            touches=tuple(wire.loads(Touch, touch) for touch in touches),
            touch_count=len(touches),
            guids=tuple(sorted(guid.decode() for guid in guids)),
            attempts=attempts,
        )

    def finish(self, key: str, begun: Begun) -> None:
        """Done, as far as `begun` knew; what was told meanwhile is queued."""
        self._end(key, begun, 1, _GUID_S)

    def give_up(self, key: str, begun: Begun) -> None:
        """Not done, and not to be tried again: its deliveries may come again, and its touches wait for the next one."""
        self._end(key, begun, 0, _DROPPED_TOUCH_S)

    def _end(self, key: str, begun: Begun, done: int, remember_s: int) -> None:
        known = (key, self._runner(), begun.generation, begun.touch_count, done, remember_s)
        more = self._run(scripts.END, *known, *begun.guids)
        if more is not None:
            self._push(key, *more)

    def put_off(self, work: Work, after_s: float) -> None:
        """For a reason that is not the work's own: this attempt does not count."""
        self._run(scripts.POSTPONE, key(work), self._runner(), time.time(), after_s, 0, 1, 0)

    def retry(self, work: Work, after_s: float) -> int | None:
        """Counts an attempt, and waits longer after each. None when that was the last one: give up."""
        waits = (time.time(), after_s, ATTEMPTS, _GROWTH, _LONGEST_S)
        attempts: int | None = self._run(scripts.POSTPONE, key(work), self._runner(), *waits)
        return attempts

    def due(self, now: float) -> int:
        """Queues what was put off until now, in seconds since 1970. Returns how many."""
        with reaching():
            found: Any = self._redis.zrangebyscore(LATER, "-inf", now, 0, _AT_ONCE)
        return self._push_all(found)

    def orphans(self, now: float, grace_s: float = _GRACE_S) -> int:
        """Queues again what a job was for that is gone: its worker was killed, or Redis lost it. grace_s: how long it
        must be missing, as a worker takes a moment to begin what it took. Returns how many."""
        queues = tuple(self._rq_queue(name) for name in QUEUES)
        started = tuple(StartedJobRegistry(queue=queue).key for queue in queues)
        limits = (now, grace_s, 2 * ATTEMPTS, len(queues))
        again, dropped = self._run(scripts.LOST, *limits, *(queue.key for queue in queues), *started)
        for lost in dropped:
            _LOG.error("dropped %s: no worker could begin it", lost.decode())
        return self._push_all(again)

    def remembering(self) -> bool:
        """False when Redis has forgotten everything: at the first start, or when its data was lost. Then say what has
        to be looked at again, and remember()."""
        with reaching():
            return bool(self._redis.exists(_EPOCH))

    def remember(self) -> None:
        """From here on, Redis remembers."""
        with reaching():
            self._redis.set(_EPOCH, int(time.time()))

    # ------------------------------------------------------------ RQ

    def _push_all(self, keys: Sequence[bytes]) -> int:
        for found in keys:
            with reaching():
                told: Any = self._redis.hmget(f"{WORK}{found.decode()}", "queue", "payload")
            self._push(found.decode(), *told)
        return len(keys)

    def _push(self, key: str, place: bytes, payload: bytes) -> None:
        self._run(scripts.PUSH, key, *self._job(key, place.decode(), payload.decode()))

    def _job(self, key: str, place: str, payload: str) -> Iterator[str | bytes | float]:
        """A new RQ job's id, and the commands with which RQ itself would enqueue it, each after its length."""
        queue = self._rq_queue(place)
        job = Job.create(
            self._perform,
            args=(json.loads(payload),),
            connection=self._redis,
            serializer=JSONSerializer,
            description=key,  # RQ logs it; the payload is none of the log's business
            timeout=_TIMEOUTS_S.get(place.partition(":")[0], _TIMEOUT_S),
            result_ttl=0,
            failure_ttl=_FAILURE_S,
        )
        with self._redis.pipeline() as recorder:
            queue.enqueue_job(job, pipeline=recorder)
            yield job.id
            for command, _ in recorder.command_stack:
                yield from (len(command), *command)

    def _rq_queue(self, name: str) -> rq.Queue:
        queue = rq.Queue(name, connection=self._redis, serializer=JSONSerializer)
        queue.redis_server_version = _REDIS_VERSION  # else each new object asks the server
        return queue

    def _runner(self) -> str:
        """Who begins and ends work: the RQ job, as whose lease RQ knows it."""
        job = get_current_job()
        return job.id if job else self._name

    def _run(self, script: str, *words: str | bytes | float) -> Any:
        with reaching():
            return self._scripts[script](args=words)
