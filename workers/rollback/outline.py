"""What a rollback has to drop, change and make again, before any SQL is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from workers.catalog import Dependency, Kind, Object, ObjectId
from workers.rollback.difference import Difference, changed

# They can be dropped and made again without losing rows.
REMADE = frozenset(Kind) - {
    Kind.SCHEMA,
    Kind.EXTENSION,
    Kind.ENUM,
    Kind.DOMAIN,
    Kind.COMPOSITE,
    Kind.RANGE,
    Kind.TABLE,
    Kind.FOREIGN_TABLE,
    Kind.COLUMN,
    Kind.SEQUENCE,
    Kind.OTHER,
}

# A column's type cannot be altered under these; indexes and constraints follow by themselves, except foreign keys, of
# which one end is altered after the other. https://www.postgresql.org/docs/current/sql-altertable.html, "SET DATA TYPE"
_HOLD_TYPE = frozenset(
    {
        Kind.VIEW,
        Kind.MATERIALIZED_VIEW,
        Kind.FUNCTION,
        Kind.PROCEDURE,
        Kind.TRIGGER,
        Kind.RULE,
        Kind.POLICY,
        Kind.DEFAULT,
    }
)

# Dropping what is on the right drops what is on the left (pg_depend.deptype).
CARRIED = frozenset("aiPS")


@dataclass(frozen=True, slots=True)
class Outline:
    """Everything by its id in the snapshot named; `altered` gives the attributes that have to go back."""

    difference: Difference
    altered: Mapping[ObjectId, tuple[str, ...]]  # before
    remade: frozenset[ObjectId]  # before: survives, but is dropped and made again
    late: frozenset[ObjectId]  # after: new, and in use until something else has been changed back

    @property
    def dropped(self) -> frozenset[ObjectId]:
        """Of after."""
        return self.difference.new | {self.difference.pairs[id] for id in self.remade}

    @property
    def created(self) -> frozenset[ObjectId]:
        """Of before."""
        return self.difference.gone | self.remade


def outline(difference: Difference, replaceable: Callable[[Object, Object, str], bool]) -> Outline:
    """`replaceable`: can this attribute be changed back in place?"""
    altered = _altered(difference)
    after, pairs = difference.after, difference.pairs
    remade = set()
    for id, names in altered.items():
        was, now = difference.before.objects[id], after.objects[pairs[id]]
        derived = was.kind is Kind.COLUMN and was.flag("generated") and "generated" in names
        if derived or (was.kind in REMADE and not all(replaceable(was, now, name) for name in names)):
            remade.add(id)
    retyped = {
        pairs[id]
        for id, names in altered.items()
        if difference.before.objects[id].kind is Kind.COLUMN and "type" in names and id not in remade
    }
    remade = _with_dependants(difference, remade, retyped)
    altered = {id: names for id, names in altered.items() if id not in remade}
    return Outline(difference, altered, frozenset(remade), _late(difference, remade))


def _altered(difference: Difference) -> dict[ObjectId, tuple[str, ...]]:
    altered = {}
    for id, now_id in difference.pairs.items():
        was, now = difference.before.objects[id], difference.after.objects[now_id]
        names = changed(was, now)
        if was.kind is Kind.COLUMN and "type" not in names and _depends_on_new_type(difference, now_id):
            names = ("type", *names)
        if names:
            altered[id] = names
    return altered


def _depends_on_new_type(difference: Difference, column: ObjectId) -> bool:
    types = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE)
    objects = difference.after.objects
    return any(d.on in difference.new and objects[d.on].kind in types for d in difference.after.on(column))


def _with_dependants(difference: Difference, seeds: set[ObjectId], retyped: set[ObjectId]) -> set[ObjectId]:
    """With all that stands on something which is dropped, or on a column whose type goes back."""
    after, origin = difference.after, difference.origin
    remade = set(seeds)
    falling = set(difference.new) | {difference.pairs[id] for id in seeds}
    while True:
        found = {
            id
            for id, now in after.objects.items()
            if now.kind in REMADE and id not in falling and _stands_on(now, after.on(id), falling, retyped)
        }
        if not found:
            return remade
        falling |= found
        remade |= {origin[id] for id in found}


def _stands_on(
    each: Object, dependencies: Iterable[Dependency], falling: set[ObjectId], retyped: set[ObjectId]
) -> bool:
    return any(d.on in falling or (d.on in retyped and holds_type(each)) for d in dependencies)


def holds_type(each: Object) -> bool:
    """Whether the type of a column that the object stands on cannot be changed."""
    return each.kind in _HOLD_TYPE or (each.kind is Kind.CONSTRAINT and each.attributes["type"] == "f")


def _late(difference: Difference, remade: set[ObjectId]) -> frozenset[ObjectId]:
    """New objects that a surviving one still uses, and the new ones that those use in turn."""
    after = difference.after
    staying = [now for was, now in difference.pairs.items() if was not in remade]
    late: set[ObjectId] = set()
    waiting = [d.on for id in staying for d in after.on(id) if d.on in difference.new]
    while waiting:
        id = waiting.pop()
        if id not in late:
            late.add(id)
            waiting += [d.on for d in after.on(id) if d.on in difference.new]
    return frozenset(late)
