"""What a rollback cannot bring back, and so its grade."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.facts import Write
from workers.rollback.alters import replaceable
from workers.rollback.caveats import caveats, own_sequences
from workers.rollback.composites import lost_attributes
from workers.rollback.difference import Difference
from workers.rollback.others import refused
from workers.rollback.outline import REMADE, Outline
from workers.rollback.reached import Reached, TableEffect, former, reached, table_name
from workers.rollback.shapes import computed_back, shape
from workers.rollback.standing import not_changed_back, valid_for_good
from workers.rollback.types import keeps_values
from workers.ways_back import Grade
from workers.words import Name


@dataclass(frozen=True, slots=True)
class DataEffects:
    """What a migration did to rows, tables named as they are before it or after it. placed: the sequences whose
    position it set, or tables for all that belong to them; taken: those of which it took numbers by name. outside:
    the statements that reach beyond the database, for people."""

    tables: tuple[TableEffect, ...] = ()
    truncated: tuple[Name, ...] = ()
    placed: tuple[Name, ...] = ()
    taken: tuple[Name, ...] = ()
    outside: tuple[str, ...] = ()

    @classmethod
    def of(cls, writes: Iterable[Write], truncated: Iterable[Name]) -> DataEffects:
        """From what was observed."""
        found = tuple(TableEffect(w.table, w.inserted, w.updated, w.deleted) for w in writes)
        return cls(found, tuple(truncated))


class Cause(enum.Enum):
    """What became of the rows, values or position that do not come back."""

    DROPPED = enum.auto()
    CONVERTED = enum.auto()
    TRUNCATED = enum.auto()
    UPDATED = enum.auto()
    DELETED = enum.auto()
    PLACED = enum.auto()
    OTHER = enum.auto()  # none that a copy could help


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that does not come back; with EXACT one that all comes back in spite of. table and column: whose
    content it is, by its former name; a column of None means all of the table's rows; a table of None means no rows are
    concerned. about: the table, column or sequence, in the catalog before. columns: those that were updated, by their
    last names; None when not known."""

    grade: Grade
    reason: str
    table: Name | None = None
    column: str | None = None
    cause: Cause = Cause.OTHER
    about: ObjectId | None = None
    columns: frozenset[str] | None = None


def losses(outline: Outline, effects: DataEffects) -> Iterator[Loss]:
    """All of them, the gravest first; none when schema and data come back as they were."""
    yield from _unrestorable(outline)
    yield from _dropped(outline.difference)
    converted = tuple(_converted(outline))
    yield from converted
    yield from _written(outline.difference, effects, frozenset(loss.about for loss in converted if loss.about))
    yield from _placed(outline.difference, effects)
    said = caveats(outline, effects.taken, effects.outside)
    yield from (Loss(Grade.EXACT, reason) for reason in said)


def _unrestorable(outline: Outline) -> Iterator[Loss]:
    difference = outline.difference
    for id, names in outline.altered.items():
        was, now = difference.before.objects[id], difference.after.objects[difference.pairs[id]]
        for name in names:
            if not replaceable(was, now, name) and was.kind not in REMADE:
                yield Loss(Grade.IRREVERSIBLE, not_changed_back(was, name))
    for id in sorted(difference.gone):
        was = difference.before.objects[id]
        part = any(d.type == "i" for d in difference.before.on(id))
        if (why := refused(was)) and not part:
            yield Loss(Grade.IRREVERSIBLE, f"{was.label} was dropped; {why}.")
    for id in sorted(outline.created):
        was = difference.before.objects[id]
        if was.kind is Kind.INDEX and not was.flag("valid") and was.text("table_kind") != "p":
            yield Loss(
                Grade.IRREVERSIBLE, f"{was.label} was left invalid by its CREATE INDEX; it would come back valid."
            )

    yield from (Loss(Grade.IRREVERSIBLE, reason) for reason in valid_for_good(outline))


def _dropped(difference: Difference) -> Iterator[Loss]:
    before = difference.before
    empty = {id for id in (*difference.gone, *difference.again) if before.objects[id].kind is Kind.TABLE}
    for id in sorted({*difference.gone, *difference.again}):
        was = before.objects[id]
        name = table_name(before.objects[was.parent] if was.parent in before.objects and was.parent else was)
        if id in empty and not was.text("partition_key"):
            reason = f"The rows of {was.label} were dropped with it; it comes back empty."
            yield Loss(Grade.LOSSY, reason, name, cause=Cause.DROPPED, about=id)
        elif was.kind is Kind.COLUMN and was.parent not in empty and not was.flag("generated"):
            if was.flag("inherited"):
                whole = _passed_on_by(before, was)
                yield Loss(Grade.LOSSY, _without_values(whole), name, was.path[-1], Cause.DROPPED, whole.id)
            else:
                yield Loss(Grade.LOSSY, _without_values(was), name, was.path[-1], Cause.DROPPED, id)
        elif was.kind is Kind.SEQUENCE and not _falls_with(difference, was):
            reason = f"The position of {was.label} was dropped with it; it starts again."
            yield Loss(Grade.LOSSY, reason, cause=Cause.DROPPED, about=id)
        elif was.kind is Kind.CONSTRAINT and was.text("type") == "f" and was.parent not in empty:
            lost = [before.objects[d.on] for d in before.on(id) if d.on in empty]
            for table in lost[:1]:
                reason = (
                    f"The rollback fails while rows of {name} refer to rows that {table.label} has lost: {was.label}."
                )
                yield Loss(Grade.LOSSY, reason, cause=Cause.DROPPED, about=table.id)


