"""A database's schema at one moment: every object a user made, under its OID, with the text that makes it again."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

Value = str | int | bool | tuple[str, ...] | None


class Kind(enum.StrEnum):
    """What an object is, in the words of SQL where SQL has them."""

    SCHEMA = "schema"
    EXTENSION = "extension"
    ENUM = "enum"
    DOMAIN = "domain"
    COMPOSITE = "composite type"
    RANGE = "range type"
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
        *("base", "members", "arguments", "result", "attached", "of_type"),
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
        return f"{self.kind} {'.'.join(self.path)}"


ROUTINES = frozenset({Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE})


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
        found: dict[ObjectId, dict[Dependency, None]] = {}
        for dependent, on, type in self.links:
            source, target = self._known(dependent), self._known(on)
            if source and target and source != target:
                found.setdefault(source, {})[Dependency(target, type)] = None
        for each in self.objects.values():
            if each.kind is Kind.COLUMN and each.parent:
                found.setdefault(each.id, {})[Dependency(each.parent, "a")] = None
        return {id: tuple(targets) for id, targets in found.items()}

    def _known(self, id: ObjectId) -> ObjectId | None:
        while id not in self.objects and (alias := self.aliases.get(id[:2])) is not None:
            id = alias
        if id in self.objects:
            return id
        return whole if (whole := id._replace(sub=0)) in self.objects else None

    def of_kind(self, *kinds: Kind) -> Iterator[Object]:
        return (each for each in self.objects.values() if each.kind in kinds)

    def on(self, id: ObjectId) -> tuple[Dependency, ...]:
        """What the object depends on."""
        return self.dependencies.get(id, ())


_FACTS = ("comments", "privileges", "dependencies", "aliases")
_OBJECTS = (
    *("schemas", "extensions", "types", "tables", "columns", "sequences", "defaults", "constraints", "indexes"),
    *("views", "functions", "triggers", "others"),
)

# What older servers have not: the expression from the given version on, and before it.
_VERSIONED = {
    "multirange": (140000, "rngmultitypid", "rngtypid"),
    "compression": (140000, "a.attcompression", "''"),
    "not_null_name": (180000, "nn.conname", "NULL"),
    "not_null_valid": (180000, "coalesce(nn.convalidated, true)", "true"),
    "not_null_join": (
        180000,
        "LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum",
        "",
    ),
}

# Whatever the migration has set: names come out qualified, constants in one spelling.
_SETTINGS = """
SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL quote_all_identifiers TO off; SET LOCAL TimeZone TO 'UTC';
SET LOCAL DateStyle TO 'ISO, YMD'; SET LOCAL IntervalStyle TO 'postgres'; SET LOCAL bytea_output TO 'hex';
SET LOCAL extra_float_digits TO 1; SET LOCAL jit TO off;
"""


_Rows = list[tuple[Any, ...]]


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """The objects of the connection's database, members of extensions and temporary objects left out. Works inside a
    transaction and outside, and leaves the session as it was. PostgreSQL 13 and newer. Raises psycopg.Error."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_script(connection.info.server_version).encode(), prepare=False)
        results = (result for result in cursor.results() if result.description is not None)
        user = next(results).fetchall()[0][0]
        facts = _Facts(*(next(results).fetchall() for _ in _FACTS))
        objects = {each.id: each for _ in _OBJECTS for each in _objects(next(results), facts)}
    return Catalog(objects, user, facts.links, facts.aliases)


class _Facts:
    """What is read once for objects of all kinds, by (catalog, OID, sub id) or (catalog, OID)."""

    def __init__(self, comments: _Rows, privileges: _Rows, dependencies: _Rows, aliases: _Rows) -> None:
        self.comments = {row[:3]: row[3] for row in comments}
        self.privileges = {row[:3]: tuple(row[3]) for row in privileges}
        make = ObjectId._make
        self.links = [(make(row[:3]), make(row[3:6]), row[6]) for row in dependencies]
        self.members = {dependent[:2]: on for dependent, on, type in self.links if type == "e"}
        self.aliases = self.members | {row[:2]: ObjectId(*row[2:]) for row in aliases}


_KINDS = {kind.value: kind for kind in Kind}
_FIXED = 9  # the columns before the attributes: catalog, oid, sub id, kind, path, the parent's three, raw
_ARRAYS = (1003, 1009)  # pg_type.oid of name[] and text[]


def _objects(cursor: psycopg.Cursor[tuple[Any, ...]], facts: _Facts) -> Iterator[Object]:
    """The rows of one query, members of extensions left out. Its further columns are the attributes."""
    columns = (cursor.description or ())[_FIXED:]
    names = [column.name for column in columns]
    lists = [column.name for column in columns if column.type_code in _ARRAYS]
    for row in cursor.fetchall():
        if row[:2] in facts.members or row[5:7] in facts.members:
            continue
        id = ObjectId._make(row[:3])
        attributes = dict(zip(names, row[_FIXED:], strict=True))
        for name in lists:
            if attributes[name] is not None:
                attributes[name] = tuple(attributes[name])
        attributes["comment"], attributes["grants"] = facts.comments.get(id), facts.privileges.get(id)
        yield Object(
            id, _KINDS[row[3]], tuple(row[4]), ObjectId._make(row[5:8]) if row[6] else None, row[8], attributes
        )


@functools.cache
def _script(version: int) -> str:
    values = {name: new if version >= since else old for name, (since, new, old) in _VERSIONED.items()}
    folder = resources.files("workers.postgres") / "queries"
    texts = [(folder / f"catalog_{name}.sql").read_text("utf-8") for name in (*_FACTS, *_OBJECTS)]
    return _SETTINGS + ";\n".join(["SELECT current_user::text", *(Template(text).substitute(values) for text in texts)])
