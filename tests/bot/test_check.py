"""What a commit's check says, for one pull request and for several that share it."""

from __future__ import annotations

from dataclasses import replace

from bot import check, record
from bot.model import Row, Section, Verdict
from bot.outcome import Annotation, Outcome, Standing

_SHA = "a" * 40
_ON_A_LINE = Annotation("m.sql", 2, 3, "warning", "index-not-concurrent", "It blocks writes.")
_RISKY = Outcome(Standing.REVIEWED, "### 🟡 risky", "risky: 1 finding", annotations=(_ON_A_LINE,))
_OPEN = Row("1a2b3c4d", "index-not-concurrent public.Order", False)
_DONE = replace(_OPEN, ticked=True, login="alice", at="2026-01-31T12:00:00Z", commit=_SHA)
_NONE = Outcome(Standing.NONE, "No migrations are touched.", "no migrations")


def test_no_migrations_is_success() -> None:
    told = check.concluded(_SHA, _NONE, Section(1, Verdict.SUCCESS), (), ())
    assert (told.status, told.conclusion, told.title) == ("completed", "success", "no migrations")


def test_nothing_to_confirm_is_told_by_the_review_alone() -> None:
    told = check.concluded(_SHA, _RISKY, Section(1, Verdict.SUCCESS), (), ())
    assert told.title == "risky: 1 finding"


def test_open_items_block_and_are_listed() -> None:
    told = check.concluded(_SHA, _RISKY, Section(1, Verdict.ACTION_REQUIRED, (_OPEN, _DONE)), (), ())
    assert (told.status, told.conclusion) == ("completed", "action_required")
    assert told.title == "risky: 1 finding, 1 of 2 items open"
    assert told.summary.endswith("- 1a2b3c4d <code>index-not-concurrent public.Order</code>")
    assert told.annotations == (_ON_A_LINE,)
    assert record.parse(told.text) == (Section(1, Verdict.ACTION_REQUIRED, (_OPEN, _DONE)),)


def test_all_confirmed() -> None:
    told = check.concluded(_SHA, _RISKY, Section(1, Verdict.SUCCESS, (_DONE,)), (), ())
    assert told.conclusion == "success"
    assert told.title == "risky: 1 finding, all confirmed"


def test_the_worse_of_two_pull_requests_counts_and_is_named() -> None:
    other = Section(7, Verdict.FAILURE)
    told = check.concluded(_SHA, _RISKY, Section(1, Verdict.SUCCESS, (_DONE,)), (other,), ())
    assert told.conclusion == "failure"
    assert told.title == "pull request 7 has the same head: not reviewed"
    assert {section.number for section in record.parse(told.text)} == {1, 7}


def test_while_another_is_not_reviewed_there_is_no_conclusion() -> None:
    told = check.concluded(_SHA, _RISKY, Section(1, Verdict.SUCCESS, (_DONE,)), (), (7,))
    assert (told.status, told.conclusion) == ("in_progress", None)


def test_a_failure_says_why_and_how_to_go_on_and_keeps_the_record() -> None:
    kept = Section(1, Verdict.FAILURE, (_DONE,))
    told = check.failed(_SHA, "The disk is full.", (kept,))
    assert (told.status, told.conclusion, told.title) == ("completed", "failure", "not reviewed")
    assert "The disk is full." in told.summary
    assert "/migrate recheck" in told.summary
    assert record.parse(told.text) == (kept,)


def test_a_group_without_problems_passes() -> None:
    told = check.group(_SHA, _RISKY, ())
    assert (told.conclusion, told.title) == ("success", "together: risky: 1 finding")


def test_a_group_fails_for_each_reason() -> None:
    told = check.group(_SHA, _RISKY, ("#1 is not confirmed.", "#2 is not confirmed."))
    assert (told.conclusion, told.title) == ("failure", "2 reasons not to merge these together")
    assert told.summary.endswith("- #1 is not confirmed.\n- #2 is not confirmed.")


def test_names_in_a_summary_mention_nobody() -> None:
    row = replace(_OPEN, label="column-dropped public.@everyone <!-- item:00000000 -->")
    told = check.concluded(_SHA, _RISKY, Section(1, Verdict.ACTION_REQUIRED, (row,)), (), ())
    assert "@" not in told.summary
    assert "<!--" not in told.summary


def test_a_group_with_more_reasons_than_there_is_room_for() -> None:
    told = check.group(_SHA, _RISKY, [f"reason {number}" for number in range(40)])
    assert told.title == "40 reasons not to merge these together"
    assert told.summary.endswith("- reason 24\n- and 15 more")
