"""The web process is away for a while; GitHub does not send again by itself what was lost meanwhile."""

from __future__ import annotations

import subprocess

import pytest

from tests.conversations.conftest import Shop
from tests.conversations.faults.promise import assert_kept
from tests.conversations.faults.quick import settle, stop
from tests.conversations.faults.story import open_risky, opened

pytestmark = pytest.mark.campaign  # .ci/run has the time for it


def test_what_was_lost_is_asked_for_when_a_worker_starts(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    place = shop.town
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    assert place.web is not None
    stop(place.web)
    place.github.tick("ann", pull, first)
    said = place.github.comment("bob", pull, f"/migrate ack {second}")
    other = open_risky(shop, "other")
    place.github.hooks.settle()
    assert {one.status_code for one in place.github.hooks.deliveries[-3:]} == {0}
    place.start_web()
    stop(worker)
    place.start_worker()
    place.until(lambda: said.reactions and place.github.checks(shop.repo, other.head_sha), "it is asked for again")
    settle(place)
    assert_kept(shop, pull, {first: "ann", second: "bob"})
    assert_kept(shop, other)
