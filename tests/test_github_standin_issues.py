"""The stand-in GitHub's issues: what is listed with them, what is refused, and why one is closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.github.asking import Asking
from tests.github.state import Refused, Repo
from tests.github.world import World

REPO = "/repos/acme/shop"


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("github")) as running:
        yield running


@pytest.fixture
def shop(github: World) -> Repo:
    for repo in github.state.repos.values():
        repo.name = f"old-{repo.id}"
    made = github.create_repository("acme/shop", {"m/1.sql": "create table a (id int);\n"})
    for login, role in (("ann", "write"), ("ben", "read"), ("cat", "admin")):
        github.allow(made, login, role)
    return made


@pytest.fixture
def client(github: World, shop: Repo) -> Iterator[Asking]:
    asking = Asking(github)
    asking.become(shop)
    yield asking
    asking.session.close()


def post(client: Asking, **wanted: Any) -> Any:
    answer = client.ask("POST", f"{REPO}/issues", wanted)
    return answer.json() if answer.ok else (answer.status_code, answer.json()["message"])


def patch(client: Asking, number: int, **wanted: Any) -> Any:
    told = client.ask("PATCH", f"{REPO}/issues/{number}", wanted).json()
    return told["state"], told["state_reason"]


def test_none(client: Asking) -> None:
    assert client.get(f"{REPO}/issues?state=all") == []
    assert client.ask("GET", f"{REPO}/issues/1").status_code == 404


def test_pull_requests_are_among_them(client: Asking, github: World, shop: Repo) -> None:
    first = post(client, title="one", body="text")
    github.push(shop, "feature", {"m/2.sql": "drop table a;\n"}, by="ann")
    pull = github.open_pull(shop, "feature", "ann")
    other = github.open_issue("ben", shop, "two")
    assert (first["number"], pull.number, other.number) == (1, 2, 3)
    told = client.get(f"{REPO}/issues")
    assert [(one["number"], bool(one.get("pull_request"))) for one in told] == [(3, False), (2, True), (1, False)]
    assert client.get(f"{REPO}/issues/2")["pull_request"]["url"].endswith("/pulls/2")
    assert client.get(REPO)["open_issues_count"] == 3
    own = client.get(f"{REPO}/issues?creator=migration-bot%5Bbot%5D&state=all&sort=created&direction=asc")
    assert [(one["number"], one["performed_via_github_app"]["id"]) for one in own] == [(1, github.state.app_id)]
    assert client.get(f"{REPO}/issues/3")["performed_via_github_app"] is None


def test_a_reason_goes_with_a_change_of_the_state(client: Asking, github: World, shop: Repo) -> None:
    number = post(client, title="one")["number"]
    assert patch(client, number, state="closed") == ("closed", "completed")
    assert patch(client, number, state="closed", state_reason="not_planned") == ("closed", "completed")
    assert patch(client, number, state="open") == ("open", "reopened")
    github.close_issue("ann", shop.issues[number], "not_planned")
    assert patch(client, number, body="other") == ("closed", "not_planned")
    assert [one["number"] for one in client.get(f"{REPO}/issues?state=closed")] == [number]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({}, (422, "Validation Failed")),
        ({"title": " "}, (422, "Validation Failed")),
        ({"title": "t" * 257}, (422, "Validation Failed")),
        ({"title": "t", "body": "x" * 65_537}, (422, "Validation Failed")),
    ],
)
def test_a_bad_issue(client: Asking, wanted: dict[str, str], why: tuple[int, str]) -> None:
    assert post(client, **wanted) == why


def test_a_bad_change(client: Asking) -> None:
    at = f"{REPO}/issues/{post(client, title='one')['number']}"
    for wanted in ({"state": "done"}, {"state": "closed", "state_reason": "tired"}, {"title": ""}):
        assert client.ask("PATCH", at, wanted).status_code == 422, wanted


def test_comments(client: Asking, github: World, shop: Repo) -> None:
    number = post(client, title="one")["number"]
    client.ask("POST", f"{REPO}/issues/{number}/comments", {"body": "hello"})
    github.comment("ben", shop.issues[number], "/migrate help")
    told = client.get(f"{REPO}/issues/{number}/comments")
    assert [(one["body"], "/issues/" in one["html_url"]) for one in told] == [("hello", True), ("/migrate help", True)]
    github.hooks.settle()
    (event,) = [one for one in github.hooks.deliveries if "/migrate help" in one.body.decode()]
    assert (event.name, "pull_request" in json.loads(event.body)["issue"]) == ("issue_comment.created", False)


def test_no_issues_here(client: Asking, github: World, shop: Repo) -> None:
    number = post(client, title="one")["number"]
    github.disable_issues(shop)
    gone = (410, "Issues are disabled for this repo")
    assert post(client, title="two") == gone
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/comments")):
        answer = client.ask(method, f"{REPO}/issues/{number}{path}", {"body": "x"})
        assert (answer.status_code, answer.json()["message"]) == gone
    assert client.get(f"{REPO}/issues?state=all") == []
    assert client.get(REPO)["has_issues"] is False


def test_without_the_permission(client: Asking, github: World, shop: Repo) -> None:
    before = dict(github.installation(shop).permissions)
    github.accept_permissions(github.installation(shop), issues="read")
    client.become(shop)
    assert post(client, title="one") == (403, "Resource not accessible by integration")
    assert client.get(f"{REPO}/issues") == []
    github.accept_permissions(github.installation(shop), **before)


def test_who_may(client: Asking, github: World, shop: Repo) -> None:
    issue = shop.issues[post(client, title="one")["number"]]
    for act in (github.close_issue, github.reopen_issue, github.delete_issue):
        with pytest.raises(Refused, match="403: ben may not"):
            act("ben", issue)
    github.close_issue("ben", github.open_issue("ben", shop, "mine"))
    github.delete_issue("cat", issue)
    assert client.ask("GET", f"{REPO}/issues/{issue.number}").status_code == 410
    assert post(client, title="next")["number"] == issue.number + 2
