"""Decides what is ticked: the items of a review, what was recorded, and the hands that touched the boxes since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.model import Row, Touch, Verdict
from bot.outcome import Item

MACHINE = "migration-bot"
OPERATOR = "migration-bot[bot]"  # our commands' touches; no person's login has brackets
_SHORT = 10  # of a commit's SHA, for people


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a person may touch an item. who: the item's own word: write, author, not-author or @org/team."""

    login: str
    who: str


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is recorded. at: UTC, 2026-01-31T12:00:00Z. commit: the head's SHA."""

    at: str
    commit: str


def questions(items: Iterable[Item], touches: Iterable[Touch]) -> frozenset[Question]:
    """What has to be asked of GitHub before decide() can be."""
    whose = {item.id: item.who for item in items if not item.evidence}
    return frozenset(Question(touch.login, whose[touch.item]) for touch in touches if touch.item in whose)


def done_by_commands(items: Iterable[Item], touches: Iterable[Touch], head: str) -> tuple[Touch, ...]:
    """All touches, those of our own commands as touches of the items they saw to: none where it was at a commit that is
    not the head any more."""
    kinds = tuple((item.kind, item.id) for item in items)
    return tuple(
        replace(touch, item=item)
        for touch in touches
        for item in ([touch.item] if not touch.done_at else [id for kind, id in kinds if kind == touch.item])
        if touch.done_at in ("", head)
    )


def decide(
    items: Sequence[Item],
    before: Sequence[Row],
    touches: Iterable[Touch],
    granted: Collection[Question],
    now: Moment,
) -> tuple[Row, ...]:
    """A row for each item, in their order. A recorded tick stays while its item's id stays; an item whose cause changed
    is open again and says so; a touch counts when its author may, or one of our commands did it, and is not older than
    what is recorded. One that changes nothing is recorded as well: an older one may still be on its way."""
    ordered = sorted(touches, key=lambda touch: touch.at)
    return tuple(
        _touched(row, item, (touch for touch in ordered if touch.item == item.id), granted, now)
        for item, row in zip(items, _carried(items, before, now), strict=True)
    )


def verdict(rows: Iterable[Row]) -> Verdict:
    """Open items block: action_required does so for a required check, neutral would not
    (https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/troubleshooting-required-status-checks).
    """
    return Verdict.SUCCESS if all(row.ticked for row in rows) else Verdict.ACTION_REQUIRED


def _carried(items: Sequence[Item], before: Sequence[Row], now: Moment) -> list[Row]:
    """What is recorded of each item, or of the item that it takes the place of."""
    recorded = {row.item: row for row in before}
    ids = {item.id for item in items}
    left = [row for row in before if row.item not in ids]
    rows = []
    for item in items:
        row = recorded.get(item.id)
        if row is None:
            # A record that had to be shortened has only the beginnings of its labels.
            former = next((row for row in left if row.label and item.label.startswith(row.label)), None)
            if former:
                left.remove(former)
            row = Row(item.id, item.label, ticked=False, note=_reset(former, now))
        rows.append(replace(row, label=item.label))
    return rows


def _reset(former: Row | None, now: Moment) -> str:
    if former is None or former.login == MACHINE:
        return ""
    if not former.ticked:
        return former.note
    return f"reset: {former.login} ticked it at {former.commit[:_SHORT]}, its cause changed in {now.commit[:_SHORT]}"


def _touched(row: Row, item: Item, touches: Iterable[Touch], granted: Collection[Question], now: Moment) -> Row:
    if item.evidence:
        done = row.ticked and row.login == MACHINE
        return row if done else Row(item.id, item.label, True, MACHINE, now.at, now.commit)
    if row.login == MACHINE:
        row = Row(item.id, item.label, ticked=False)
    for touch in touches:
        if not touch.done_at and Question(touch.login, item.who) not in granted:
            tried = "tick" if touch.ticked else "untick"
            row = replace(row, note=f"{tried} by {touch.login} refused: {NEEDED.get(item.who, item.who)} is needed")
        elif (touch.at, touch.ticked is not row.ticked) > (row.at, False):
            row = Row(item.id, item.label, touch.ticked, touch.login, touch.at, now.commit, touch.because)
    return row


NEEDED = {
    "write": "write access",
    "author": "the author, or write access,",
    "not-author": "write access, and not being the author,",
}
