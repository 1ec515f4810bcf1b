"""Schemas built by hand, as read_catalog would have read them."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind, Object, ObjectId, Value
from workers.words import Name

_CLASS = 1259  # pg_class
_DEFAULT = 2604  # pg_attrdef


def schema_of(*parts: Iterator[Object]) -> Catalog:
    return Catalog({each.id: each for part in parts for each in part}, "app")


def table(name: Name, oid: int, columns: dict[str, dict[str, Value]], **attributes: Value) -> Iterator[Object]:
    """A table with its columns; `default` among a column's attributes becomes an object of its own."""
    id = ObjectId(_CLASS, oid, 0)
    yield Object(id, Kind.TABLE, (name.schema, name.name), None, "", attributes)
    for number, (column, told) in enumerate(columns.items(), 1):
        own = ObjectId(_CLASS, oid, number)
        path = (name.schema, name.name, column)
        yield Object(own, Kind.COLUMN, path, id, "", {key: value for key, value in told.items() if key != "default"})
        if "default" in told:
            definition = {"definition": told["default"]}
            yield Object(ObjectId(_DEFAULT, oid * 100 + number, 0), Kind.DEFAULT, path, own, "", definition)


def sequence(name: Name, oid: int, owner: tuple[int, int] | None = None) -> Iterator[Object]:
    """owner: the OID of a table, and the number of its column."""
    parent = None if owner is None else ObjectId(_CLASS, *owner)
    yield Object(ObjectId(_CLASS, oid, 0), Kind.SEQUENCE, (name.schema, name.name), parent, "", {})
