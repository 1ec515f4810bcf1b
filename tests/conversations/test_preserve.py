"""Rollback that keeps data: asked for where the policy says so, and where it does not."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import DROP, Shop, make_shop
from tests.github.bare import Bare
from tests.github.state import Comment, Pull
from tests.town import Town

FOLDER = "prisma/migrations/m2_drop"


def _reactions(comment: Comment) -> set[str]:
    return {reaction.content for reaction in comment.reactions}


def _reply(shop: Shop, pull: Pull) -> str:
    return shop.town.github.bot_comments(pull)[-1].body


@pytest.mark.campaign
def test_without_the_policy_it_is_told_what_is_missing(shop: Shop) -> None:
    pull = shop.open(m2_drop=DROP)
    said = shop.say("ann", pull, "/migrate rollback --preserve")
    assert _reactions(said) == {"eyes", "confused"}
    assert "`rollback: {preserve: true}` in `.github/migrations.yml`" in _reply(shop, pull)


def test_the_pair_is_committed(a_town: Town) -> None:
    shop = make_shop(a_town, {".github/migrations.yml": "rollback:\n  preserve: true\n"})
    pull = shop.open(m2_drop=DROP)
    said = shop.say("ann", pull, "/migrate rollback --preserve")
    assert _reactions(said) == {"eyes", "rocket"}
    repository = Bare(shop.repo.directory)
    before, after = (
        repository.git("show", f"{pull.head_sha}:{FOLDER}/{name}.sql") for name in ("preserve", "rollback")
    )
    assert "CREATE SCHEMA" in before
    assert 'SET "total" = k."total"' in after
    assert "exact: schema and data come back" in after
    assert "With the data kept: exact" in (shop.check(pull).summary or "") + shop.town.github.bot_comments(pull)[0].body
