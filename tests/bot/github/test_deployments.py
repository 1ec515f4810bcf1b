from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import Conflict, Forbidden, Retryable
from bot.github.client import Client
from bot.github.deployments import Deployment, Wanted, create, find, statuses, tell
from tests.bot.github.scripted import Answer, Scripted
from tests.github import deployments
from tests.github.faults import lost_response
from tests.github.state import Pull, Repo
from tests.github.world import World

LOG = "https://github.example/acme/shop/pull/1#issuecomment-1"


@pytest.fixture
def pull(world: World, shop: Repo) -> Pull:
    world.allow(shop, "ann", "write")
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"}, by="ann")
    return world.open_pull(shop, "feature", "ann")


@pytest.fixture
def wanted(pull: Pull) -> Wanted:
    payload = {"pull": pull.number, "migrations": ["b.sql"]}
    return Wanted(pull.head_sha, "staging", "1 migration", production=False, key="ask:7", payload=payload)


def ids(client: Client, environment: str | None = None, sha: str | None = None, task: str = "migrate") -> list[int]:
    return [one.id for one in find(client, environment, sha, task)]


def posts(world: World) -> int:
    return len(world.writes())


def test_none(here: Client) -> None:
    assert ids(here) == []


def test_nothing_is_made_twice(world: World, here: Client, wanted: Wanted) -> None:
    made = create(here, wanted)
    assert (create(here, wanted), posts(world)) == (made, 1)


def test_what_is_made(world: World, shop: Repo, here: Client, wanted: Wanted, pull: Pull) -> None:
    made = create(here, replace(wanted, description="d" * 200))
    (there,) = world.deployments(shop)
    assert (made.id, made.sha, made.environment, made.task) == (there.id, pull.head_sha, "staging", "migrate")
    assert (made.key, dict(made.payload)) == ("ask:7", {"pull": 1, "migrations": ["b.sql"], "key": "ask:7"})
    assert (there.production, there.transient, there.description) == (False, False, "d" * 140)
    create(here, replace(wanted, environment="live", production=True))
    assert [one.production for one in world.deployments(shop)] == [False, True]


def test_another_attempt_is_another_one(here: Client, wanted: Wanted) -> None:
    made = [create(here, replace(wanted, key=key)).id for key in ("ask:7", "ask:8", "ask:7")]
    assert ids(here, "staging") == [made[1], made[0]]


def test_a_branch_behind_and_a_red_check_are_no_reason(
    world: World, shop: Repo, here: Client, wanted: Wanted, pull: Pull
) -> None:
    """GitHub would merge main into the branch, and wait for every check."""
    world.push(shop, "main", {"c.sql": "SELECT 3;\n"})
    world.other_app_reports(shop, pull.head_sha, "lint", "failure")
    assert create(here, wanted).sha == wanted.sha == pull.head_sha


def test_the_answer_is_lost(world: World, shop: Repo, here: Client, wanted: Wanted) -> None:
    world.fail("POST", "/deployments$", lost_response())
    with pytest.raises(Retryable):
        create(here, wanted)
    assert create(here, wanted).id == world.deployments(shop)[0].id
    assert len(world.deployments(shop)) == 1


def test_a_commit_that_is_gone(here: Client, wanted: Wanted) -> None:
    with pytest.raises(Conflict, match="No ref found for: 0000"):
        create(here, replace(wanted, sha="0" * 40))


def test_without_the_permission(world: World, shop: Repo, here: Client, wanted: Wanted) -> None:
    world.accept_permissions(world.installation(shop), deployments="none")
    with pytest.raises(Forbidden, match="Resource not accessible by integration"):
        create(here, wanted)


def test_which_are_found(world: World, shop: Repo, here: Client, wanted: Wanted) -> None:
    main = world.push(shop, "main", {"c.sql": "SELECT 3;\n"})
    world.deploy("ann", shop, "main", "staging")
    first = create(here, wanted).id
    second = create(here, replace(wanted, sha=main)).id
    third = create(here, replace(wanted, environment="live", sha=main)).id
    fourth = create(here, replace(wanted, task="migrate:rollback")).id
    assert (ids(here), ids(here, "staging"), ids(here, "Staging")) == ([third, second, first], [second, first], [])
    assert (ids(here, None, main), ids(here, "staging", main)) == ([third, second], [second])
    assert ids(here, task="migrate:rollback") == [fourth]


