"""A composite type's attributes, taken back one by one where ALTER TYPE can do it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from workers.catalog import Object
from workers.rollback.names import ident, renamings


def changed_back(was: Object, now: Object) -> tuple[str, ...] | None:
    """The statements; None where an attribute would have to change its type, which no column that uses the composite
    allows, or would not come back in its place: ADD ATTRIBUTE puts it last.
    https://www.postgresql.org/docs/current/sql-altertype.html"""
    old, new = _attributes(was), _attributes(now)
    kept = [number for number in old if number in new]
    if list(old)[: len(kept)] != kept or any(old[number][1] != new[number][1] for number in kept):
        return None
    return tuple(_statements(was, old, new))


def lost_attributes(was: Object, now: Object) -> tuple[str, ...]:
    """The names of those whose values went with them."""
    new = _attributes(now)
    return tuple(name for number, (name, _) in _attributes(was).items() if number not in new)


def _attributes(each: Object) -> Mapping[int, tuple[str, str]]:
    """Number → name and type, the latter as OIDs."""
    return {number: (name, type) for number, name, type in json.loads(each.raw.split("/", 2)[2])}


def _statements(was: Object, old: Mapping[int, tuple[str, str]], new: Mapping[int, tuple[str, str]]) -> Iterator[str]:
    at = f"ALTER TYPE {ident(*was.path)}"
    for number, (name, _) in new.items():
        if number not in old:
            yield f"{at} DROP ATTRIBUTE {ident(name)} CASCADE;"
    kept = [number for number in old if number in new]
    for name, former in renamings([new[number][0] for number in kept], [old[number][0] for number in kept]):
        yield f"{at} RENAME ATTRIBUTE {ident(name)} TO {ident(former)} CASCADE;"
    for number, written in zip(old, was.texts("members"), strict=True):
        if number not in new:
            yield f"{at} ADD ATTRIBUTE {written} CASCADE;"
