"""The App is installed and removed, given repositories, and lacks permissions; repositories get other names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from bot.model import Refresh, Sweep
from bot.model import Repo as Known
from bot.queue import SHARDS, Queue
from bot.scripts import PENDING
from bot.store import PREFIX
from tests.conversations.conftest import COLUMN, INDEX, Shop, make_shop
from tests.github.state import Pull, Request
from tests.repositories import prisma
from tests.town import Town

_OWNERS = (f"tenant-{number}" for number in itertools.count(1))


@pytest.fixture
def owner() -> str:
    """Of an installation of its own."""
    return next(_OWNERS)


@pytest.fixture
def shop(a_town: Town, owner: str) -> Shop:
    return make_shop(a_town, owner=owner)


def _without_the_app(place: Town, owner: str, *names: str) -> list[Pull]:
    """An open pull request in each of an owner's repositories, where the App is not installed yet."""
    github, found = place.github, []
    for name in names:
        repo = github.create_repository(f"{owner}/{name}", prisma(m1_init="SELECT 1;\n"), install=False)
        github.allow(repo, "ann", "write")
        github.push(repo, "feature", prisma(m2_note='CREATE TABLE "notes" ("id" int);\n'), by="ann")
        found.append(github.open_pull(repo, "feature", "ann"))
    return found


def _conclusions(place: Town, *pulls: Pull) -> list[str | None]:
    return [run.conclusion for pull in pulls for run in place.github.checks(pull.repo, pull.head_sha)]


def _asked(shop: Shop, since: int) -> list[Request]:
    return shop.town.github.requests()[since:]


def _said(place: Town, since: int) -> list[str]:
    """What the processes wrote of work that was given up."""
    return [line for line in place.log.read_text()[since:].splitlines() if "gave up" in line]


def _tokens_end(place: Town) -> None:
    """As they do within the hour."""
    with redis.Redis.from_url(place.redis.url) as connection:
        for name in connection.scan_iter(f"{PREFIX}vault:*"):
            connection.delete(name)


# ---------------------------------------------------------------- repositories come


def test_the_app_is_installed_where_pull_requests_wait(a_town: Town, owner: str) -> None:
    first, second = _without_the_app(a_town, owner, "one", "two")
    for pull in (first, second):
        a_town.github.install(pull.repo)
    a_town.settle()
    assert _conclusions(a_town, first, second) == ["success", "success"]


@pytest.mark.campaign
def test_the_app_is_given_another_repository(shop: Shop, owner: str) -> None:
    (pull,) = _without_the_app(shop.town, owner, "more")
    shop.town.github.install(pull.repo)
    shop.town.settle()
    assert _conclusions(shop.town, pull) == ["success"]


@pytest.mark.campaign
def test_the_app_is_installed_again(shop: Shop) -> None:
    """What it recorded before stays, and its old installation is known to nobody."""
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    shop.tick_all("bob", pull)
    github.uninstall(github.installation(shop.repo))
    github.install(shop.repo)
    shop.town.settle()
    shop.push(pull, m3_note=COLUMN)
    assert shop.state(pull) == ("completed", "success")


