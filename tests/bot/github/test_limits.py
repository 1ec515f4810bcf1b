from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis

from bot.errors import Forbidden, NotFound, RateLimited, Retryable
from bot.github.client import App, Client
from bot.github.limits import Limits, requests_left
from bot.github.replies import Reply
from bot.metrics import samples
from bot.model import Repo
from bot.settings import GitHubSettings
from tests.bot.github.scripted import REPO, Answer, Scripted, X, token
from tests.redis_server import running_redis

SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


def budget(left: int, ends_in_s: int = 600) -> dict[str, str]:
    return {"X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": str(int(time.time()) + ends_in_s)}


def waits(client: Client, github: Scripted, *, sent: int) -> float:
    """How long the client is told to wait; `sent` is how many requests GitHub saw while it was told."""
    before = len(github.calls("GET", X))
    with pytest.raises(RateLimited) as caught:
        client.get("x")
    assert len(github.calls("GET", X)) - before == sent
    return round(caught.value.after_s)


def test_a_server_without_limits(client: Client, github: Scripted, store: redis.Redis) -> None:
    github.on("GET", X, Answer(json={}))
    client.get("x")
    assert [key for key in store.keys("migration-bot:github*") if b":vault:" not in key] == []


def test_a_403_that_is_no_limit(client: Client, github: Scripted, store: redis.Redis) -> None:
    github.on("GET", X, Answer(403, {"message": "Repository was archived so is read-only."}, budget(4000)))
    for _ in range(2):
        with pytest.raises(Forbidden, match=r"^GET /api/v3/repos/octo/shop/x: 403 Repository was archived"):
            client.get("x")


def test_an_old_window_is_forgotten(client: Client, github: Scripted, store: redis.Redis) -> None:
    github.on("GET", X, Answer(json={}, headers=budget(0, -10)))
    client.get("x")
    assert store.pttl("migration-bot:github:{5}:budget") <= 1000  # the second that a reset may be early in


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_limit_stops_every_worker_before_it_sends(
    status: int, settings: GitHubSettings, store: redis.Redis, github: Scripted
) -> None:
    one, other = (App(settings, store, pauses_s=()).client(REPO, urgent=True) for _ in range(2))
    github.on("GET", X, Answer(status, {"message": "API rate limit exceeded"}, budget(0, 600)))
    assert waits(one, github, sent=1) in (600, 601)
    assert waits(one, github, sent=0) in (600, 601)
    assert waits(other, github, sent=0) in (600, 601)


def test_other_installations_go_on(app: App, client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(429, SECONDARY, {"Retry-After": "30"}))
    waits(client, github, sent=1)
    github.on("POST", "/app/installations/8/access_tokens", token())
    github.on("GET", "/repos/a/b/x", Answer(json={}))
    assert app.client(Repo(9, "a/b", 8)).get("x") == {}


def test_retry_after_is_honoured_as_it_is(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(403, SECONDARY, {"Retry-After": "7", **budget(4000)}))
    assert waits(client, github, sent=1) == 7
    assert waits(client, github, sent=0) == 7


def test_a_secondary_limit_that_names_no_time_doubles_the_wait(
    client: Client, github: Scripted, store: redis.Redis
) -> None:
    github.on("GET", X, Answer(403, SECONDARY))
    seen = []
    for _ in range(8):
        seen.append(waits(client, github, sent=1))
        store.delete("migration-bot:github:{5}:blocked")  # the wait is over
    assert seen == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_workers_that_run_into_a_limit_together_double_it_once(store: redis.Redis) -> None:
    limits = Limits(store, 1, 0)
    replies = [reply(429), reply(429), reply(429)]
    seen = []
    for one in replies:
        with pytest.raises(RateLimited) as caught:
            limits.learn(5, one)
        seen.append(round(caught.value.after_s))
    assert seen == [60, 60, 60]


def test_a_shorter_wait_does_not_end_a_longer_one(store: redis.Redis) -> None:
    limits = Limits(store, 1, 0)
    seen = []
    for retry_after in ("90", "5"):
        with pytest.raises(RateLimited) as caught:
            limits.learn(5, Reply("GET /x", 429, {"retry-after": retry_after}, b"{}"))
        seen.append(round(caught.value.after_s))
    assert seen == [90, 90]


@pytest.mark.parametrize("date", [None, "yesterday", "Thu, 01 Jan 1970 00:10:00 GMT"])
def test_a_window_ends_by_githubs_clock_if_it_is_told(date: str | None, store: redis.Redis) -> None:
    now_s = 600 if date and date[0] == "T" else int(time.time())
    one = reply(200, 10, now_s + 900)
    Limits(store, 1, 0).learn(5, replace(one, headers={**one.headers, **({"date": date} if date else {})}))
    assert 890_000 < store.pttl("migration-bot:github:{5}:budget") <= 901_000


