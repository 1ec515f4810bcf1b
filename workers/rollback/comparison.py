"""Two snapshots compared by name: what a person would have to know to make one into the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from workers.catalog import Catalog, Kind, Object, Value


def compare(expected: Catalog, actual: Catalog, *, blanks: bool = True) -> tuple[str, ...]:
    """One line per difference, with the object, what is expected and what is there; empty when the schemas are equal.
    OIDs and the order of columns are not compared. blanks: whether white space counts in a text of several lines, such
    as a function's."""
    wanted, found = _named(_others(expected, actual)), _named(_others(actual, expected))
    missing = [each for key, each in wanted.items() if key not in found]
    surplus = [each for key, each in found.items() if key not in wanted]
    lines = [f"{each.label} is missing" for each in topmost(missing)]
    lines += [f"{each.label} is not expected" for each in topmost(surplus)]
    for key, each in wanted.items():
        if other := found.get(key):
            lines += _attributes(each, other, blanks)
    return tuple(lines)


def _others(catalog: Catalog, other: Catalog) -> Iterator[Object]:
    """Without what is one and the same in both, which saves most of the time."""
    return (each for id, each in catalog.objects.items() if other.objects.get(id) is not each)


def by_name(catalog: Catalog) -> dict[tuple[Kind, tuple[str, ...]], Object]:
    """What an object is called is what it is, where two databases are compared."""
    return _named(catalog.objects.values())


def _named(objects: Iterable[Object]) -> dict[tuple[Kind, tuple[str, ...]], Object]:
    return {(each.kind, each.path): each for each in objects}


def topmost(objects: list[Object]) -> list[Object]:
    """Without those whose table is in the list as well."""
    ids = {each.id for each in objects}
    return [each for each in objects if each.parent not in ids]


def _attributes(expected: Object, actual: Object, blanks: bool) -> Iterator[str]:
    for name, value in expected.attributes.items():
        if (other := actual.attributes.get(name)) != value and (blanks or not _only_blanks(value, other)):
            yield f"{expected.label}, {name.replace('_', ' ')}{_told(value, other)}"


def _only_blanks(value: Value, other: Value) -> bool:
    return isinstance(value, str) and isinstance(other, str) and "\n" in value and value.split() == other.split()


def _told(value: Value, other: Value) -> str:
    """Of texts with several lines, the first that is another."""
    if _only_blanks(value, other):
        return ": other white space than expected"
    if not (isinstance(value, str) and isinstance(other, str) and "\n" in value + other):
        return f": expected {shown(value)}, is {shown(other)}"
    lines = enumerate(zip_longest(value.splitlines(), other.splitlines(), fillvalue=""), start=1)
    number, (was, now) = next((n, pair) for n, pair in lines if pair[0].split() != pair[1].split())
    return f", line {number}: expected {was.strip() or 'nothing'}, is {now.strip() or 'nothing'}"


def shown(value: Value) -> str:
    """An attribute's value, for people."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "(" + ", ".join(value) + ")"
    return str(value).lower() if isinstance(value, bool) else str(value)