def _without_values(column: Object) -> str:
    instead = "with its default, or a placeholder, in each row" if column.flag("not_null") else "without them"
    return f"The values of {column.label} were dropped with it; it comes back {instead}."


def _passed_on_by(before: Catalog, column: Object) -> Object:
    """The column of the table that others have it from."""
    while column.flag("inherited") and column.parent:
        parents = {d.on for d in before.on(column.parent) if before.objects[d.on].kind is Kind.TABLE}
        found = [each for each in before.of_kind(Kind.COLUMN) if each.parent in parents]
        above = next((each for each in found if each.path[-1] == column.path[-1]), None)
        if above is None:
            break
        column = above
    return column


def _falls_with(difference: Difference, sequence: Object) -> bool:
    return sequence.parent is not None and sequence.parent in (difference.gone | difference.again)


def _converted(outline: Outline) -> Iterator[Loss]:
    difference = outline.difference
    for id, names in outline.altered.items():
        was, now = difference.before.objects[id], difference.after.objects[difference.pairs[id]]
        if was.kind is Kind.COMPOSITE and "members" in names:
            yield from _attributes(difference, was, now)
        if was.kind is not Kind.COLUMN or "type" not in names:
            continue
        if reason := _cost(difference, was, now):
            yield Loss(Grade.LOSSY, reason, table_name(was), was.path[-1], Cause.CONVERTED, id)


def _cost(difference: Difference, was: Object, now: Object) -> str | None:
    """What a column's new type has cost."""
    old, new = was.text("type") or "", now.text("type") or ""
    if not computed_back(shape(difference.before, was), shape(difference.after, now)):
        instead = "a placeholder in each row" if was.flag("not_null") else "no values"
        return f"The values of {was.label} cannot be computed back from {new}; it comes back with {instead}."
    if _keeps_values(difference, was, now):
        return None
    what = f"from {old} to {new}" if old != new else f"to another type named {new}"
    return f"The change of {was.label} {what} may have cost values, which do not come back."


def _attributes(difference: Difference, was: Object, now: Object) -> Iterator[Loss]:
    for each in difference.before.of_kind(Kind.COLUMN) if (lost := lost_attributes(was, now)) else ():
        if any(d.on == was.id for d in difference.before.on(each.id)):
            reason = f"The values of {', '.join(lost)} in {each.label} were dropped; they do not come back."
            yield Loss(Grade.LOSSY, reason, table_name(each), each.path[-1])


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
    found = (former(difference, effect.table) for effect in effects.tables if effect.inserted)
    return frozenset(table_name(table) for table in found if table)


def _written(difference: Difference, effects: DataEffects, converted: frozenset[ObjectId]) -> Iterator[Loss]:
    """converted: columns whose former values are given up already."""
    for name in dict.fromkeys(effects.truncated):
        if (table := former(difference, name)) and table.id not in difference.gone:
            reason = f"The rows of {table.label} were truncated; they do not come back."
            yield Loss(Grade.LOSSY, reason, table_name(table), cause=Cause.TRUNCATED, about=table.id)
    for each in reached(difference, effects.tables):
        yield from _of_rows(difference, each, converted)


def _of_rows(difference: Difference, each: Reached, converted: frozenset[ObjectId]) -> Iterator[Loss]:
    table, name = each.table, table_name(each.table)
    if each.inserted:
        reason = f"Rows were inserted into {table.label}; they stay, also when the migration is applied again."
        yield Loss(Grade.LOSSY, reason)
    if each.guessed:
        reason = f"Code that is not read may write to {table.label}; what it writes there does not come back."
        yield Loss(Grade.LOSSY, reason, name)
    elif each.updated and not _costs_nothing(difference, each, converted):
        reason = f"Rows of {table.label} were updated; their former values are gone."
        yield Loss(Grade.LOSSY, reason, name, cause=Cause.UPDATED, about=table.id, columns=each.columns)
    if each.deleted:
        reason = f"Rows of {table.label} were deleted; they do not come back."
        yield Loss(Grade.LOSSY, reason, name, cause=Cause.DELETED, about=table.id)


def _costs_nothing(difference: Difference, each: Reached, converted: frozenset[ObjectId]) -> bool:
    """An UPDATE of nothing but columns which the migration added, or whose values are given up already."""
    if each.columns is None:
        return False
    before, after, table = difference.before.objects, difference.after.objects, each.table.id
    free = {after[id].path[-1] for id in difference.new if after[id].parent == difference.pairs[table]}
    for id in converted:
        if before[id].parent == table:
            free |= {before[id].path[-1], after[difference.pairs[id]].path[-1]}
    return each.columns <= free


def _placed(difference: Difference, effects: DataEffects) -> Iterator[Loss]:
    for id in dict.fromkeys(id for name in effects.placed for id in own_sequences(difference, name)):
        was = difference.before.objects[id]
        if id not in difference.gone | difference.again:
            reason = f"The position of {was.label} was set; it stays where the migration leaves it."
            yield Loss(Grade.LOSSY, reason, cause=Cause.PLACED, about=id)
