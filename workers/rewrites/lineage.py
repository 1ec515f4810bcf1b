"""How the tables of a schema stand to each other; in `lint` there is none, and nothing is found in it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind, Object
from workers.rules.schema import table
from workers.sql.cursor import Cursor
from workers.words import Name


def partitioned(catalog: Catalog | None, name: Name) -> bool:
    found = table(catalog, name)
    return found is not None and found.text("partition_key") is not None


def partitions(catalog: Catalog | None, name: Name) -> tuple[Object, ...]:
    """The tables directly under a partitioned one, in the order of their names."""
    return tuple(sorted(_children(catalog, name), key=lambda each: each.path)) if catalog else ()


def has_children(catalog: Catalog, name: Name) -> bool:
    """Partitions, or tables that inherit from it."""
    return any(_children(catalog, name))


def _children(catalog: Catalog, name: Name) -> Iterator[Object]:
    for each in catalog.of_kind(Kind.TABLE, Kind.FOREIGN_TABLE):
        if any(Cursor(parent).name() == name for parent in each.texts("parents")):
            yield each
