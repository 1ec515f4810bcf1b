"""What stands in the way of a rollback in a live database, or is lost by it there, unknown to the rehearsal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.environments.expected import Expected
from workers.environments.spelling import Key
from workers.environments.testimony import Witness, by_path, grants_beside, unlike
from workers.rollback.alters import replaceable
from workers.rollback.comparison import by_name, topmost
from workers.rollback.difference import match
from workers.rollback.outline import CARRIED, Outline, holds_type, outline

_LOOK_MS = 10_000  # for one table: whether there is anything in it


@dataclass(frozen=True, slots=True)
class Reach:
    """What a rollback touches, all as it is after the migration. dropped: all that falls; new: for good, or something
    else comes in its place; again: what is then there under the same name. retyped: columns. altered: in place."""

    after: Catalog
    dropped: frozenset[ObjectId]
    new: frozenset[ObjectId]
    again: frozenset[ObjectId]
    retyped: frozenset[ObjectId]
    altered: frozenset[ObjectId]


def reach(expected: Expected) -> Reach:
    """From the two states, as the rollback itself is written."""
    found = outline(match(expected.before, expected.after), replaceable)
    pairs, new = found.difference.pairs, found.difference.new
    names = by_name(expected.before).keys()
    return Reach(
        expected.after,
        found.dropped,
        new,
        (found.dropped - new) | {id for id in new if _key(expected.after.objects[id]) in names},
        frozenset(pairs[id] for id in found.altered if _is_retyped(found, id)),
        frozenset(pairs[id] for id in found.altered),
    )


def _is_retyped(found: Outline, id: ObjectId) -> bool:
    return found.difference.before.objects[id].kind is Kind.COLUMN and "type" in found.altered[id]


# ---------------------------------------------------------------- what differs


def other_than_proven(rollback: Reach, live: Witness) -> Iterator[str]:
    """What the rollback touches and is not as it was when the rollback was proven: sentences without full stops."""
    here = by_name(live.catalog)
    for id in sorted(rollback.dropped | rollback.altered):
        each = rollback.after.objects[id]
        found = here.get((each.kind, each.path))
        if found is None:
            continue  # said by who compares the states
        yield from unlike(each, found, live)
        if each.kind is Kind.ENUM and each.texts("labels") != found.texts("labels"):
            labels = ", ".join(found.texts("labels"))
            yield f"{each.label}, labels: expected {', '.join(each.texts('labels'))}, is {labels}"
        if id in rollback.again and (more := grants_beside(each, found)):
            yield f"{each.label} is made again without the grant {', '.join(more)}, which no migration has given"


def dependants(rollback: Reach, live: Witness) -> Iterator[str]:
    """What stands, only live, on something that the rollback drops or whose type it changes."""
    dropped = {_key(rollback.after.objects[id]) for id in rollback.dropped}
    retyped = {_key(rollback.after.objects[id]) for id in rollback.retyped}
    known = {(_key(one), _key(on)) for one, on, _ in _edges(rollback.after)}
    found: dict[ObjectId, tuple[Object, str]] = {}
    for one, on, type in sorted(_edges(live.catalog), key=lambda edge: (by_path(edge[0]), by_path(edge[1]))):
        if (_key(one), _key(on)) in known or one.id in found:
            continue
        if _key(on) in dropped:
            falls = "would fall with" if type in CARRIED else "stands on"
            found[one.id] = (one, f"{one.label}, which no migration has made, {falls} {on.label}")
        elif _key(on) in retyped and holds_type(one):
            found[one.id] = (one, f"{one.label}, which no migration has made, stands on {on.label}, whose type changes")
    for one in topmost([one for one, _ in found.values()]):
        yield found[one.id][1]


def _edges(catalog: Catalog) -> Iterator[tuple[Object, Object, str]]:
    for id, targets in catalog.dependencies.items():
        for target in targets:
            yield catalog.objects[id], catalog.objects[target.on], target.type


def _key(each: Object) -> Key:
    return each.kind, each.path


# ---------------------------------------------------------------- what was written since


def written_since(c: psycopg.Connection[Any], rollback: Reach) -> Iterator[str]:
    """The tables and columns that fall and hold something now. One that cannot be read soon enough may hold it."""
    objects = rollback.after.objects
    for each in topmost([objects[id] for id in sorted(rollback.new)]):
        if each.kind is Kind.TABLE and each.text("partition_key") is None:
            yield from _held(c, each, _ANY.format(sql.Identifier(*each.path)), "rows")
        elif each.kind is Kind.COLUMN and not each.flag("generated"):
            column = sql.Identifier(each.path[-1])
            holds = _HOLDS.format(sql.Identifier(*each.path[:-1]), column, sql.SQL(_usual(rollback, each)))
            yield from _held(c, each, holds, "values")


_ANY = sql.SQL("SELECT EXISTS (SELECT FROM {})")
_HOLDS = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {} IS DISTINCT FROM {})")
_CONSTANT = re.compile(r"(?:-?\d+(?:\.\d+)?|true|false|'(?:[^']|'')*')(?:::[\w .,()\"\[\]]+)?")


def _usual(rollback: Reach, column: Object) -> str:
    """What rows hold that nobody has written to: the default, where it is a constant, which cannot do anything."""
    default = next((one for one in rollback.after.of_kind(Kind.DEFAULT) if one.parent == column.id), None)
    text = (default.text("definition") if default else None) or ""
    return f"({text})" if _CONSTANT.fullmatch(text) else "NULL"


def _held(c: psycopg.Connection[Any], each: Object, query: sql.Composed, what: str) -> Iterator[str]:
    try:
        with c.transaction(), c.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {_LOOK_MS}; SET TRANSACTION READ ONLY")
            found = cursor.execute(query).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return
    except psycopg.Error:
        if c.broken:
            raise
        yield f"{each.label} may hold {what}, which go with it"
        return
    if found and found[0]:
        yield f"{each.label} holds {what}, which go with it"
