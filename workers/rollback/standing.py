"""Says of what stays that it cannot be as it was."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind, Object, ObjectId
from workers.rollback.outline import Outline

_OWN = {
    "inherited": "was only inherited and is its table's own now",
    "from_parent": "was only inherited and is its table's own now",
    "not_null_own": "only inherited its NOT NULL and has its own now",
}


def not_changed_back(was: Object, name: str) -> str:
    """name: that of the attribute."""
    if own := _OWN.get(name):
        return f"{was.label} {own}, which no statement undoes."
    return f"The {name.replace('_', ' ')} of {was.label} cannot be changed back."


def valid_for_good(outline: Outline) -> Iterator[str]:
    """Of inherited constraints that were NOT VALID: they are made so only with that of the table above, while both
    tables are there."""
    difference = outline.difference
    there = {each.path for each in difference.after.of_kind(Kind.CONSTRAINT) if each.flag("validated")}
    for id in sorted({*difference.gone, *outline.altered, *outline.remade}):
        was = difference.before.objects[id]
        if was.kind is not Kind.CONSTRAINT or not was.flag("inherited") or was.flag("validated"):
            continue
        stays = was.parent in difference.pairs and was.parent not in outline.remade and was.path in there
        if stays and not any(above in outline.created for above in _above(outline, was)):
            yield f"{was.label} was NOT VALID and is valid now; it is inherited, and stays so while its table does."


def _above(outline: Outline, constraint: Object) -> Iterator[ObjectId]:
    """What it is inherited from."""
    before = outline.difference.before
    tables = {dependency.on for dependency in before.on(constraint.parent)} if constraint.parent else set[ObjectId]()
    for each in before.of_kind(Kind.CONSTRAINT):
        if each.parent in tables and each.path[-1] == constraint.path[-1]:
            yield each.id
