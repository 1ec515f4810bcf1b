"""Two snapshots compared by name: what a person would have to know to make one into the other."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind, Object, Value


def compare(expected: Catalog, actual: Catalog) -> tuple[str, ...]:
    """One line per difference, with the object, what is expected and what is there; empty when the schemas are equal.
    OIDs and the order of columns are not compared."""
    wanted, found = by_name(expected), by_name(actual)
    missing = [each for key, each in wanted.items() if key not in found]
    surplus = [each for key, each in found.items() if key not in wanted]
    lines = [f"{each.label} is missing" for each in topmost(missing)]
    lines += [f"{each.label} is not expected" for each in topmost(surplus)]
    for key, each in wanted.items():
        if other := found.get(key):
            lines += _attributes(each, other)
    return tuple(lines)


def by_name(catalog: Catalog) -> dict[tuple[Kind, tuple[str, ...]], Object]:
    """What an object is called is what it is, where two databases are compared."""
    return {(each.kind, each.path): each for each in catalog.objects.values()}


def topmost(objects: list[Object]) -> list[Object]:
    """Without those whose table is in the list as well."""
    ids = {each.id for each in objects}
    return [each for each in objects if each.parent not in ids]


def _attributes(expected: Object, actual: Object) -> Iterator[str]:
    for name, value in expected.attributes.items():
        if (other := actual.attributes.get(name)) != value:
            yield f"{expected.label}, {name.replace('_', ' ')}: expected {shown(value)}, is {shown(other)}"


def shown(value: Value) -> str:
    """An attribute's value, for people."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "(" + ", ".join(value) + ")"
    return str(value).lower() if isinstance(value, bool) else str(value)
