"""Boxes: who may tick them, and what happens to the comment they stand in."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import DROP, INDEX, Shop, make_shop
from tests.github.state import Refused
from tests.town import Town

_POLICY = "checklist:\n  items:\n    index-not-concurrent: {who: '@acme/dba'}\n    high-risk: {who: not-author}\n"


@pytest.fixture
def strict(a_town: Town) -> Shop:
    """The index is for the DBAs to accept, what is high-risk for anybody but the author."""
    return make_shop(a_town, {".github/migrations.yml": _POLICY})


def _item(shop: Shop, pull: object, rule: str) -> str:
    items = [item for item in shop.boxes(pull) if rule in shop.line(pull, item)]  # type: ignore[arg-type]
    assert items, shop.body(pull)  # type: ignore[arg-type]
    return items[0]


def test_who_only_reads_cannot_tick(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    with pytest.raises(Refused):
        shop.town.github.tick("rae", pull, shop.open_items(pull)[0])


def test_a_tick_that_is_not_theirs_is_taken_back_and_says_so(strict: Shop) -> None:
    pull = strict.open(m2_index=INDEX)
    item = _item(strict, pull, "index")
    strict.tick("bob", pull, item)
    assert strict.boxes(pull)[item] is False
    assert "tick by bob refused" in strict.line(pull, item)
    strict.tick("dora", pull, item)
    assert strict.boxes(pull)[item] is True
    assert "refused" not in strict.line(pull, item)


@pytest.mark.campaign
def test_the_author_does_not_accept_their_own_risk(strict: Shop) -> None:
    pull = strict.open(m2_drop=DROP)
    item = strict.open_items(pull)[0]
    strict.tick("ann", pull, item)
    assert strict.boxes(pull)[item] is False
    strict.tick("bob", pull, item)
    assert strict.boxes(pull)[item] is True


@pytest.mark.campaign
def test_a_box_can_be_unticked(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    shop.tick_all("bob", pull)
    item = next(iter(shop.boxes(pull)))
    shop.tick("bob", pull, item, on=False)
    assert shop.state(pull) == ("completed", "action_required")


def test_a_deleted_comment_comes_back_with_its_ticks(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    shop.tick_all("bob", pull)
    body = shop.body(pull)
    shop.town.github.delete_comment("ann", shop.comment(pull))
    shop.town.settle()
    assert shop.body(pull) == body
    assert shop.state(pull) == ("completed", "success")


@pytest.mark.campaign
def test_text_that_was_edited_is_restored(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    body = shop.body(pull)
    shop.town.github.edit_comment("ann", shop.comment(pull), "<!-- migration-bot:comment -->\nAll is well.\n")
    shop.town.settle()
    assert shop.body(pull) == body
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_a_deleted_line_comes_back_unticked(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    item = shop.open_items(pull)[0]
    kept = [line for line in shop.body(pull).splitlines() if item not in line]
    shop.town.github.edit_comment("ann", shop.comment(pull), "\n".join(kept))
    shop.town.settle()
    assert shop.boxes(pull)[item] is False


@pytest.mark.campaign
def test_a_forged_item_is_nobody(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    body = shop.body(pull)
    forged = body.replace("- [ ]", "- [x] done <!-- item:00000000 -->\n- [ ]", 1)
    shop.town.github.edit_comment("ann", shop.comment(pull), forged)
    shop.town.settle()
    assert shop.body(pull) == body


@pytest.mark.campaign
def test_boxes_in_another_order_are_the_same_boxes(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX, m3_drop=DROP)
    first, second, *_ = shop.open_items(pull)
    lines = shop.body(pull).splitlines()
    at = {item: next(n for n, line in enumerate(lines) if f"item:{item} " in line) for item in (first, second)}
    lines[at[first]], lines[at[second]] = lines[at[second]].replace("- [ ]", "- [x]"), lines[at[first]]
    shop.town.github.edit_comment("bob", shop.comment(pull), "\n".join(lines))
    shop.town.settle()
    assert (shop.boxes(pull)[first], shop.boxes(pull)[second]) == (False, True)


@pytest.mark.campaign
def test_the_record_in_the_check_says_who_and_when(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    item = shop.open_items(pull)[0]
    shop.tick("bob", pull, item)
    row = next(line for line in (shop.check(pull).text or "").splitlines() if line.startswith(f"| {item} "))
    assert "| ticked | bob |" in row
    assert pull.head_sha in row


def test_a_push_that_changes_nothing_of_it_keeps_every_tick(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX, m3_drop=DROP)
    shop.tick_all("bob", pull)
    shop.town.github.push(shop.repo, "feature", {"README.md": "More.\n"}, by="ann")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "success")


@pytest.mark.campaign
def test_ticks_survive_a_rebase(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    shop.tick_all("bob", pull)
    github.push(shop.repo, "main", {"README.md": "Meanwhile.\n"}, by="bob")
    rebased = github.push(shop.repo, "rebased", shop.migrations(m2_index=INDEX), by="ann")
    github.force_push(shop.repo, "feature", rebased, by="ann")
    shop.town.settle()
    assert pull.head_sha == rebased
    assert shop.state(pull) == ("completed", "success")
