"""The SQL that closes gaps: what has to be run where the one schema is, so that it becomes the other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from workers.catalog import NAMING, Catalog, Dependency, Kind, Object, ObjectId, Value
from workers.drift.gaps import Gap, GapKind
from workers.rollback.comparison import by_name
from workers.rollback.names import ident, literal
from workers.rollback.outline import CARRIED
from workers.rollback.write import write_rollback

# Beyond every OID and every column of the database that it is brought into.
_OTHER_OIDS, _OTHER_COLUMNS = 1 << 32, 10_000

_Key = tuple[Kind, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Sides:
    """expected, actual: all that is there; told: the same two as they were compared, where they were cut down."""

    expected: Catalog
    actual: Catalog
    told: tuple[Catalog, Catalog]


def closing_sql(sides: Sides, gaps: Sequence[Gap]) -> tuple[str, ...]:
    """Statements, each with its semicolon, to be run one after another, each in its own transaction."""
    wanted, has = by_name(sides.expected), by_name(sides.actual)
    enums = [
        (gap.path, wanted.get((gap.of, gap.path)), has.get((gap.of, gap.path))) for gap in gaps if gap.of is Kind.ENUM
    ]
    grown = {path: values for path, one, other in enums if (values := _added_values(one, other))}
    rest = [gap for gap in gaps if gap.of is not Kind.ENUM or gap.path not in grown]
    added = (f"ALTER TYPE {ident(*path)} {value};" for path, values in grown.items() for value in values)
    return (*added, *write_rollback(_target(sides, rest), sides.actual).statements)


def _added_values(wanted: Object | None, has: Object | None) -> tuple[str, ...]:
    """ADD VALUE for each that an enum lacks, after the one it follows; none where it would have to lose or move one."""
    if wanted is None or has is None:
        return ()
    labels = wanted.texts("labels")
    if has.texts("labels") != tuple(label for label in labels if label in has.texts("labels")):
        return ()
    return tuple(
        f"ADD VALUE {literal(label)}" + (f" AFTER {literal(labels[at - 1])}" if at else f" BEFORE {literal(has_first)}")
        for has_first in has.texts("labels")[:1] or ("",)
        for at, label in enumerate(labels)
        if label not in has.texts("labels")
    )


def _target(sides: Sides, gaps: Sequence[Gap]) -> Catalog:
    """The actual schema with the expected objects in the place of those that differ, as another state of the same
    database: what stays has the id it had."""
    here, there = by_name(sides.actual), by_name(sides.expected)
    ids = _ids(sides.expected, here)
    told = tuple(map(by_name, sides.told))
    parts, other_parts = _parts(sides.actual), _parts(sides.expected)
    taken: dict[ObjectId, Object] = {}  # of expected
    gone: set[ObjectId] = set()  # of actual
    dropped: list[Object] = []  # of actual
    altered: dict[ObjectId, Object] = {}  # of actual
    labels = {each.label: each for each in sides.actual.of_kind(*RENAMED)}
    for gap in gaps:
        key = (gap.of, gap.path)
        if gap.of in RENAMED and gap.likely:
            if gap.kind is GapKind.MISSING:
                altered.update(_renamed(_whole(other_parts, there[key]), _whole(parts, labels[gap.likely])))
            continue
        differing = _differing(*(side[key] for side in told)) if gap.kind is GapKind.DIFFERENT else ()
        if gap.of is Kind.COLUMN and differing:
            altered[here[key].id] = _altered(there[key], here[key], differing)
            if "default" not in differing:
                continue
            gone |= {each.id for each in _below(parts, [here[key]])}
            taken |= {each.id: each for each in _below(other_parts, [there[key]])}
            continue
        if gap.kind is not GapKind.MISSING:
            dropped += _whole(parts, here[key])
        if gap.kind is not GapKind.EXTRA:
            taken |= {each.id: each for each in _whole(other_parts, there[key])}
    gone |= _fallen(sides.actual, dropped)
    stays = {id: altered.get(id, each) for id, each in sides.actual.objects.items() if id not in gone}
    different = {(gap.of, gap.path) for gap in gaps if gap.kind is GapKind.DIFFERENT}
    brought = (_moved(each, ids, here.get((each.kind, each.path)), different) for each in taken.values())
    links = [*_links(sides.actual, stays, {}), *_links(sides.expected, taken, ids)]
    return Catalog(stays | {each.id: each for each in brought}, sides.actual.user, links)


# What differs from another in nothing but its name is renamed, which costs no more than a look at the catalog.
RENAMED = (Kind.INDEX, Kind.CONSTRAINT)


def _renamed(expected: Sequence[Object], actual: Sequence[Object]) -> Iterator[tuple[ObjectId, Object]]:
    """A key's index has its name; what else is told of it follows from that."""
    for one, other in zip(expected, actual, strict=False):
        given = {name: one.attributes[name] for name in ("constraint", "definition") if name in one.attributes}
        yield other.id, replace(other, path=one.path, attributes={**other.attributes, **given})


