"""What to change in a row that the server refused, going by the constraint it names. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from workers.changes import ConstraintKind
from workers.postgres.attempt import Refusal
from workers.postgres.rowplan import DEFAULT, NULL, Choice, Plan, Row, distinguished, referring

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_NOT_NULL, _FOREIGN_KEY, _UNIQUE, _CHECK, _EXCLUSION = "23502", "23503", "23505", "23514", "23P01"
_SHAPES = 5  # ways to fulfil a condition on several columns, tried in turns
_COPY = 4  # the one of them that copies an accepted row
_TAME_AFTER = 3  # refusals of a row, after which ordinary values come before nasty ones

Ban = tuple[str, str]  # a column and an expression that a constraint on that column alone refuses
Bans = frozenset[Ban]


@dataclass(frozen=True, slots=True)
class Learned:
    """What earlier refusals and successes on this table have shown."""

    bans: Bans
    accepted: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """Which row of the plan, and how often it has been refused before."""

    number: int
    refused: int

    def draw(self, salt: str, below: int) -> int:
        """A number from 0 that differs for most other turns and salts, and never for the same ones."""
        return crc32(f"{self.number}/{self.refused}/{salt}".encode()) % below


def blamed(plan: Plan, refusal: Refusal) -> tuple[str, ...]:
    """The columns behind a refusal; none when it does not tell."""
    if refusal.sqlstate == _NOT_NULL:
        return (refusal.column,) if refusal.column in plan.choices else ()
    constrained = [(demand.name, demand.columns) for demand in plan.table.demands]
    for name, columns in [*constrained, *((key.name, key.columns) for key in plan.table.foreign_keys)]:
        if name == refusal.constraint:
            return tuple(column for column in columns if column in plan.choices)
    # A row that no partition takes is a check violation without a constraint.
    return plan.table.partitioned_by if refusal.sqlstate == _CHECK and not refusal.constraint else ()


def ban(plan: Plan, row: Row, refusal: Refusal) -> Ban | None:
    """What no row should try again."""
    columns = blamed(plan, refusal)
    if len(columns) != 1 or refusal.sqlstate not in (_NOT_NULL, _CHECK):
        return None
    return columns[0], row[columns[0]]


def repaired(plan: Plan, row: Row, refusal: Refusal, turn: Turn, learned: Learned) -> Row:
    """The row with other values in the blamed columns; without any, with ordinary values in more and more columns."""
    columns, bans = blamed(plan, refusal), learned.bans
    if not columns:
        changed = _tamed(plan, row, turn, bans)
    elif refusal.sqlstate in (_UNIQUE, _EXCLUSION):
        changed = {**row, **_apart(plan, row, columns[turn.refused % len(columns)], turn, bans)}
    elif refusal.sqlstate == _FOREIGN_KEY:
        changed = {**row, **_other_parent(plan, row, columns, turn)}
    else:
        changed = {**_redrawn(plan, row, columns, turn, bans), **_copied(plan, columns, turn, learned.accepted)}
    return _redrawn(plan, changed, [column for column in plan.choices if (column, changed[column]) in bans], turn, bans)


def _copied(plan: Plan, columns: Sequence[str], turn: Turn, accepted: Sequence[Row]) -> Row:
    """When it is the turn for it: the columns of an accepted row that conditions on several columns or, where rows may
    be alike, partition bounds tie together."""
    if not accepted or len(columns) == 1 or turn.refused % _SHAPES != _COPY:
        return {}
    demands = plan.table.demands
    tied = [demand.columns for demand in demands if demand.kind is ConstraintKind.CHECK and len(demand.columns) > 1]
    if not any(demand.kind is ConstraintKind.UNIQUE for demand in demands):
        tied.append(plan.table.partitioned_by)
    model = accepted[turn.number % len(accepted)]
    return {name: model[name] for together in tied for name in together if name in model}


def _apart(plan: Plan, row: Row, column: str, turn: Turn, bans: Bans) -> Row:
    """A value that another row is not likely to hold."""
    number = turn.number + turn.refused
    if any(column in reference.columns and reference.keys for reference in plan.references):
        return distinguished(plan, row, column, number)
    choice = plan.choices[column]
    fresh = _free(column, choice.fresh(turn.number), bans)
    if fresh and turn.refused % 2 == 0:
        return {column: fresh[turn.refused // 2 % len(fresh)]}
    options = _options(column, choice, turn, bans)
    return {column: options[number % len(options)]}


def _other_parent(plan: Plan, row: Row, columns: Sequence[str], turn: Turn) -> Row:
    reference = next(reference for reference in plan.references if set(columns) <= set(reference.columns))
    if turn.refused > _TAME_AFTER and reference.nullable:
        return dict.fromkeys(reference.nullable, NULL)
    return referring(reference, turn.number + turn.refused, row, {})


def _redrawn(plan: Plan, row: Row, columns: Sequence[str], turn: Turn, bans: Bans) -> Row:
    """Other values for these columns. What conditions on several columns often ask for is tried in turns: NULL in some
    of them, NULL in all but one, the first value of each (so zeros), and any values."""
    changed = dict(row)
    shape = turn.refused % _SHAPES if len(columns) > 1 else _COPY
    kept = turn.draw("kept", max(1, len(columns)))
    for place, column in enumerate(columns):
        choice = plan.choices[column]
        empty = (shape == 0 and turn.draw(column, 2) == 0) or (shape == 1 and place != kept)
        reference = next((found for found in plan.references if column in found.columns), None)
        if choice.nullable and empty and (column, NULL) not in bans:
            changed |= dict.fromkeys(reference.nullable, NULL) if reference else {column: NULL}
        elif reference:
            changed |= referring(reference, turn.draw(reference.name, 1000), changed, {})
        else:
            options = _options(column, choice, turn, bans)
            first = _free(column, choice.nasty, bans)[:1] if shape == 2 else []
            changed[column] = first[0] if first else options[turn.draw(column, len(options))]
    return changed


def _tamed(plan: Plan, row: Row, turn: Turn, bans: Bans) -> Row:
    """Ordinary values in all columns but a few, later in all: what to do when the refusal names no column."""
    referring_columns = {column for reference in plan.references for column in reference.columns}
    changed = dict(row)
    for column, choice in plan.choices.items():
        if column not in referring_columns and (turn.refused > _TAME_AFTER or turn.draw(column, turn.refused + 3)):
            fresh = _free(column, choice.fresh(turn.number), bans) if choice.distinct else []
            ordinary = fresh or _free(column, choice.ordinary, bans) or [row[column]]
            changed[column] = ordinary[turn.refused % len(ordinary)]
    return changed


def _options(column: str, choice: Choice, turn: Turn, bans: Bans) -> list[str]:
    """What is left for a column, never nothing: a default of the column, or one value that the server refuses again."""
    fresh = _free(column, choice.fresh(turn.number), bans) if choice.distinct else []
    ordinary = fresh + _free(column, choice.ordinary, bans)
    null = (NULL,) if choice.nullable else ()
    tame = turn.refused >= _TAME_AFTER and ordinary
    return ordinary if tame else _free(column, (*choice.nasty, *null), bans) + ordinary or [DEFAULT]


def _free(column: str, options: Sequence[str], bans: Bans) -> list[str]:
    return [option for option in options if (column, option) not in bans]
