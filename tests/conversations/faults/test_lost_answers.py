"""GitHub did what it was asked and its answer was lost, or the connection broke before."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import Shop
from tests.conversations.faults.promise import assert_kept
from tests.conversations.faults.quick import settle
from tests.conversations.faults.story import api, open_risky, opened
from tests.github.bare import Bare
from tests.github.faults import Cut, broken_connection, lost_response

both = pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lost_response(), id="done"),
        pytest.param(broken_connection(), id="not done", marks=pytest.mark.campaign),
    ],
)

pytestmark = pytest.mark.campaign  # .ci/run has the time for it


@both
@pytest.mark.parametrize(("method", "path"), [("POST", "check-runs$"), ("PATCH", "check-runs/"), ("POST", "issues/")])
def test_of_the_first_review(shop: Shop, cut: Cut, method: str, path: str) -> None:
    shop.town.github.fail(method, api(shop, path), cut)
    pull = open_risky(shop)
    settle(shop.town)
    assert_kept(shop, pull)


@both
@pytest.mark.parametrize("path", ["check-runs/", "issues/comments/"])
def test_of_drawing_a_tick(shop: Shop, cut: Cut, path: str) -> None:
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    shop.town.github.fail("PATCH", api(shop, path), cut)
    shop.town.github.tick("bob", pull, item)
    settle(shop.town)
    assert_kept(shop, pull, {item: "bob"})


@both
@pytest.mark.parametrize(
    ("after", "path"), [(0, "issues/.*/reactions"), (1, "issues/.*/reactions"), (0, "issues/.*/comments")]
)
def test_of_answering_a_command(shop: Shop, cut: Cut, after: int, path: str) -> None:
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    shop.town.github.fail("POST", api(shop, path), cut, after=after)
    said = shop.town.github.comment("bob", pull, f"/migrate ack {item}\n/migrate status")
    settle(shop.town)
    assert_kept(shop, pull, {item: "bob"})
    assert sorted(reaction.content for reaction in said.reactions) == ["eyes", "rocket"]
    assert len(shop.town.github.bot_comments(pull)) == 2


@both
def test_of_committing_a_rollback(shop: Shop, cut: Cut) -> None:
    pull = opened(shop)
    before = pull.head_sha
    shop.town.github.fail("PATCH", api(shop, "git/refs/"), cut)
    shop.town.github.comment("ann", pull, "/migrate rollback")
    settle(shop.town)
    assert_kept(shop, pull)
    commits = Bare(shop.repo.directory).git("rev-list", "--count", f"{before}..{pull.head_sha}")
    assert commits.strip() == "1"


@both
def test_of_answering_a_merge_group(shop: Shop, cut: Cut) -> None:
    """The group is merged by then, and its members are no longer open."""
    pull = opened(shop)
    shop.tick_all("bob", pull)
    shop.town.github.fail("PATCH", api(shop, "check-runs/"), cut)
    group = shop.town.github.queue("bob", pull)
    settle(shop.town)
    assert group.reason == "merged"
    runs = shop.town.github.checks(shop.repo, group.head_sha)
    assert [(run.status, run.conclusion) for run in runs] == [("completed", "success")]
