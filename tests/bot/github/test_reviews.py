from __future__ import annotations

import pytest

from bot.errors import NotFound
from bot.github.client import Client
from bot.github.reviews import Approvals, approvals
from tests.bot.github.scripted import Answer, Scripted
from tests.github.state import Pull, Repo
from tests.github.world import World


@pytest.fixture
def pull(world: World, shop: Repo) -> Pull:
    for login in ("ann", "ben", "cat"):
        world.allow(shop, login, "write")
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"}, by="ann")
    return world.open_pull(shop, "feature", "ann")


def of(client: Client, pull: Pull) -> Approvals:
    return approvals(client, pull.number, pull.head_sha, "ann")


def test_none(world: World, here: Client, pull: Pull) -> None:
    assert of(here, pull) == Approvals()
    world.review("ben", pull, "COMMENTED")
    assert of(here, pull) == Approvals()


def test_a_comment_takes_nothing_back(world: World, here: Client, pull: Pull) -> None:
    for login, verdict in (
        ("ben", "APPROVED"),
        ("cat", "CHANGES_REQUESTED"),
        ("ben", "COMMENTED"),
        ("cat", "COMMENTED"),
    ):
        world.review(login, pull, verdict)
    assert of(here, pull) == Approvals(by=("ben",), against=("cat",))


def test_the_last_word_counts(world: World, here: Client, pull: Pull) -> None:
    for login, verdict in (("ben", "APPROVED"), ("cat", "CHANGES_REQUESTED")):
        world.review(login, pull, verdict)
    for login, verdict in (("cat", "APPROVED"), ("ben", "CHANGES_REQUESTED")):
        world.review(login, pull, verdict)
    assert of(here, pull) == Approvals(by=("cat",), against=("ben",))


def test_a_review_that_was_dismissed(world: World, here: Client, pull: Pull) -> None:
    world.review("ben", pull, "APPROVED")
    for login in ("ben", "cat"):
        world.dismiss("ann", world.review(login, pull, "CHANGES_REQUESTED"))
    assert of(here, pull) == Approvals()


def test_another_commit(world: World, shop: Repo, here: Client, pull: Pull) -> None:
    """An approval is of what was seen; a wish stands until it is met."""
    world.review("ben", pull, "APPROVED")
    world.review("cat", pull, "CHANGES_REQUESTED")
    world.push(shop, "feature", {"c.sql": "SELECT 3;\n"}, by="ann")
    assert of(here, pull) == Approvals(against=("cat",))
    world.review("ben", pull, "APPROVED")
    assert of(here, pull) == Approvals(by=("ben",), against=("cat",))


def test_all_pages(world: World, here: Client, pull: Pull) -> None:
    for _ in range(101):
        world.review("ben", pull, "CHANGES_REQUESTED")
    world.review("ben", pull, "APPROVED")
    assert of(here, pull) == Approvals(by=("ben",))


def test_who_does_not_count(client: Client, github: Scripted) -> None:
    """The author, whatever the case; an App; a deleted account; who approved a commit that is gone."""
    users = (("Ann", "User", "a"), ("helper[bot]", "Bot", "a"), ("dan", "User", None), ("eve", "User", "a"))
    said = [{"commit_id": sha, "user": {"login": login, "type": kind}} for login, kind, sha in users]
    said.append({"commit_id": "a", "user": None})
    told = [{"id": n, "state": "APPROVED", **one} for n, one in enumerate(said)]
    github.on("GET", "/repos/octo/shop/pulls/1/reviews", Answer(json=told))
    assert approvals(client, 1, "a", "ann") == Approvals(by=("eve",))


def test_no_such_pull_request(here: Client, shop: Repo) -> None:
    with pytest.raises(NotFound):
        approvals(here, 99, "a", "ann")
