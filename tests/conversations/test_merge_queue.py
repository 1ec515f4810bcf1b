"""Pull requests that are merged together: each is confirmed by itself, and all of them are reviewed as one change."""

from __future__ import annotations

from html import unescape

import pytest

from tests.conversations.conftest import COLUMN, INDEX, Shop, make_shop
from tests.github.state import Group, Pull, Run
from tests.repositories import plain
from tests.town import Town

_WIDER = 'ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;\n'
_DEFAULT = 'ALTER TABLE "orders" ALTER COLUMN "total" SET DEFAULT 0;\n'


def _ready(shop: Shop, branch: str, *, message: str = "change", **migrations: str) -> Pull:
    """A pull request whose own check has passed."""
    github = shop.town.github
    github.push(shop.repo, branch, shop.migrations(**migrations), by="ann", message=message)
    pull = github.open_pull(shop.repo, branch, "ann")
    shop.town.settle()
    for item in shop.open_items(pull):
        github.tick("bob", pull, item)
    shop.town.settle()
    assert shop.state(pull) == ("completed", "success")
    return pull


def _queue(shop: Shop, *pulls: Pull, method: str = "merge") -> Group:
    group = shop.town.github.queue("bob", *pulls, method=method)
    shop.town.settle()
    return group


def _check(shop: Shop, group: Group) -> Run:
    *older, newest = shop.town.github.checks(shop.repo, group.head_sha)
    assert all(run.status == "completed" for run in older)
    return newest


def _problems(shop: Shop, group: Group) -> list[str]:
    """The reasons that a failed group's check gives; the members are open again."""
    run = _check(shop, group)
    assert (run.conclusion, group.reason) == ("failure", "dequeued")
    assert [pull.state for pull in group.pulls] == ["open"] * len(group.pulls)
    return [unescape(line[2:]) for line in (run.summary or "").splitlines() if line.startswith("- ")]


# ---------------------------------------------------------------- what passes


def test_a_group_without_migrations_is_merged(shop: Shop) -> None:
    github = shop.town.github
    github.push(shop.repo, "docs", {"README.md": "A shop.\n"}, by="ann")
    pull = github.open_pull(shop.repo, "docs", "ann")
    shop.town.settle()
    group = _queue(shop, pull)
    assert (_check(shop, group).conclusion, group.reason) == ("success", "merged")
    assert _check(shop, group).title == "together: no migrations"


def test_a_confirmed_member_is_merged(shop: Shop) -> None:
    group = _queue(shop, _ready(shop, "index", m2_index=INDEX))
    assert (_check(shop, group).conclusion, group.reason) == ("success", "merged")


@pytest.mark.campaign
def test_members_with_and_without_migrations_are_merged(shop: Shop) -> None:
    github = shop.town.github
    github.push(shop.repo, "docs", {"README.md": "A shop.\n"}, by="ann")
    docs = github.open_pull(shop.repo, "docs", "ann")
    group = _queue(shop, _ready(shop, "index", m2_index=INDEX), docs)
    assert group.reason == "merged"


@pytest.mark.campaign
def test_a_member_from_a_fork_is_merged(shop: Shop) -> None:
    github = shop.town.github
    fork = github.fork(shop.repo, "fred")
    github.push(fork, "feature", shop.migrations(m2_index=INDEX), by="fred")
    pull = github.open_pull(shop.repo, "feature", "fred", fork=fork)
    shop.town.settle()
    shop.tick_all("bob", pull)
    assert _queue(shop, pull).reason == "merged"


@pytest.mark.campaign
@pytest.mark.parametrize("method", ["squash", "rebase"])
def test_members_whose_own_commits_are_not_in_the_group(shop: Shop, method: str) -> None:
    first, second = _ready(shop, "index", m2_index=INDEX), _ready(shop, "wider", m3_wider=_WIDER)
    assert _queue(shop, first, second, method=method).reason == "merged"


@pytest.mark.campaign
def test_one_that_sorts_before_another_of_its_group_is_merged(shop: Shop) -> None:
    later, earlier = _ready(shop, "later", m3_note=COLUMN), _ready(shop, "earlier", m2_index=INDEX)
    assert _queue(shop, later, earlier).reason == "merged"


@pytest.mark.campaign
def test_one_that_is_only_mentioned_is_no_member(shop: Shop) -> None:
    other = shop.open("index", m2_index=INDEX)
    pull = _ready(shop, "note", m3_note=COLUMN, message=f"What the index (#{other.number}) needs")
    assert _queue(shop, pull).reason == "merged"


# ---------------------------------------------------------------- what does not


def test_a_member_with_open_items_is_named(shop: Shop) -> None:
    """It was confirmed when it was queued."""
    github = shop.town.github
    pull, other = _ready(shop, "index", m2_index=INDEX), _ready(shop, "note", m3_note=COLUMN)
    github.hooks.lose("merge_group.checks_requested")
    group = _queue(shop, pull, other)
    shop.tick("bob", pull, next(iter(shop.boxes(pull))), on=False)
    github.hooks.again(next(one for one in github.hooks.deliveries[::-1] if one.event == "merge_group"))
    shop.town.settle()
    first, *_ = _problems(shop, group)
    assert first == f"#{pull.number} is not confirmed itself: see its checklist."