def test_the_reserve_is_for_people(app: App, client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json={}, headers=budget(501)), Answer(json={}, headers=budget(500)))
    client.get("x")
    client.get("x")
    assert waits(client, github, sent=0) in (600, 601)
    assert app.client(REPO, urgent=True).get("x") == {}


def test_replies_that_overtake_each_other(store: redis.Redis) -> None:
    limits = Limits(store, 1, 0)
    ends = int(time.time()) + 600
    for left, window in ((10, ends), (12, ends), (11, ends)):
        limits.learn(5, reply(200, left, window))
    assert store.hget("migration-bot:github:{5}:budget", "left") == b"10"
    limits.learn(5, reply(200, 4999, ends + 3600))
    assert store.hget("migration-bot:github:{5}:budget", "left") == b"4999"


def test_other_budgets_are_not_ours(store: redis.Redis) -> None:
    Limits(store, 1, 0).learn(5, reply(200, 0, int(time.time()) + 600, resource="search"))
    assert store.keys("migration-bot:github*") == []


def test_writes_of_all_workers_take_turns(settings: GitHubSettings, store: redis.Redis) -> None:
    workers = [Limits(store, 40, 0) for _ in range(3)]
    began = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda one: [one.admit(5, write=True, urgent=False) for _ in range(2)], workers))
    assert time.monotonic() - began >= 0.2  # six turns, five gaps


def test_reads_and_other_installations_do_not_wait_for_writes(store: redis.Redis) -> None:
    limits = Limits(store, 60_000, 0)
    limits.admit(5, write=True, urgent=False)
    limits.admit(5, write=False, urgent=False)
    limits.admit(6, write=True, urgent=False)


def test_a_worker_does_not_stand_in_a_long_queue(store: redis.Redis) -> None:
    limits = Limits(store, 20_000, 0)
    limits.admit(5, write=True, urgent=False)
    for _ in range(2):  # and who does not wait takes no turn
        with pytest.raises(RateLimited, match=r"^installation 5: too many writes wait for their turn$") as caught:
            limits.admit(5, write=True, urgent=True)
        assert round(caught.value.after_s) == 20


def test_a_limit_that_is_met_while_a_write_waits_stops_it(store: redis.Redis) -> None:
    limits = Limits(store, 300, 0)
    limits.admit(5, write=True, urgent=False)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(limits.admit, 5, write=True, urgent=False)
        with pytest.raises(RateLimited):
            limits.learn(5, reply(429))
        with pytest.raises(RateLimited, match=r"^installation 5: GitHub asked us to wait$"):
            waiting.result()


def test_without_redis_nothing_is_sent(settings: GitHubSettings, github: Scripted) -> None:
    with running_redis() as server, redis.Redis.from_url(server.url) as store:
        client = App(settings, store, pauses_s=()).client(REPO)
        server.stop()
        with pytest.raises(Retryable, match=r"^Redis cannot be reached: "):
            client.get("x")
    assert github.asked == []


def test_redis_forgets(client: Client, github: Scripted, store: redis.Redis) -> None:
    github.on("GET", X, Answer(json={}))
    client.get("x")
    store.flushall()
    store.script_flush()
    assert client.get("x") == {}


def reply(status: int, left: int | None = None, ends: int = 0, resource: str = "core") -> Reply:
    told = {} if left is None else {"x-ratelimit-remaining": str(left), "x-ratelimit-reset": str(ends)}
    return Reply("GET /x", status, {**told, "x-ratelimit-resource": resource}, b"{}")


def test_what_is_counted(client: Client, github: Scripted, store: redis.Redis) -> None:
    answers = (Answer(json={}), Answer(404), Answer(cut=True), Answer(503), Answer(200, json={}, headers=budget(3999)))
    github.on("GET", X, *answers, Answer(429, SECONDARY, {"Retry-After": "7"}))
    client.get("x")
    with pytest.raises(NotFound):
        client.get("x")
    client.get("x")
    assert (waits(client, github, sent=1), waits(client, github, sent=0)) == (7, 7)
    counted = {one.labels: one.value for one in samples(store) if one.labels[0] == "5"}
    assert counted == {("5", "2xx"): 2, ("5", "4xx"): 1, ("5", "none"): 1, ("5", "5xx"): 1, ("5", "limited"): 1}
    assert (requests_left(store, 5), requests_left(store, 6)) == (3999, None)
