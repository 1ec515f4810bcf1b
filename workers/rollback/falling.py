"""What the later snapshot has too much, dropped in an order that the server takes."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind, ObjectId
from workers.rollback.difference import Difference, kept_parents
from workers.rollback.drops import drop
from workers.rollback.names import ident
from workers.rollback.order import arrange
from workers.rollback.outline import CARRIED, Outline

_RANK = {kind: rank for rank, kind in enumerate(Kind)}
_SHARED = (Kind.COLUMN, Kind.CONSTRAINT, Kind.TRIGGER, Kind.INDEX)  # by a table and those under it


def dropped(outline: Outline) -> Iterator[str]:
    """First statements of a rollback; everything has the name it has after the migration."""
    difference = outline.difference
    after = difference.after
    falling = outline.dropped - outline.late
    left = frozenset(difference.pairs[id] for id in outline.leaving)
    parents = {d.on for id in left for d in after.on(id) if after.objects[d.on].kind is Kind.TABLE}
    # DETACH PARTITION is refused where rows refer to those of the partition.
    for now in (after.objects[difference.pairs[id]] for id, names in outline.altered.items() if "owned_by" in names):
        if now.text("owned_by"):
            yield f"ALTER SEQUENCE {ident(*now.path)} OWNED BY NONE;"
    keys = {id for id in falling if _is_foreign_key(after, id) and any(d.on in parents for d in after.on(id))} & {
        *drops(after, falling, left)
    }
    for id in sorted(keys):
        yield drop(after.objects[id], after.objects[id].path)
    for id in sorted(outline.leaving):
        yield from _leave(difference, id)
    for each in (after.objects[id] for id in drops(after, falling - keys, left)):
        if each.text("bound") and _is_referred_to(after, each.id, falling):
            yield f"ALTER TABLE {each.texts('parents')[0]} DETACH PARTITION {ident(*each.path)};"
        yield drop(each, each.path)


def _is_referred_to(after: Catalog, partition: ObjectId, falling: frozenset[ObjectId]) -> bool:
    """As a part of a table that stays: a foreign key to the whole would keep it from being dropped."""
    wholes = {on for on in _above(after, partition) if on not in falling}
    keys = (each.id for each in after.of_kind(Kind.CONSTRAINT) if each.text("type") == "f" and each.id not in falling)
    # Not for its columns, but for what they refer to, a key depends on them normally (pg_depend.deptype).
    return any(after.objects[d.on].parent in wholes and d.type == "n" for key in keys if wholes for d in after.on(key))


def _above(after: Catalog, table: ObjectId) -> Iterator[ObjectId]:
    for dependency in after.on(table):
        if after.objects[dependency.on].kind is Kind.TABLE:
            yield dependency.on
            yield from _above(after, dependency.on)


def _leave(difference: Difference, id: ObjectId) -> Iterator[str]:
    was, now = difference.before.objects[id], difference.after.objects[difference.pairs[id]]
    for parent in now.texts("parents")[kept_parents(was, now) :]:
        what = "DETACH PARTITION" if now.text("bound") else "NO INHERIT"
        table = ident(*now.path)
        yield f"ALTER TABLE {parent} {what} {table};" if now.text("bound") else f"ALTER TABLE {table} {what} {parent};"


def drops(catalog: Catalog, falling: frozenset[ObjectId], left: frozenset[ObjectId] = frozenset()) -> list[ObjectId]:
    """Those that need a DROP of their own, each before what it stands on. Foreign keys go with their table, except
    where two tables refer to each other. left: tables that have no parents any more."""
    carriers = {id: _carrier(catalog, id, falling, left) for id in falling}
    while True:
        nodes = {id for id, carrier in carriers.items() if carrier == id and not _is_part(catalog, id, left)}
        needs: dict[ObjectId, set[ObjectId]] = {id: set() for id in nodes}
        for id in falling:
            for dependency in catalog.on(id):
                if dependency.on in falling:
                    needs.setdefault(_top(carriers, dependency.on), set()).add(_top(carriers, id))
        done, rest = arrange(nodes, needs, lambda id: (-_RANK[catalog.objects[id].kind], -id.oid, -id.sub))
        keys = {id for id in falling if id not in rest and _top(carriers, id) in rest and _is_foreign_key(catalog, id)}
        if not keys:
            return done + sorted(rest, reverse=True)
        carriers |= {id: id for id in keys}


def _top(carriers: dict[ObjectId, ObjectId], id: ObjectId) -> ObjectId:
    while carriers[id] != id:
        id = carriers[id]
    return id


def _carrier(catalog: Catalog, id: ObjectId, falling: frozenset[ObjectId], left: frozenset[ObjectId]) -> ObjectId:
    """What drops the object by being dropped; the object itself where nothing does."""
    each = catalog.objects[id]
    if each.kind is Kind.TABLE:
        return id  # a partition would go with its parent, but people want to read that it goes
    carried = CARRIED - {"P"} if each.parent in left else CARRIED
    found = [d.on for d in catalog.on(id) if d.type in carried and d.on in falling]
    return min(found, key=lambda on: (_RANK[catalog.objects[on].kind], on)) if found else id


def _is_part(catalog: Catalog, id: ObjectId, left: frozenset[ObjectId]) -> bool:
    """It goes only with what it is a part of, or by a change of that: an identity's sequence, a constraint's index, the
    column of a table that a type describes, and what a table has from its parent. A table that has left its parent
    keeps that, except for the triggers."""
    each = catalog.objects[id]
    if each.parent and each.kind in _SHARED:
        if each.kind is Kind.COLUMN and catalog.objects[each.parent].text("of_type"):
            return True
        shared = each.flag("inherited") or each.text("attached") is not None
        if shared and (each.parent not in left or each.kind is Kind.TRIGGER):
            return True
    return any(d.type == "i" for d in catalog.on(id))


def _is_foreign_key(catalog: Catalog, id: ObjectId) -> bool:
    each = catalog.objects[id]
    return each.kind is Kind.CONSTRAINT and each.attributes["type"] == "f"
