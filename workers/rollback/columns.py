"""A column as it is written in CREATE TABLE and ADD COLUMN, and the values it gets where its own are gone."""

from __future__ import annotations

from collections.abc import Mapping

from workers.catalog import Object
from workers.rollback.names import ident

# A value of the type, by a number n, for a column that must not be NULL and whose values are lost.
_VALUES: Mapping[str, str] = {
    "boolean": "{n} % 2 = 0",
    "uuid": "pg_catalog.gen_random_uuid()",
    "json": "'{{}}'",
    "jsonb": "'{{}}'",
    "date": "'epoch'::date + {n}::integer",
    "time without time zone": "'00:00'::time + {n} * '1 ms'::interval",
    "timestamp without time zone": "'epoch'::timestamp + {n} * '1 s'::interval",
    "timestamp with time zone": "'epoch'::timestamptz + {n} * '1 s'::interval",
    "interval": "{n} * '1 s'::interval",
    "bytea": "{n}::text::bytea",
    "inet": "'0.0.0.0'::inet + {n}",
}
NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
LETTERS = ("text", "character varying", "character", "citext", "name", '"char"')


def base_type(type: str) -> str:
    """Without its modifiers: numeric(10,2) is numeric, timestamp(3) without time zone is that without (3)."""
    head, bracket, tail = type.partition("(")
    return head.strip() + tail.partition(")")[2] if bracket else type


def placeholder(column: Object, labels: tuple[str, ...], number: str) -> str | None:
    """An expression over `number`, itself an expression: another value for another number where the type has enough.
    None when no value of the type is known. `labels`: those of the type where it is an enum."""
    type = column.text("type") or ""
    base = base_type(type)
    if type.endswith("[]"):
        return "'{}'"
    if labels:
        return "'" + labels[0].replace("'", "''") + "'"
    if base in NUMBERS or base.rpartition(".")[2] in LETTERS:
        return f"{number}::{type}"
    value = _VALUES.get(base)
    return value and value.format(n=number)


def definition(column: Object, default: str | None, required: bool) -> str:
    """ "name" type COLLATE … DEFAULT … NOT NULL, as CREATE TABLE takes it. `required`: with its NOT NULL."""
    parts = [ident(column.path[-1]), column.text("type") or ""]
    if collation := column.text("collation"):
        parts.append(f"COLLATE {collation}")
    if compression := column.text("compression"):
        parts.append(f"COMPRESSION {COMPRESSIONS[compression]}")
    if expression := column.text("generated"):
        virtual = column.text("generated_kind") == "v"
        parts.append(f"GENERATED ALWAYS AS ({expression}) {'VIRTUAL' if virtual else 'STORED'}")
    if default:
        parts.append(f"DEFAULT {default}")
    if required and column.flag("not_null") and column.attributes.get("not_null_valid", True):
        parts.append(not_null(column))
    return " ".join(parts)


def not_null(column: Object) -> str:
    """NOT NULL, with the constraint's name where the server would choose another (PostgreSQL 18 and newer)."""
    return f"{not_null_name(column)}NOT NULL{' NO INHERIT' if column.flag('not_null_no_inherit') else ''}"


def not_null_name(column: Object) -> str:
    """CONSTRAINT "name" and a space; empty where the server chooses that name anyway."""
    name = column.text("not_null_constraint")
    usual = name is None or name == f"{column.path[-2]}_{column.path[-1]}_not_null"
    return "" if usual else f"CONSTRAINT {ident(name or '')} "


def identity(column: Object, sequence: Object | None) -> str:
    """GENERATED … AS IDENTITY with the sequence's own name and options."""
    kind = "ALWAYS" if column.text("identity") == "a" else "BY DEFAULT"
    if sequence is None:
        return f"GENERATED {kind} AS IDENTITY"
    options = sequence_options(sequence)
    if sequence.path[-1] != f"{column.path[-2]}_{column.path[-1]}_seq":
        options = [f"SEQUENCE NAME {ident(*sequence.path)}", *options]
    return f"GENERATED {kind} AS IDENTITY" + (f" ({' '.join(options)})" if options else "")


COMPRESSIONS = {"p": "pglz", "l": "lz4"}
_BOUNDS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def sequence_options(sequence: Object, *, all_of_them: bool = False) -> list[str]:
    """START, INCREMENT …; those that are as usual left out, unless all of them are wanted."""
    known = sequence.attributes
    increment = known["increment"]
    bound = _BOUNDS[sequence.text("type") or "bigint"]
    down = isinstance(increment, int) and increment < 0
    minimum, maximum = (-bound, -1) if down else (1, bound - 1)
    usual = {
        "INCREMENT BY": ("increment", 1),
        "MINVALUE": ("minimum", minimum),
        "MAXVALUE": ("maximum", maximum),
        "START WITH": ("start", known["maximum"] if down else known["minimum"]),
        "CACHE": ("cache", 1),
    }
    options = [f"{word} {known[name]}" for word, (name, value) in usual.items() if all_of_them or known[name] != value]
    if known["cycle"] or all_of_them:
        options.append("CYCLE" if known["cycle"] else "NO CYCLE")
    return options
