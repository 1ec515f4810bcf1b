"""Whose rows a migration writes, of the tables that were there before it: by its own statements, and through keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.difference import Difference
from workers.words import Name


@dataclass(frozen=True, slots=True)
class TableEffect:
    """Rows of a table that a migration wrote. columns: those that its UPDATE statements set; None when not known.
    guessed: only a lock tells that there may be such rows. beside: one of a statement that is known to write elsewhere,
    so that it may be what a foreign key passes on. below: what inherits from the table is written with it, unseen."""

    table: Name
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    columns: frozenset[str] | None = None
    guessed: bool = False
    beside: bool = False
    below: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """The rows of a table as it was before. columns: as in TableEffect, under the names they have in the end."""

    table: Object
    inserted: bool = False
    updated: bool = False
    deleted: bool = False
    columns: frozenset[str] | None = None
    guessed: bool = False
    below: bool = False


def together(one: TableEffect | Reached, other: TableEffect | Reached) -> frozenset[str] | None:
    """The columns that two effects on one table set."""
    if not (one.updated and other.updated):
        return one.columns if one.updated else other.columns
    return None if one.columns is None or other.columns is None else one.columns | other.columns


def reached(difference: Difference, effects: Iterable[TableEffect]) -> tuple[Reached, ...]:
    """One for each table that is not gone. What a DELETE takes along and an UPDATE passes on through foreign keys
    counts, too: rows of ours may have had none that refer to them."""
    found: dict[ObjectId, Reached] = {}
    every = [(effect, each) for effect in effects if (each := _of(difference, effect))]
    waiting = [each for effect, each in every if not (effect.guessed and effect.beside)]
    _follow(difference, waiting, found)
    unexplained = [
        each
        for effect, each in every
        if effect.guessed and effect.beside and not _explained(difference, found, each.table)
    ]
    _follow(difference, unexplained, found)
    return tuple(each for id, each in found.items() if id not in difference.gone)


def _explained(difference: Difference, found: Mapping[ObjectId, Reached], table: Object) -> bool:
    """By a foreign key, or because it is a partition of what is known to be written."""
    if (known := found.get(table.id)) and not known.guessed:
        return True
    above = parent_of(difference.before, table)
    return above is not None and _explained(difference, found, above)


def _follow(difference: Difference, waiting: list[Reached], found: dict[ObjectId, Reached]) -> None:
    keys = _keys(difference) if waiting else ()
    while waiting:
        each = waiting.pop(0)
        known = found.get(each.table.id)
        merged = _merged(known, each) if known else each
        if merged != known:
            found[each.table.id] = merged
            waiting += _passed_on(difference, merged, keys)


def _of(difference: Difference, effect: TableEffect) -> Reached | None:
    if (table := former(difference, effect.table)) is None:
        return None
    done = bool(effect.inserted), bool(effect.updated), bool(effect.deleted)
    columns = None if _set_on_the_way(difference, table) else effect.columns
    return Reached(table, *done, columns, effect.guessed, effect.below)


_BEFORE_UPDATE = re.compile(r" BEFORE .*\bUPDATE\b.* FOR EACH ROW ")


def _set_on_the_way(difference: Difference, table: Object) -> bool:
    """A trigger may set any column of a row that is updated: updated_at, as a rule."""
    sides = (difference.before, table.id), (difference.after, difference.pairs.get(table.id))
    triggers = (each for catalog, id in sides for each in catalog.of_kind(Kind.TRIGGER) if each.parent == id)
    return any(_BEFORE_UPDATE.search(trigger.text("definition") or "") for trigger in triggers)


def _merged(one: Reached, other: Reached) -> Reached:
    return replace(
        one,
        inserted=one.inserted or other.inserted,
        updated=one.updated or other.updated,
        deleted=one.deleted or other.deleted,
        columns=together(one, other),
        guessed=one.guessed or other.guessed,
        below=one.below or other.below,
    )


def parent_of(catalog: Catalog, table: Object) -> Object | None:
    """What it is a partition of."""
    found = (catalog.objects[d.on] for d in catalog.on(table.id)) if table.text("bound") is not None else ()
    return next((each for each in found if each.kind is Kind.TABLE), None)


def table_name(each: Object) -> Name:
    """Of a table, or of the table of a column."""
    return Name(each.path[0], each.path[1] if len(each.path) > 1 else "")


def former(difference: Difference, name: Name) -> Object | None:
    """The table as it was; None for one that the migration made."""
    for table in difference.after.of_kind(Kind.TABLE):
        if table_name(table) == name:
            was = difference.origin.get(table.id)
            return difference.before.objects[was] if was else None
    return next((table for table in difference.before.of_kind(Kind.TABLE) if table_name(table) == name), None)


# ---------------------------------------------------------------- foreign keys

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_ACTION = re.compile(r" ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT)")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """By OID and numbers. actions: DELETE and UPDATE → what they do to the rows that refer."""

    table: int
    columns: frozenset[int]
    referenced: int
    referenced_columns: frozenset[int]
    actions: Mapping[str, str]


def foreign_keys(catalog: Catalog) -> Iterator[ForeignKey]:
    """All of a catalog. Their columns are read from Object.raw: pg_constraint's conkey, confrelid, confkey."""
    for each in catalog.of_kind(Kind.CONSTRAINT):
        if each.text("type") == "f" and each.parent:
            columns, referenced, referenced_columns, *_ = each.raw.split("/")
            actions = _ACTION.findall(unquoted(each))
            yield ForeignKey(
                each.parent.oid, _numbers(columns), int(referenced), _numbers(referenced_columns), dict(actions)
            )


