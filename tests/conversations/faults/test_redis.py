"""Redis is lost with all it held, and time is all that is lost with it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.conversations.conftest import Shop
from tests.conversations.faults.promise import assert_kept
from tests.conversations.faults.quick import quick_town, settle, stop
from tests.conversations.faults.story import api, open_risky, opened, push_docs
from tests.github.state import Pull
from tests.town import Town

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_WRITES = [
    ("POST", "check-runs$"),
    pytest.param("PATCH", "check-runs/", marks=pytest.mark.campaign),
    pytest.param("POST", "issues/", marks=pytest.mark.campaign),
]


@pytest.fixture(scope="module")
def a_town(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Town]:
    """One that little has happened in: all of the last hour is looked at again."""
    with quick_town(tmp_path_factory.mktemp("redis"), cache) as running:
        yield running


def _lose(place: Town) -> None:
    """Power fails; when it is back, Redis is empty."""
    place.redis.stop()
    place.redis.start()


def _recover(place: Town) -> None:
    """Returns when it was noticed, and all is done that was to be done for it."""

    def noticed() -> bool:
        with redis.Redis.from_url(place.redis.url) as connection:
            return bool(connection.exists("migration-bot:epoch"))

    place.until(noticed, "a clock saw that Redis remembers nothing")
    settle(place)


def test_while_nothing_happens(shop: Shop) -> None:
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    shop.tick("ann", pull, first)
    shop.say("bob", pull, f"/migrate ack {second}")
    before = _created(shop)
    _lose(shop.town)
    _recover(shop.town)
    assert _created(shop) == before
    push_docs(shop, "More.\n")
    settle(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


def _created(shop: Shop) -> list[str]:
    """What was written that was not there. The comment tells how long the statements took, and so may be drawn anew."""
    ours = f"/repos/{shop.repo.full_name}/"
    return [one.path for one in shop.town.github.writes() if one.method == "POST" and one.path.startswith(ours)]


def _tick(shop: Shop, pull: Pull, item: str) -> None:
    shop.town.github.tick("bob", pull, item)


def _ack(shop: Shop, pull: Pull, item: str) -> None:
    shop.town.github.comment("bob", pull, f"/migrate ack {item}")


@pytest.mark.parametrize("confirm", [_tick, pytest.param(_ack, marks=pytest.mark.campaign)])
def test_after_a_delivery_was_accepted_and_before_it_was_worked_on(
    shop: Shop, worker: subprocess.Popen[bytes], confirm: Callable[[Shop, Pull, str], None]
) -> None:
    place = shop.town
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    shop.tick("ann", pull, first)
    stop(worker)
    confirm(shop, pull, second)
    place.github.hooks.settle()
    assert place.github.hooks.deliveries[-1].status_code == 202
    _lose(place)
    place.start_worker()
    _recover(place)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


def test_a_push_that_nobody_worked_on(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    place = shop.town
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    shop.tick("ann", pull, item)
    stop(worker)
    push_docs(shop, "More.\n")
    place.github.hooks.settle()
    _lose(place)
    place.start_worker()
    _recover(place)
    assert_kept(shop, pull, {item: "ann"})


@pytest.mark.parametrize(("method", "path"), _WRITES)
def test_in_the_middle_of_a_review(shop: Shop, method: str, path: str) -> None:
    gate = shop.town.github.pause(method, api(shop, path))
    pull = open_risky(shop)
    assert gate.reached.wait(30)
    _lose(shop.town)
    gate.open.set()
    _recover(shop.town)
    assert_kept(shop, pull)


def test_while_a_tick_is_drawn(shop: Shop) -> None:
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    gate = shop.town.github.pause("PATCH", api(shop, "check-runs/"))
    shop.town.github.tick("ann", pull, first)
    assert gate.reached.wait(30)
    shop.town.github.tick("bob", pull, second)
    shop.town.github.hooks.settle()
    _lose(shop.town)
    gate.open.set()
    _recover(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


def test_a_delivery_while_redis_is_away(shop: Shop) -> None:
    """GitHub is told that it was not taken, and asked for it again."""
    place = shop.town
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    place.redis.stop()
    place.github.tick("bob", pull, item)
    place.github.hooks.settle()
    assert place.github.hooks.deliveries[-1].status_code == 503
    place.redis.start()
    _recover(place)
    assert_kept(shop, pull, {item: "bob"})
