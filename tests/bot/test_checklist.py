"""What is ticked after a review, a push, and people's hands in every order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bot.checklist import OPERATOR, Moment, Question, decide, done_by_commands, questions, verdict
from bot.model import Row, Touch, Verdict
from bot.outcome import Item

_INDEX = Item("1a2b3c4d", "index-not-concurrent", "index-not-concurrent public.Order", "Writes wait")
_BACKUP = Item("5e6f7a8b", "backup", "backup", "A backup is there", who="@acme/dba")
_PROVEN = Item("99999999", "proven", "proven", "Rollback proven", evidence="1 of 1")
_NOW = Moment("2026-01-31T12:00:00Z", "b" * 40)
_LATER = Moment("2026-01-31T13:00:00Z", "c" * 40)
_ALICE = Touch("1a2b3c4d", True, "alice", "2026-01-31T11:00:00Z", "guid-1")
_MAY = {Question("alice", "write"), Question("dora", "@acme/dba")}


def _row(rows: tuple[Row, ...], item: Item) -> Row:
    return next(row for row in rows if row.item == item.id)


def test_nothing_to_confirm_is_success() -> None:
    assert decide((), (), (), (), _NOW) == ()
    assert verdict(()) is Verdict.SUCCESS


def test_new_items_are_open() -> None:
    rows = decide((_INDEX, _BACKUP), (), (), (), _NOW)
    assert [row.ticked for row in rows] == [False, False]
    assert verdict(rows) is Verdict.ACTION_REQUIRED


def test_nothing_happened_nothing_changes() -> None:
    rows = decide((_INDEX, _PROVEN), (), (_ALICE,), _MAY, _NOW)
    assert decide((_INDEX, _PROVEN), rows, (), (), _LATER) == rows


def test_the_machine_ticks_its_own() -> None:
    (row,) = decide((_PROVEN,), (), (), (), _NOW)
    assert row == Row("99999999", "proven", True, "migration-bot", _NOW.at, _NOW.commit)


def test_nobody_unticks_what_the_machine_saw() -> None:
    touch = Touch("99999999", False, "alice", "2026-01-31T11:00:00Z", "guid-1")
    assert questions((_PROVEN,), (touch,)) == frozenset()
    assert decide((_PROVEN,), (), (touch,), _MAY, _NOW)[0].ticked


def test_a_tick_records_who_when_and_where() -> None:
    assert decide((_INDEX,), (), (_ALICE,), _MAY, _NOW) == (
        Row("1a2b3c4d", _INDEX.label, True, "alice", "2026-01-31T11:00:00Z", "b" * 40),
    )


def test_a_reason_is_kept_with_the_tick() -> None:
    (row,) = decide((_INDEX,), (), (replace(_ALICE, because="the table is small"),), _MAY, _NOW)
    assert row.note == "the table is small"


def test_a_tick_of_somebody_who_may_not_is_refused() -> None:
    touch = replace(_ALICE, item=_BACKUP.id)
    (row,) = decide((_BACKUP,), (), (touch,), _MAY, _NOW)
    assert not row.ticked
    assert row.note == "tick by alice refused: @acme/dba is needed"


def test_an_untick_of_somebody_who_may_not_is_refused() -> None:
    rows = decide((_BACKUP,), (), (replace(_ALICE, item=_BACKUP.id, login="dora"),), _MAY, _NOW)
    touch = Touch(_BACKUP.id, False, "eve", "2026-01-31T11:30:00Z", "guid-2")
    (row,) = decide((_BACKUP,), rows, (touch,), _MAY, _LATER)
    assert row.ticked
    assert row.note == "untick by eve refused: @acme/dba is needed"


def test_a_tick_stays_while_its_cause_does() -> None:
    rows = decide((_INDEX,), (), (_ALICE,), _MAY, _NOW)
    assert _row(decide((_BACKUP, _INDEX), rows, (), (), _LATER), _INDEX) == rows[0]


def test_a_changed_cause_resets_and_says_so() -> None:
    rows = decide((_INDEX,), (), (_ALICE,), _MAY, _NOW)
    changed = replace(_INDEX, id="ffffffff")
    (row,) = decide((changed,), rows, (), (), _LATER)
    assert not row.ticked
    assert row.note == "reset: alice ticked it at bbbbbbbbbb, its cause changed in cccccccccc"
    assert decide((changed,), (row,), (), (), _LATER) == (row,)


def test_of_two_items_with_one_label_only_the_changed_one_is_reset() -> None:
    other = replace(_INDEX, id="0000000a")
    rows = decide((_INDEX, other), (), (_ALICE, replace(_ALICE, item=other.id)), _MAY, _NOW)
    changed = replace(_INDEX, id="ffffffff")
    after = decide((changed, other), rows, (), (), _LATER)
    assert [row.ticked for row in after] == [False, True]
    assert "alice" in after[0].note


def test_an_item_that_the_machine_no_longer_vouches_for_is_open() -> None:
    rows = decide((_PROVEN,), (), (), (), _NOW)
    (row,) = decide((replace(_PROVEN, evidence=""),), rows, (), (), _LATER)
    assert not row.ticked


def _done(kind: str, *, ticked: bool = True, head: str = "b" * 40) -> Touch:
    return Touch(kind, ticked, OPERATOR, "2026-01-31T11:30:00Z", "operation 7", "for ann", head)


def test_a_command_ticks_the_items_of_its_kind_whoever_may() -> None:
    items = (_INDEX, _BACKUP, replace(_BACKUP, id="0000000a"))
    touches = done_by_commands(items, (_done("backup"),), _NOW.commit)
    assert questions(items, touches) == {Question(OPERATOR, "@acme/dba")}
    rows = decide(items, (), touches, (), _NOW)
    assert [(row.ticked, row.login, row.note) for row in rows] == [
        (False, "", ""),
        (True, OPERATOR, "for ann"),
        (True, OPERATOR, "for ann"),
    ]


def test_what_a_command_did_at_another_commit_ticks_nothing() -> None:
    assert done_by_commands((_BACKUP,), (_done("backup", head="c" * 40),), _NOW.commit) == ()


def test_peoples_touches_stay_as_they_are() -> None:
    assert done_by_commands((_INDEX,), (_ALICE,), _NOW.commit) == (_ALICE,)


def test_a_command_opens_again_what_it_takes_back_and_a_person_may_tick_that() -> None:
    (ticked,) = decide((_INDEX,), (), (_ALICE,), _MAY, _NOW)
    back = done_by_commands((_INDEX,), (_done("index-not-concurrent", ticked=False),), _NOW.commit)
    (opened,) = decide((_INDEX,), (ticked,), back, (), _NOW)
    assert (opened.ticked, opened.note) == (False, "for ann")
    later = replace(_ALICE, at="2026-01-31T12:30:00Z", source="guid-2")
    assert decide((_INDEX,), (opened,), (later,), _MAY, _NOW)[0].login == "alice"


def test_the_order_of_arrival_does_not_matter() -> None:
    touches = [
        _ALICE,
        Touch("1a2b3c4d", False, "alice", "2026-01-31T11:00:01Z", "guid-2"),
        Touch("1a2b3c4d", True, "alice", "2026-01-31T11:00:02Z", "guid-3"),
    ]
    outcomes = {decide((_INDEX,), (), order, _MAY, _NOW) for order in permutations(touches)}
    assert len(outcomes) == 1
    assert outcomes.pop()[0].at == "2026-01-31T11:00:02Z"


def test_a_late_delivery_does_not_undo_a_newer_one() -> None:
    newer = Touch("1a2b3c4d", False, "alice", "2026-01-31T11:00:05Z", "guid-2")
    rows = decide((_INDEX,), (), (_ALICE, newer), _MAY, _NOW)
    assert not rows[0].ticked
    assert decide((_INDEX,), rows, (_ALICE,), _MAY, _LATER) == rows


def test_a_late_delivery_does_not_undo_a_newer_one_that_came_before_it() -> None:
    """The box was ticked, then unticked, and only the unticking was heard of so far."""
    rows = decide((_INDEX,), (), (Touch("1a2b3c4d", False, "alice", "2026-01-31T11:00:05Z", "guid-2"),), _MAY, _NOW)
    assert decide((_INDEX,), rows, (_ALICE,), _MAY, _LATER) == rows
    assert not rows[0].ticked


def test_the_same_touch_again_changes_nothing() -> None:
    rows = decide((_INDEX,), (), (_ALICE,), _MAY, _NOW)
    assert decide((_INDEX,), rows, (_ALICE,), _MAY, _LATER) == rows


_TOUCHES = st.lists(
    st.builds(
        Touch,
        item=st.sampled_from([_INDEX.id, _BACKUP.id, _PROVEN.id, "unknown1"]),
        ticked=st.booleans(),
        login=st.sampled_from(["alice", "dora", "eve"]),
        at=st.integers(0, 9).map(lambda second: f"2026-01-31T11:00:0{second}Z"),
        source=st.just("guid"),
    ),
    max_size=8,
)


@given(_TOUCHES)
def test_only_those_who_may_ever_tick(touches: list[Touch]) -> None:
    items = (_INDEX, _BACKUP, _PROVEN)
    rows = decide(items, (), touches, _MAY, _NOW)
    assert [row.item for row in rows] == [item.id for item in items]
    assert {row.login for row in rows if row.ticked and row.item == _BACKUP.id} <= {"dora"}
    assert {row.login for row in rows if row.ticked and row.item == _INDEX.id} <= {"alice"}
    assert _row(rows, _PROVEN).login == "migration-bot"


@given(_TOUCHES)
def test_the_same_touches_again_change_nothing(touches: list[Touch]) -> None:
    touches = list({(touch.item, touch.at): touch for touch in touches}.values())
    rows = decide((_INDEX, _BACKUP), (), touches, _MAY, _NOW)
    again = decide((_INDEX, _BACKUP), rows, touches, _MAY, _LATER)
    assert [(row.ticked, row.login, row.at) for row in again if row.ticked] == [
        (row.ticked, row.login, row.at) for row in rows if row.ticked
    ]