def test_all_pages(world: World, shop: Repo, here: Client) -> None:
    bot = world.state.bot
    made = [world.deploy(bot.login, shop, "main", "staging") for _ in range(101)]
    assert ids(here, "staging", task="deploy") == [one.id for one in reversed(made)]
    for n in range(101):
        deployments.tell(world.state, made[0], {"state": "in_progress", "description": str(n)}, bot)
    *_, first = find(here, "staging", task="deploy")
    assert [one.description for one in statuses(here, first)][::50] == ["100", "50", "0"]


def deployment(number: int, login: str | None, app: int | None, payload: object) -> dict[str, object]:
    told = {"id": number, "sha": "a" * 40, "environment": "staging", "task": "migrate", "created_at": "t"}
    creator = login and {"login": login}
    return {**told, "payload": payload, "creator": creator, "performed_via_github_app": app and {"id": app}}


def test_whose_they_are(client: Client, github: Scripted) -> None:
    """The App's number is 99. GitHub leaves it out of what an installation made."""
    told = [
        deployment(1, "migration-bot[bot]", None, {"key": "k"}),
        deployment(2, "migration-bot[bot]", 99, "{}"),
        deployment(3, "migration-bot[bot]", 15368, {}),
        deployment(4, "migration-bot", None, {"key": "k"}),
        deployment(5, "ann", 99, {"key": "k"}),
        deployment(6, None, None, None),
    ]
    github.on("GET", "/app", Answer(json={"slug": "migration-bot"}))
    github.on("GET", "/repos/octo/shop/deployments", Answer(json=told))
    assert [(one.id, one.key) for one in find(client, None)] == [(1, "k"), (2, "")]


# ---------------------------------------------------------------- statuses


@pytest.fixture
def made(here: Client, wanted: Wanted) -> Deployment:
    return create(here, wanted)


def told(client: Client, made: Deployment) -> list[tuple[str, str, str]]:
    return [(one.state, one.description, one.log_url) for one in statuses(client, made)]


def test_no_status(here: Client, made: Deployment) -> None:
    assert statuses(here, made) == ()


def test_what_was_told_last_is_not_told_again(world: World, here: Client, made: Deployment) -> None:
    for _ in range(2):
        tell(here, made, "in_progress", "d" * 200, LOG)
    assert (told(here, made), posts(world)) == ([("in_progress", "d" * 140, LOG)], 2)


def test_the_story_of_one(here: Client, made: Deployment) -> None:
    for state, description in (("queued", ""), ("in_progress", "1 of 2"), ("in_progress", "2 of 2"), ("failure", "no")):
        tell(here, made, state, description)
    assert told(here, made) == [
        ("failure", "no", ""),
        ("in_progress", "2 of 2", ""),
        ("in_progress", "1 of 2", ""),
        ("queued", "", ""),
    ]
    assert [one.over for one in statuses(here, made)] == [True, False, False, False]


def test_the_application_there_stays_active(world: World, shop: Repo, here: Client, wanted: Wanted, pull: Pull) -> None:
    theirs = world.deploy("ann", shop, pull.head_sha, "staging")
    before = create(here, wanted)
    after = create(here, replace(wanted, key="ask:8"))
    for one in (before, after):
        tell(here, one, "success", "2 migrations")
    assert [one.state for one in theirs.statuses] == ["success"]
    assert [told(here, one) for one in (before, after)] == [[("success", "2 migrations", "")]] * 2


def test_another_makes_ours_inactive(world: World, shop: Repo, here: Client, made: Deployment) -> None:
    """GitHub does it when the application is deployed; our own end stands, and is not told again."""
    tell(here, made, "success", "1 migration")
    world.deploy("ann", shop, "main", "staging")
    assert [(one.state, one.over) for one in statuses(here, made)] == [("inactive", True), ("success", True)]
    tell(here, made, "success", "1 migration")
    assert len(statuses(here, made)) == 2
    tell(here, made, "inactive", "rolled back")
    assert told(here, made)[0] == ("inactive", "rolled back", "")
