"""What of a live database is compared with what its migrations build: two catalogs, made alike and cut down. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workers.catalog import Catalog, Kind, Object, ObjectId, Value
from workers.drift.closing import RENAMED, Sides
from workers.drift.dumps import comparable
from workers.drift.gaps import NOISE, Gap, GapKind, gaps, ignored
from workers.drift.managed import HISTORY_TABLE
from workers.policy import DriftPolicy
from workers.rollback.grants import granted
from workers.rollback.names import bare, ident

_Key = tuple[Kind, tuple[str, ...]]

_NAMED = 5  # objects that a note names
_RUNNERS = frozenset({HISTORY_TABLE, "migration_bot_history"})


@dataclass(frozen=True, slots=True)
class Terms:
    """table: of the history, without its schema. extensions: those that the shadow's server can have. builder: the role
    that the migrations ran as on the shadow; owner: the one that does on the live database."""

    policy: DriftPolicy
    table: str
    extensions: frozenset[str]
    builder: str
    owner: str

    @property
    def noise(self) -> frozenset[str]:
        """The attributes that do not count."""
        counted = {name for name, counts in (("owner", self.policy.owners), ("grants", self.policy.grants)) if counts}
        return (NOISE | _FOLLOWING) - counted

    def gaps(self, expected: Catalog, actual: Catalog) -> tuple[Gap, ...]:
        """Of what `as_compared` leaves."""
        return gaps(expected, actual, self.noise)


_DEFAULT = "default"  # of a column: told with it, and compared by itself
# What a column has from its table: told of that.
_FOLLOWING = frozenset({_DEFAULT, "inherited", "from_parent", "in_partition_key", "not_null_own"})


def each_once(found: Sequence[Gap]) -> tuple[Gap, ...]:
    """Without the index of a key that is told of, and with one gap for what only has another name: the missing one."""
    keys = {(gap.kind, gap.path[0], gap.path[-1]) for gap in found if gap.of is Kind.CONSTRAINT}
    return tuple(
        gap
        for gap in found
        if not (gap.of is Kind.INDEX and (gap.kind, gap.path[0], gap.path[-1]) in keys)
        and not (gap.of in RENAMED and gap.kind is GapKind.EXTRA and gap.likely)
    )


def main_owner(live: Catalog, table: str) -> str:
    """The role that the migrations run as: it owns the history table, else most tables."""
    owners = [(each.path[-1], owner) for each in live.of_kind(Kind.TABLE) if (owner := each.text("owner"))]
    of_history = [owner for name, owner in owners if name == table]
    return Counter(of_history or [owner for _, owner in owners] or [live.user]).most_common(1)[0][0]


def as_compared(shadow: Catalog, live: Catalog, terms: Terms, role: str = "") -> tuple[Sides, tuple[str, ...]]:
    """The shadow as expected, and notes of what was left out, sentences. role: that the migrations ran as on the other
    side, where that is no live database."""
    expected, actual = _alike(shadow, terms, terms.builder), _alike(live, terms, role or terms.owner)
    keys, notes = _beyond(actual, terms.extensions)
    one, other = _cut(expected, keys, terms), _cut(actual, keys, terms)
    emptied = _schemas(expected) - _schemas(one) | _schemas(actual) - _schemas(other)
    return Sides(expected, actual, (_without(one, emptied), _without(other, emptied))), notes


def sound_indexes(catalog: Catalog) -> Catalog:
    """With each index valid, as a migration would leave it; nobody wants the others. The same where all are."""
    invalid = [each for each in catalog.of_kind(Kind.INDEX) if each.attributes.get("valid") is False]
    if not invalid:
        return catalog
    mended = {each.id: replace(each, attributes={**each.attributes, "valid": True}) for each in invalid}
    return replace(catalog, objects={**catalog.objects, **mended})


# ---------------------------------------------------------------- roles


def _alike(catalog: Catalog, terms: Terms, role: str) -> Catalog:
    """With the owner's name for the role that the migrations ran as there, and nothing said of what does not count."""
    objects = (each for each in catalog.objects.values() if terms.policy.grants or each.kind is not _PRIVILEGES)
    return replace(catalog, objects={each.id: _renamed(each, terms, role) for each in objects}, user=terms.owner)


_PRIVILEGES = Kind.DEFAULT_PRIVILEGES