@pytest.mark.campaign
def test_work_that_knows_an_installation_of_before(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    before = github.installation(shop.repo)
    github.uninstall(before)
    github.hooks.hold()
    github.install(shop.repo)
    github.push(shop.repo, "feature", shop.migrations(m3_note=COLUMN), by="ann")
    with redis.Redis.from_url(shop.town.redis.url) as connection:
        Queue(connection).add(Refresh(Known(shop.repo.id, shop.repo.full_name, before.id), pull.number))
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    github.hooks.release()


@pytest.mark.campaign
def test_a_repository_is_renamed(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    github.rename(shop.repo, f"{shop.repo.name}-renamed")
    shop.push(pull, m3_note=COLUMN)
    assert shop.state(pull) == ("completed", "action_required")
    assert len(github.bot_comments(pull)) == 1


@pytest.mark.campaign
def test_a_repository_is_renamed_while_work_waits(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    github.meanwhile("GET", f"/pulls/{pull.number}$", lambda: github.rename(shop.repo, f"{shop.repo.name}-renamed"))
    shop.push(pull, m3_note=COLUMN)
    assert shop.state(pull) == ("completed", "action_required")
    assert "not reviewed" not in (shop.check(pull).title or "")


# ---------------------------------------------------------------- repositories go


@pytest.mark.campaign
@pytest.mark.parametrize("gone", ["suspended", "uninstalled", "taken away"])
def test_work_that_is_under_way_ends_quietly(shop: Shop, gone: str) -> None:
    github = shop.town.github
    shop.open(m2_index=INDEX)
    installation = github.installation(shop.repo)
    ends = {
        "suspended": lambda: github.suspend(installation),
        "uninstalled": lambda: github.uninstall(installation),
        "taken away": lambda: github.take_away(shop.repo),
    }
    requests, said = len(github.requests()), shop.town.log.stat().st_size
    _tokens_end(shop.town)
    github.hooks.hold()
    github.push(shop.repo, "feature", shop.migrations(m3_note=COLUMN), by="ann")
    ends[gone]()
    github.hooks.release()
    shop.town.settle()
    asked = _asked(shop, requests)
    assert len(asked) <= 8, asked
    assert {request.status for request in asked} <= {403, 404, 422}
    assert len(_said(shop.town, said)) == 2  # of the push, and of the pull request


@pytest.mark.campaign
def test_what_was_missed_while_it_was_suspended_is_found(shop: Shop) -> None:
    github = shop.town.github
    github.suspend(github.installation(shop.repo))
    missed = shop.open(m2_index=INDEX)
    github.unsuspend(github.installation(shop.repo))
    shop.town.settle()
    assert shop.state(missed) == ("completed", "action_required")


def test_a_permission_is_missing(shop: Shop) -> None:
    """Nothing can be told on GitHub; the log tells it once, and what was missed is found when the permission comes."""
    github = shop.town.github
    installation = github.installation(shop.repo)
    github.accept_permissions(installation, checks="none")
    shop.town.settle()
    requests, said = len(github.requests()), shop.town.log.stat().st_size
    pull = shop.open(m2_index=INDEX)
    assert ["needs the permission" in line for line in _said(shop.town, said)] == [True]
    assert len(_asked(shop, requests)) <= 12
    github.accept_permissions(installation, checks="write")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_the_permission_to_comment_is_missing(shop: Shop) -> None:
    github = shop.town.github
    installation = github.installation(shop.repo)
    github.accept_permissions(installation, issues="none", pull_requests="read")
    pull = shop.open(m2_index=INDEX)
    assert shop.state(pull) == ("completed", "failure")
    assert "needs the permission" in (shop.check(pull).summary or "")
    with redis.Redis.from_url(shop.town.redis.url) as connection:  # the permission comes long after
        Queue(connection).add(Sweep(installation.id))
    shop.town.settle()
    github.accept_permissions(installation, issues="write", pull_requests="write")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")


# ---------------------------------------------------------------- many


@pytest.mark.campaign
def test_one_with_much_work_does_not_keep_another_waiting(a_town: Town) -> None:
    """Sixty pull requests wait before the one of somebody else is opened."""
    github = a_town.github
    noisy, quiet = (make_shop(a_town, owner=next(_OWNERS)) for _ in range(2))
    assert _shard(noisy) != _shard(quiet)
    waiting = tuple(_closed_pulls(noisy, 60))
    gate = github.pause("GET", f"/repos/{noisy.repo.full_name}/pulls/")
    with redis.Redis.from_url(a_town.redis.url) as connection:
        for work in waiting:
            Queue(connection).add(work)
        assert gate.reached.wait(20)
        github.push(quiet.repo, "feature", quiet.migrations(m2_note=COLUMN), by="ann")
        pull = github.open_pull(quiet.repo, "feature", "ann")
        github.hooks.settle()
        gate.open.set()
        a_town.until(lambda: _conclusions(a_town, pull) == ["success"], "the other is reviewed")
        assert connection.zcard(PENDING) > 40
    a_town.settle()


def _shard(shop: Shop) -> int:
    return shop.town.github.installation(shop.repo).id % SHARDS


def _closed_pulls(shop: Shop, number: int) -> Iterator[Refresh]:
    """There is little to be done about each."""
    github = shop.town.github
    github.push(shop.repo, "feature", {"README.md": "More.\n"}, by="ann")
    first = github.open_pull(shop.repo, "feature", "ann")
    github.close("ann", first)
    shop.town.settle()
    known = Known(shop.repo.id, shop.repo.full_name, github.installation(shop.repo).id)
    for other in range(2, number + 2):
        shop.repo.pulls[other] = replace(first, id=20_000 + other, number=other)
        yield Refresh(known, other)
