"""A pull request that changes two projects of one repository: one comment and one check tell of both."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import DROP, INDEX, INIT, Shop, make_shop
from tests.github.bare import Bare
from tests.github.state import Pull
from tests.town import Town

BILLING = "services/billing/db/migration"
BROKEN = INIT.replace("serial", "nonsense")


def both(shop: Shop, sql: str, name: str = "V2__drop") -> dict[str, str | bytes | None]:
    """The same in the shop and in its billing."""
    return {**shop.migrations(m2_drop=sql), f"{BILLING}/{name}.sql": sql}


def opened(a_town: Town, sql: str, billing: str = INIT, **more: str) -> tuple[Shop, Pull]:
    shop = make_shop(a_town, {f"{BILLING}/V1__init.sql": billing, **more})
    a_town.github.push(shop.repo, "feature", both(shop, sql), by="ann")
    pull = a_town.github.open_pull(shop.repo, "feature", "ann")
    a_town.settle()
    return shop, pull


def test_two_projects(a_town: Town) -> None:
    shop, pull = opened(a_town, DROP)
    github = a_town.github
    assert shop.state(pull) == ("completed", "action_required")
    text = shop.body(pull)
    assert "2 migrations of 2 projects" in text
    assert text.index("### 🔴 <code>prisma/migrations</code>") < text.index(f"### 🔴 <code>{BILLING}</code>")
    assert len(github.bot_comments(pull)) == 1

    dropped = [item for item in shop.open_items(pull) if "column-dropped" in shop.line(pull, item)]
    assert len(set(dropped)) == 2
    shop.tick("bob", pull, dropped[0])
    assert [shop.boxes(pull)[item] for item in dropped] == [True, False]
    shop.tick_all("bob", pull)
    assert shop.state(pull) == ("completed", "success")

    before = len(github.writes())
    shop.say("bob", pull, "Looks good to me.")
    github.ready_for_review("ann", pull)
    a_town.settle()
    assert len(github.writes()) == before

    shop.say("ann", pull, "/migrate rollback")
    there = Bare(shop.repo.directory).git("ls-tree", "-r", "--name-only", pull.head_sha).splitlines()
    assert [path for path in there if "rollback" in path] == [
        "prisma/migrations/m2_drop/rollback.sql",
        f"{BILLING}/rollbacks/rollback_V2__drop.sql",
    ]
    assert shop.state(pull) == ("completed", "success")


@pytest.mark.campaign
def test_a_tick_stays_when_another_project_joins(a_town: Town) -> None:
    shop = make_shop(a_town, {f"{BILLING}/V1__init.sql": INIT})
    pull = shop.open(m2_drop=DROP)
    assert "of 2 projects" not in shop.body(pull)
    shop.tick_all("bob", pull)
    ticked = {item for item in shop.boxes(pull) if "column-dropped" in shop.line(pull, item)}
    a_town.github.push(shop.repo, "feature", {f"{BILLING}/V2__drop.sql": DROP}, by="ann")
    a_town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    now = {item: done for item, done in shop.boxes(pull).items() if "column-dropped" in shop.line(pull, item)}
    assert {item for item, done in now.items() if done} == ticked
    assert len(now) == 2


@pytest.mark.campaign
def test_one_of_two_that_cannot_be_analysed_hides_nothing_and_lets_nothing_pass(a_town: Town) -> None:
    shop, pull = opened(a_town, DROP, BROKEN)
    assert shop.state(pull) == ("completed", "failure")
    assert shop.check(pull).title == f"not reviewed: {BILLING}"
    text = shop.body(pull)
    assert "### ⚠️ Not all migrations were reviewed" in text
    assert f"<code>{BILLING}</code>: {BILLING}/V1" in text
    assert "column-dropped" in text
    assert shop.boxes(pull) == {}
    (annotation,) = shop.check(pull).annotations
    assert annotation["path"] == "prisma/migrations/m2_drop/migration.sql"

    a_town.github.push(shop.repo, "main", {f"{BILLING}/V1__init.sql": INIT}, by="bob")
    a_town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    shop.tick_all("bob", pull)
    assert shop.state(pull) == ("completed", "success")


@pytest.mark.campaign
def test_two_pull_requests_that_change_tables_of_one_name_in_two_databases(a_town: Town) -> None:
    shop = make_shop(a_town, {f"{BILLING}/V1__init.sql": INIT})
    first = shop.open(m2_index=INDEX)
    a_town.github.push(shop.repo, "billing", {f"{BILLING}/V2__index.sql": INDEX}, by="ann")
    second = a_town.github.open_pull(shop.repo, "billing", "ann")
    a_town.settle()
    third = shop.open("again", m3_index=INDEX)
    assert "Other open pull requests" not in shop.body(second)
    assert f"#{first.number}" in shop.body(third)


@pytest.mark.campaign
def test_in_a_merge_group_each_is_known_by_what_was_confirmed_of_it(a_town: Town) -> None:
    """One changes both projects, the other one of them: nothing is asked that nobody has confirmed."""
    shop, both_ = opened(a_town, DROP)
    a_town.github.push(shop.repo, "index", {f"{BILLING}/V3__index.sql": INDEX.replace("total", "id")}, by="ann")
    other = a_town.github.open_pull(shop.repo, "index", "ann")
    a_town.settle()
    for pull in (both_, other):
        shop.tick_all("bob", pull)
        assert shop.state(pull) == ("completed", "success")
    group = a_town.github.queue("bob", both_, other)
    a_town.settle()
    (run,) = a_town.github.checks(shop.repo, group.head_sha)
    assert (run.conclusion, group.reason) == ("success", "merged"), run.summary
