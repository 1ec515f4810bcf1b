"""After the merge: where the migrations have arrived, by whatever hands, and what people have to look at there."""

from __future__ import annotations

import re

import pytest
import redis

from bot import record
from bot.model import Row
from bot.scripts import LATER
from tests.conversations.conftest import COLUMN, INDEX, INIT, make_shop
from tests.conversations.environments.conftest import Estate, Site
from tests.conversations.environments.hands import by_hand, migration
from tests.github.faults import Answer
from tests.github.state import Pull
from tests.live_server import OWNER, PASSWORD

_FIRST, _NOTE = migration("m1_init", INIT), migration("m2_note", COLUMN)


def _look_again(site: Site, pull: Pull) -> None:
    """The hour has come; returns when that is done."""
    key = f"landed:{pull.repo.id}:{pull.number}"
    with redis.Redis.from_url(site.town.redis.url) as connection:
        assert connection.zadd(LATER, {key: 0}, xx=True, ch=True) == 1, "nobody would have looked again"
        site.town.until(lambda: connection.zscore(LATER, key) != 0, "it is looked at again")
    site.town.settle()


def _comments(site: Site, pull: Pull) -> list[str]:
    return [one.body for one in site.town.github.bot_comments(pull) if "migration-bot:landed" in one.body]


def _items(site: Site, pull: Pull) -> dict[str, tuple[bool, str]]:
    """What stands after the merge: the item in words → whether it is ticked, and what is said of it."""
    (body,) = _comments(site, pull)
    lines = [line.partition("<br><sub>") for line in body.splitlines() if line.startswith("- [")]
    return {line[6:].replace("*", ""): (line[3] == "x", re.split(" · |</sub>", said)[0]) for line, _, said in lines}


def _id(site: Site, pull: Pull, item: str) -> str:
    (body,) = _comments(site, pull)
    (line,) = [line for line in body.splitlines() if item in line.replace("*", "")]
    return line.partition("<!-- item:")[2][:8]


def _row(site: Site, pull: Pull, item: str) -> Row:
    """As it is recorded in the check."""
    section = record.section_of(pull.number, record.parse(site.shop.check(pull).text or ""))
    assert section is not None
    return next(row for row in section.rows if row.item == item)


def _merged(site: Site, **migrations: str) -> Pull:
    pull = site.shop.open(**migrations)
    site.town.github.merge("ann", pull)
    site.town.settle()
    return pull


def test_no_migrations_no_comment(estate: Estate) -> None:
    site = estate.site()
    site.town.github.push(site.shop.repo, "docs", {"README.md": "More.\n"}, by="ann")
    pull = site.town.github.open_pull(site.shop.repo, "docs", "ann")
    site.town.settle()
    site.town.github.merge("ann", pull)
    site.town.settle()
    assert _comments(site, pull) == []


def test_nowhere_to_go_no_comment(estate: Estate) -> None:
    shop = make_shop(estate.town)
    pull = shop.open(m2_note=COLUMN)
    estate.town.github.merge("ann", pull)
    estate.town.settle()
    assert [one for one in estate.town.github.bot_comments(pull) if "After merging" in one.body] == []


def test_environments_are_reached_by_any_hands(estate: Estate) -> None:
    site = estate.site()
    pull = _merged(site, m2_note=COLUMN)
    lacking = (False, "0 of 1 migration there")
    assert _items(site, pull) == {"staging is migrated": lacking, "production is migrated": lacking}
    _look_again(site, pull)
    assert not any(ticked for ticked, _ in _items(site, pull).values())

    by_hand(_url(site, "staging"), _FIRST, _NOTE)
    _look_again(site, pull)
    ticked, said = _items(site, pull)["staging is migrated"]
    assert ticked
    assert said.endswith(" UTC, by other hands")
    assert _items(site, pull)["staging: the history is as it should be"][0]
    assert not _items(site, pull)["production is migrated"][0]

    assert "2 migrations applied" in site.say("max", pull, "/migrate production")
    ticked, said = _items(site, pull)["production is migrated"]
    assert ticked
    assert said.endswith("by <code>/migrate production</code>, for max")
    done = {name for name, (ticked, _) in _items(site, pull).items() if ticked}
    assert set(_items(site, pull)) - done == {
        "production: the application is healthy",
        "production: queries are as fast as before",
    }


@pytest.mark.campaign
def test_a_part_by_other_hands(estate: Estate) -> None:
    site = estate.site()
    pull = site.shop.open(m2_note=COLUMN)
    site.say("bob", pull, "/migrate staging")
    site.shop.push(pull, m3_index=INDEX)
    site.shop.tick_all("bob", pull)
    by_hand(_url(site, "staging"), migration("m3_index", INDEX))
    site.town.github.merge("ann", pull)
    site.town.settle()
    assert _items(site, pull)["staging is migrated"][1].endswith("for bob, and in part by other hands")