def unquoted(each: Object) -> str:
    """A definition without the names in it that are quoted."""
    return _QUOTED.sub('""', each.text("definition") or "")


def _numbers(array: str) -> frozenset[int]:
    return frozenset(int(number) for number in array.strip("{}").split(","))


def _keys(difference: Difference) -> tuple[ForeignKey, ...]:
    found = {
        (key.table, key.columns, key.referenced): key
        for catalog in (difference.after, difference.before)
        for key in foreign_keys(catalog)
        if key.actions
    }
    return tuple(found.values())


def _passed_on(difference: Difference, each: Reached, keys: Iterable[ForeignKey]) -> Iterator[Reached]:
    """To the tables that refer to this one, or inherit from it. An UPDATE of columns that are not known is not taken
    for one of a key."""
    before = difference.before.objects
    if each.below:
        children = (
            table for table in difference.before.of_kind(Kind.TABLE) if _inherits(difference, table, each.table)
        )
        yield from (replace(each, table=table) for table in children)
    set_here = {
        column.id.sub
        for column in difference.after.of_kind(Kind.COLUMN)
        if column.parent == difference.pairs.get(each.table.id) and column.path[-1] in (each.columns or ())
    }
    for key in keys:
        referring = before.get(each.table.id._replace(oid=key.table))
        if key.referenced != each.table.id.oid or referring is None:
            continue
        columns = frozenset(_last_names(difference, (referring.id._replace(sub=number) for number in key.columns)))
        done = key.actions.get("DELETE") if each.deleted else None
        if done == "CASCADE":
            yield Reached(referring, deleted=True)
        elif done:
            yield Reached(referring, updated=True, columns=columns)
        if "UPDATE" in key.actions and each.updated and set_here & key.referenced_columns:
            yield Reached(referring, updated=True, columns=columns)


def _inherits(difference: Difference, table: Object, parent: Object) -> bool:
    """Before the migration or after it."""
    before, after, pairs = difference.before, difference.after, difference.pairs
    above = {dependency.on for dependency in before.on(table.id)}
    there = pairs.get(parent.id), pairs.get(table.id)
    return parent.id in above or (all(there) and any(d.on == there[0] for d in after.on(there[1] or table.id)))


def _last_names(difference: Difference, columns: Iterable[ObjectId]) -> Iterator[str]:
    return (difference.after.objects[now].path[-1] for id in columns if (now := difference.pairs.get(id)))
