"""What a schema is made of: every object a user made, under its OID, with the text that makes it again. All frozen."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Value = str | int | bool | tuple[str, ...] | None


class Kind(enum.StrEnum):
    """What an object is, in the words of SQL where SQL has them."""

    SCHEMA = "schema"
    EXTENSION = "extension"
    ENUM = "enum"
    DOMAIN = "domain"
    COMPOSITE = "composite type"
    RANGE = "range type"
    COLLATION = "collation"
    DICTIONARY = "text search dictionary"
    CONFIGURATION = "text search configuration"
    OPERATOR = "operator"
    CAST = "cast"
    CONVERSION = "conversion"
    TABLE = "table"  # also partitioned tables and partitions
    FOREIGN_TABLE = "foreign table"
    COLUMN = "column"
    SEQUENCE = "sequence"
    DEFAULT = "default"
    CONSTRAINT = "constraint"
    INDEX = "index"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    AGGREGATE = "aggregate"
    TRIGGER = "trigger"
    RULE = "rule"
    POLICY = "policy"
    STATISTICS = "statistics"
    PUBLICATION = "publication"
    PUBLISHED = "publication relation"  # a table in a publication
    DEFAULT_PRIVILEGES = "default privileges"  # of one role for one kind of object, in one schema or in all
    OTHER = "other"  # seen, so that a difference is noticed; its definition is not known


class ObjectId(NamedTuple):
    """An object's identity in one database: the OID of the system catalog it stands in, its OID, its column or 0."""

    catalog: int
    oid: int
    sub: int


# Attributes that spell other objects' names. A rename changes them while the object stays the same, so they count as
# changed only where Object.raw, which holds OIDs instead of names, differs as well.
NAMING = frozenset(
    {
        *("type", "collation", "generated", "parents", "partition_key", "bound", "definition", "owned_by"),
        *("base", "members", "arguments", "result", "attached", "of_type", "schema", "role", "parser", "template"),
        *("mappings", "columns", "condition", "function", "restrict", "join", "left", "right", "commutator", "negator"),
    }
)


@dataclass(frozen=True, slots=True)
class Object:
    """path: the parts of the name, outermost first: schema, table, column. For functions the last part is the list of
    argument types. `attributes` hold plain values, names in them quoted and schema-qualified."""

    id: ObjectId
    kind: Kind
    path: tuple[str, ...]
    parent: ObjectId | None  # the table of a column, constraint, index …; the column of a default or an owned sequence
    raw: str
    attributes: Mapping[str, Value]

    def text(self, attribute: str) -> str | None:
        """The attribute where it is a string. Raises TypeError where it is anything else but None."""
        value = self.attributes.get(attribute)
        if value is None or isinstance(value, str):
            return value
        raise TypeError(f"{attribute} of {self} is no text")

    def texts(self, attribute: str) -> tuple[str, ...]:
        """The attribute where it is a list of strings; empty where it is None."""
        value = self.attributes.get(attribute)
        return value if isinstance(value, tuple) else ()

    def flag(self, attribute: str) -> bool:
        return bool(self.attributes.get(attribute))

    @property
    def label(self) -> str:
        """For people: column public.User.email, function public.f(integer)."""
        if self.kind in ROUTINES:
            return f"{self.kind} {self.path[0]}.{self.path[1]}({self.path[2]})"
        if self.kind is Kind.OTHER:
            return " ".join(self.path)
        if self.kind is Kind.OPERATOR:
            return f"{self.kind} {self.path[0]}.{self.path[1]}{self.path[2]}"
        if self.kind is Kind.PUBLISHED:
            return f"table {self.path[0]}.{self.path[1]} in publication {self.path[2]}"
        return f"{self.kind} {'.'.join(self.path)}"


ROUTINES = frozenset({Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE})

# What few migrations make. Servers of other versions may print other definitions of them.
RARE = frozenset(
    {
        *(Kind.COLLATION, Kind.DICTIONARY, Kind.CONFIGURATION, Kind.OPERATOR, Kind.CAST, Kind.CONVERSION),
        *(Kind.STATISTICS, Kind.PUBLICATION, Kind.PUBLISHED, Kind.DEFAULT_PRIVILEGES, Kind.OTHER),
    }
)


class Dependency(NamedTuple):
    """`type` is pg_depend.deptype: n normal, a auto, i internal, P and S partition."""

    on: ObjectId
    type: str


@dataclass(frozen=True)
class Catalog:
    """links: rows of pg_depend, as (dependent, on, deptype), in which an object may stand under the id of another face
    of it, such as its row type; aliases tell which, by (catalog, OID)."""

    objects: Mapping[ObjectId, Object]
    user: str  # whose objects are made without an OWNER TO
    links: Sequence[tuple[ObjectId, ObjectId, str]] = ()
    aliases: Mapping[tuple[int, int], ObjectId] = field(default_factory=dict)

    @functools.cached_property
    def dependencies(self) -> Mapping[ObjectId, tuple[Dependency, ...]]:
        """Of each object on others in `objects`; a column depends on its table. Worked out when first asked for."""
        objects, found = self.objects, dict[ObjectId, dict[tuple[ObjectId, str], None]]()
        for dependent, on, type in self.links:
            source = dependent if dependent in objects else self._known(dependent)
            target = on if on in objects else self._known(on)
            if source and target and source != target:
                found.setdefault(source, {})[target, type] = None
        for each in objects.values():
            if each.kind is Kind.COLUMN and each.parent:
                found.setdefault(each.id, {})[each.parent, "a"] = None
        return {id: tuple(map(Dependency._make, targets)) for id, targets in found.items()}

    def _known(self, id: ObjectId) -> ObjectId | None:
        while id not in self.objects and (alias := self.aliases.get(id[:2])) is not None:
            id = alias
        if id in self.objects:
            return id
        return whole if (whole := id._replace(sub=0)) in self.objects else None

    @functools.cached_property
    def children(self) -> Mapping[ObjectId, Sequence[Object]]:
        """What hangs on each object as on its parent."""
        found: dict[ObjectId, list[Object]] = {}
        for each in self.objects.values():
            if each.parent:
                found.setdefault(each.parent, []).append(each)
        return found

    @functools.cached_property
    def users(self) -> Mapping[ObjectId, Sequence[Object]]:
        """What depends on each object."""
        found: dict[ObjectId, list[Object]] = {}
        for each in self.objects.values():
            for dependency in self.on(each.id):
                found.setdefault(dependency.on, []).append(each)
        return found

    def of_kind(self, *kinds: Kind) -> Iterator[Object]:
        return (each for each in self.objects.values() if each.kind in kinds)

    def on(self, id: ObjectId) -> tuple[Dependency, ...]:
        """What the object depends on."""
        return self.dependencies.get(id, ())
