"""GitHub fails, is slow, or wants us to wait: work is put off, others' work goes on, and all of it is done at last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from tests.conversations.conftest import Shop, make_shop
from tests.conversations.faults.promise import assert_kept
from tests.conversations.faults.quick import put_off, settle
from tests.conversations.faults.story import api, open_risky, opened
from tests.github.faults import Answer, primary_limit, refusal, secondary_limit, server_error, slow

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_PLACES = [
    pytest.param("GET", "pulls/"),
    ("PATCH", "check-runs/"),
    pytest.param("POST", "issues/"),
]


@pytest.mark.parametrize(("method", "path"), _PLACES)
def test_it_fails_several_times_in_a_row(shop: Shop, method: str, path: str) -> None:
    shop.town.github.fail(method, api(shop, path), server_error(), times=3)
    pull = open_risky(shop)
    settle(shop.town)
    assert_kept(shop, pull)


def test_it_does_not_say_who_may_tick(shop: Shop) -> None:
    """Nobody may until it does, and then the tick counts."""
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    shop.town.github.fail("GET", api(shop, "collaborators/"), server_error(), times=4)
    shop.town.github.tick("bob", pull, item)
    shop.town.until(lambda: put_off(shop.town), "the work is put off")
    assert shop.state(pull) == ("completed", "action_required")
    settle(shop.town)
    assert_kept(shop, pull, {item: "bob"})


# What makes the answer, and how long we then wait, in seconds: GitHub wants a minute where it does not say.
_LIMITS: dict[str, tuple[Callable[[], Answer], int]] = {
    "secondary": (lambda: secondary_limit(40), 40),
    "secondary, 429": (lambda: secondary_limit(40, 429), 40),
    "secondary, no time told": (lambda: secondary_limit(None), 60),
    "primary": (lambda: primary_limit(40), 41),
}


@pytest.mark.parametrize(("limit", "wait_s"), _LIMITS.values(), ids=_LIMITS)
def test_it_wants_us_to_wait(shop: Shop, limit: Callable[[], Answer], wait_s: int) -> None:
    """Nothing is sent for the installation until then, while another's pull request is reviewed."""
    place = shop.town
    other = make_shop(place, owner="beta")
    place.github.fail("PATCH", api(shop, "check-runs/"), limit())
    pull = open_risky(shop)
    place.until(lambda: put_off(place), "the work is put off")
    before = len(place.github.requests())
    theirs = open_risky(other)
    place.until(lambda: place.github.bot_comments(theirs), "the other one is reviewed")
    asked = {one.by for one in place.github.requests()[before:]}
    assert f"installation {place.github.installation(shop.repo).id}" not in asked
    assert wait_s - 20 < _blocked_s(shop) <= wait_s
    settle(place)
    assert_kept(shop, pull)
    assert_kept(other, theirs)


def _blocked_s(shop: Shop) -> float:
    installation = shop.town.github.installation(shop.repo).id
    with redis.Redis.from_url(shop.town.redis.url) as connection:
        left_ms: Any = connection.pttl(f"migration-bot:github:{{{installation}}}:blocked")
        return float(left_ms / 1000)


def test_what_waits_for_a_limit_has_not_failed(shop: Shop) -> None:
    """However often it happens, as it is no fault of the work's."""
    shop.town.github.fail("PATCH", api(shop, "check-runs/"), secondary_limit(40), times=8)
    pull = open_risky(shop)
    settle(shop.town)
    assert_kept(shop, pull)


def test_a_tick_waits_for_a_limit(shop: Shop) -> None:
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    shop.town.github.fail("PATCH", api(shop, "check-runs/"), secondary_limit(40))
    shop.town.github.tick("ann", pull, first)
    shop.town.until(lambda: put_off(shop.town), "the work is put off")
    shop.town.github.tick("bob", pull, second)
    settle(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


@pytest.mark.parametrize(("method", "path"), _PLACES)
def test_the_token_is_revoked_in_the_middle(shop: Shop, method: str, path: str) -> None:
    github = shop.town.github
    installation = github.installation(shop.repo)
    github.meanwhile(method, api(shop, path), lambda: github.revoke_tokens(installation))
    pull = open_risky(shop)
    settle(shop.town)
    assert_kept(shop, pull)


def test_the_token_is_revoked_before_git_uses_it(shop: Shop) -> None:
    github = shop.town.github
    installation = github.installation(shop.repo)
    github.meanwhile("GET", f"^/{shop.repo.full_name}.git/", lambda: github.revoke_tokens(installation))
    pull = open_risky(shop)
    settle(shop.town)
    assert_kept(shop, pull)


def test_it_does_not_know_yet_what_it_told_of(shop: Shop) -> None:
    shop.town.github.fail("GET", api(shop, "pulls/"), refusal(404, "Not Found"))
    pull = open_risky(shop)
    settle(shop.town)
    assert_kept(shop, pull)


def test_it_is_slow(shop: Shop) -> None:
    shop.town.github.fail("*", api(shop, ""), slow(0.1), times=20)
    pull = open_risky(shop)
    settle(shop.town)
    assert_kept(shop, pull)
