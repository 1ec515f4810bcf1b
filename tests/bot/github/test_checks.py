from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import Conflict, NotFound, Retryable
from bot.github.checks import WantedCheck, conclude, ensure_check, run, runs
from bot.github.client import Client
from bot.outcome import Annotation
from tests.bot.github.scripted import Answer, Scripted
from tests.github.faults import lost_response
from tests.github.state import Repo, Run
from tests.github.world import World

TEXT = "what is **recorded**"


@pytest.fixture
def sha(world: World, shop: Repo) -> str:
    return world.push(shop, "feature", {"b.sql": "SELECT 2;\n"})


def queued(sha: str) -> WantedCheck:
    return WantedCheck(sha, "queued", None, "waiting", "To be reviewed.")


def concluded(sha: str, conclusion: str = "action_required", count: int = 0) -> WantedCheck:
    found = tuple(Annotation("b.sql", 1, 1, "warning", "t", f"finding {n}") for n in range(count))
    return WantedCheck(sha, "completed", conclusion, "2 open", "Two items are open.", TEXT, found)


def states(world: World, shop: Repo, sha: str) -> list[tuple[str, str | None]]:
    return [(one.status, one.conclusion) for one in world.checks(shop, sha)]


def messages(one: Run) -> list[str]:
    return [annotation["message"] for annotation in one.annotations]


def written(world: World) -> list[str]:
    """The requests that write, without the repository's part of their paths."""
    return [f"{one.method} {one.path.removeprefix('/repos/acme/shop')}" for one in world.writes()]


def test_no_runs(here: Client, sha: str) -> None:
    assert runs(here, sha) == ()


def test_nothing_is_written_when_nothing_would_change(world: World, here: Client, sha: str) -> None:
    for wanted in (queued(sha), concluded(sha), concluded(sha, "failure", count=60)):
        first = ensure_check(here, wanted, "7:1")
        before = written(world)
        assert ensure_check(here, wanted, "7:1") == first
        assert written(world) == before


def test_a_run_as_it_is_made(world: World, shop: Repo, here: Client, sha: str) -> None:
    made = ensure_check(here, concluded(sha, count=1), "7:1")
    (there,) = world.checks(shop, sha)
    assert (there.name, there.status, there.conclusion, there.external_id) == (
        "migrations",
        "completed",
        "action_required",
        "7:1",
    )
    assert [action["identifier"] for action in there.actions] == ["rerun"]
    assert there.annotations == [
        {
            "path": "b.sql",
            "start_line": 1,
            "end_line": 1,
            "annotation_level": "warning",
            "title": "t",
            "message": "finding 0",
        }
    ]
    assert (made.id, made.sha, made.title, made.text, made.annotations_count) == (there.id, sha, "2 open", TEXT, 1)
    assert runs(here, sha) == (made,)
    assert run(here, made.id) == made


def test_a_run_goes_on_to_its_end(world: World, shop: Repo, here: Client, sha: str) -> None:
    for wanted in (queued(sha), replace(queued(sha), status="in_progress"), concluded(sha), concluded(sha, "success")):
        ensure_check(here, wanted, "7:1")
    assert states(world, shop, sha) == [("completed", "success")]


def test_another_external_id_is_written(world: World, shop: Repo, here: Client, sha: str) -> None:
    for external_id in ("7:1", "7:2"):
        ensure_check(here, queued(sha), external_id)
    assert [one.external_id for one in world.checks(shop, sha)] == ["7:2"]


def test_a_server_that_ignores_our_filter(client: Client, github: Scripted) -> None:
    told = [{"id": n, "head_sha": "a", "status": "queued", "app": {"id": n}} for n in (98, 99)]
    github.on("GET", "/repos/octo/shop/commits/a/check-runs", Answer(json={"check_runs": told}))
    assert [one.id for one in runs(client, "a")] == [99]


def test_a_completed_run_is_reopened_as_a_new_one(world: World, shop: Repo, here: Client, sha: str) -> None:
    first = ensure_check(here, concluded(sha), "7:1")
    second = ensure_check(here, queued(sha), "7:1")
    third = ensure_check(here, concluded(sha, "success"), "7:1")
    assert [one.id for one in runs(here, sha)] == [second.id, first.id]
    assert third.id == second.id
    assert states(world, shop, sha) == [("completed", "action_required"), ("completed", "success")]


