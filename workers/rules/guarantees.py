"""What a schema keeps out of a table, and whether another schema keeps it out as well."""

from __future__ import annotations

from dataclasses import dataclass

from workers.catalog import Catalog
from workers.changes import ConstraintDropped, ConstraintKind, IndexDropped
from workers.rules.definitions import Index, Kept, constraints, indexes
from workers.rules.schema import column
from workers.words import Name, quote

_KINDS = (ConstraintKind.CHECK, ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION)


@dataclass(frozen=True, slots=True)
class Guarantee:
    """text: in SQL, as far as it is known. source: None where only the name is known."""

    name: str
    text: str
    source: Index | Kept | None

    @property
    def unique(self) -> bool:
        return isinstance(self.source, Index)


def dropped(before: Catalog, change: ConstraintDropped | IndexDropped) -> Guarantee | None:
    """What goes with the constraint or the index; None for what guarantees nothing or belongs to something larger: an
    index to its constraint, a partition's to that of the whole table."""
    if isinstance(change, ConstraintDropped):
        found = next((one for one in constraints(before, change.table) if one.name == change.constraint), None)
        if found is None or found.inherited or found.form.kind not in _KINDS or not found.form.enforced:
            return None
        if found.form.kind is not ConstraintKind.UNIQUE:
            return Guarantee(found.name, found.text, found)
        index = next((one for one in indexes(before, change.table) if one.constraint == found.name), None)
        return Guarantee(found.name, found.text, index) if index else None
    index = next((one for one in indexes(before, change.table) if one.name == change.index.name), None)
    if index is None or index.constraint or index.part or not (index.form.unique and index.valid):
        return None
    return Guarantee(index.name, f"UNIQUE {index.body.partition(' ')[2]}", index)


def kept(before: Catalog, after: Catalog, table: Name, guarantee: Guarantee) -> bool:
    """Whether something in the later schema keeps out as much, under whatever name."""
    match guarantee.source:
        case Index() as source:
            return any(_as_strong(other, source) for other in indexes(after, table))
        case Kept() as source:
            there = list(constraints(after, table))
            if any(other.text == source.text or other.name == source.name for other in there):
                return True
            old = {other.text for other in constraints(before, table)}
            new = [other for other in there if other.text not in old]
            return source.form.kind is ConstraintKind.CHECK and _checked(after, table, source, new)
        case None:
            return False


def _as_strong(other: Index, source: Index) -> bool:
    """Unique over some of the same columns, for the same rows or for all."""
    return (
        other.form.unique
        and other.valid
        and set(other.form.columns) <= set(source.form.columns)
        and other.form.where in (None, source.form.where)
        and other.form.nulls_distinct <= source.form.nulls_distinct
    )


def _checked(after: Catalog, table: Name, source: Kept, new: list[Kept]) -> bool:
    """A new CHECK on one of the same columns is another version of it: whether it is wider, only its author can tell.
    NOT NULL says the same as CHECK (column IS NOT NULL)."""
    if any(other.form.kind is ConstraintKind.CHECK and other.columns & source.columns for other in new):
        return True
    names = [name for name in source.columns if source.text == f"CHECK (({quote(name)} IS NOT NULL))"]
    found = [column(after, table, name) for name in names]
    return any(each is not None and each.flag("not_null") for each in found)
