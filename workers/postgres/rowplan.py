"""Which value goes into which row of a table, before the server has said anything. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from workers.changes import ConstraintKind
from workers.postgres.demands import Table

NULL = "NULL"
DEFAULT = "DEFAULT"
Row = Mapping[str, str]  # column → SQL expression

_SIMILAR = 5  # rows at the beginning that are alike but for what must differ
_MOST = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """What a column may hold, as SQL expressions. `fresh` gives values no other number gives, in several styles."""

    nasty: tuple[str, ...]
    ordinary: tuple[str, ...]
    fresh: Callable[[int], tuple[str, ...]]
    nullable: bool
    distinct: bool  # alone under a unique index


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key's columns and the parents' keys they can hold. `itself`: the columns of the same table that a
    required key into its own table points at, so that a row becomes its own parent."""

    name: str
    columns: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    nullable: frozenset[str]
    distinct: bool
    itself: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    table: Table
    choices: Mapping[str, Choice]
    references: tuple[Reference, ...]


def row_count(plan: Plan, rows: int) -> int:
    """How many rows to try: `rows`, or as many as it takes to show each column's every value, at most _MOST."""
    longest = max((len(choice.nasty) for choice in plan.choices.values()), default=0)
    return max(rows, min(_SIMILAR + longest, _MOST))


def first_row(plan: Plan, number: int) -> Row:
    """Rows 0, 2 and 4 hold ordinary values, the same ones where they may: what a unique index still to come refuses.
    Rows 1 and 3 hold NULL wherever they may. The others go through every nasty value of every column."""
    row = {name: _cell(choice, place, number) for place, (name, choice) in enumerate(plan.choices.items())}
    set_by_reference: set[str] = set()
    for reference in plan.references:
        fixed = {column: row[column] for column in reference.columns if column in set_by_reference}
        row |= referring(reference, number, row, fixed)
        set_by_reference.update(reference.columns)
    for columns in _unique_together(plan.table) if 0 < number < _SIMILAR else ():
        row |= distinguished(plan, row, columns[0 if number == 4 else -1], number)
    return row


def _is_null_row(number: int) -> bool:
    return number < _SIMILAR and number % 2 == 1


def _cell(choice: Choice, place: int, number: int) -> str:
    fresh = choice.fresh(number)[:1] if choice.distinct else ()
    if number >= _SIMILAR:
        # Each column starts elsewhere in its values, so that not every column holds its first value in the same row.
        turn = number - _SIMILAR + (0 if choice.distinct else 7 * place)
        values = (*choice.nasty, NULL) if choice.nullable else choice.nasty
        if values and not (fresh and turn >= len(values)):
            return values[turn % len(values)]
    elif _is_null_row(number) and choice.nullable:
        return NULL
    return _first((*fresh, *choice.ordinary, *choice.nasty), choice.nullable)


def _first(values: Iterable[str], nullable: bool) -> str:
    """The first value; without any, what leaves the decision to the server."""
    return next(iter(values), NULL if nullable else DEFAULT)


def referring(reference: Reference, number: int, row: Row, fixed: Row) -> Row:
    """The foreign key's columns for a row: a parent's key that agrees with the columns in `fixed`, or NULL."""
    if reference.itself:
        return {column: row[target] for column, target in zip(reference.columns, reference.itself, strict=True)}
    keys = [key for key in reference.keys if _agrees(reference, key, fixed)] or list(reference.keys)
    without = {column: NULL for column in reference.columns if column in reference.nullable}
    exhausted = reference.distinct and number >= len(keys)
    left_out = _is_null_row(number) or (number >= _SIMILAR and number % 5 == 0)
    if not keys or (without and (exhausted or left_out)):
        return without
    if number < _SIMILAR and not reference.distinct:
        number = 0
    return dict(zip(reference.columns, keys[number % len(keys)], strict=True))


def _agrees(reference: Reference, key: tuple[str, ...], fixed: Row) -> bool:
    return all(fixed.get(column, value) == value for column, value in zip(reference.columns, key, strict=True))


def distinguished(plan: Plan, row: Row, column: str, number: int) -> Row:
    """The row's change that gives one of its columns a value of its own."""
    for reference in plan.references:
        if column in reference.columns and reference.keys:
            others = {name: row[name] for name in reference.columns if name != column}
            place = reference.columns.index(column)
            unlike = tuple(key for key in reference.keys if key[place] != row[column])
            return referring(replace(reference, keys=unlike or reference.keys), number, row, others)
    choice = plan.choices.get(column)
    return {column: _first(choice.fresh(number), choice.nullable)} if choice else {}


def _unique_together(table: Table) -> list[tuple[str, ...]]:
    return [
        demand.columns
        for demand in table.demands
        if demand.kind is ConstraintKind.UNIQUE and demand.plain and len(demand.columns) > 1
    ]
