from __future__ import annotations

import pytest

from bot.errors import Forbidden, NotFound, Retryable
from bot.github import issues
from bot.github.client import Client
from bot.github.issues import CLOSED, OPEN, Issue
from tests.bot.github.scripted import Answer, Scripted
from tests.github.faults import lost_response
from tests.github.state import Repo
from tests.github.world import World

MARKER = "<!-- marker "


@pytest.fixture
def made(world: World, shop: Repo, here: Client) -> Issue:
    for login, role in (("ann", "admin"), ("ben", "read")):
        world.allow(shop, login, role)
    return issues.open_issue(here, "drift", f"{MARKER}1 -->\n\ntext")


def number(client: Client, known: int | None = None) -> int | None:
    found = issues.find(client, known, MARKER)
    return found.number if found else None


def test_none(here: Client) -> None:
    assert number(here) is None
    assert number(here, 12) is None


def test_it_is_found_again(world: World, shop: Repo, here: Client, made: Issue) -> None:
    assert (made.state, made.unwanted, shop.issues[made.number].title) == (OPEN, False, "drift")
    world.close_issue("ann", shop.issues[made.number])
    for _ in range(101):
        world.open_issue("ben", shop, "drift", f"{MARKER}1 -->")
    assert number(here) == made.number
    assert number(here, made.number) == made.number
    assert number(here, made.number + 1) == made.number, "another's, whatever its text is"


def test_a_pull_request_is_none(world: World, shop: Repo, here: Client, made: Issue) -> None:
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"}, by="ann")
    pull = world.open_pull(shop, "feature", world.state.bot.login)
    pull.body = f"{MARKER}1 -->"
    assert number(here, pull.number) == made.number


def test_what_people_made_of_its_text(world: World, shop: Repo, here: Client, made: Issue) -> None:
    world.edit_issue("ann", shop.issues[made.number], f"See {MARKER}1 -->")
    assert number(here) is None
    assert number(here, made.number) == made.number


def test_it_was_deleted(world: World, shop: Repo, here: Client, made: Issue) -> None:
    world.delete_issue("ann", shop.issues[made.number])
    assert number(here, made.number) is None


def test_closed_and_opened(world: World, shop: Repo, here: Client, made: Issue) -> None:
    there = shop.issues[made.number]
    there.title = "renamed"
    issues.change(here, made, "two", OPEN)
    assert (there.title, there.body, there.state, there.reason) == ("renamed", "two", OPEN, None)
    issues.change(here, made, "three", CLOSED)
    assert (there.body, there.state, there.reason) == ("three", CLOSED, "completed")
    closed = issues.find(here, made.number, MARKER)
    assert closed is not None
    assert not closed.unwanted
    issues.change(here, closed, "four", OPEN)
    assert (there.body, there.state, there.reason) == ("four", OPEN, "reopened")


@pytest.mark.parametrize(("reason", "expected"), [("completed", False), ("not_planned", True), ("duplicate", True)])
def test_not_wanted(world: World, shop: Repo, here: Client, made: Issue, reason: str, expected: bool) -> None:
    world.close_issue("ann", shop.issues[made.number], reason)
    found = issues.find(here, made.number, MARKER)
    assert found is not None
    assert found.unwanted is expected
    issues.change(here, found, "two", CLOSED)
    assert shop.issues[made.number].reason == reason


def test_the_answer_is_lost(world: World, shop: Repo, here: Client) -> None:
    world.fail("POST", "/issues$", lost_response())
    with pytest.raises(Retryable):
        issues.open_issue(here, "drift", MARKER)
    assert number(here) == 1


def test_there_are_to_be_none(world: World, shop: Repo, here: Client, made: Issue) -> None:
    world.disable_issues(shop)
    assert number(here, made.number) is None
    with pytest.raises(NotFound, match="Issues are disabled for this repo"):
        issues.open_issue(here, "drift", MARKER)


def test_without_the_permission(world: World, shop: Repo, here: Client) -> None:
    world.accept_permissions(world.installation(shop), issues="read")
    with pytest.raises(Forbidden, match="Resource not accessible by integration"):
        issues.open_issue(here, "drift", MARKER)


def test_whose_they_are(client: Client, github: Scripted) -> None:
    """The App's number is 99. An answer may leave it out; it never names another one."""
    told = [
        {"number": n, "state": "open", "body": MARKER, "user": login and {"login": login}, **more}
        for n, login, more in (
            (1, "migration-bot", {}),
            (2, None, {}),
            (3, "migration-bot[bot]", {"performed_via_github_app": {"id": 15368}}),
            (4, "migration-bot[bot]", {"pull_request": {"url": "x"}}),
            (5, "migration-bot[bot]", {"performed_via_github_app": None, "state_reason": None}),
            (6, "migration-bot[bot]", {"performed_via_github_app": {"id": 99}}),
        )
    ]
    github.on("GET", "/app", Answer(json={"slug": "migration-bot"}))
    github.on("GET", "/repos/octo/shop/issues", Answer(json=told))
    assert number(client) == 5
    (asked,) = github.calls("GET", "/repos/octo/shop/issues")
    assert (asked.query["creator"], asked.query["state"]) == ("migration-bot[bot]", "all")
