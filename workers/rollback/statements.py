"""The statements of a rollback in the order in which they run: drop, rename back, make and change, drop the rest."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind, Object, ObjectId
from workers.rollback.alters import alter
from workers.rollback.drops import drop
from workers.rollback.falling import dropped, drops
from workers.rollback.forms import create
from workers.rollback.order import arrange_all
from workers.rollback.outline import Outline
from workers.rollback.renames import Renames
from workers.rollback.scene import Scene
from workers.rollback.tables import completed, fills_itself, referenced_column
from workers.rollback.woven import Woven

_RANK = {kind: rank for rank, kind in enumerate(Kind)}


_NOTHING = Woven()


def statements(outline: Outline, woven: Woven = _NOTHING) -> Iterator[str]:
    """SQL, each statement with its semicolon. Between the first drops and the last ones everything has the name it had
    before; what is new and stays for a while is called something else where its name is needed."""
    scene = Scene(outline.difference.before, outline.difference.after, outline.created, woven.columns, outline.leaving)
    renames = Renames(outline, scene)
    after = outline.difference.after
    yield from dropped(outline)
    yield from renames.statements()
    tables, sequences, rest = _parts(scene, _remaking(scene, outline))
    for id in tables:
        yield from _remake(scene, outline, id)
    yield from woven.statements
    for id in sorted(woven.columns):
        yield from _require(scene, outline, id)
    for id in sequences:
        yield from _remake(scene, outline, id)
    yield from woven.positions
    for id in rest:
        yield from _remake(scene, outline, id)
    for id in drops(after, outline.late):
        yield drop(after.objects[id], renames.late_path(after.objects[id]))


_Parts = tuple[list[ObjectId], list[ObjectId], list[ObjectId]]


def _parts(scene: Scene, remaking: list[ObjectId]) -> _Parts:
    """To the last table or column, from there to the last sequence, and the rest."""
    kinds = [scene.before.objects[id].kind for id in remaking]
    tables = max((at for at, kind in enumerate(kinds, start=1) if kind in (Kind.TABLE, Kind.COLUMN)), default=0)
    sequences = max((at for at, kind in enumerate(kinds, start=1) if kind is Kind.SEQUENCE), default=0)
    return remaking[:tables], remaking[tables:sequences], remaking[max(tables, sequences) :]


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
    for id in outline.leaving & needs.keys():
        _after_its_parts(scene, id, needs)
    return arrange_all(nodes, needs, lambda id: (*_turn(objects[id]), *id))


# What a table must have when it gets its parents again.
_PARTS = (Kind.COLUMN, Kind.DEFAULT, Kind.CONSTRAINT)


def _after_its_parts(scene: Scene, id: ObjectId, needs: dict[ObjectId, set[ObjectId]]) -> None:
    for table in (id, *scene.parents(id)):
        for part in scene.family(table):
            if part.id in needs and (part.kind in _PARTS or (part.kind is Kind.INDEX and part.id in scene.created)):
                needs[part.id].discard(id)
                needs[id].add(part.id)


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
    yield from (other.id for other in scene.counterparts(each))


def _turn(each: Object) -> tuple[int, int]:
    """Foreign keys come after all that is not a view, a routine or a trigger."""
    late = each.kind is Kind.CONSTRAINT and each.attributes["type"] == "f"
    return (_RANK[Kind.INDEX], 1) if late else (_RANK[each.kind], 0)


def _remake(scene: Scene, outline: Outline, id: ObjectId) -> Iterator[str]:
    was = scene.before.objects[id]
    if id in outline.altered:
        now = outline.difference.after.objects[outline.difference.pairs[id]]
        later = _REQUIRED if id in scene.kept and was.flag("not_null") else ()
        yield from alter(scene, was, now, tuple(name for name in outline.altered[id] if name not in later))
    elif was.kind is not Kind.SCHEMA:
        yield from create(scene, was)


_REQUIRED = ("not_null", "not_null_constraint")


def _require(scene: Scene, outline: Outline, id: ObjectId) -> Iterator[str]:
    """NOT NULL again, where it had to wait for the values."""
    was = scene.before.objects[id]
    if id in outline.altered and was.flag("not_null"):
        now = outline.difference.after.objects[outline.difference.pairs[id]]
        yield from alter(scene, was, now, tuple(name for name in outline.altered[id] if name in _REQUIRED))
    elif id in outline.created and was.flag("not_null") and not fills_itself(scene, was):
        yield from completed(scene, was)
