"""What a rollback has to drop, change and make again, before any SQL is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from workers.catalog import Catalog, Dependency, Kind, Object, ObjectId
from workers.rollback.arrays import settled
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
    Kind.COLLATION,
    Kind.DICTIONARY,
    Kind.CONFIGURATION,
    Kind.PUBLICATION,
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
        Kind.PUBLISHED,
    }
)

# Dropping what is on the right drops what is on the left (pg_depend.deptype).
CARRIED = frozenset("aiPS")

_TYPES = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE)
_OF_ROWS = (Kind.COLUMN, Kind.TABLE, Kind.FOREIGN_TABLE, *_TYPES)


@dataclass(frozen=True, slots=True)
class Outline:
    """Everything by its id in the snapshot named; `altered` gives the attributes that have to go back."""

    difference: Difference
    altered: Mapping[ObjectId, tuple[str, ...]]  # before
    remade: frozenset[ObjectId]  # before: survives, but is dropped and made again
    late: frozenset[ObjectId]  # after: new, and in use until something else has been changed back
    leaving: frozenset[ObjectId] = frozenset()  # before: tables that get other parents, or another place under one

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
        derived = was.kind is Kind.COLUMN and was.flag("generated") and {"generated", "generated_kind"} & {*names}
        free = was.kind in REMADE or (was.kind is Kind.COMPOSITE and not _holds_rows(after, pairs[id]))
        if derived or (free and not all(replaceable(was, now, name) for name in names)):
            remade.add(id)
    retyped = {
        pairs[id]
        for id, names in altered.items()
        if difference.before.objects[id].kind is Kind.COLUMN and "type" in names and id not in remade
    }
    remade |= {was.id for was in difference.before.of_kind(Kind.OPERATOR) if _is_partnered(difference, was)}
    remade |= {id for id, names in altered.items() if "version" in names and _can_be_installed_anew(difference, id)}
    remade = _with_dependants(difference, remade, retyped)
    altered = {id: names for id, names in altered.items() if id not in remade}
    leaving = frozenset(id for id, names in altered.items() if {"parents", "bound"} & {*names})
    return Outline(difference, altered, frozenset(remade), _late(difference, remade), leaving)


def _is_partnered(difference: Difference, was: Object) -> bool:
    """Whether dropping what is new leaves it with other partners than before: they are partners until one is dropped,
    and from PostgreSQL 17 on an operator that is there can get one that is there
    (https://www.postgresql.org/docs/current/sql-alteroperator.html); or one that was only named has been made."""
    now = difference.after.objects.get(difference.pairs.get(was.id, was.id))
    if now is None:
        return False
    for old, new in zip(*(each.raw.rsplit("/", 2)[1:] for each in (was, now)), strict=True):
        former, latter = (was.id._replace(oid=int(oid)) for oid in (old, new))
        only_named = old != "0" and former not in difference.before.objects
        if latter in difference.origin if old != new else only_named and latter in difference.new:
            return True
    return False


def _holds_rows(after: Catalog, type: ObjectId) -> bool:
    return any(
        each.kind in _OF_ROWS and any(d.on == type for d in after.on(each.id)) for each in after.objects.values()
    )


def _altered(difference: Difference) -> dict[ObjectId, tuple[str, ...]]:
    altered, new_types = {}, _new_types(difference)
    for id, now_id in difference.pairs.items():
        was, now = difference.before.objects[id], difference.after.objects[now_id]
        if was is now and not new_types:
            continue
        names = changed(was, now)
        if "inherited" in names and _is_attached(difference, was):
            names = tuple(name for name in names if name not in ("inherited", "from_parent", "not_null_own"))
        if new_types and was.kind is Kind.COLUMN and "type" not in names:
            names = ("type", *names) if any(d.on in new_types for d in difference.after.on(now_id)) else names
        if names:
            altered[id] = names
    return altered


def _can_be_installed_anew(difference: Difference, extension: ObjectId) -> bool:
    """There is no way down from a version of an extension; but where nothing that holds rows stands on it, it can be
    dropped and made again."""
    standing, waiting = set(), {difference.pairs[extension]}
    while waiting:
        standing |= waiting
        waiting = {id for id in difference.after.objects if any(d.on in waiting for d in difference.after.on(id))}
        waiting -= standing
    return all(difference.after.objects[id].kind in REMADE for id in standing - {difference.pairs[extension]})


def _new_types(difference: Difference) -> frozenset[ObjectId]:
    """What columns may depend on as on their type."""
    objects, kinds = difference.after.objects, (*_TYPES, Kind.COLLATION)
    return frozenset(id for id in difference.new if objects[id].kind in kinds)


def _is_attached(difference: Difference, was: Object) -> bool:
    """Its table was a partition: what the table has in common with the whole is inherited again once it is attached,
    while after INHERIT it stays the table's own."""
    table = difference.before.objects.get(was.parent) if was.parent else None
    return table is not None and table.text("bound") is not None


def _with_dependants(difference: Difference, seeds: set[ObjectId], retyped: set[ObjectId]) -> set[ObjectId]:
    """With all that stands on something which is dropped, or on a column whose type goes back."""
    after, origin = difference.after, difference.origin
    remade = set(seeds)
    falling = set(difference.new) | {difference.pairs[id] for id in seeds}
    while True:
        found = {
            id
            for id, now in after.objects.items()
            if id not in falling
            and (now.kind in REMADE or _is_derived(difference, now))
            and _stands_on(now, after.on(id), falling, retyped)
        }
        if not found:
            return remade
        falling |= found
        remade |= {origin[id] for id in found}


def _stands_on(
    each: Object, dependencies: Iterable[Dependency], falling: set[ObjectId], retyped: set[ObjectId]
) -> bool:
    held = holds_type(each) or _printed_otherwise(each)
    return any(d.on in falling or (held and d.on in retyped) for d in dependencies)


def _is_derived(difference: Difference, now: Object) -> bool:
    """A column whose values are computed, before and after."""
    was = difference.origin.get(now.id)
    return now.flag("generated") and was is not None and difference.before.objects[was].flag("generated")


def holds_type(each: Object) -> bool:
    """Whether the type of a column that the object stands on cannot be changed."""
    key = each.kind is Kind.CONSTRAINT and each.attributes["type"] == "f"
    return key or each.kind in _HOLD_TYPE or (each.kind is Kind.COLUMN and each.flag("generated"))


def _printed_otherwise(each: Object) -> bool:
    """With a column's type its conditions are made again from their text, as the server does not print them."""
    text = each.text("definition") or "" if each.kind in (Kind.CONSTRAINT, Kind.INDEX) else ""
    return settled(text) != text


def _late(difference: Difference, remade: set[ObjectId]) -> frozenset[ObjectId]:
    """New objects that a surviving one still uses, and the new ones that those use in turn. A sequence has left the
    column that owns it (OWNED BY) before."""
    after = difference.after
    staying = [now for was, now in difference.pairs.items() if was not in remade]
    late: set[ObjectId] = set()
    using = [(after.objects[id], d) for id in staying for d in after.on(id) if d.on in difference.new]
    waiting = [d.on for each, d in using if each.kind is not Kind.SEQUENCE or d.type != "a"]
    while waiting:
        id = waiting.pop()
        if id not in late:
            late.add(id)
            waiting += [d.on for d in after.on(id) if d.on in difference.new]
    return frozenset(late)