def _renamed(each: Object, terms: Terms, role: str) -> Object:
    own, attributes = each.attributes.get("owner"), dict(each.attributes)
    if own is not None and (not terms.policy.owners or own == role):
        attributes["owner"] = terms.owner
    attributes["grants"] = _others(each, role, terms.owner) if terms.policy.grants else None
    if each.kind is not _PRIVILEGES:
        return each if attributes == each.attributes else replace(each, attributes=attributes)
    path = re.sub(rf'^for role "?{re.escape(role)}"? ', f"for role {terms.owner} ", each.path[0])
    for name in ("given", "usual"):
        attributes[name] = tuple(sorted(_to(terms.owner, line, role) for line in each.texts(name)))
    attributes["role"] = terms.owner if attributes["role"] == role else attributes["role"]
    return replace(each, path=(path,), attributes=attributes)


def _others(each: Object, *owners: str) -> tuple[str, ...]:
    """Its grants, but for those of its owner, who has all rights anyway."""
    own = {each.attributes.get("owner"), *owners}
    return tuple(sorted(line for line in granted(each) if _grantee(line) not in own))


_PLAIN = re.compile("[a-z_][a-z0-9_]*")
_TO = re.compile(r" TO (?P<role>.+?)(?= WITH GRANT OPTION$|$)")


def _to(owner: str, grant: str, role: str) -> str:
    written = owner if _PLAIN.fullmatch(owner) else ident(owner)
    return _TO.sub(lambda _: f" TO {written}", grant) if _grantee(grant) == role else grant


def _grantee(grant: str) -> str:
    found = _TO.search(grant)
    return bare(found["role"]) if found else ""


# ---------------------------------------------------------------- what is left out


def _beyond(live: Catalog, extensions: frozenset[str]) -> tuple[frozenset[_Key], tuple[str, ...]]:
    """The extensions that the shadow cannot have, and all that depends on them."""
    keys: set[_Key] = set()
    notes: list[str] = []
    for extension in live.of_kind(Kind.EXTENSION):
        if extension.path[0] not in extensions:
            found = _dependent(live, extension.id)
            keys |= {(each.kind, each.path) for each in (extension, *found)}
            name = extension.path[0]
            notes.append(f"the extension {name} is not on this machine, so it is not compared{_named(found)}")
    return frozenset(keys), tuple(notes)


def _named(objects: Iterable[Object]) -> str:
    labels = sorted(each.label for each in objects)
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f", and neither is what depends on it: {', '.join(labels[:_NAMED])}{more}" if labels else ""


def _dependent(catalog: Catalog, on: ObjectId) -> tuple[Object, ...]:
    found = {on}
    while True:
        more = {
            id
            for id, each in catalog.objects.items()
            if id not in found and (each.parent in found or any(d.on in found for d in catalog.on(id)))
        }
        if not more:
            return tuple(catalog.objects[id] for id in found if id != on)
        found |= more


def _cut(catalog: Catalog, keys: frozenset[_Key], terms: Terms) -> Catalog:
    runners = _RUNNERS | {terms.table}
    rest = comparable(catalog)
    gone = {
        each.id
        for each in rest.objects.values()
        if (each.kind, each.path) in keys
        or (each.kind is Kind.TABLE and each.path[-1] in runners)
        or ignored(each.kind, each.path, terms.policy.ignore)
    }
    while more := {each.id for each in rest.objects.values() if each.parent in gone and each.id not in gone}:
        gone |= more
    defaults = {each.parent: each.attributes["definition"] for each in rest.of_kind(Kind.DEFAULT)}
    kept = (each for id, each in rest.objects.items() if id not in gone)
    return replace(rest, objects={each.id: _with_default(each, defaults) for each in kept})


def _with_default(each: Object, defaults: Mapping[ObjectId | None, Value]) -> Object:
    if each.kind is not Kind.COLUMN or each.id not in defaults:
        return each
    return replace(each, attributes={**each.attributes, _DEFAULT: defaults[each.id]})


def _schemas(catalog: Catalog) -> frozenset[str]:
    """Those in which something is."""
    return frozenset(each.path[0] for each in catalog.objects.values() if len(each.path) > 1)


def _without(catalog: Catalog, schemas: frozenset[str]) -> Catalog:
    """In which nothing is left that is compared."""
    gone = {each.id for each in catalog.of_kind(Kind.SCHEMA) if each.path[0] in schemas}
    return replace(catalog, objects={id: each for id, each in catalog.objects.items() if id not in gone})
