"""Finds the parts of a schema by their names; nothing where the schema is not known."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind, Object
from workers.words import Name


def inside(catalog: Catalog | None, name: Name, *kinds: Kind) -> Iterator[Object]:
    """What of these kinds has the name, and what is in it: a function of any arguments, a table's columns."""
    path = (name.schema, name.name)
    return (each for each in (catalog.of_kind(*kinds) if catalog else ()) if each.path[:2] == path)


def find(catalog: Catalog | None, kind: Kind, *path: str) -> Object | None:
    """The object at this path."""
    return next((each for each in (catalog.of_kind(kind) if catalog else ()) if each.path == path), None)


def table(catalog: Catalog | None, name: Name) -> Object | None:
    """Also a foreign table."""
    return next(inside(catalog, name, Kind.TABLE, Kind.FOREIGN_TABLE), None)


def column(catalog: Catalog | None, of: Name, name: str) -> Object | None:
    return find(catalog, Kind.COLUMN, of.schema, of.name, name)


def parts(catalog: Catalog | None, of: Object | None, *kinds: Kind) -> Iterator[Object]:
    """What of these kinds belongs to an object: a table's columns, a column's default."""
    return (each for each in (catalog.of_kind(*kinds) if catalog and of else ()) if of and each.parent == of.id)