@pytest.mark.campaign
def test_what_was_edited_since_is_not_there(estate: Estate) -> None:
    site = estate.site()
    pull = site.shop.open(m2_note=COLUMN)
    site.say("bob", pull, "/migrate staging")
    site.shop.push(pull, m2_note=COLUMN.replace("text", "jsonb"))
    site.shop.tick_all("bob", pull)
    site.town.github.merge("ann", pull)
    site.town.settle()
    said = "0 of 1 migration there; <code>m2_note</code> ran there as another text than was merged"
    assert _items(site, pull)["staging is migrated"] == (False, said)


@pytest.mark.campaign
def test_people_tick_what_only_they_can_see(estate: Estate) -> None:
    site = estate.site()
    github = site.town.github
    pull = _merged(site, m2_note=COLUMN)
    concluded = site.shop.state(pull)
    by_hand(_url(site, "production"), _FIRST, _NOTE)
    _look_again(site, pull)
    healthy = _id(site, pull, "the application is healthy")
    fast = _id(site, pull, "queries are as fast")

    github.meanwhile("GET", "collaborators/bob/permission", lambda: github.allow(site.shop.repo, "bob", "read"))
    site.shop.tick("bob", pull, fast)
    assert _row(site, pull, fast).note == "tick by bob refused: write access is needed"
    assert not site.shop.boxes(pull)[fast]

    (drawn,) = [one for one in github.bot_comments(pull) if "migration-bot:landed" in one.body]
    site.shop.tick("ann", pull, healthy)
    github.delete_comment("ann", drawn)
    site.town.settle()
    assert (_row(site, pull, healthy).ticked, _row(site, pull, healthy).login) == (True, "ann")
    assert site.shop.boxes(pull)[healthy]
    site.shop.tick("ann", pull, healthy, on=False)
    assert not _row(site, pull, healthy).ticked
    assert site.shop.state(pull) == concluded


@pytest.mark.campaign
def test_a_tick_while_it_is_looked_at_again(estate: Estate) -> None:
    """By another worker, which waits for its turn."""
    site = estate.site()
    github = site.town.github
    pull = _merged(site, m2_note=COLUMN)
    by_hand(_url(site, "production"), _FIRST, _NOTE)
    _look_again(site, pull)
    healthy = _id(site, pull, "the application is healthy")
    by_hand(_url(site, "staging"), _FIRST, _NOTE)
    gate = github.pause("PATCH", f"{site.shop.repo.full_name}/check-runs/")
    other = site.town.start_worker()
    with redis.Redis.from_url(site.town.redis.url) as connection:
        connection.zadd(LATER, {f"landed:{pull.repo.id}:{pull.number}": 0}, xx=True)
        assert gate.reached.wait(30)
        github.tick("ann", pull, healthy)
        tick = f"pr:{pull.repo.id}:{pull.number}"
        site.town.until(lambda: connection.zscore(LATER, tick), "the tick is put off")
    gate.open.set()
    site.town.settle()
    other.terminate()
    assert other.wait(30) == 0
    assert _items(site, pull)["staging is migrated"][0]
    assert (_row(site, pull, healthy).ticked, _row(site, pull, healthy).login) == (True, "ann")
    assert site.shop.boxes(pull)[healthy]


@pytest.mark.campaign
def test_what_was_merged_without_a_review_has_none_afterwards(estate: Estate) -> None:
    site = estate.site()
    github, repo = site.town.github, site.shop.repo
    github.fail("GET", f"^/{repo.full_name}.git/info/refs", Answer(503, "away"), times=50)
    github.push(repo, "feature", site.shop.migrations(m2_note=COLUMN), by="ann")
    pull = github.open_pull(repo, "feature", "ann")
    site.town.until(lambda: github.checks(repo, pull.head_sha), "its review has begun")
    repo.required = ""
    github.merge("max", pull)
    site.town.until(lambda: site.shop.state(pull)[0] == "completed", "it is given up")
    github.state.faults.clear()
    site.town.settle()
    assert site.shop.state(pull) == ("completed", "cancelled")
    assert _items(site, pull)["staging is migrated"] == (False, "0 of 1 migration there")
    assert "refused" in site.say("max", pull, "/migrate staging")
    assert site.history("staging") == []


@pytest.mark.campaign
def test_what_cannot_be_reached_is_said_and_keeps_nobody_waiting(estate: Estate) -> None:
    site = estate.site("astray")
    pull = _merged(site, m2_note=COLUMN)
    by_hand(_url(site, "staging"), _FIRST, _NOTE)
    _look_again(site, pull)
    items = _items(site, pull)
    assert {name: ticked for name, (ticked, _) in items.items() if name.endswith("is migrated")} == {
        "staging is migrated": True,
        "mistaken is migrated": False,
        "nowhere is migrated": False,
        "open is migrated": False,
    }
    assert "password authentication failed" in items["mistaken is migrated"][1]
    assert "cannot be reached" in items["nowhere is migrated"][1]
    assert "has no TLS" in items["open is migrated"][1]
    assert PASSWORD not in str(items)
    assert site.shop.state(pull)[0] == "completed"


def _url(site: Site, database: str) -> str:
    return site.server.url(OWNER, f"{site.name}_{database}")