def test_one_column_changed_by_two(shop: Shop) -> None:
    first, second = _ready(shop, "wider", m2_wider=_WIDER), _ready(shop, "default", m3_default=_DEFAULT)
    clash = f"<code>public.orders.total</code> is changed by #{first.number} and #{second.number}."
    assert _problems(shop, _queue(shop, first, second, method="squash")) == [clash]


@pytest.mark.campaign
def test_each_works_alone_and_both_do_not(shop: Shop) -> None:
    first, second = _ready(shop, "note", m2_note=COLUMN), _ready(shop, "again", m3_note=COLUMN)
    told = _problems(shop, _queue(shop, first, second))
    assert told[0] == f"<code>public.orders.note</code> is changed by #{first.number} and #{second.number}."
    assert any(line.startswith("Nobody confirmed:") and "fails here" in line for line in told), told


@pytest.mark.campaign
def test_one_number_for_two_migrations(a_town: Town) -> None:
    shop = make_shop(a_town, {".github/migrations.yml": "layout: plain\n", **plain(_0001_init="SELECT 1;\n")})
    first, second = (_plain(shop, name) for name in ("note", "memo"))
    clash = f"Migrations of #{first.number} and #{second.number} have the number 2."
    assert _problems(shop, _queue(shop, first, second)) == [clash]


def _plain(shop: Shop, column: str) -> Pull:
    sql = f'CREATE TABLE "{column}" ("id" int PRIMARY KEY);\n'
    shop.town.github.push(shop.repo, column, plain(**{f"_0002_{column}": sql}), by="ann")
    pull = shop.town.github.open_pull(shop.repo, column, "ann")
    shop.town.settle()
    return pull


@pytest.mark.campaign
def test_one_that_sorts_before_what_was_merged_meanwhile(shop: Shop) -> None:
    """Its own check does not know yet: the push has not arrived."""
    later, earlier = _ready(shop, "later", m3_note=COLUMN), _ready(shop, "earlier", m2_index=INDEX)
    shop.town.github.hooks.hold()
    shop.town.github.merge("bob", later)
    group = shop.town.github.queue("bob", earlier)
    shop.town.github.hooks.release(lambda held: [one for one in held if one.event == "merge_group"])
    shop.town.settle()
    (line,) = _problems(shop, group)
    assert line.startswith("Nobody confirmed:")
    assert "m2_index" in line


@pytest.mark.campaign
def test_a_history_that_is_broken(shop: Shop) -> None:
    pull = _ready(shop, "index", m2_index=INDEX)
    shop.town.github.hooks.hold()
    shop.town.github.push(shop.repo, "main", shop.migrations(m1_init="CREATE NONSENSE;\n"), by="bob")
    group = shop.town.github.queue("bob", pull)
    shop.town.github.hooks.release(lambda held: [one for one in held if one.event == "merge_group"])
    shop.town.settle()
    assert "m1_init" in " ".join(_problems(shop, group))


# ---------------------------------------------------------------- groups that end otherwise


@pytest.mark.campaign
def test_a_group_that_is_given_up_is_left_with_no_check_that_waits(shop: Shop) -> None:
    github = shop.town.github
    pull = _ready(shop, "index", m2_index=INDEX)
    gate = github.pause("GET", "/compare/")
    group = github.queue("bob", pull)
    assert gate.reached.wait(20)
    github.leave_queue(group)
    gate.open.set()
    shop.town.settle()
    assert _check(shop, group).status == "completed"
    assert pull.state == "open"


@pytest.mark.campaign
@pytest.mark.parametrize("order", [list, lambda held: held[::-1]])
def test_a_group_that_was_given_up_before_we_heard_of_it(shop: Shop, order: object) -> None:
    github = shop.town.github
    pull = _ready(shop, "index", m2_index=INDEX)
    github.hooks.hold()
    group = github.queue("bob", pull)
    github.leave_queue(group)
    github.hooks.release(order)  # type: ignore[arg-type]
    shop.town.settle()
    assert all(run.status == "completed" for run in github.checks(shop.repo, group.head_sha))


@pytest.mark.campaign
def test_rerun_on_a_group_that_waits(shop: Shop) -> None:
    """For another check, so that ours has not ended it."""
    github = shop.town.github
    pull = _ready(shop, "index", m2_index=INDEX)
    github.hooks.hold()
    group = github.queue("bob", pull)
    shop.repo.required = "tests"
    github.hooks.release()
    shop.town.settle()
    first = _check(shop, group)
    assert (first.conclusion, group.reason) == ("success", None)
    github.rerun("bob", first)
    shop.town.settle()
    assert _check(shop, group).id > first.id
    assert _check(shop, group).conclusion == "success"
