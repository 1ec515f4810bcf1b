"""The stand-in GitHub's deployments and reviews: what is refused, and what GitHub does unasked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github.asking import Asking
from tests.github.bare import Bare
from tests.github.state import Pull, Refused, Repo
from tests.github.world import World

REPO = "/repos/acme/shop"
BARE = {"auto_merge": False, "required_contexts": []}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as running:
        yield running


@pytest.fixture
def shop(github: World) -> Repo:
    made = github.create_repository("acme/shop", {"m/1.sql": "create table a (id int);\n"})
    for login, role in (("ann", "write"), ("ben", "read"), ("cat", "maintain")):
        github.allow(made, login, role)
    return made


@pytest.fixture
def pull(github: World, shop: Repo) -> Pull:
    github.push(shop, "feature", {"m/2.sql": "drop table a;\n"}, by="ann")
    return github.open_pull(shop, "feature", "ann")


@pytest.fixture
def client(github: World, shop: Repo) -> Iterator[Asking]:
    asking = Asking(github)
    asking.become(shop)
    yield asking
    asking.session.close()


def deploy(client: Asking, ref: str, **more: Any) -> tuple[int, Any]:
    answer = client.ask("POST", f"{REPO}/deployments", {"ref": ref, **more})
    return answer.status_code, answer.json()


def states(client: Asking, number: int) -> list[str]:
    return [one["state"] for one in client.get(f"{REPO}/deployments/{number}/statuses")]


# ---------------------------------------------------------------- deployments


def test_none(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    assert client.get(f"{REPO}/deployments") == []
    assert client.get(f"{REPO}/pulls/{pull.number}/reviews") == []
    assert github.deployments(shop) == []


def test_what_it_says_back(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    status, made = deploy(client, "feature", payload={"key": "1"}, task="migrate", environment="staging", **BARE)
    told = {name: made[name] for name in ("sha", "ref", "payload", "task", "environment", "production_environment")}
    assert (status, told) == (
        201,
        {
            "sha": pull.head_sha,
            "ref": "feature",
            "payload": {"key": "1"},
            "task": "migrate",
            "environment": "staging",
            "production_environment": False,
        },
    )
    assert (made["creator"]["login"], made["performed_via_github_app"]) == ("migration-bot[bot]", None)
    assert [one.id for one in github.deployments(shop)] == [made["id"]]
    _, other = deploy(client, pull.head_sha, **BARE)
    unasked = ("payload", "task", "environment", "production_environment", "transient_environment", "description")
    assert [other[name] for name in unasked] == [{}, "deploy", "production", True, False, None]


@pytest.mark.parametrize(
    ("query", "found"),
    [("", [1, 0]), ("?environment=staging", [0]), ("?task=deploy", [1]), ("?task=none", [1, 0]), ("?sha=main", [])],
)
def test_which_ones(client: Asking, pull: Pull, query: str, found: list[int]) -> None:
    made = [deploy(client, "main", task=task, environment=environment, **BARE)[1]["id"] for task, environment in
            (("migrate", "staging"), ("deploy", "qa"))]  # fmt: skip
    assert [made.index(one["id"]) for one in client.get(f"{REPO}/deployments{query}")] == found


def test_what_is_no_commit(client: Asking, shop: Repo) -> None:
    assert [deploy(client, ref, **BARE)[0] for ref in ("", "nothing", "0" * 40)] == [422] * 3


def test_the_default_branch_is_merged_unless_told_not_to(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    github.push(shop, "main", {"m/3.sql": "select 3;\n"})
    assert deploy(client, pull.head_sha)[1]["message"] == f"Conflict merging main into {pull.head_sha}."
    assert deploy(client, pull.head_sha, auto_merge=False)[0] == 201
    before = pull.head_sha
    status, said = deploy(client, "feature")
    assert (status, said["message"]) == (202, "Auto-merged main into feature on deployment.")
    assert Bare(shop.directory).one(pull.head_sha).parents[0] == before
    assert deploy(client, "feature")[0] == 201
    github.push(shop, "main", {"m/2.sql": "select 2;\n"})
    assert deploy(client, "feature")[0] == 409


def test_every_check_has_to_succeed_unless_told_otherwise(
    client: Asking, github: World, shop: Repo, pull: Pull
) -> None:
    github.other_app_reports(shop, pull.head_sha, "lint", "success")
    assert deploy(client, "feature")[0] == 201
    github.other_app_reports(shop, pull.head_sha, "e2e", "skipped")
    status, said = deploy(client, "feature")
    assert (status, said["message"]) == (409, "Conflict: Commit status checks failed for feature.")
    assert said["errors"][0]["contexts"] == [
        {"context": "lint", "state": "success"},
        {"context": "e2e", "state": "skipped"},
    ]
    asked = [deploy(client, "feature", required_contexts=names)[0] for names in (["lint"], [], ["e2e"], ["unheard of"])]
    assert asked == [201, 201, 409, 409]


# ---------------------------------------------------------------- statuses

BAD_STATUSES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, "state"),
    "unknown": ({"state": "done"}, "state"),
    "long": ({"state": "success", "description": "x" * 141}, "description"),
    "no address": ({"state": "success", "log_url": "/log"}, "log_url"),
}


@pytest.mark.parametrize("name", BAD_STATUSES)
def test_a_bad_status(client: Asking, shop: Repo, name: str) -> None:
    wanted, field = BAD_STATUSES[name]
    number = deploy(client, "main", **BARE)[1]["id"]
    answer = client.ask("POST", f"{REPO}/deployments/{number}/statuses", wanted)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert states(client, number) == []


@pytest.mark.parametrize(
    ("first", "more", "expected"),
    [
        ({"environment": "staging"}, {}, ["inactive", "success"]),
        ({"environment": "staging"}, {"auto_inactive": False}, ["success"]),
        ({"environment": "staging", "transient_environment": True}, {}, ["success"]),
        ({"environment": "staging", "production_environment": True}, {}, ["success"]),
        ({"environment": "qa"}, {}, ["success"]),
    ],
)
def test_success_makes_the_earlier_inactive(
    client: Asking, shop: Repo, first: dict[str, Any], more: dict[str, Any], expected: list[str]
) -> None:
    earlier = deploy(client, "main", task="deploy", **first, **BARE)[1]["id"]
    later = deploy(client, "main", task="migrate", environment="staging", **BARE)[1]["id"]
    for number, told in ((earlier, {}), (later, more)):
        wanted = {"state": "success", "description": "x" * 140, **told}
        assert client.ask("POST", f"{REPO}/deployments/{number}/statuses", wanted).status_code == 201
    assert (states(client, earlier), states(client, later)) == (expected, ["success"])


def test_without_the_permission(client: Asking, github: World, shop: Repo) -> None:
    number = deploy(client, "main", **BARE)[1]["id"]
    github.accept_permissions(github.installation(shop), deployments="read")
    client.become(shop)
    status, said = deploy(client, "main", **BARE)
    assert (status, said["message"]) == (403, "Resource not accessible by integration")
    assert client.ask("POST", f"{REPO}/deployments/{number}/statuses", {"state": "success"}).status_code == 403
    assert states(client, number) == []


def test_the_app_is_told_nothing_of_it(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    github.hooks.settle()
    before = len(github.hooks.deliveries)
    github.deploy("cat", shop, "main", "staging")
    github.review("cat", pull, "APPROVED")
    github.hooks.settle()
    assert len(github.hooks.deliveries) == before
    assert github.deployments(shop) == []


# ---------------------------------------------------------------- reviews


def test_reviews(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    first = pull.head_sha
    github.dismiss("ann", github.review("cat", pull, "APPROVED"))
    github.push(shop, "feature", {"m/4.sql": "select 4;\n"}, by="ann")
    github.review("ben", pull, "CHANGES_REQUESTED")
    github.review("ann", pull, "COMMENTED")
    found = client.get(f"{REPO}/pulls/{pull.number}/reviews")
    assert [(one["user"]["login"], one["state"], one["commit_id"]) for one in found] == [
        ("cat", "DISMISSED", first),
        ("ben", "CHANGES_REQUESTED", pull.head_sha),
        ("ann", "COMMENTED", pull.head_sha),
    ]


def test_reviews_that_are_refused(github: World, shop: Repo, pull: Pull) -> None:
    with pytest.raises(Refused, match="422: Unprocessable Entity: Can not approve your own pull request"):
        github.review("ann", pull, "APPROVED")
    with pytest.raises(Refused, match="404"):
        github.review(github.add_user("zoe").login, pull, "COMMENTED")
    with pytest.raises(Refused, match="403: Must have write access"):
        github.dismiss("ben", github.review("ben", pull, "APPROVED"))
    with pytest.raises(Refused, match="422: Can not dismiss a commented"):
        github.dismiss("cat", github.review("ben", pull, "COMMENTED"))


# ---------------------------------------------------------------- merging


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_ways_to_merge(client: Asking, github: World, shop: Repo, pull: Pull, method: str, parents: int) -> None:
    shop.required = ""
    before, bare = Bare(shop.directory).branch("main"), Bare(shop.directory)
    github.merge("cat", pull, method)
    tip = bare.one("main")
    assert (tip.sha, tip.parents[0], len(tip.parents)) == (pull.merge_sha, before, parents)
    assert bare.is_ancestor(pull.head_sha, "main") is (method == "merge")
    told = client.get(f"{REPO}/pulls/{pull.number}")
    assert (told["merged"], told["merge_commit_sha"]) == (True, tip.sha)
