"""Pull requests that are open at once and change the same tell of each other, as long as both are open."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import COLUMN, Shop, make_shop
from tests.github.state import Pull
from tests.town import Town

_WIDER = 'ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;\n'
_ZERO = 'ALTER TABLE "orders" ALTER COLUMN "total" SET DEFAULT 0;\n'
_ORDER = "**Merge this before "
_SAME = "Other open pull requests change the same."


def test_different_columns_are_no_conflict(shop: Shop) -> None:
    one = shop.open("one", m2_note=COLUMN)
    other = shop.open("other", m3_zero=_ZERO)
    bodies = [shop.body(pull) for pull in (one, other)]
    assert [said in body for body in bodies for said in (_SAME, _ORDER)] == [False] * 4


def test_one_column_changed_by_two_until_one_of_them_does_not_or_is_closed(shop: Shop) -> None:
    wider = shop.open("wider", m2_wider=_WIDER)
    assert _SAME not in shop.body(wider)
    zero = shop.open("zero", m3_zero=_ZERO)
    assert f"- #{zero.number}: `public.orders.total`" in shop.body(wider)
    assert f"- #{wider.number}: `public.orders.total`" in shop.body(zero)
    shop.push(zero, m3_zero=COLUMN)
    assert [_SAME in shop.body(pull) for pull in (wider, zero)] == [False, False]
    shop.push(zero, m3_zero=_ZERO)
    assert _SAME in shop.body(wider)
    shop.town.github.close("ann", zero)
    shop.town.settle()
    assert _SAME not in shop.body(wider)


@pytest.mark.campaign
def test_the_order_of_numbers_that_a_runner_never_goes_back_behind(a_town: Town) -> None:
    """golang-migrate keeps nothing but the newest number."""
    github, up = a_town.github, "db/migrations/{}.up.sql".format
    orders = "CREATE TABLE orders (id serial PRIMARY KEY, total integer NOT NULL);\n"
    shop = make_shop(a_town, {up("1_init"): orders, "db/migrations/1_init.down.sql": "DROP TABLE orders;\n"})

    def opened(branch: str, name: str, sql: str) -> Pull:
        github.push(shop.repo, branch, {up(name): sql}, by="ann")
        pull = github.open_pull(shop.repo, branch, "ann")
        a_town.settle()
        return pull

    third = opened("third", "3_note", COLUMN)
    second = opened("second", "2_zero", _ZERO)
    told = f"{_ORDER}#{third.number}**, or give its migrations newer numbers or timestamps then: `2_zero` would sort "
    assert f"{told}before one that is merged, and golang-migrate never runs it." in shop.body(second)
    assert _ORDER not in shop.body(third)
    fourth = opened("fourth", "4_wider", _WIDER)
    assert f"{_ORDER}#{fourth.number}**" in shop.body(third)
    assert f"{_ORDER}#{third.number}, #{fourth.number}**" in shop.body(second)
    twin = opened("twin", "002_other", COLUMN.replace("note", "other"))
    assert f"- #{twin.number}: `number 2: 002_other and 2_zero`" in shop.body(second)
    for pull in (third, fourth, twin):
        github.close("ann", pull)
        a_town.settle()
    assert [said in shop.body(second) for said in (_SAME, _ORDER)] == [False, False]


@pytest.mark.campaign
def test_one_name_for_two_migrations(shop: Shop) -> None:
    one = shop.open("one", m2_note=COLUMN)
    other = shop.open("other", m2_note=_ZERO)
    assert f"- #{one.number}: `migration m2_note`" in shop.body(other)
    assert f"- #{other.number}: `migration m2_note`" in shop.body(one)
