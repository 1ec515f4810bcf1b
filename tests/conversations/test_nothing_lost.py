"""What was missed, or taken and then lost, is found again; where nothing was missed, looking costs next to nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from bot.memory import Memory
from bot.model import Replay, Sweep, Work
from bot.queue import Queue
from bot.scripts import PENDING, WORK
from bot.store import PREFIX
from tests.conversations.conftest import COLUMN, DROP, INDEX, Shop, make_shop
from tests.github.faults import refusal
from tests.github.state import Pull, Request
from tests.town import Town

_OWNERS = (f"lone-{number}" for number in itertools.count(1))


@pytest.fixture
def shop(a_town: Town) -> Iterator[Shop]:
    """Alone in its installation, so that a sweep finds nothing else."""
    yield make_shop(a_town, owner=next(_OWNERS))
    a_town.github.state.faults.clear()
    a_town.settle()


def _do(shop: Shop, work: Work) -> list[Request]:
    """What was asked of GitHub until it was done."""
    before = len(shop.town.github.requests())
    with redis.Redis.from_url(shop.town.redis.url) as connection:
        Queue(connection).add(work)
    shop.town.settle()
    return shop.town.github.requests()[before:]


def _sweep(shop: Shop) -> list[Request]:
    return _do(shop, Sweep(shop.town.github.installation(shop.repo).id))


def _asked_again(asked: list[Request]) -> int:
    return sum(request.path.endswith("/attempts") for request in asked)


def _missed(shop: Shop, branch: str = "feature", **migrations: str | None) -> Pull:
    """A pull request that nobody listened to GitHub about."""
    github = shop.town.github
    url, github.webhook_url = github.webhook_url, None
    github.push(shop.repo, branch, shop.migrations(**migrations), by="ann")
    pull = github.open_pull(shop.repo, branch, "ann")
    github.hooks.settle()
    github.webhook_url = url
    shop.town.settle()
    assert github.checks(shop.repo, pull.head_sha) == []
    return pull


# ---------------------------------------------------------------- sweeps


def test_an_unchanged_world_costs_nothing(shop: Shop) -> None:
    """Of the hourly limit: a 304 is free. Only the repository that has pull requests is asked about them."""
    shop.town.github.create_repository(f"{shop.repo.owner.login}/quiet", {"README.md": "Quiet.\n"})
    shop.open(m2_index=INDEX)
    _sweep(shop)  # sees the comment, too
    asked = _sweep(shop)
    assert [(one.path.rpartition("/")[2], one.status) for one in asked] == [("repositories", 304), ("pulls", 304)]


def test_a_pull_request_that_was_missed_is_found(shop: Shop) -> None:
    pull = _missed(shop, m2_index=INDEX)
    _sweep(shop)
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_a_push_that_was_missed_is_found(shop: Shop) -> None:
    pull = shop.open(m2_note=COLUMN)
    _sweep(shop)
    shop.town.github.hooks.lose("push", "check_suite.requested", "pull_request.synchronize")
    shop.push(pull, m3_drop=DROP)
    assert shop.town.github.checks(shop.repo, pull.head_sha) == []
    _sweep(shop)
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_what_nobody_remembers_is_looked_at(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    shop.tick_all("bob", pull)
    _sweep(shop)
    with redis.Redis.from_url(shop.town.redis.url) as connection:
        connection.delete(f"{PREFIX}pull:{shop.repo.id}:{pull.number}")
    before = shop.town.github.writes()
    asked = _sweep(shop)
    assert f"/repos/{shop.repo.full_name}/pulls/{pull.number}" in [request.path for request in asked]
    assert shop.town.github.writes() == before
    assert shop.state(pull) == ("completed", "success")


@pytest.mark.campaign
def test_what_could_not_be_told_is_told_later(shop: Shop) -> None:
    """The pull request itself is as it was when the last sweep saw it."""
    github = shop.town.github
    github.fail("POST", f"/repos/{shop.repo.full_name}/check-runs", refusal(403, "Not just now."), times=99)
    pull = shop.open(m2_index=INDEX)
    _sweep(shop)
    assert github.checks(shop.repo, pull.head_sha) == []
    github.state.faults.clear()
    _sweep(shop)
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_one_repository_that_refuses_does_not_keep_the_others_from_being_looked_at(shop: Shop) -> None:
    other = make_shop(shop.town, owner=shop.repo.owner.login)
    missed = _missed(other, m2_index=INDEX)
    _missed(shop, m2_index=INDEX)
    shop.town.github.fail("GET", f"/repos/{shop.repo.full_name}/pulls$", refusal(403, "Repository access blocked"))
    _sweep(shop)
    assert other.state(missed) == ("completed", "action_required")


@pytest.mark.campaign
def test_an_archived_repository_is_left_alone(shop: Shop) -> None:
    _missed(shop, m2_index=INDEX)
    shop.town.github.archive(shop.repo)
    assert [request.path for request in _sweep(shop) if shop.repo.full_name in request.path] == []


@pytest.mark.campaign
def test_the_last_of_many_is_found(shop: Shop) -> None:
    """GitHub tells of a hundred at a time. The others are known, which spares their reviews."""
    first = _missed(shop, "first", m2_note=COLUMN)
    sha = shop.town.github.push(shop.repo, "known", {"README.md": "Known.\n"})
    with redis.Redis.from_url(shop.town.redis.url) as connection:
        memory = Memory(connection)
        for number in range(2, 130):
            known = replace(first, id=10_000 + number, number=number, head_ref="known", head_sha=sha)
            shop.repo.pulls[number] = known
            memory.keep_concluded(shop.repo.id, number, sha)
            memory.keep_swept(shop.repo.id, number, f"{sha} {known.updated_at:%Y-%m-%dT%H:%M:%SZ}")
    last = _missed(shop, "last", m2_index=INDEX)
    _sweep(shop)
    assert last.number == 130
    assert shop.state(last) == ("completed", "action_required")
    assert shop.state(first) == ("completed", "success")
    assert shop.town.github.checks(shop.repo, sha) == []


@pytest.mark.campaign
def test_a_run_that_github_gave_up_is_made_anew(shop: Shop) -> None:
    github = shop.town.github
    github.fail("PATCH", f"/repos/{shop.repo.full_name}/check-runs", refusal(403, "Not just now."), times=99)
    pull = shop.open(m2_index=INDEX)
    assert shop.state(pull) == ("queued", None)
    github.state.faults.clear()
    github.days_pass(shop.repo, 14.1)
    assert shop.state(pull) == ("completed", "stale")
    _sweep(shop)
    assert shop.state(pull) == ("completed", "action_required")


# ---------------------------------------------------------------- deliveries


@pytest.mark.campaign
def test_what_arrived_is_not_asked_for_again(shop: Shop) -> None:
    shop.open(m2_index=INDEX)
    _do(shop, Replay())
    assert _asked_again(_do(shop, Replay())) == 0


@pytest.mark.campaign
def test_what_failed_is_asked_for_once_more_if_it_matters(shop: Shop) -> None:
    github = shop.town.github
    _do(shop, Replay())
    pull = shop.open(m2_index=INDEX)
    item = shop.open_items(pull)[0]
    url, github.webhook_url = github.webhook_url, None
    github.tick("bob", pull, item)
    github.ready_for_review("ann", pull)
    installation = github.installation(shop.repo)
    github.hooks.send("pull_request", {"action": "labeled"}, installation.id, shop.repo.id)
    github.hooks.settle()
    github.webhook_url = url
    already = len(github.hooks.deliveries)
    assert _asked_again(_do(shop, Replay())) == 2
    again = [one.name for one in github.hooks.deliveries[already:] if one.redelivery]
    assert sorted(again) == ["issue_comment.edited", "pull_request.ready_for_review"]
    assert shop.boxes(pull)[item] is True
    assert "ticked by <code>bob</code>" in shop.line(pull, item)
    assert _asked_again(_do(shop, Replay())) == 0


@pytest.mark.campaign
def test_one_delivery_that_github_has_no_more_does_not_keep_the_others_from_coming(shop: Shop) -> None:
    github = shop.town.github
    _do(shop, Replay())
    first, second = _missed(shop, "first", m2_index=INDEX), _missed(shop, "second", m2_note=COLUMN)
    github.fail("POST", "/attempts$", refusal(404, "Not Found"))
    _do(shop, Replay())
    assert shop.state(first) == ("completed", "action_required")
    assert github.checks(shop.repo, second.head_sha) == []
    _do(shop, Replay())
    assert shop.state(second) == ("completed", "success")


def _lose_work(shop: Shop, key: str) -> None:
    """As a Redis does that is emptied."""
    with redis.Redis.from_url(shop.town.redis.url) as connection:
        assert connection.zrem(PENDING, key)
        connection.delete(f"{WORK}{key}")


def test_a_command_that_was_taken_and_lost_comes_back(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    gate = github.pause("GET", f"/repos/{shop.repo.full_name}/pulls/{pull.number}")
    github.ready_for_review("ann", pull)
    assert gate.reached.wait(20)
    said = github.comment("bob", pull, "/migrate help")
    github.hooks.settle()
    _lose_work(shop, f"ask:{said.id}")
    gate.open.set()
    shop.town.settle()
    assert said.reactions == []
    _do(shop, Replay())
    assert said.reactions == []
    _do(shop, Replay(forgetful=True))
    assert {one.content for one in said.reactions} == {"eyes", "rocket"}


@pytest.mark.campaign
def test_a_merge_group_that_was_taken_and_lost_comes_back(shop: Shop) -> None:
    """Its queue would wait for our check."""
    github = shop.town.github
    pull = shop.open(m2_note=COLUMN)
    gate = github.pause("GET", f"/repos/{shop.repo.full_name}/pulls/{pull.number}")
    github.ready_for_review("ann", pull)
    assert gate.reached.wait(20)
    group = github.queue("bob", pull)
    github.hooks.settle()
    _lose_work(shop, f"group:{shop.repo.id}:{group.head_sha}")
    gate.open.set()
    shop.town.settle()
    assert group.reason is None
    _do(shop, Replay(forgetful=True))
    assert group.reason == "merged"


@pytest.mark.campaign
def test_what_was_done_is_not_done_again_by_those_who_forgot(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    shop.say("bob", pull, "/migrate status")
    shop.tick_all("bob", pull)
    before = shop.town.github.writes()
    assert _asked_again(_do(shop, Replay(forgetful=True))) > 0
    assert shop.town.github.writes() == before


@pytest.mark.campaign
def test_deliveries_older_than_three_days_are_gone(shop: Shop) -> None:
    _do(shop, Replay())
    _missed(shop, m2_index=INDEX)
    for one in shop.town.github.hooks.deliveries:
        one.delivered_at -= timedelta(hours=71.9) if one.status == "OK" else timedelta(hours=72.1)
    assert _asked_again(_do(shop, Replay())) == 0


# ---------------------------------------------------------------- Re-run


@pytest.mark.campaign
def test_rerun_at_a_commit_that_is_no_longer_the_head_leaves_nothing_waiting(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_note=COLUMN)
    first = pull.head_sha
    shop.push(pull, m3_index=INDEX)
    github.rerun("bob", github.checks(shop.repo, first)[-1])
    shop.town.settle()
    assert [run.status for run in github.checks(shop.repo, first)] == ["completed"]
    assert shop.state(pull) == ("completed", "action_required")
