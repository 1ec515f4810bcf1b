"""Draws the pull request's comment: the verdict, the checklist, then what the review has to say. A view, never read."""

from __future__ import annotations

from collections.abc import Sequence

from bot.checklist import MACHINE, NEEDED
from bot.github.comments import MARKER
from bot.markup import quoted
from bot.model import Row
from bot.outcome import Item, Outcome, Standing

LIMIT_BYTES = 60_000
AGAIN = "Comment `/migrate recheck`, or press **Re-run** on the check, to review again."
_NOTHING_LEFT = "This pull request touches no migrations any more."


def draw(outcome: Outcome, rows: Sequence[Row]) -> str:
    """The whole body. The checklist is never cut: the outcome's body was made to leave room for it."""
    if outcome.standing is Standing.NONE:
        return f"{MARKER}\n{_NOTHING_LEFT}\n"
    if outcome.standing is Standing.FAILED:
        kept = "\n\nWhat was ticked before is kept." if any(row.ticked for row in rows) else ""
        found = f"\n{outcome.body}" if outcome.body else ""  # in what was reviewed all the same
        return f"{MARKER}\n{outcome.headline}\n\n{outcome.reason}\n\n{AGAIN}{kept}\n{found}"
    parts = (MARKER, outcome.headline, _checklist(outcome.items, rows), outcome.body)
    return "\n".join(part for part in parts if part)


def checklist_bytes(items: Sequence[Item]) -> int:
    """The most that the checklist of these items can take in a comment, whoever ticks them and why."""
    lines = (len(f"{item.text}{item.reason}{item.evidence}".encode()) + _ROW_BYTES for item in items)
    return sum(lines) + _ROW_BYTES


_ROW_BYTES = 700  # marker, id, a name of 39 characters, times, and a note
_NOTE_BYTES = 400


def _checklist(items: Sequence[Item], rows: Sequence[Row]) -> str:
    if not items:
        return ""
    left = sum(not row.ticked for row in rows)
    title = f"**Before merging**, {left} of {len(rows)} open" if left else "**Before merging**: all is confirmed"
    return f"\n{title}\n\n{boxes_of(items, rows)}"


def boxes_of(items: Sequence[Item], rows: Sequence[Row]) -> str:
    """A line for each item."""
    return "".join(_line(item, row) for item, row in zip(items, rows, strict=True))


def _line(item: Item, row: Row) -> str:
    """The marker stands inside the line: people may drag a box to another place
    (https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/about-tasklists)."""
    box = "x" if row.ticked else " "
    said = " · ".join(part for part in (item.reason, item.evidence, _who(item, row)) if part)
    return f"- [{box}] {item.text}<br><sub>{said}</sub> <!-- item:{item.id} -->\n"


def _who(item: Item, row: Row) -> str:
    note = f" {quoted(row.note, _NOTE_BYTES)}" if row.note and row.ticked else ""
    if row.login == MACHINE:
        return ""
    if row.ticked:
        return f"ticked by {quoted(row.login)} on {row.at[:10]} at {row.commit[:7]}{note}"
    refused = f" · ⚠️ {quoted(row.note, _NOTE_BYTES)}" if row.note else ""
    return f"<code>{item.id}</code>{_needs(item)}{refused}"


def _needs(item: Item) -> str:
    return "" if item.who == "write" else f", for {quoted(NEEDED.get(item.who, item.who).rstrip(','))}"
