"""The INSERT that makes thousands of a table's rows out of a few: copies, made different where they can be. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workers.changes import ConstraintKind
from workers.postgres.attempt import identifier
from workers.postgres.demands import Column, Table, ValueType
from workers.postgres.values import longest_text

SEED = "pg_temp.migration_bot_seed"  # a copy of the rows to begin with
PLACE = "migration_bot_place"  # of each in it, from 0

_FIRST_NUMBER = 1_000_000  # above the keys of the rows that are there
_NUMBER = "series.number"
# Multiples of a number modulo a prime: in no order, positive, and none twice below two thousand million.
_SCATTERED = f"({_NUMBER} * 1103515245 % 2147483647)"
_DIGEST = f"pg_catalog.md5({_NUMBER}::pg_catalog.text)"
_FORMS = {
    "int2": f"{_SCATTERED} % 32767",
    "int4": _SCATTERED,
    "int8": _SCATTERED,
    "float4": _SCATTERED,
    "float8": _SCATTERED,
    "uuid": _DIGEST,
    "bytea": f"pg_catalog.decode({_DIGEST}, 'hex')",
    "date": f"'2020-01-01'::pg_catalog.date + ({_NUMBER} % 2000)::pg_catalog.int4",
    "timestamp": f"'2020-01-01'::pg_catalog.timestamp + {_NUMBER} * '1 second'::pg_catalog.interval",
    "timestamptz": f"'2020-01-01'::pg_catalog.timestamptz + {_NUMBER} * '1 second'::pg_catalog.interval",
    "bool": f"{_NUMBER} % 2 = 0",
}
_TEXTS = ("text", "varchar", "bpchar")
_DIGITS, _LETTERS = 9, 16
_MOST_INLINE = 1800  # bytes; a row of more than 2 kB is compressed or put elsewhere

_INSERT = f"""
    INSERT INTO {{table}} ({{columns}}) OVERRIDING SYSTEM VALUE SELECT {{values}}
    FROM pg_catalog.generate_series({{low}}::pg_catalog.int8, {{high}}::pg_catalog.int8) AS series (number)
    JOIN {SEED} AS seed ON seed.{PLACE} = {_NUMBER} % {{seeds}}
"""  # noqa: S608  quoted where it is filled in


def manners(table: Table, types: Mapping[int, ValueType]) -> Iterator[Mapping[str, str]]:
    """Which columns get values of their own, with the expression: as many as can be, then not those that a CHECK is
    about, then only what has to be unique. Foreign keys keep values that exist, unless nothing else makes a row differ.
    """
    forms = {column.name: form for column in table.columns if (form := _form(column, types))}
    linked = {name for key in table.foreign_keys for name in key.columns} | set(table.partitioned_by)
    checked = {name for demand in table.demands if demand.kind is ConstraintKind.CHECK for name in demand.columns}
    unique = set[str]()
    for demand in table.demands:
        if demand.kind is not ConstraintKind.CHECK:
            unique |= set(demand.columns) - linked or set(demand.columns)
    for left_out in (linked, linked | checked, forms.keys()):
        yield {name: form for name, form in forms.items() if name in unique or name not in left_out}


def insert(table: Table, manner: Mapping[str, str], seeds: int, numbers: range) -> str:
    """One row for each number; the same numbers give the same rows."""
    columns = [column for column in table.columns if not column.generated]
    return _INSERT.format(
        table=identifier(table.name.schema, table.name.name),
        columns=", ".join(identifier(column.name) for column in columns),
        values=", ".join(
            f"({manner[column.name]})::{column.sql}" if column.name in manner else f"seed.{identifier(column.name)}"
            for column in columns
        ),
        low=_FIRST_NUMBER + numbers.start,
        high=_FIRST_NUMBER + numbers.stop - 1,
        seeds=seeds,
    )


def widened(table: Table, types: Mapping[int, ValueType], manner: Mapping[str, str], more: int) -> Mapping[str, str]:
    """The same with so many bytes more in a row, at most as many as stay in its place, if a text column takes them:
    the last that nothing else is known of (https://www.postgresql.org/docs/current/storage-toast.html)."""
    length = min(more, _MOST_INLINE)
    known = {name for demand in table.demands for name in demand.columns}
    for column in reversed(table.columns):
        if column.name in manner.keys() - known and _letters(column, types) >= length + _LETTERS:
            repeated = f"pg_catalog.repeat({_DIGEST}, {length // 32 + 1})"
            return {**manner, column.name: f"pg_catalog.left({repeated}, {length + _LETTERS})"}
    return manner


def _letters(column: Column, types: Mapping[int, ValueType]) -> int:
    """How many a text column takes; none for other types."""
    return longest_text(name, column.modifier) if (name := types[column.type].name) in _TEXTS[:2] else 0


def _form(column: Column, types: Mapping[int, ValueType]) -> str | None:
    """An expression that gives another value for each number; None where the type has too few or is not known."""
    if column.generated:
        return None
    found, modifier = types[column.type], column.modifier
    while found.kind == "d":
        found, modifier = types[found.base], found.base_modifier
    if not found.built_in:
        return None
    if column.from_sequence and found.name in ("int4", "int8"):
        return _NUMBER
    if found.name in _TEXTS:
        return f"pg_catalog.left({_DIGEST}, {min(longest_text(found.name, modifier), _LETTERS)})"
    if found.name == "numeric":
        return f"{_SCATTERED} % {10 ** _whole_digits(modifier)}"
    return _FORMS.get(found.name)


def _whole_digits(modifier: int) -> int:
    """In front of the point of a numeric(p,s), at most _DIGITS; the modifier's layout is in
    https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c, make_numeric_typmod."""
    if modifier < 0:
        return _DIGITS
    precision, scale = ((modifier - 4) >> 16) & 0xFFFF, ((modifier - 4) & 0x7FF ^ 1024) - 1024
    return max(0, min(precision - scale, _DIGITS))
