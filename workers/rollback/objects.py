"""What turned one catalog into another, beside tables, columns, indexes and constraints: views, functions, types …"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workers.catalog import RARE, ROUTINES, Catalog, Kind, Object, ObjectId
from workers.changes import CatalogChange
from workers.object_changes import ObjectChanged, ObjectCreated, ObjectDropped, ObjectRenamed
from workers.rollback.difference import changed
from workers.rollback.traits import privileges, removed_values, traits, values
from workers.sql.cursor import Cursor, Unreadable
from workers.words import Name

_TYPES = (Kind.ENUM, Kind.COMPOSITE, Kind.RANGE)
_OF_A_TABLE = (Kind.TRIGGER, Kind.RULE, Kind.POLICY)
_UNTOLD = (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.COLUMN, Kind.DEFAULT, Kind.CONSTRAINT, Kind.INDEX, Kind.PUBLISHED)
_BY_IDENTITY = (Kind.CAST, Kind.OPERATOR, Kind.DEFAULT_PRIVILEGES)
_WITH_TABLE = ("owner", "persistence", "owned_by")  # an owned sequence has them from its table
_TOLD_APART = ("comment", "grants", "labels")  # a comment changes nothing for anybody

# As CREATE spells what pg_identify_object calls otherwise.
_SPELLED = {
    "foreign-data wrapper": "foreign data wrapper",
}
_NAMELESS = re.compile(r"[(=<>]| (?:for|on|in|USING) ")  # in the identity of an operator, a cast, default privileges


def object_changes(before: Catalog, after: Catalog) -> tuple[CatalogChange, ...]:
    """What differs between two states of one database. Not told apart: what goes with its table, column or type, and
    the copies that partitions have of their parent's triggers."""
    return tuple(dict.fromkeys(_Comparison(before, after).changes()))


def place(each: Object) -> tuple[str, Name, Name | None]:
    """An object's kind, its name and the table that it belongs to, as changes give them."""
    if each.kind is Kind.OTHER:
        return _SPELLED.get(each.path[0], each.path[0]), _identity(each.path[1]), None
    if each.kind in _BY_IDENTITY:
        return each.kind.value, Name("", ".".join(each.path[:2]) + "".join(each.path[2:])), None
    if each.kind in _OF_A_TABLE:
        return each.kind.value, Name("", each.path[2]), Name(*each.path[:2])
    name = Name(*each.path[:2]) if len(each.path) > 1 else Name("", each.path[0])
    return "type" if each.kind in _TYPES else each.kind.value, name, None


def _identity(text: str) -> Name:
    """As pg_identify_object prints it: public.s, but also (integer AS text)."""
    try:
        parts = () if _NAMELESS.search(text) else Cursor(text).path()
    except Unreadable:
        parts = ()
    return Name("", text) if not parts else Name(parts[0] if len(parts) > 1 else "", parts[-1])


