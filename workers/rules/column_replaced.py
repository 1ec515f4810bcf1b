"""Dropping a column and adding a like one looks like a rename, but loses the values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from workers.changes import ColumnAdded, ColumnDropped
from workers.model import Level
from workers.rules.mentioned import where
from workers.rules.rule import Rule, Step
from workers.sql.table_actions import AddColumn
from workers.verdict import Finding
from workers.words import quote

ALIKE = 0.7  # of what two names do not share, as difflib measures: full_name and fullName 1.0, offset and id 0.25
CLEARLY = 0.15  # so much more alike than any other column
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_SAYS_NOTHING = frozenset(("id", "at", "url"))  # shared by columns that have nothing to do with each other


def check(step: Step) -> Iterator[Finding]:
    """Columns dropped here whose successor is added by the same statement or a later one. A successor that was added
    before may have got the values by an UPDATE in between, so that is a plain drop."""
    drops = [c for c in step.changes if isinstance(c, ColumnDropped) and step.existing(c.table)]
    free = [c for c in step.changes if isinstance(c, ColumnAdded)] if drops else []
    free += [c for table in dict.fromkeys(drop.table for drop in drops) for c in step.later.of(ColumnAdded, table)]
    for drop in drops:
        if step.added(drop.table, drop.column) or step.dropped(drop.table):
            continue
        if (add := _successor(step, drop, free)) is not None:
            free.remove(add)
            yield step.finding(RULE, f"{drop.table}.{drop.column}", _message(step, drop, add))


def _successor(step: Step, drop: ColumnDropped, free: list[ColumnAdded]) -> ColumnAdded | None:
    """Of the added columns that could hold the same values, the one whose name is clearly the most alike: of the same
    type, if that is known. One of the same name has another type, or it is no change of the type."""
    own = [add for add in free if add.table == drop.table]
    if same := next((add for add in own if add.column == drop.column), None):
        return None if same.type == drop.type or _generated(step, same) else same
    if alone := _only(step, drop):
        return alone
    likeness = {add: _likeness(drop.column, add.column) for add in own if drop.type in (None, add.type)}
    ranked = sorted(likeness, key=likeness.__getitem__, reverse=True)
    if not ranked or likeness[ranked[0]] < ALIKE or _generated(step, ranked[0]):
        return None
    doubtful = len(ranked) > 1 and likeness[ranked[1]] > likeness[ranked[0]] - CLEARLY
    return None if doubtful else ranked[0]


def _only(step: Step, drop: ColumnDropped) -> ColumnAdded | None:
    """The one column that the statement adds for the one that it drops, of the same type and with the same last word:
    fullName, displayName."""
    drops = [c for c in step.changes if isinstance(c, ColumnDropped) and c.table == drop.table]
    adds = [c for c in step.changes if isinstance(c, ColumnAdded) and c.table == drop.table]
    if len(drops) != 1 or len(adds) != 1 or drop.type not in (None, adds[0].type) or _generated(step, adds[0]):
        return None
    old, new = ([word.lower() for word in _WORD.findall(name)][-1:] for name in (drop.column, adds[0].column))
    return adds[0] if old == new and not _SAYS_NOTHING.issuperset(old) else None


def _generated(step: Step, add: ColumnAdded) -> bool:
    """Its values are computed, so that none are to be kept for it."""
    actions = (*step.actions, *step.later_actions.of(AddColumn, add.table))
    columns = (a.column for a in actions if isinstance(a, AddColumn) and a.table == add.table)
    return any(column.name == add.column and column.generated is not None for column in columns)


def _likeness(name: str, other: str) -> float:
    """From 0 to 1, by what the names do not share as whole words at their beginnings and ends: thread of threadId and
    teamId. 1 where one name holds the other."""
    one, two = ([word.lower() for word in _WORD.findall(each)] for each in (name, other))
    shared = set[str]()
    for end in (0, -1):
        while one and two and one[end] == two[end]:
            shared.add(one.pop(end))
            two.pop(end)
    short, long = sorted(("".join(one), "".join(two)), key=len)
    if not short:
        return 1.0 if not long or shared - _SAYS_NOTHING else 0.0
    return 1.0 if len(short) > 2 and short in long else difflib.SequenceMatcher(None, short, long).ratio()


def _message(step: Step, drop: ColumnDropped, add: ColumnAdded) -> str:
    table = drop.table.sql
    if add.column == drop.column:
        return (
            f"{drop.table}.{drop.column} is dropped and added again as {add.type}: its values are lost. Change it in "
            f"place, ALTER TABLE {table} ALTER COLUMN {quote(drop.column)} TYPE {add.type} USING …, or add a column of "
            "another name, copy the values, and drop this one in a later release."
        )
    named = where(step, f"{drop.table}.{drop.column}")
    return (
        f"{drop.table}.{drop.column} is dropped and {add.column} added, which looks like a rename but loses the values."
        f" A rename keeps them: ALTER TABLE {table} RENAME COLUMN {quote(drop.column)} TO {quote(add.column)}. While "
        f"{named or 'the old code runs'}: add {add.column}, write both, copy the values in batches, read the new "
        f"column, and drop {drop.column} in a later release."
    )


RULE = Rule(
    "column-replaced",
    Level.HIGH_RISK,
    "Dropping a column and adding a like one looks like a rename, but loses the values.",
    check,
)
