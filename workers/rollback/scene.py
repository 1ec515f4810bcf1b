"""What the forms may look up while they write: the snapshots, and what is made again together with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.grants import at_birth, granted, regrant
from workers.rollback.names import ident, literal, reference


@dataclass(frozen=True, slots=True)
class Scene:
    """What the forms may look up: the snapshots, and what is made again."""

    before: Catalog
    after: Catalog
    created: frozenset[ObjectId]
    kept: frozenset[ObjectId] = frozenset()  # columns that get values of their own again
    joining: frozenset[ObjectId] = frozenset()  # tables that get their parents again

    @property
    def children(self) -> Mapping[ObjectId, Sequence[Object]]:
        """Of each object, before."""
        return self.before.children

    def users(self, id: ObjectId) -> Sequence[Object]:
        """What depends on the object."""
        return self.before.users.get(id, ())

    def child(self, id: ObjectId, kind: Kind) -> Object | None:
        return next((each for each in self.children.get(id, ()) if each.kind is kind), None)

    def family(self, id: ObjectId) -> Iterator[Object]:
        """The children, and theirs."""
        for child in self.children.get(id, ()):
            yield child
            yield from self.family(child.id)

    def parents(self, table: ObjectId) -> Sequence[ObjectId]:
        """The tables that it inherits from, or is a partition of."""
        tables = (Kind.TABLE, Kind.FOREIGN_TABLE)
        found = [d.on for d in self.before.on(table) if self.before.objects[d.on].kind in tables]
        return found if self.before.objects[table].texts("parents") else ()

    def counterparts(self, each: Object) -> Iterator[Object]:
        """What the object has from its table's parents."""
        if each.parent is None or each.kind not in (Kind.COLUMN, Kind.CONSTRAINT, Kind.TRIGGER):
            return
        if each.kind is not Kind.CONSTRAINT or each.flag("inherited"):
            for table in self.parents(each.parent):
                others = self.children.get(table, ())
                yield from (one for one in others if one.kind is each.kind and one.path[-1] == each.path[-1])

    def ancestors(self, each: Object) -> Iterator[Object]:
        """The counterparts, and theirs."""
        for other in self.counterparts(each):
            yield other
            yield from self.ancestors(other)

    def in_passing(self, each: Object) -> bool:
        """Whether it is made for a table that is there already, by making its counterpart."""
        apart = each.parent in self.created or each.parent in self.joining
        return each.flag("inherited") and not apart and not _is_key(each)

    def _comes_back_to(self, each: Object, type: ObjectId) -> bool:
        """A domain's condition may call a function that takes the domain."""
        return any(on.on == type for d in self.before.on(each.id) if d.on != type for on in self.before.on(d.on))

    def inline_default(self, column: Object) -> Object | None:
        """The default that can be written with the column: one that waits for no sequence that the column owns."""
        default = self.child(column.id, Kind.DEFAULT)
        if default is None or default.id not in self.created:
            return None
        needs = [d.on for d in self.before.on(default.id) if d.on in self.created]
        waits = any(self.before.objects[on].kind is Kind.SEQUENCE for on in needs)
        return None if waits else default

    def made_with(self, each: Object) -> ObjectId | None:
        """What makes the object in passing, or is written together with it; None when it is made by itself."""
        parent = each.parent
        whole = next((d.on for d in self.before.on(each.id) if d.type == "i"), None)
        if whole is not None or parent is None:
            return whole
        if each.kind is Kind.DEFAULT:
            return parent if parent in self.created and self.inline_default(self.before.objects[parent]) else None
        if each.kind is Kind.TRIGGER or parent not in self.created:
            return None
        if each.flag("domain"):
            return parent if each.flag("validated") and not self._comes_back_to(each, parent) else None
        with_table = each.flag("inherited") or each.kind is Kind.COLUMN or each.text("attached") is not None
        return parent if with_table else None


def _is_key(each: Object) -> bool:
    """A constraint with an index: ADD CONSTRAINT on the whole is ONLY for it, so that each part's keeps its name."""
    return each.kind is Kind.CONSTRAINT and each.text("type") in ("p", "u", "x")


def decorate(scene: Scene, each: Object) -> Iterator[str]:
    """OWNER TO, GRANT and COMMENT ON for a new object, where they are not what a new object has anyway."""
    owner = each.text("owner")
    if owner and owner != scene.before.user:
        yield f"ALTER {reference(each, each.path)} OWNER TO {ident(owner)};"
    yield from adorn(scene, each)


def adorn(scene: Scene, each: Object) -> Iterator[str]:
    """GRANT and COMMENT ON alone: what is a part of something else has its owner."""
    yield from regrant(each, at_birth(scene.before, scene.created, each), granted(each))
    if comment := each.text("comment"):
        yield f"COMMENT ON {reference(each, each.path)} IS {literal(comment)};"
