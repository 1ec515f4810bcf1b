"""Names of column types, and which changes between them leave a table's rows as they are."""

from __future__ import annotations

import re

from workers.words import quote

_SPELLINGS = {
    "bool": "boolean",
    "int2": "smallint",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "float": "double precision",
    "decimal": "numeric",
    "dec": "numeric",
    "varchar": "character varying",
    "char varying": "character varying",
    "national character varying": "character varying",
    "nchar varying": "character varying",
    "char": "character",
    "nchar": "character",
    "national character": "character",
    "varbit": "bit varying",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
}
_SERIALS = {
    "smallserial": "smallint",
    "serial2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
}
_PARTS = re.compile(
    r"([^(\[]+?)\s*(\([^)]*\))?\s*((?:with|without)\s+time\s+zone)?\s*((?:\[\d*\]|\barray\b|\s)*)$", re.IGNORECASE
)
_HOME = re.compile(r"^(?:pg_catalog|public)\.", re.IGNORECASE)
_OWN_TYPE = re.compile(r'(?:"?([^".]+)"?\.)?"((?:[^"]|"")+)"\s*(\[\d*\]|\barray\b)?', re.IGNORECASE)
_REALS = frozenset(f"({digits})" for digits in range(1, 25))  # float(25) and more is double precision


def is_serial(type_text: str) -> bool:
    """serial and its kin are no types but an integer with a sequence behind it."""
    return type_text.strip().lower() in _SERIALS


def normal_type(text: str) -> str:
    """A type as format_type prints it: character varying(20), timestamp(3) with time zone, integer[]. Text that is no
    plain type comes back as it is."""
    plain = " ".join(text.split())
    if own := _OWN_TYPE.fullmatch(plain):
        return named_type(own[1], own[2].replace('""', '"')) + ("[]" if own[3] else "")
    if '"' in plain:
        return plain
    found = _PARTS.match(_HOME.sub("", plain))
    if found is None:
        return plain
    base, arguments, zone, array = found[1].lower(), (found[2] or "").replace(" ", ""), found[3], found[4]
    if base == "float" and arguments in _REALS:
        base, arguments = "real", ""
    named = _SERIALS.get(base) or _SPELLINGS.get(base, base)
    if base == "float":
        arguments = ""
    if base in ("char", "character", "nchar", "national character") and not arguments:
        arguments = "(1)"
    if zone:
        named = f"{named.split(' ')[0]} {' '.join(zone.lower().split())}"
    first, _, behind = named.partition(" ") if named.startswith("time") else (named, "", "")
    return f"{first}{arguments}{' ' + behind if behind else ''}{'[]' if array.strip() else ''}"


def named_type(schema: str | None, name: str) -> str:
    """A type by its name, as format_type prints it: without its schema while that is public."""
    return quote(name) if schema in (None, "public") else f"{quote(schema or '')}.{quote(name)}"


def keeps_rows(old: str | None, new: str) -> bool:
    """Whether ALTER COLUMN … TYPE can do without rewriting the table, both types as format_type prints them. `old` is
    None when it is not known; then the answer is True only for types that nearly every change to them is free for.
    Measured on PostgreSQL 15 to 18; see also the notes of https://www.postgresql.org/docs/current/sql-altertable.html."""
    if old is None:
        # Unknown is taken for a rewrite, which is the cautious side. Text without a length is the exception: what
        # becomes text mostly was character varying.
        return new in ("text", "character varying", "citext")
    if old == new:
        return True
    (was, old_numbers), (now, new_numbers) = modifiers(old), modifiers(new)
    if (was, now) in _FREE:
        return not new_numbers
    if was != now or was not in _GROWING:
        return False
    if not new_numbers:
        return True
    if not old_numbers or (was == "numeric" and scale(old_numbers) != scale(new_numbers)):
        return False
    return old_numbers[0] <= new_numbers[0]


_TEXTS = ("text", "character varying", "citext")
_FREE = (
    {(old, new) for old in _TEXTS for new in _TEXTS if old != new}
    | {("cidr", "inet"), ("xml", "text"), ("xml", "character varying")}
    # Only while the session's TimeZone is UTC, as it is on most servers.
    | {("timestamp without time zone", "timestamp with time zone")}
    | {("timestamp with time zone", "timestamp without time zone")}
)
_GROWING = {
    "character varying",
    "numeric",
    "bit varying",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
}


def modifiers(type_name: str) -> tuple[str, tuple[int, ...]]:
    """The type without what stands in its parentheses, and the numbers in them."""
    found = re.search(r"\((\d{1,9}(?:,\d{1,9})?)\)", type_name)
    if found is None:
        return type_name, ()
    if found[1] == "6" and type_name.startswith("time"):
        return type_name.replace("(6)", ""), ()  # what a type of time has without a number
    numbers = tuple(int(number) for number in found[1].split(","))
    return type_name[: found.start()] + type_name[found.end() :], numbers


def scale(numbers: tuple[int, ...]) -> int:
    """Of a numeric's modifiers: the digits behind the point."""
    return numbers[1] if len(numbers) > 1 else 0