def _ids(expected: Catalog, here: Mapping[_Key, Object]) -> dict[ObjectId, ObjectId]:
    """What each expected object is called in the other database."""
    ids: dict[ObjectId, ObjectId] = {}
    for each in sorted(expected.objects.values(), key=lambda one: one.kind is Kind.COLUMN):
        if same := here.get((each.kind, each.path)):
            ids[each.id] = same.id
        elif each.kind is Kind.COLUMN and each.parent:
            ids[each.id] = ids[each.parent]._replace(sub=_OTHER_COLUMNS + each.id.sub)
        else:
            ids[each.id] = each.id._replace(oid=_OTHER_OIDS + each.id.oid)
    return ids


def _moved(each: Object, ids: Mapping[ObjectId, ObjectId], same: Object | None, different: Set[_Key]) -> Object:
    """same: what is called so in the other database."""
    parent = ids.get(each.parent, each.parent) if each.parent else None
    if each.kind is Kind.ENUM:
        return replace(each, id=ids[each.id], parent=parent, raw=_numbered(each, same))
    # Not all of a definition is in Object.raw, and the OIDs in it are another database's: without a difference in it,
    # what differs would be taken for a new spelling.
    marked = each.kind in RENAMED or (each.kind is not Kind.COMPOSITE and (each.kind, each.path) in different)
    return replace(each, id=ids[each.id], parent=parent, raw=f"{each.raw}/expected" if marked else each.raw)


def _numbered(enum: Object, same: Object | None) -> str:
    """Object.raw with the numbers that the values have there, by which they are known again."""
    head, _, own = enum.raw.rpartition("/")
    known = dict(zip(same.texts("labels"), same.raw.rpartition("/")[2].split(","), strict=False)) if same else {}
    pairs = zip(enum.texts("labels"), own.split(","), strict=False)
    return f"{head}/{','.join(known.get(label) or str(_OTHER_OIDS + int(number)) for label, number in pairs)}"


def _links(
    catalog: Catalog, wanted: Iterable[ObjectId], ids: Mapping[ObjectId, ObjectId]
) -> Iterator[tuple[ObjectId, ObjectId, str]]:
    for id in wanted:
        for dependency in catalog.on(id):
            yield ids.get(id, id), ids.get(dependency.on, dependency.on), dependency.type


def _differing(expected: Object, actual: Object) -> tuple[str, ...]:
    return tuple(name for name, value in expected.attributes.items() if actual.attributes.get(name) != value)


def _altered(expected: Object, actual: Object, names: Sequence[str]) -> Object:
    """The column as it is, but for the attributes named."""
    given: dict[str, Value] = {name: expected.attributes[name] for name in names if name in expected.attributes}
    raw = actual.raw if NAMING.isdisjoint(given) else f"{expected.raw}/expected"
    return replace(actual, attributes={**actual.attributes, **given}, raw=raw)


_Parts = Mapping[ObjectId | None, Sequence[Object]]


def _parts(catalog: Catalog) -> _Parts:
    """What stands below each object."""
    found: dict[ObjectId | None, list[Object]] = {}
    for each in catalog.objects.values():
        found.setdefault(each.parent, []).append(each)
    return found


def _whole(parts: _Parts, each: Object) -> list[Object]:
    """With all that is a part of it: a table's columns, a key's index."""
    found = [each, *_below(parts, [each])]
    if each.kind is Kind.CONSTRAINT and each.parent:
        indexes = (index for index in parts[each.parent] if index.kind is Kind.INDEX)
        found += [index for index in indexes if index.text("constraint") == each.path[-1]]
    return found


def _below(parts: _Parts, above: Sequence[Object]) -> list[Object]:
    found: list[Object] = []
    while above:
        above = [part for each in above for part in parts.get(each.id, ())]
        found += above
    return found


def _fallen(catalog: Catalog, whole: Sequence[Object]) -> set[ObjectId]:
    """With what the server drops together with it."""
    fallen = {each.id for each in whole}
    while True:
        more = {id for id in catalog.objects if id not in fallen and any(_carries(d, fallen) for d in catalog.on(id))}
        if not more:
            return fallen
        fallen |= more


def _carries(dependency: Dependency, fallen: set[ObjectId]) -> bool:
    return dependency.on in fallen and dependency.type in CARRIED