def test_older_runs_that_are_open_are_concluded(world: World, shop: Repo, here: Client, sha: str) -> None:
    for _ in range(3):  # as by processes that did not see each other's
        here.post("check-runs", {"name": "migrations", "head_sha": sha, "status": "in_progress"})
    ensure_check(here, concluded(sha, "success"), "7:1")
    cancelled = ("completed", "cancelled")
    assert states(world, shop, sha) == [cancelled, cancelled, ("completed", "success")]


def test_runs_of_others_are_left_alone(world: World, shop: Repo, here: Client, sha: str) -> None:
    world.other_app_reports(shop, sha, "migrations", "failure")
    here.post("check-runs", {"name": "other", "head_sha": sha, "status": "queued"})
    ensure_check(here, concluded(sha, "success"), "7:1")
    assert len(runs(here, sha)) == 1
    assert states(world, shop, sha) == [("queued", None), ("completed", "success")]


def test_more_runs_than_a_page(here: Client, world: World, shop: Repo, sha: str) -> None:
    made = [here.post("check-runs", {"name": "migrations", "head_sha": sha})["id"] for _ in range(101)]
    assert [one.id for one in runs(here, sha)] == sorted(made, reverse=True)


def test_one_that_github_called_stale_is_replaced(world: World, shop: Repo, here: Client, sha: str) -> None:
    ensure_check(here, queued(sha), "7:1")
    (there,) = world.checks(shop, sha)
    there.status, there.conclusion = "completed", "stale"
    ensure_check(here, concluded(sha), "7:1")
    assert states(world, shop, sha) == [("completed", "stale"), ("completed", "action_required")]


def test_a_run_is_concluded(here: Client, world: World, shop: Repo, sha: str) -> None:
    conclude(here, ensure_check(here, queued(sha), "7:1"))
    (there,) = world.checks(shop, sha)
    assert (there.status, there.conclusion, there.title) == ("completed", "cancelled", "waiting")


def test_no_such_run(here: Client) -> None:
    with pytest.raises(NotFound):
        run(here, 999_999)


def test_no_such_commit(here: Client) -> None:
    with pytest.raises(Conflict, match="No commit found"):
        runs(here, "0" * 40)


# ---------------------------------------------------------------- annotations


def test_annotations_come_in_batches_up_to_two_hundred(world: World, shop: Repo, here: Client, sha: str) -> None:
    ensure_check(here, concluded(sha, count=230), "7:1")
    (there,) = world.checks(shop, sha)
    assert messages(there) == [f"finding {n}" for n in range(200)]
    assert written(world) == ["POST /check-runs", *[f"PATCH /check-runs/{there.id}"] * 3]


def test_annotations_are_not_sent_again_when_the_rest_changes(world: World, shop: Repo, here: Client, sha: str) -> None:
    for conclusion in ("action_required", "success", "failure"):
        ensure_check(here, concluded(sha, conclusion, count=51), "7:1")
    (there,) = world.checks(shop, sha)
    assert messages(there) == [f"finding {n}" for n in range(51)]


def test_annotations_are_added_to_a_run_that_has_none(world: World, shop: Repo, here: Client, sha: str) -> None:
    ensure_check(here, queued(sha), "7:1")
    ensure_check(here, concluded(sha, count=2), "7:1")
    (there,) = world.checks(shop, sha)
    assert messages(there) == ["finding 0", "finding 1"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_other_annotations_need_a_new_run(count: int, world: World, shop: Repo, here: Client, sha: str) -> None:
    ensure_check(here, concluded(sha, count=2), "7:1")
    ensure_check(here, concluded(sha, count=count), "7:1")
    assert [len(one.annotations) for one in world.checks(shop, sha)] == [2, count]


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_reply_costs_nothing(lost: int, world: World, shop: Repo, here: Client, sha: str) -> None:
    wanted = concluded(sha, count=120)
    world.fail("POST" if lost == 0 else "PATCH", "/check-runs", lost_response(), after=max(lost - 1, 0))
    with pytest.raises(Retryable, match="it may have been done or not"):
        ensure_check(here, wanted, "7:1")
    ensure_check(here, wanted, "7:1")
    (there,) = world.checks(shop, sha)
    assert messages(there) == [f"finding {n}" for n in range(120)]
    assert (there.status, there.conclusion) == ("completed", "action_required")


# ---------------------------------------------------------------- what is asserted


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "completed"},
        {"conclusion": "success"},
        {"summary": "é" * 32_501},
        {"text": "." * 65_001},
    ],
)
def test_what_github_would_refuse_is_a_bug(wrong: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        replace(queued("0" * 40), **wrong)  # type: ignore[arg-type]
