"""Nothing told is lost, and what is told often is done once or twice: on a real Redis."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
import redis
import rq
from rq.serializers import JSONSerializer

from bot import wire
from bot.errors import Retryable
from bot.model import (
    Ask,
    BaseMoved,
    Drift,
    Group,
    GroupGone,
    Landed,
    OnCopy,
    Operate,
    Refresh,
    Replay,
    Repo,
    Rerun,
    Sweep,
    Touch,
    Work,
)
from bot.queue import ATTEMPTS, QUEUES, Accepted, Begun, Queue, key, queue_name
from bot.store import connect
from tests.redis_server import free_port

REPO = Repo(7, "octo/shop", 3)
PULL = Refresh(REPO, 12)
ASK = Ask(REPO, 12, 99, "mona", "2026-01-31T12:00:00Z", "/migrate status")
TICK = Touch("0123abcd", True, "mona", "2026-01-31T12:00:00Z", "guid-1", "because – “it” is so")
ALL: tuple[Work, ...] = (
    PULL,
    Refresh(REPO, 12, (TICK,)),
    ASK,
    Rerun(REPO, "c0ffee", 12),
    Rerun(REPO, "c0ffee"),
    BaseMoved(REPO, "main"),
    Group(REPO, "c0ffee", "gh-readonly-queue/main/pr-12-c0ffee", "beef", "main"),
    GroupGone(REPO, "c0ffee"),
    Sweep(3),
    Replay(),
    Replay(forgetful=True),
    Operate(REPO, 12, 99, "mona", "2026-01-31T12:00:00Z", "staging", "deploy", ("m1",), ("--force",), "it “burns”"),
    OnCopy(REPO, 12, "staging"),
    Landed(REPO, 12),
    Drift(REPO, "staging"),
)


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def queue(connection: redis.Redis) -> Queue:
    return Queue(connection)


def waiting(connection: redis.Redis) -> list[tuple[str, Work]]:
    """What RQ would hand out: queue and work."""
    queues = (rq.Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES)
    return [(queue.name, wire.from_json(job.args[0])) for queue in queues for job in queue.jobs]


def take(connection: redis.Redis) -> None:
    """As a worker takes the next job, whatever it is."""
    found: Any = connection.blpop([f"rq:queue:{name}" for name in QUEUES], 1)
    assert found is not None


def begun(queue: Queue, work: Work) -> Begun:
    found = queue.begin(key(work))
    assert found is not None
    return found


def left(connection: redis.Redis) -> set[str]:
    """Our own keys, but for what is remembered of deliveries."""
    names: Sequence[Any] = list(connection.scan_iter("migration-bot:*"))
    return {name.decode() for name in names if not name.startswith(b"migration-bot:guid:")}


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize("work", ALL, ids=repr)
def test_work_crosses_as_plain_values(work: Work) -> None:
    assert wire.from_json(wire.to_json(work)) == work


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        ({}, "None is no kind of work"),
        ({"kind": "Drop"}, "Drop is no kind of work"),
        ({"kind": "Sweep"}, "Sweep: installation: Field required"),
    ],
)
def test_what_is_no_work_is_refused(plain: dict[str, Any], why: str) -> None:
    with pytest.raises(wire.Unreadable, match=f"^{why}$"):
        wire.from_json(plain)


def test_a_refusal_does_not_quote_the_values() -> None:
    with pytest.raises(wire.Unreadable) as caught:
        wire.from_json(wire.to_json(ASK) | {"number": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_there_is_an_example_of_all_work() -> None:
    assert {type(work) for work in ALL} == set(get_args(Work))


def test_different_work_has_different_keys() -> None:
    assert len({key(work) for work in ALL}) == len(ALL) - 1
    assert key(ALL[0]) == key(ALL[1]) == "pr:7:12"


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (PULL, "reviews:3"),
        (ASK, "commands:3"),
        (Refresh(Repo(7, "octo/shop", 35), 12), "reviews:3"),
        (Replay(), "reviews:0"),
        (Sweep(18), "reviews:2"),
        (OnCopy(REPO, 12, "staging"), "operations:3"),
        (Landed(REPO, 12), "reviews:3"),
        (Drift(REPO, "staging"), "operations:3"),
    ],
)
def test_work_waits_in_its_installations_shard(work: Work, expected: str) -> None:
    assert queue_name(work) == expected


@pytest.mark.parametrize(("work", "timeout_s"), [(PULL, 900), (OnCopy(REPO, 12, "staging"), 90_000)])
def test_an_operation_may_take_a_day(connection: redis.Redis, queue: Queue, work: Work, timeout_s: int) -> None:
    queue.add(work)
    queues = (rq.Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES)
    assert [job.timeout for one in queues for job in one.jobs] == [timeout_s]


# ---------------------------------------------------------------- accept


def test_nothing_told_is_nothing_to_begin(queue: Queue, connection: redis.Redis) -> None:
    assert queue.begin(key(PULL)) is None
    assert left(connection) == set()


def test_a_delivery_becomes_one_job(queue: Queue, connection: redis.Redis) -> None:
    assert queue.accept("guid-1", PULL) is Accepted.NEW
    assert waiting(connection) == [("reviews:3", PULL)]


def test_ten_pushes_become_one_job(queue: Queue, connection: redis.Redis) -> None:
    results = [queue.accept(f"guid-{index}", PULL) for index in range(10)]
    assert results == [Accepted.NEW] + 9 * [Accepted.COALESCED]
    assert waiting(connection) == [("reviews:3", PULL)]


def test_what_comes_during_the_work_is_done_after_it(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", PULL)
    take(connection)
    first = begun(queue, PULL)
    assert [queue.accept(f"guid-{index}", PULL) for index in (2, 3)] == 2 * [Accepted.COALESCED]
    assert waiting(connection) == []
    queue.finish(key(PULL), first)
    assert waiting(connection) == [("reviews:3", PULL)]
    take(connection)
    second = begun(queue, PULL)
    assert second.guids == ("guid-2", "guid-3")
    queue.finish(key(PULL), second)
    assert waiting(connection) == []
    assert left(connection) == set()


def test_commands_are_each_their_own(queue: Queue, connection: redis.Redis) -> None:
    other = Ask(REPO, 12, 100, "mona", ASK.at, "/migrate ack 0123abcd")
    assert [queue.accept("guid-1", ASK), queue.accept("guid-2", other)] == 2 * [Accepted.NEW]
    assert waiting(connection) == [("commands:3", ASK), ("commands:3", other)]


def test_a_redelivery_of_lost_work_passes_and_of_finished_work_does_not(queue: Queue) -> None:
    queue.accept("guid-1", PULL)
    assert queue.accept("guid-1", PULL) is Accepted.COALESCED
    queue.finish(key(PULL), begun(queue, PULL))
    assert queue.accept("guid-1", PULL) is Accepted.DONE
    assert queue.begin(key(PULL)) is None


def test_a_redelivery_of_given_up_work_passes(queue: Queue) -> None:
    queue.accept("guid-1", PULL)
    queue.give_up(key(PULL), begun(queue, PULL))
    assert queue.accept("guid-1", PULL) is Accepted.NEW


class Counted(redis.Connection):
    """sent: how often any client sent something."""

    sent = 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        Counted.sent += 1
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


def test_one_round_trip(redis_url: str) -> None:
    pool = redis.ConnectionPool.from_url(redis_url, connection_class=Counted)
    with redis.Redis(connection_pool=pool) as client:
        queue = Queue(client)
        queue.accept("guid-1", PULL)  # the script itself crosses once
        before = Counted.sent
        assert [queue.accept("guid-2", ASK), queue.accept("guid-3", PULL)] == [Accepted.NEW, Accepted.COALESCED]
        assert Counted.sent - before == 2
    pool.disconnect()


def test_touches_are_kept_in_order_and_seen_once(queue: Queue) -> None:
    other = Touch("0123abcd", False, "hubot", "2026-01-31T12:00:05Z", "guid-2")
    queue.accept("guid-1", Refresh(REPO, 12, (TICK,)))
    queue.accept("guid-2", Refresh(REPO, 12, (other,)))
    first = begun(queue, PULL)
    assert first.touches == (TICK, other)
    late = Touch("89abcdef", True, "mona", "2026-01-31T12:00:09Z", "guid-3")
    queue.accept("guid-3", Refresh(REPO, 12, (late,)))
    queue.finish(key(PULL), first)
    assert begun(queue, PULL).touches == (late,)


def test_touches_that_nobody_acted_on_are_seen_again(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", Refresh(REPO, 12, (TICK,)))
    queue.give_up(key(PULL), begun(queue, PULL))
    queue.add(PULL)
    again = begun(queue, PULL)
    queue.finish(key(PULL), replace(again, touch_count=0))
    assert connection.ttl(f"migration-bot:touches:{key(PULL)}") > 0
    queue.add(PULL)
    assert (again.touches, begun(queue, PULL).touches) == ((TICK,), (TICK,))


def test_without_redis_nothing_is_accepted() -> None:
    with (
        connect(f"redis://127.0.0.1:{free_port()}/0") as nobody,
        pytest.raises(Retryable, match=r"^Redis cannot be reached: "),
    ):
        Queue(nobody).accept("guid-1", PULL)


# ---------------------------------------------------------------- later


def test_put_off_work_waits_until_it_is_due(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", PULL)
    take(connection)
    assert begun(queue, PULL).attempts == 0
    queue.put_off(PULL, 60)
    assert queue.due(time.time() + 50) == 0
    assert waiting(connection) == []
    assert queue.due(time.time() + 61) == 1
    assert waiting(connection) == [("reviews:3", PULL)]
    assert begun(queue, PULL) == Begun(1, guids=("guid-1",))


def test_a_new_delivery_does_not_wait_for_what_was_put_off(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", PULL)
    take(connection)
    begun(queue, PULL)
    queue.put_off(PULL, 60)
    assert queue.accept("guid-2", PULL) is Accepted.NEW
    assert queue.due(time.time() + 61) == 0


def test_work_for_later(queue: Queue, connection: redis.Redis) -> None:
    queue.add(PULL, 60)
    queue.add(PULL, 30)
    queue.add(PULL, 90)
    assert queue.due(time.time() + 29) == 0
    assert queue.due(time.time() + 31) == 1
    assert queue.due(time.time() + 91) == 0
    assert waiting(connection) == [("reviews:3", PULL)]


def test_a_retry_waits_longer_each_time_and_then_gives_up(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", PULL)
    waits = []
    for attempt in range(1, ATTEMPTS):
        take(connection)
        begun(queue, PULL)
        now = time.time()
        assert queue.retry(PULL, 5) == attempt
        found: Any = connection.zscore("migration-bot:later", key(PULL))
        waits.append(round(found - now))
        assert queue.due(found) == 1
    assert waits == [5, 15, 45, 135]
    last = begun(queue, PULL)
    assert queue.retry(PULL, 5) is None
    queue.give_up(key(PULL), last)
    assert left(connection) == set()


def test_a_new_delivery_has_all_attempts(queue: Queue) -> None:
    queue.accept("guid-1", PULL)
    begun(queue, PULL)
    assert queue.retry(PULL, 5) == 1
    queue.accept("guid-2", PULL)
    assert begun(queue, PULL).attempts == 0


def test_what_no_delivery_told_of_has_no_more_attempts(queue: Queue) -> None:
    """A sweep comes again and again: what kills its workers would go on for ever."""
    queue.accept("guid-1", PULL)
    begun(queue, PULL)
    assert queue.retry(PULL, 5) == 1
    queue.add(PULL)
    assert begun(queue, PULL).attempts == 1


# ---------------------------------------------------------------- lost jobs


def test_what_waits_or_is_for_later_is_not_lost(queue: Queue) -> None:
    queue.accept("guid-1", PULL)
    queue.add(ASK, 1000)
    now = time.time()
    assert [queue.orphans(now + after) for after in (0, 10, 20)] == [0, 0, 0]


def test_a_job_that_is_nowhere_is_queued_again_after_its_grace(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", PULL)
    take(connection)
    now = time.time()
    assert [queue.orphans(now + after) for after in (0, 4, 5, 6)] == [0, 0, 1, 0]
    assert waiting(connection) == [("reviews:3", PULL)]


def test_a_job_whose_worker_died_is_queued_again(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", PULL)
    take(connection)
    begun(queue, PULL)
    assert queue.accept("guid-2", PULL) is Accepted.COALESCED
    now = time.time()
    assert [queue.orphans(now + after) for after in (0, 5)] == [0, 1]
    assert begun(queue, PULL) == Begun(2, guids=("guid-1", "guid-2"), attempts=1)


def test_only_the_last_runner_ends_the_work(connection: redis.Redis) -> None:
    """A worker that was thought dead comes back: what it saw is seen again, and nothing that it did not see is lost."""
    slow, quick = Queue(connection), Queue(connection)
    slow.accept("guid-1", Refresh(REPO, 12, (TICK,)))
    seen = begun(slow, PULL)
    now = time.time()
    assert [slow.orphans(now), slow.orphans(now + 5)] == [0, 1]
    again = begun(quick, PULL)
    slow.put_off(PULL, 60)
    assert slow.retry(PULL, 5) == 0
    slow.finish(key(PULL), seen)
    assert again.touches == (TICK,)
    quick.finish(key(PULL), again)
    assert left(connection) == set()
    assert quick.begin(key(PULL)) is None


def test_work_that_kills_its_workers_is_given_up(queue: Queue, connection: redis.Redis) -> None:
    queue.accept("guid-1", PULL)
    now = time.time()
    for _ in range(ATTEMPTS):
        take(connection)
        assert not begun(queue, PULL).exhausted
        assert [queue.orphans(now), queue.orphans(now + 5)] == [0, 1]
    assert begun(queue, PULL).exhausted


def test_work_that_nobody_can_begin_is_dropped(
    queue: Queue, connection: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    queue.accept("guid-1", PULL)
    now = time.time()
    rounds = 0
    while left(connection):
        take(connection)
        assert queue.orphans(now) == 0
        rounds += queue.orphans(now + 5)
    assert rounds == 2 * ATTEMPTS
    assert caplog.messages == ["dropped pr:7:12: no worker could begin it"]


# ---------------------------------------------------------------- all of it together


class Story:
    """Deliveries, workers that finish, fail, die, or come back from the dead, and a clock: in an order by chance."""

    def __init__(self, connection: redis.Redis, seed: int) -> None:
        self.chance = random.Random(seed)
        self.connection = connection
        self.queue = Queue(connection)
        self.now = time.time()
        self.told: dict[str, Touch] = {}
        self.running: list[tuple[Queue, Refresh, Begun]] = []
        self.acted: set[Touch] = set()

    def tell(self) -> None:
        guid = f"guid-{len(self.told)}"
        self.told[guid] = Touch("0123abcd", True, "mona", "2026-01-31T12:00:00Z", guid)
        self.queue.accept(guid, Refresh(REPO, self.chance.randrange(3), (self.told[guid],)))

    def take(self) -> None:
        for queue in (rq.Queue(name, connection=self.connection, serializer=JSONSerializer) for name in QUEUES):
            for job in queue.jobs[:1]:
                queue.remove(job)
                runner, work = Queue(self.connection), wire.from_json(job.args[0])
                found = runner.begin(key(work))
                if found and isinstance(work, Refresh):
                    self.running.append((runner, work, found))

    def end(self) -> None:
        if self.running:
            runner, work, found = self.running.pop(self.chance.randrange(len(self.running)))
            match self.chance.randrange(5):
                case 0:
                    runner.put_off(work, 5)
                case 1:
                    runner.retry(work, 5)
                case 2 | 3:
                    self.finish(runner, work, found)
                case _:
                    pass  # its worker died

    def finish(self, runner: Queue, work: Refresh, found: Begun) -> None:
        self.acted.update(found.touches)
        runner.finish(key(work), found)

    def tick(self) -> None:
        self.now += self.chance.choice((1, 10, 100))
        self.queue.due(self.now)
        self.queue.orphans(self.now)

    def to_its_end(self) -> None:
        while any(not name.startswith("migration-bot:guid:") for name in left(self.connection)):
            self.tick()
            self.take()
            for run in self.running:
                self.finish(*run)
            self.running.clear()


@pytest.mark.parametrize("seed", range(8))
def test_nothing_told_is_ever_lost(connection: redis.Redis, seed: int) -> None:
    story = Story(connection, seed)
    for _ in range(150):
        story.chance.choice((story.tell, story.take, story.take, story.end, story.tick))()
    story.to_its_end()
    assert story.acted == set(story.told.values())
    assert {guid for guid in story.told if story.queue.accept(guid, PULL) is not Accepted.DONE} == set()
    assert waiting(connection) == []


# ---------------------------------------------------------------- a Redis that forgot


def test_redis_remembers_until_it_is_emptied(queue: Queue, connection: redis.Redis) -> None:
    assert not queue.remembering()
    queue.remember()
    assert queue.remembering()
    connection.flushall()
    assert not queue.remembering()
