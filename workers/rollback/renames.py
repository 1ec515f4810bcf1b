"""Renames: what survived gets its former name and schema, and what is in the way steps aside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from workers.catalog import RARE, ROUTINES, Kind, Object, ObjectId
from workers.rollback.drops import NAMELESS, move, rename
from workers.rollback.forms import create
from workers.rollback.names import aside, ident, literal, renamings
from workers.rollback.outline import Outline
from workers.rollback.scene import Scene

Path = tuple[str, ...]

# Kinds that share one set of names within a schema; a table's row type stands among the types too.
_RELATIONS = frozenset(
    {Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.SEQUENCE, Kind.INDEX, Kind.COMPOSITE}
)
_TYPES = frozenset({Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE, Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW})
_RANK = {kind: rank for rank, kind in enumerate(Kind)}
_WITH_ARGUMENTS = ROUTINES | {Kind.OPERATOR}


def _last(each: Object) -> int:
    """Which part of the path is the object's own name."""
    return 1 if each.kind in _WITH_ARGUMENTS else len(each.path) - 1


_KEYS = ("p", "u", "x", "f")  # pg_constraint.contype


class Renames:
    """The renames of one outline."""

    def __init__(self, outline: Outline, scene: Scene) -> None:
        self._outline = outline
        self._scene = scene
        self._difference = outline.difference
        self._schemas = {
            now.path[0]: self._difference.before.objects[was].path[0]
            for now in self._difference.after.of_kind(Kind.SCHEMA)
            if (was := self._difference.origin.get(now.id))
        }
        self._schemas_stay = all(now == was for now, was in self._schemas.items())
        self._pending = [id for id in self._difference.pairs if self._is_renamed(id)]
        self._stepping_aside = frozenset(id for id in outline.late if self._is_in_the_way(id))

    def _pair(self, id: ObjectId) -> tuple[Object, Object]:
        difference = self._difference
        return difference.before.objects[id], difference.after.objects[difference.pairs[id]]

    def _is_renamed(self, id: ObjectId) -> bool:
        was, now = self._pair(id)
        if was is now and self._schemas_stay:
            return False
        if id in self._outline.remade or was.kind in NAMELESS or (was.kind is Kind.INDEX and was.text("constraint")):
            return False
        own = was.path[_last(was)] != now.path[_last(now)]
        # A part's key or reference has a name of its own.
        follows = was.flag("from_parent" if was.kind is Kind.COLUMN else "inherited") and was.text("type") not in _KEYS
        return (own and not follows) or self._is_moved(was, now)

    def _is_moved(self, was: Object, now: Object) -> bool:
        if len(was.path) < 2 or was.kind is Kind.INDEX or was.parent is not None or was.kind is Kind.CONSTRAINT:
            return False
        return was.path[0] != self._schemas.get(now.path[0], now.path[0])

    def _is_in_the_way(self, id: ObjectId) -> bool:
        each = self._difference.after.objects[id]
        path = self._placed(each)
        rivals = [self._difference.before.objects[other] for other in (*self._outline.created, *self._pending)]
        return any(_clash(each, path, rival) for rival in rivals)

    def _placed(self, each: Object) -> Path:
        """Where a new object is found once schemas and tables have their former names."""
        parent = self._difference.origin.get(each.parent) if each.parent else None
        if parent is not None and len(each.path) > 2:
            return (*self._difference.before.objects[parent].path[:2], *each.path[2:])
        return (self._schemas.get(each.path[0], each.path[0]), *each.path[1:])

    def late_path(self, each: Object) -> Path:
        """The name under which a late object is dropped."""
        path = self._placed(each)
        if each.id in self._stepping_aside:
            return (*path[: _last(each)], aside(path[_last(each)]), *path[_last(each) + 1 :])
        return path

    def statements(self) -> Iterator[str]:
        """Also makes the schemas that are gone, so that what was moved out of them can move back."""
        before = self._difference.before
        for id in sorted(self._difference.gone):
            if before.objects[id].kind is Kind.SCHEMA:
                yield from create(self._scene, before.objects[id])
        for id in sorted(self._stepping_aside):
            each = self._difference.after.objects[id]
            path = each.path if each.kind is Kind.SCHEMA else self._current(each)
            yield rename(each, path, aside(path[_last(each)]))
            yield from self._relabelled(each, (*path[:-1], aside(path[-1])))
        for _, ids in groupby(sorted(self._pending, key=self._turn), key=self._turn):
            yield from self._together(list(ids))

    def _turn(self, id: ObjectId) -> int:
        """Tables and what may be in the way of their names take one turn."""
        kind = self._difference.before.objects[id].kind
        return _RANK[Kind.TABLE if kind in _RELATIONS else kind]

    def _schema(self, now: Object) -> str:
        """Where it is once the schemas, and the tables that indexes and sequences follow, are back."""
        parent = self._difference.origin.get(now.parent) if now.parent else None
        if parent is not None:
            return self._difference.before.objects[parent].path[0]
        return self._schemas.get(now.path[0], now.path[0])

    def _relabelled(self, each: Object, path: Path) -> Iterator[str]:
        """An enum with values that were not there gives way to another; the values are carried over by their names."""
        was = self._difference.before.objects.get(each.id)
        if was is None or each.kind is not Kind.ENUM:
            return
        numbers = each.raw.rpartition("/")[2].split(",")
        former = dict(zip(was.raw.rpartition("/")[2].split(","), was.texts("labels"), strict=True))
        labels, names = each.texts("labels"), {*former.values()}
        new = {label: aside(label) if label in names else label for label in labels}  # its name is another's again
        wanted = [former.get(number, new[label]) for number, label in zip(numbers, labels, strict=True)]
        for label, name in renamings(labels, wanted):
            yield f"ALTER TYPE {ident(*path)} RENAME VALUE {literal(label)} TO {literal(name)};"

    def _current(self, now: Object) -> Path:
        """The path while renames are under way, outer names first: a column's table has its former name already."""
        parent = self._difference.origin.get(now.parent) if now.parent else None
        if now.parent and parent is not None and len(now.path) > 2:
            return (*self._difference.before.objects[parent].path[:2], *now.path[2:])
        return now.path

    def _together(self, pending: list[ObjectId]) -> Iterator[str]:
        """Each once its name is free; a circle is opened by a detour over another name."""
        waiting = {}
        for id in sorted(pending):
            was, now = self._pair(id)
            path = (self._schema(now), *self._current(now)[1:])
            waiting[id] = now.path if was.kind is Kind.SCHEMA else path
        while waiting:
            free = [id for id in waiting if self._pair(id)[0].path not in waiting.values()]
            if not free:
                id = next(iter(waiting))
                was, now = self._pair(id)
                own = _last(was)
                yield rename(now, waiting[id], aside(waiting[id][own]))
                waiting[id] = (*waiting[id][:own], aside(waiting[id][own]), *waiting[id][own + 1 :])
                continue
            for id in free:
                yield from self._back(id, waiting.pop(id))

    def _back(self, id: ObjectId, path: Path) -> Iterator[str]:
        was, now = self._pair(id)
        if self._is_moved(was, now):
            yield move(now, path, was.path[0])
            path = (was.path[0], *path[1:])
        if path[_last(was)] != was.path[_last(was)]:
            yield rename(now, path, was.path[_last(was)])


def _clash(each: Object, path: Path, rival: Object) -> bool:
    if each.kind in (Kind.COLUMN, Kind.CONSTRAINT, Kind.SCHEMA, Kind.TRIGGER, Kind.RULE, Kind.POLICY, *RARE):
        return each.kind is rival.kind and path == rival.path
    together = any({each.kind, rival.kind} <= group for group in (_RELATIONS, _TYPES))
    return together and path == rival.path
