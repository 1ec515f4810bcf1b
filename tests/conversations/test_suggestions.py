"""A proven rewrite that fits the lines is proposed on them, once, for as long as it would help."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import COLUMN, DROP, INDEX, Shop
from tests.github.state import Pull, ReviewComment, User


def _proposed(shop: Shop, pull: Pull) -> list[tuple[str, int, str]]:
    """Path, line and text of each."""
    found = [one for one in shop.repo.review_comments.values() if one.pull is pull]
    return [(one.path, one.line, one.body.partition("suggestion\n")[2].partition("\n```")[0]) for one in found]


def test_nothing_is_proposed_where_nothing_is_better(shop: Shop) -> None:
    asked = len(shop.town.github.requests())
    pull = shop.open(m2_note=COLUMN, m3_total=DROP)
    assert _proposed(shop, pull) == []
    assert [
        one.path for one in shop.town.github.requests()[asked:] if one.path.endswith(f"pulls/{pull.number}/comments")
    ] == []


def test_an_index_is_proposed_concurrently_until_it_is(shop: Shop) -> None:
    """A file with one statement is no transaction for Prisma, so that the rewrite can stand there."""
    pull = shop.open(m2_index=INDEX)
    wanted = 'CREATE INDEX CONCURRENTLY "orders_total" ON "orders" ("total");'
    path = "prisma/migrations/m2_index/migration.sql"
    assert _proposed(shop, pull) == [(path, 1, wanted)]
    shop.push(pull, m3_note=COLUMN)
    assert len(_proposed(shop, pull)) == 1
    shop.push(pull, m2_index=f"{wanted}\n")
    assert _proposed(shop, pull) == []


@pytest.mark.campaign
def test_what_somebody_has_answered_stays(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    (ours,) = shop.repo.review_comments.values()
    ann = User(1, "ann")
    shop.repo.review_comments[1] = ReviewComment(1, pull, ann, "no", ours.path, 1, None, pull.head_sha, ours.id)
    shop.push(pull, m2_index=COLUMN)
    assert {one.id for one in shop.repo.review_comments.values()} == {1, ours.id}


@pytest.mark.campaign
def test_in_a_transaction_nothing_fits(shop: Shop) -> None:
    pull = shop.open(m2_both=INDEX + COLUMN)
    assert _proposed(shop, pull) == []
