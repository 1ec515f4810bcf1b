"""What a rollback cannot bring back, and so its grade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.catalog import Kind, Object, ObjectId
from workers.facts import Write
from workers.rollback.alters import replaceable
from workers.rollback.difference import Difference
from workers.rollback.drops import drop
from workers.rollback.outline import REMADE, Outline
from workers.rollback.types import keeps_values
from workers.ways_back import Grade
from workers.words import Name


@dataclass(frozen=True, slots=True)
class TableEffect:
    """Rows of a table that a migration wrote. columns: those that its UPDATE statements set; None when not known."""

    table: Name
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    columns: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class DataEffects:
    """What a migration did to rows, tables named as they are before it or after it."""

    tables: tuple[TableEffect, ...] = ()
    truncated: tuple[Name, ...] = ()

    @classmethod
    def of(cls, writes: Iterable[Write], truncated: Iterable[Name]) -> DataEffects:
        """From what was observed."""
        found = tuple(TableEffect(w.table, w.inserted, w.updated, w.deleted) for w in writes)
        return cls(found, tuple(truncated))


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that does not come back. table and column: whose content it is, by its former name; a column of None
    means all of the table's rows; a table of None means no rows are concerned."""

    grade: Grade
    reason: str
    table: Name | None = None
    column: str | None = None


def losses(outline: Outline, effects: DataEffects) -> Iterator[Loss]:
    """All of them; none when schema and data come back as they were."""
    yield from _unrestorable(outline)
    yield from _dropped(outline.difference)
    yield from _converted(outline)
    yield from _written(outline.difference, effects)


def _unrestorable(outline: Outline) -> Iterator[Loss]:
    difference = outline.difference
    for id, names in outline.altered.items():
        was, now = difference.before.objects[id], difference.after.objects[difference.pairs[id]]
        for name in names:
            if not replaceable(was, now, name) and was.kind not in REMADE:
                yield Loss(Grade.IRREVERSIBLE, f"The {name.replace('_', ' ')} of {was.label} cannot be changed back.")
    for id in sorted(difference.gone):
        was = difference.before.objects[id]
        part = any(d.type == "i" for d in difference.before.on(id))
        if was.kind is Kind.OTHER and was.path[0] != "statistics object" and not part:
            yield Loss(Grade.IRREVERSIBLE, f"{was.label} was dropped; its definition is not known.")
    for id in sorted(difference.new):
        now = difference.after.objects[id]
        if drop(now, now.path) is None:
            yield Loss(Grade.IRREVERSIBLE, f"{now.label} cannot be dropped by itself.")


def _dropped(difference: Difference) -> Iterator[Loss]:
    before = difference.before
    empty = {id for id in (*difference.gone, *difference.again) if before.objects[id].kind is Kind.TABLE}
    for id in sorted({*difference.gone, *difference.again}):
        was = before.objects[id]
        name = _table(before.objects[was.parent] if was.parent in before.objects and was.parent else was)
        if id in empty and not was.text("partition_key"):
            yield Loss(Grade.LOSSY, f"The rows of {was.label} were dropped with it; it comes back empty.", name)
        elif was.kind is Kind.COLUMN and was.parent not in empty and not was.flag("generated"):
            if not was.flag("inherited"):
                instead = "with its default, or a placeholder, in each row" if was.flag("not_null") else "without them"
                reason = f"The values of {was.label} were dropped with it; it comes back {instead}."
                yield Loss(Grade.LOSSY, reason, name, was.path[-1])
        elif was.kind is Kind.SEQUENCE and not _falls_with(difference, was):
            yield Loss(Grade.LOSSY, f"The position of {was.label} was dropped with it; it starts again.")


def _falls_with(difference: Difference, sequence: Object) -> bool:
    return sequence.parent is not None and sequence.parent in (difference.gone | difference.again)


def _table(each: Object) -> Name:
    return Name(each.path[0], each.path[1] if len(each.path) > 1 else "")


def _converted(outline: Outline) -> Iterator[Loss]:
    difference = outline.difference
    for id, names in outline.altered.items():
        was, now = difference.before.objects[id], difference.after.objects[difference.pairs[id]]
        if was.kind is not Kind.COLUMN or "type" not in names:
            continue
        old, new = was.text("type") or "", now.text("type") or ""
        if not _keeps_values(difference, was, now):
            what = f"from {old} to {new}" if old != new else f"to another type named {new}"
            reason = f"The change of {was.label} {what} may have cost values, which do not come back."
            yield Loss(Grade.LOSSY, reason, _table(was), was.path[-1])


def _keeps_values(difference: Difference, was: Object, now: Object) -> bool:
    old, new = _labels(difference, was.id, before=True), _labels(difference, now.id, before=False)
    if old is not None:
        return (new is None and now.text("type") in ("text", "character varying")) or set(old) <= set(new or ())
    return keeps_values(was.text("type") or "", now.text("type") or "")


def _labels(difference: Difference, id: ObjectId, *, before: bool) -> tuple[str, ...] | None:
    catalog = difference.before if before else difference.after
    types = (catalog.objects[d.on] for d in catalog.on(id))
    return next((type.texts("labels") for type in types if type.kind is Kind.ENUM), None)


def tables_with_new_rows(difference: Difference, effects: DataEffects) -> frozenset[Name]:
    """The tables that existed before and into which rows were inserted, under their former names."""
    found = (_former(difference, effect.table) for effect in effects.tables if effect.inserted)
    return frozenset(_table(table) for table in found if table)


def _written(difference: Difference, effects: DataEffects) -> Iterator[Loss]:
    for name in dict.fromkeys(effects.truncated):
        if (table := _former(difference, name)) and table.id not in difference.gone:
            yield Loss(Grade.LOSSY, f"The rows of {table.label} were truncated; they do not come back.", _table(table))
    for effect in effects.tables:
        table = _former(difference, effect.table)
        if table is None or table.id in difference.gone:
            continue
        if effect.inserted:
            reason = f"Rows were inserted into {table.label}; they stay, also when the migration is applied again."
            yield Loss(Grade.LOSSY, reason)
        if effect.updated and not _only_new_columns(difference, table, effect.columns):
            yield Loss(Grade.LOSSY, f"Rows of {table.label} were updated; their former values are gone.", _table(table))
        if effect.deleted:
            yield Loss(Grade.LOSSY, f"Rows of {table.label} were deleted; they do not come back.", _table(table))


def _former(difference: Difference, name: Name) -> Object | None:
    """The table as it was; None for one that the migration made."""
    for table in difference.after.of_kind(Kind.TABLE):
        if _table(table) == name:
            was = difference.origin.get(table.id)
            return difference.before.objects[was] if was else None
    return next((table for table in difference.before.of_kind(Kind.TABLE) if _table(table) == name), None)


def _only_new_columns(difference: Difference, table: Object, columns: frozenset[str] | None) -> bool:
    """An UPDATE that set nothing but columns which the migration added has cost nothing."""
    if columns is None:
        return False
    after = difference.after.objects
    new = {after[id].path[-1] for id in difference.new if after[id].parent == difference.pairs[table.id]}
    return columns <= new
