"""Pull requests that are open at once and change the same tell of each other, as long as both are open."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import COLUMN, Shop

_WIDER = 'ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;\n'
_ZERO = 'ALTER TABLE "orders" ALTER COLUMN "total" SET DEFAULT 0;\n'
_SAME = "Other open pull requests change the same."


def test_different_columns_are_no_conflict(shop: Shop) -> None:
    one = shop.open("one", m2_note=COLUMN)
    other = shop.open("other", m3_zero=_ZERO)
    assert [_SAME in shop.body(pull) for pull in (one, other)] == [False, False]


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
def test_one_name_for_two_migrations(shop: Shop) -> None:
    one = shop.open("one", m2_note=COLUMN)
    other = shop.open("other", m2_note=_ZERO)
    assert f"- #{one.number}: `migration m2_note`" in shop.body(other)
    assert f"- #{other.number}: `migration m2_note`" in shop.body(one)
