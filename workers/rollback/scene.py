"""What the forms may look up while they write: the earlier snapshot, and what is made again together with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.names import column_of, ident, literal, reference


@dataclass(frozen=True, slots=True)
class Scene:
    """What the forms may look up: the earlier snapshot, what is made again, and which children an object has."""

    before: Catalog
    created: frozenset[ObjectId]
    children: Mapping[ObjectId, Sequence[Object]]
    _users: Mapping[ObjectId, Sequence[Object]]

    @classmethod
    def of(cls, before: Catalog, created: frozenset[ObjectId]) -> Scene:
        children: dict[ObjectId, list[Object]] = {}
        users: dict[ObjectId, list[Object]] = {}
        for each in before.objects.values():
            if each.parent:
                children.setdefault(each.parent, []).append(each)
            for dependency in before.on(each.id):
                users.setdefault(dependency.on, []).append(each)
        return cls(before, created, children, users)

    def users(self, id: ObjectId) -> Sequence[Object]:
        """What depends on the object."""
        return self._users.get(id, ())

    def child(self, id: ObjectId, kind: Kind) -> Object | None:
        return next((each for each in self.children.get(id, ()) if each.kind is kind), None)

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
        in_passing = each.flag("inherited") or each.kind is Kind.COLUMN or each.text("attached") is not None
        return parent if in_passing and (parent in self.created or each.flag("inherited")) else None


def decorate(scene: Scene, each: Object) -> Iterator[str]:
    """OWNER TO, GRANT and COMMENT ON for a new object, where they are not what a new object has anyway."""
    at = reference(each, each.path)
    owner = each.text("owner")
    if owner and owner != scene.before.user:
        yield f"ALTER {at} OWNER TO {ident(owner)};"
    yield from regrant(each, (), each.texts("grants"))
    if comment := each.text("comment"):
        yield f"COMMENT ON {at} IS {literal(comment)};"


def regrant(each: Object, now: tuple[str, ...], was: tuple[str, ...]) -> Iterator[str]:
    """From the grants `now` to those that were: "SELECT TO bob WITH GRANT OPTION" is one. Empty means the usual ones,
    and those of the owner are never touched: he has them anyway."""
    on = reference(each, each.path)
    column = ""
    if each.kind is Kind.COLUMN:
        table, name = column_of(each.path)
        on, column = f"TABLE {table}", f" ({name})"
    elif each.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.FOREIGN_TABLE):
        on = f"TABLE {ident(*each.path)}"
    owner = ident(each.text("owner") or "").strip('"')
    for line in now:
        privilege, _, grantee = line.partition(" TO ")
        if line not in was and grantee.removesuffix(" WITH GRANT OPTION") != owner:
            yield f"REVOKE {privilege}{column} ON {on} FROM {grantee.removesuffix(' WITH GRANT OPTION')};"
    for line in was:
        privilege, _, grantee = line.partition(" TO ")
        if line not in now and grantee != owner:
            yield f"GRANT {privilege}{column} ON {on} TO {grantee};"
