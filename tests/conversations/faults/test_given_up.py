"""What cannot be done fails closed and says why; it is done as soon as it can be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.conftest import Shop
from tests.conversations.faults.promise import assert_kept
from tests.conversations.faults.quick import settle
from tests.conversations.faults.story import api, open_risky, opened, push_docs
from tests.github.faults import server_error
from tests.github.state import Pull

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_OFTEN = 1000


def _assert_failed(shop: Shop, pull: Pull, why: str) -> None:
    check = shop.check(pull)
    assert (check.status, check.conclusion) == ("completed", "failure")
    assert why in (check.summary or "")
    assert "Re-run" in (check.summary or "")
    assert [action["identifier"] for action in check.actions] == ["rerun"]


@contextlib.contextmanager
def _git_is_down(shop: Shop) -> Iterator[None]:
    """Until nobody tries any more; then it is well again."""
    shop.town.github.fail("GET", f"^/{shop.repo.full_name}.git/", server_error(), times=_OFTEN)
    yield
    settle(shop.town)
    shop.town.github.state.faults.clear()


def test_git_fails_until_nobody_tries_any_more(shop: Shop) -> None:
    with _git_is_down(shop):
        pull = open_risky(shop)
    _assert_failed(shop, pull, "error: 502")
    shop.town.github.press("bob", shop.check(pull), "rerun")
    settle(shop.town)
    assert_kept(shop, pull)


def test_a_tick_that_nobody_could_draw_counts_later(shop: Shop) -> None:
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    shop.tick("ann", pull, first)
    with _git_is_down(shop):
        shop.town.github.tick("bob", pull, second)
    _assert_failed(shop, pull, "error: 502")
    shop.town.github.rerun("bob", shop.check(pull))
    settle(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


def test_ticks_outlive_a_push_that_could_not_be_reviewed(shop: Shop) -> None:
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    shop.tick("ann", pull, item)
    with _git_is_down(shop):
        push_docs(shop, "More.\n")
    _assert_failed(shop, pull, "error: 502")
    push_docs(shop, "Still more.\n")
    settle(shop.town)
    assert_kept(shop, pull, {item: "ann"})


def test_a_command_that_could_not_be_done_is_refused(shop: Shop) -> None:
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    with _git_is_down(shop):
        said = shop.town.github.comment("bob", pull, f"/migrate ack {item}")
    assert sorted(reaction.content for reaction in said.reactions) == ["confused", "eyes"]
    assert "error: 502" in shop.town.github.bot_comments(pull)[-1].body
    assert_kept(shop, pull)
    again = shop.town.github.comment("bob", pull, f"/migrate ack {item}")
    settle(shop.town)
    assert sorted(reaction.content for reaction in again.reactions) == ["eyes", "rocket"]
    assert_kept(shop, pull, {item: "bob"})


def test_a_comment_that_could_not_be_written(shop: Shop) -> None:
    shop.town.github.fail("POST", api(shop, "issues/"), server_error(), times=_OFTEN)
    pull = open_risky(shop)
    settle(shop.town)
    _assert_failed(shop, pull, "502")
    shop.town.github.state.faults.clear()
    shop.town.github.rerun_all("bob", shop.check(pull).suite)
    settle(shop.town)
    assert_kept(shop, pull)


def test_a_bug_of_our_own(shop: Shop, cache: Path) -> None:
    """Something stands where the copy of the repository should be: a failure that nobody thought of."""
    host = shop.town.github.url.removeprefix("http://").replace(":", "_")
    in_the_way = cache / "mirrors" / host / str(shop.repo.id)
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("")
    pull = open_risky(shop)
    settle(shop.town)
    _assert_failed(shop, pull, "migration-bot failed (FileExistsError)")
    in_the_way.unlink()
    shop.town.github.press("bob", shop.check(pull), "rerun")
    settle(shop.town)
    assert_kept(shop, pull)