class _Comparison:
    """Two catalogs side by side. An object is the same by its OID, or was made again under its name."""

    def __init__(self, before: Catalog, after: Catalog) -> None:
        self.before, self.after = before, after
        old, new = before.objects, after.objects
        self.gone = [was for id, was in old.items() if id not in new and _is_told(was)]
        self.new = [now for id, now in new.items() if id not in old and _is_told(now)]
        self.again = _made_again(self.gone, self.new)
        self.constrained = _constrained_anew(before, after)
        self.schemas = {
            was.path[0]: new[id].path[0] for id, was in old.items() if was.kind is Kind.SCHEMA and id in new
        }

    def changes(self) -> Iterator[CatalogChange]:
        yield from self._gone()
        for id, was in self.before.objects.items():
            now = self.after.objects.get(id)
            if now is not None and (_differ(was, now) or id in self.constrained):
                yield from self._altered(was, now)
        yield from self._publications()
        yield from self._created()
        yield from removed_values(self.before, self.after)
        yield from privileges(self.before, self.after, place)

    def _gone(self) -> Iterator[CatalogChange]:
        inner = _internal(self.before) if self.gone else frozenset()
        for was in self.gone:
            if now := self.again.get(was.id):
                yield from self._altered(was, now)
            elif was.id not in inner and not _goes_along(was, self.after) and not self._fell(was):
                yield ObjectDropped(*place(was))

    def _fell(self, was: Object) -> bool:
        """With what it was a part of: a table's trigger, statistics on columns."""
        if was.kind in RARE:
            return any(on.type == "a" and on.on not in self.after.objects for on in self.before.on(was.id))
        return was.kind in _OF_A_TABLE and was.parent not in self.after.objects

    def _created(self) -> Iterator[CatalogChange]:
        inner = _internal(self.after) if self.new else frozenset()
        remade = {now.id for now in self.again.values()}
        for now in self.new:
            if now.id not in remade and now.id not in inner and not _goes_along(now, self.before):
                yield ObjectCreated(*place(now))

    def _altered(self, was: Object, now: Object) -> Iterator[CatalogChange]:
        if was.kind is Kind.TABLE:
            yield from traits(was, now)
        if was.kind in _UNTOLD or was.flag("inherited"):
            return
        kind, name, on = place(was)
        new = place(now)[1]
        if Name(self._schema(was, name), name.name) != new and not _NAMELESS.search(new.name):
            yield ObjectRenamed(kind, name, new, on)
        if what := (*_what(was, now), *(("constraints",) if was.id in self.constrained else ())):
            yield ObjectChanged(kind, name, on, what)
        if was.kind is now.kind is Kind.ENUM:
            yield from values(name, was, now)

    def _schema(self, was: Object, name: Name) -> str:
        """Where the object is to be found without a rename of its own: its schema may have got another name, and an
        owned sequence goes with its table."""
        table = self.after.objects.get(was.parent._replace(sub=0)) if was.kind is Kind.SEQUENCE and was.parent else None
        if table is not None:
            return table.path[0]
        return self.schemas.get(name.schema, name.schema)

    def _publications(self) -> Iterator[CatalogChange]:
        """A publication is changed by the tables that it gains and loses, but for those that come and go themselves."""
        for here, there in ((self.before, self.after), (self.after, self.before)):
            left = [each for each in here.of_kind(Kind.PUBLISHED) if each.id not in there.objects]
            kept = {each.path[0] for each in there.of_kind(Kind.PUBLICATION)}
            for each in left:
                if each.parent in there.objects and each.path[2] in kept:
                    yield ObjectChanged("publication", Name("", each.path[2]), what=("tables",))


def _is_told(each: Object) -> bool:
    return each.kind not in _UNTOLD


def _made_again(gone: list[Object], new: list[Object]) -> Mapping[ObjectId, Object]:
    """For those of before that are gone, what has their name now; a function first of all what has its arguments."""
    exact = {(now.kind, now.path): now for now in new}
    named = {place(now): now for now in new}
    found: dict[ObjectId, Object] = {}
    taken: set[ObjectId] = set()
    for was in gone:
        now = exact.get((was.kind, was.path)) or named.get(place(was))
        if now is not None and now.id not in taken:
            found[was.id] = now
            taken.add(now.id)
    return found


def _goes_along(each: Object, other: Catalog) -> bool:
    """It is there because of something else, or has an owner that the other catalog does not know."""
    owned = each.kind is Kind.SEQUENCE and each.parent is not None and each.parent not in other.objects
    return owned or each.flag("inherited") or each.flag("identity")


def _internal(catalog: Catalog) -> frozenset[ObjectId]:
    """What PostgreSQL makes as a part of something else, such as the functions of a range type."""
    return frozenset(dependent for dependent, _, type in catalog.links if type == "i")


def _constrained_anew(before: Catalog, after: Catalog) -> frozenset[ObjectId]:
    """Domains that gained or lost a constraint."""
    old, new = (
        {(each.parent, each.path[-1], each.raw) for each in catalog.of_kind(Kind.CONSTRAINT) if each.flag("domain")}
        for catalog in (before, after)
    )
    return frozenset(parent for parent, _, _ in old ^ new if parent is not None)


def _differ(was: Object, now: Object) -> bool:
    return now.attributes != was.attributes or now.path != was.path or now.raw != was.raw


# What changes along with another attribute.
_IMPLIED = {"column_names": "definition", "not_null_constraint": "not_null"}


def _what(was: Object, now: Object) -> tuple[str, ...]:
    """The attributes that differ. A function's definition holds its own name, which a rename changes."""
    along = _WITH_TABLE if was.kind is Kind.SEQUENCE and was.parent == now.parent and was.parent else ()
    found = [name for name in changed(was, now) if name not in (*_TOLD_APART, *along)]
    if was.kind in ROUTINES and was.path != now.path and _body(was) == _body(now):
        found = [name for name in found if name != "definition"]
    found = [name for name in found if _IMPLIED.get(name) not in found]
    if was.kind in RARE and (found or was.raw != now.raw):
        found = ["definition"]
    if set(was.texts("labels")) == set(now.texts("labels")) and was.texts("labels") != now.texts("labels"):
        found.append("labels")  # in another order
    return tuple(found)


def _body(routine: Object) -> str:
    return (routine.text("definition") or "").partition("\n")[2]
