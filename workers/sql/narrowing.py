"""Which changes of a column's type round or cut values without an error."""

from __future__ import annotations

from workers.sql.column_types import modifiers, normal_type, scale
from workers.sql.cursor import Cursor, Unreadable

_WHOLE = ("smallint", "integer", "bigint")
_TIMES = tuple(f"{kind} {zone} time zone" for kind in ("timestamp", "time") for zone in ("with", "without"))
_MICROSECONDS = 6  # what a type of time has without a number
_DIGITS = {"real": 6, "double precision": 15}  # https://www.postgresql.org/docs/current/datatype-numeric.html

# By the casts that assignment allows; inet loses the bits behind its netmask.
_LOSING = (
    {(fraction, whole) for fraction in ("numeric", "real", "double precision") for whole in _WHOLE}
    | {("numeric", "real"), ("numeric", "double precision"), ("double precision", "real")}
    | {("integer", "real"), ("bigint", "real"), ("bigint", "double precision")}
    | {(time, part) for time in _TIMES[:2] for part in ("date", *_TIMES[2:])}
    | {("interval", "time without time zone"), ("inet", "cidr")}
)
_LIMITED = ("character varying", "character", "bit varying", "bit")
_CUTTING = ("left", "right", "substr", "substring", "round", "trunc", "floor", "ceil", "ceiling", "date_trunc", "date")


def loses_silently(old: str, new: str, column: str, using: str | None = None) -> bool:
    """Whether ALTER COLUMN … TYPE may round or cut values instead of failing. Types as format_type prints them. Of a
    USING that is more than a cast of the column, only the function that it begins with is known."""
    if using is None:
        return _rounds(old, new)
    cast, function = _read(using, column)
    if cast is None:
        return function in _CUTTING
    return _rounds(old, cast or new) or _cuts(old, cast)


def _read(using: str, column: str) -> tuple[str | None, str]:
    """The type that the column is cast to, "" for the column as it is, None for anything else; and the first word."""
    cursor = Cursor(using)
    first = cursor.peek().word
    try:
        if cursor.accept("cast"):
            cursor = cursor.inside()
            cast = cursor.path()[-1] == column and cursor.accept("as")
        else:
            cast = cursor.path()[-1] == column and (cursor.ended or cursor.accept("::"))
        return (normal_type(cursor.rest()) if cast else None), first
    except Unreadable:
        return None, first


def _rounds(old: str, new: str) -> bool:
    (was, old_numbers), (now, new_numbers) = modifiers(old.removesuffix("[]")), modifiers(new.removesuffix("[]"))
    if was == now == "numeric":
        return bool(new_numbers) and (not old_numbers or scale(new_numbers) < scale(old_numbers))
    if was == now and (was in _TIMES or was == "interval"):
        return (*new_numbers, _MICROSECONDS)[0] < (*old_numbers, _MICROSECONDS)[0]
    if was == "numeric" and old_numbers:
        fits = scale(old_numbers) == 0 if now in _WHOLE else old_numbers[0] <= _DIGITS.get(now, 0)
        return (was, now) in _LOSING and not fits
    return (was, now) in _LOSING


def _cuts(old: str, cast: str) -> bool:
    """An explicit cast to a limited length cuts what is longer, where an assignment fails
    (https://www.postgresql.org/docs/current/datatype-character.html)."""
    (_, old_numbers), (now, new_numbers) = modifiers(old.removesuffix("[]")), modifiers(cast.removesuffix("[]"))
    return now in _LIMITED and bool(new_numbers) and (not old_numbers or new_numbers[0] < old_numbers[0])
