"""Deliveries come twice, in another order, all at once, or while the product is at work."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.conversations.conftest import Shop
from tests.conversations.faults.promise import assert_kept
from tests.conversations.faults.quick import settle
from tests.conversations.faults.story import api, open_risky, opened, push_docs
from tests.github.hooks import Order

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_ORDERS: dict[str, Order] = {
    "twice": lambda held: [*held, *held],
    "backwards": lambda held: held[::-1],
}
in_any_order = pytest.mark.parametrize(
    "order",
    [
        pytest.param(_ORDERS["twice"], id="twice"),
        pytest.param(_ORDERS["backwards"], id="backwards"),
    ],
)


@in_any_order
def test_a_pull_request_is_opened_and_pushed_to(shop: Shop, order: Order) -> None:
    hooks = shop.town.github.hooks
    hooks.hold()
    pull = open_risky(shop)
    push_docs(shop, "More.\n")
    hooks.release(order)
    settle(shop.town)
    assert_kept(shop, pull)


@in_any_order
def test_two_people_tick_different_boxes(shop: Shop, order: Order) -> None:
    hooks = shop.town.github.hooks
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    hooks.hold()
    shop.town.github.tick("ann", pull, first)
    shop.town.github.tick("bob", pull, second)
    hooks.release(order)
    settle(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


@in_any_order
def test_a_box_is_ticked_and_unticked(shop: Shop, order: Order) -> None:
    """The last hand counts, whichever of the two is heard of first."""
    hooks = shop.town.github.hooks
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    hooks.hold()
    shop.town.github.tick("ann", pull, item)
    _next_second()
    shop.town.github.tick("bob", pull, item, on=False)
    hooks.release(order)
    settle(shop.town)
    assert_kept(shop, pull)


def test_the_last_hand_counts_also_when_the_first_comes_much_later(shop: Shop) -> None:
    hooks = shop.town.github.hooks
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    hooks.lose("issue_comment.edited")
    shop.town.github.tick("ann", pull, item)
    lost = hooks.deliveries[-1]
    _next_second()
    shop.tick("bob", pull, item, on=False)
    hooks.again(lost)
    settle(shop.town)
    assert_kept(shop, pull)


def test_a_delivery_that_was_done_is_not_done_again(shop: Shop) -> None:
    hooks = shop.town.github.hooks
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    shop.tick("bob", pull, item)
    ticked = next(one for one in reversed(hooks.deliveries) if one.name == "issue_comment.edited")
    before = len(shop.town.github.requests())
    hooks.again(ticked)
    settle(shop.town)
    assert len(shop.town.github.requests()) == before
    assert_kept(shop, pull, {item: "bob"})


def test_ten_pushes_during_a_review(shop: Shop) -> None:
    """They are one more review together; of the nine heads between, nobody heard."""
    github = shop.town.github
    gate = github.pause("GET", f"^/{shop.repo.full_name}.git/info/refs")
    pull = open_risky(shop)
    first = pull.head_sha
    assert gate.reached.wait(30)
    for number in range(10):
        push_docs(shop, f"{number}\n")
    github.hooks.settle()
    gate.open.set()
    settle(shop.town)
    assert_kept(shop, pull)
    assert {run.suite.head_sha for run in shop.repo.runs.values()} == {first, pull.head_sha}


def test_a_tick_while_the_comment_is_drawn(shop: Shop) -> None:
    """Our own body overwrites the box, and the delivery still tells of it."""
    github = shop.town.github
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    github.meanwhile("PATCH", api(shop, "issues/comments/"), lambda: github.tick("bob", pull, second))
    github.tick("ann", pull, first)
    settle(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


def test_ticks_while_a_review_goes_on(shop: Shop) -> None:
    github = shop.town.github
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    gate = github.pause("GET", f"^/{shop.repo.full_name}.git/info/refs")
    push_docs(shop, "More.\n")
    assert gate.reached.wait(30)
    github.tick("ann", pull, first)
    github.comment("bob", pull, f"/migrate ack {second}")
    github.hooks.settle()
    gate.open.set()
    settle(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "pulls/"), ("PATCH", "check-runs/"), ("PATCH", "issues/comments/")]
)
def test_the_comment_is_deleted_during_a_review(shop: Shop, method: str, path: str) -> None:
    github = shop.town.github
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    shop.tick("bob", pull, item)
    github.meanwhile(method, api(shop, path), lambda: github.delete_comment("ann", shop.comment(pull)))
    github.tick("bob", pull, item, on=False)
    settle(shop.town)
    assert_kept(shop, pull)


def test_a_push_while_the_check_is_concluded(shop: Shop) -> None:
    github = shop.town.github
    gate = github.pause("PATCH", api(shop, "check-runs/"))
    pull = open_risky(shop)
    assert gate.reached.wait(30)
    push_docs(shop, "More.\n")
    github.hooks.settle()
    gate.open.set()
    settle(shop.town)
    assert_kept(shop, pull)


def test_the_head_is_pushed_away_during_a_review(shop: Shop) -> None:
    github = shop.town.github
    gate = github.pause("GET", f"^/{shop.repo.full_name}.git/info/refs")
    pull = open_risky(shop)
    assert gate.reached.wait(30)
    other = github.push(shop.repo, "other", shop.migrations(m2_more='ALTER TABLE "orders" DROP COLUMN "total";\n'))
    github.force_push(shop.repo, "feature", other, by="ann")
    gate.open.set()
    settle(shop.town)
    assert pull.head_sha == other
    assert_kept(shop, pull)


def test_the_worse_of_two_with_one_head_is_pushed_to(shop: Shop) -> None:
    """The other is free then, though nothing happened to it."""
    github = shop.town.github
    first = opened(shop)
    ticked = dict.fromkeys(shop.open_items(first), "ann")
    github.force_push(shop.repo, "same", first.head_sha, by="ann")
    second = github.open_pull(shop.repo, "same", "ann")
    settle(shop.town)
    for item in ticked:
        github.tick("ann", first, item)
    settle(shop.town)
    assert shop.state(first) == ("completed", "action_required")
    push_docs(shop, "More.\n", "same")
    settle(shop.town)
    assert_kept(shop, first, ticked)
    assert_kept(shop, second)


def test_the_pull_request_is_closed_during_a_review(shop: Shop) -> None:
    github = shop.town.github
    gate = github.pause("GET", f"^/{shop.repo.full_name}.git/info/refs")
    pull = open_risky(shop)
    assert gate.reached.wait(30)
    github.close("ann", pull)
    github.hooks.settle()
    gate.open.set()
    settle(shop.town)
    assert [run.status for run in shop.repo.runs.values()] == ["completed"]
    github.reopen("ann", pull)
    settle(shop.town)
    assert_kept(shop, pull)


def _next_second() -> None:
    """GitHub tells when a comment was edited in whole seconds."""
    time.sleep(1 - datetime.now(UTC).microsecond / 1e6)
