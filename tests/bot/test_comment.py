"""The comment: what stands in it, and that nobody's words get out of their place."""

from __future__ import annotations

from dataclasses import replace

from bot.comment import checklist_bytes, draw
from bot.github.comments import MARKER
from bot.model import Row
from bot.outcome import Item, Outcome, Standing

_INDEX = Item("1a2b3c4d", "index-not-concurrent", "index-not-concurrent public.Order", "**Writes** wait", "why")
_PROVEN = Item("99999999", "proven", "proven", "Rollback proven", evidence="exact")
_OUTCOME = Outcome(Standing.REVIEWED, "### 🟡 risky", "risky", "BODY\n", items=(_INDEX, _PROVEN))
_OPEN = Row("1a2b3c4d", "x", False)
_DONE = Row("99999999", "proven", True, "migration-bot", "2026-01-31T12:00:00Z", "b" * 40)


def test_without_items_there_is_no_checklist() -> None:
    assert draw(replace(_OUTCOME, items=()), ()) == f"{MARKER}\n### 🟡 risky\nBODY\n"


def test_without_migrations_one_sentence() -> None:
    none = Outcome(Standing.NONE, "", "")
    assert draw(none, ()) == f"{MARKER}\nThis pull request touches no migrations any more.\n"


def test_an_open_and_a_machine_item() -> None:
    assert draw(_OUTCOME, (_OPEN, _DONE)) == (
        f"{MARKER}\n### 🟡 risky\n\n**Before merging**, 1 of 2 open\n\n"
        "- [ ] **Writes** wait<br><sub>why · <code>1a2b3c4d</code></sub> <!-- item:1a2b3c4d -->\n"
        "- [x] Rollback proven<br><sub>exact</sub> <!-- item:99999999 -->\n\n"
        "BODY\n"
    )


def test_who_ticked_stands_with_the_item() -> None:
    ticked = Row("1a2b3c4d", "x", True, "alice", "2026-01-31T12:00:00Z", "b" * 40, "it is small")
    line = next(line for line in draw(_OUTCOME, (ticked, _DONE)).splitlines() if "1a2b3c4d" in line)
    assert line == (
        "- [x] **Writes** wait<br><sub>why · ticked by <code>alice</code> on 2026-01-31 at bbbbbbb "
        "<code>it is small</code></sub> <!-- item:1a2b3c4d -->"
    )


def test_why_an_item_is_open_again_stands_with_it() -> None:
    body = draw(_OUTCOME, (replace(_OPEN, note="tick by eve refused: @acme/dba is needed"), _DONE))
    assert "⚠️ <code>tick by eve refused&#58; &#64;acme&#47;dba is needed</code>" in body


def test_who_may_tick_stands_with_an_item_that_not_everybody_may() -> None:
    items = (replace(_INDEX, who="not-author"),)
    assert "for <code>write access, and not being the author</code>" in draw(replace(_OUTCOME, items=items), (_OPEN,))


def test_a_reason_can_neither_mention_nor_forge() -> None:
    evil = Row("1a2b3c4d", "x", True, "alice", "2026-01-31T12:00:00Z", "b" * 40, "@all <!-- item:99999999 --> `|")
    body = draw(_OUTCOME, (evil, _DONE))
    assert "@" not in body
    assert body.count("<!-- item:99999999 -->") == 1


def test_a_failed_review_keeps_quiet_about_items_and_says_how_to_go_on() -> None:
    failed = Outcome(Standing.FAILED, "### ⚠️ not reviewed", "not reviewed", reason="The policy is wrong.")
    body = draw(failed, (_DONE,))
    assert "The policy is wrong." in body
    assert "/migrate recheck" in body
    assert "What was ticked before is kept." in body
    assert "- [" not in body


def test_a_review_that_failed_in_part_shows_the_rest_below() -> None:
    part = Outcome(Standing.FAILED, "### ⚠️ not all", "not reviewed: b", "### 🟡 risky\n\nBODY", "`b`: it fails.")
    body = draw(part, ())
    assert body.startswith(f"{MARKER}\n### ⚠️ not all\n\n`b`: it fails.\n\nComment `/migrate recheck`")
    assert body.endswith("\n\n### 🟡 risky\n\nBODY")


def test_the_checklist_takes_no_more_room_than_was_kept_for_it() -> None:
    items = tuple(replace(_INDEX, id=f"{n:08x}", who="@" + "o" * 39 + "/" + "t" * 39) for n in range(40))
    note = "tick by " + "e" * 39 + " refused: @" + "o" * 39 + "/" + "t" * 39 + " is needed"
    rows = tuple(Row(item.id, "x", False, note=note) for item in items)
    ticked = tuple(Row(item.id, "x", True, "a" * 39, "2026-01-31T12:00:00Z", "b" * 40, "@" * 200) for item in items)
    for drawn in (draw(replace(_OUTCOME, items=items), rows), draw(replace(_OUTCOME, items=items), ticked)):
        rest = len(f"{MARKER}\n### 🟡 risky\nBODY\n".encode())
        assert len(drawn.encode()) - rest <= checklist_bytes(items)
