"""Which object of one snapshot is which of the other: by OID, and by name where one was made again as it was."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from workers.catalog import NAMING, ROUTINES, Catalog, Kind, Object, ObjectId

_RANK = {kind: rank for rank, kind in enumerate(Kind)}

# Made again under the same name, these are changed back in place, whatever else is different about them.
_REPLACED = ROUTINES | {Kind.DEFAULT}


@dataclass(frozen=True, slots=True)
class Difference:
    """origin: after → before. again: those of before that exist under the same name but were made anew."""

    before: Catalog
    after: Catalog
    pairs: Mapping[ObjectId, ObjectId]  # before → after
    origin: Mapping[ObjectId, ObjectId]
    gone: frozenset[ObjectId]
    new: frozenset[ObjectId]
    again: frozenset[ObjectId]


def match(before: Catalog, after: Catalog) -> Difference:
    """Two states of one database. An enum with other values is another type: values cannot be taken away, only renamed
    (https://www.postgresql.org/docs/current/sql-altertype.html). So is a type that is made of one."""
    others = _other_types(before, after)
    pairs = {
        id: id
        for id, was in before.objects.items()
        if (now := after.objects.get(id)) and was.kind is now.kind and id not in others
    }
    taken = set(pairs.values())
    candidates = {(now.kind, now.path): now for id, now in after.objects.items() if id not in taken}
    again = set()
    apart = [was for id, was in before.objects.items() if id not in pairs and id not in others]
    for was in sorted(apart, key=lambda each: _RANK[each.kind]):
        now = candidates.get((was.kind, was.path))
        if now and _same_parent(was, now, pairs) and (was.kind in _REPLACED or was.attributes == now.attributes):
            pairs[was.id] = now.id
            again.add(was.id)
    origin = {now: was for was, now in pairs.items()}
    gone = frozenset(id for id in before.objects if id not in pairs)
    new = frozenset(id for id in after.objects if id not in origin)
    return Difference(before, after, pairs, origin, gone, new, frozenset(again))


def _other_types(before: Catalog, after: Catalog) -> dict[ObjectId, None]:
    enums = (now for now in after.of_kind(Kind.ENUM) if (was := before.objects.get(now.id)) and was.raw != now.raw)
    found = dict.fromkeys(each.id for each in enums)
    made_of_others = list(after.of_kind(Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE)) if found else []
    while more := [
        each.id for each in made_of_others if each.id not in found and any(d.on in found for d in after.on(each.id))
    ]:
        found |= dict.fromkeys(more)
    return found


def _same_parent(was: Object, now: Object, pairs: Mapping[ObjectId, ObjectId]) -> bool:
    if was.parent is None or now.parent is None:
        return was.parent is now.parent
    return pairs.get(was.parent) == now.parent


def changed(was: Object, now: Object) -> tuple[str, ...]:
    """The attributes that differ, in their order; those that only spell another name for the same thing left out."""
    if was is now:
        return ()
    return tuple(
        name
        for name, value in was.attributes.items()
        if value != now.attributes.get(name) and (name not in NAMING or was.raw != now.raw)
    )


def kept_parents(was: Object, now: Object) -> int:
    """How many of the first parents can stay: the order counts, and a partition has another place."""
    if was.text("bound") or now.text("bound"):
        return 0
    old, new = (each.raw.split("/", 1)[0].split(",") for each in (was, now))
    return len(list(itertools.takewhile(lambda pair: pair[0] and pair[0] == pair[1], zip(old, new, strict=False))))
