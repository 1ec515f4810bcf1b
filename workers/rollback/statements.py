"""The statements of a rollback in the order in which they run: drop, rename back, make and change, drop the rest."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.alters import alter
from workers.rollback.drops import drop
from workers.rollback.forms import create
from workers.rollback.order import arrange, arrange_all
from workers.rollback.outline import CARRIED, Outline
from workers.rollback.renames import Renames
from workers.rollback.scene import Scene
from workers.rollback.tables import referenced_column

_RANK = {kind: rank for rank, kind in enumerate(Kind)}


def statements(outline: Outline) -> Iterator[str]:
    """SQL, each statement with its semicolon. Between the first drops and the last ones everything has the name it had
    before; what is new and stays for a while is called something else where its name is needed."""
    scene = Scene.of(outline.difference.before, outline.created)
    renames = Renames(outline, scene)
    after = outline.difference.after
    for id in drops(after, outline.dropped - outline.late):
        yield from _drop(after.objects[id], after.objects[id].path)
    yield from renames.statements()
    for id in _remaking(scene, outline):
        yield from _remake(scene, outline, id)
    for id in drops(after, outline.late):
        yield from _drop(after.objects[id], renames.late_path(after.objects[id]))


def _drop(each: Object, path: tuple[str, ...]) -> Iterator[str]:
    if statement := drop(each, path):
        yield statement


def drops(catalog: Catalog, falling: frozenset[ObjectId]) -> list[ObjectId]:
    """Those that need a DROP of their own, each before what it stands on. Foreign keys go with their table, except
    where two tables refer to each other."""
    carriers = {id: _carrier(catalog, id, falling) for id in falling}
    while True:
        nodes = {id for id, carrier in carriers.items() if carrier == id and not _is_part(catalog, id)}
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


def _carrier(catalog: Catalog, id: ObjectId, falling: frozenset[ObjectId]) -> ObjectId:
    """What drops the object by being dropped; the object itself where nothing does."""
    if catalog.objects[id].kind is Kind.TABLE:
        return id  # a partition would go with its parent, but people want to read that it goes
    found = [d.on for d in catalog.on(id) if d.type in CARRIED and d.on in falling]
    return min(found, key=lambda on: (_RANK[catalog.objects[on].kind], on)) if found else id


def _is_part(catalog: Catalog, id: ObjectId) -> bool:
    """It goes only with what it is a part of, or by a change of that: an identity's sequence, a constraint's index."""
    return any(d.type == "i" for d in catalog.on(id))


def _is_foreign_key(catalog: Catalog, id: ObjectId) -> bool:
    each = catalog.objects[id]
    return each.kind is Kind.CONSTRAINT and each.attributes["type"] == "f"


def _remaking(scene: Scene, outline: Outline) -> list[ObjectId]:
    """What is made or changed, each after what it stands on; schemas are there already."""
    objects = scene.before.objects
    made_with = {id: scene.made_with(objects[id]) for id in outline.created}
    nodes = {id for id in (*outline.created, *outline.altered) if made_with.get(id) is None}

    def holder(id: ObjectId) -> ObjectId:
        while (whole := made_with.get(id)) is not None:
            id = whole
        return id

    needs: dict[ObjectId, set[ObjectId]] = {id: set() for id in nodes}
    for id in {*outline.created, *outline.altered}:
        if (held := holder(id)) in needs:
            needs[held] |= {holder(on) for on in _needed(scene, id)}
    return arrange_all(nodes, needs, lambda id: (*_turn(objects[id]), *id))


def _needed(scene: Scene, id: ObjectId) -> Iterator[ObjectId]:
    """What it stands on; a column of a table that may hold rows also what its placeholder is taken from."""
    each = scene.before.objects[id]
    for dependency in scene.before.on(id):
        yield dependency.on
        if (table := scene.before.objects[dependency.on].parent) and dependency.on.sub:
            yield table
    added = each.kind is Kind.COLUMN and id in scene.created and each.parent not in scene.created
    if added and (referenced := referenced_column(scene, each)):
        yield referenced.id


def _turn(each: Object) -> tuple[int, int]:
    """Foreign keys come after all that is not a view, a routine or a trigger."""
    late = each.kind is Kind.CONSTRAINT and each.attributes["type"] == "f"
    return (_RANK[Kind.INDEX], 1) if late else (_RANK[each.kind], 0)


def _remake(scene: Scene, outline: Outline, id: ObjectId) -> Iterator[str]:
    was = scene.before.objects[id]
    if id in outline.altered:
        now = outline.difference.after.objects[outline.difference.pairs[id]]
        yield from alter(scene, was, now, outline.altered[id])
    elif was.kind is not Kind.SCHEMA:
        yield from create(scene, was)
