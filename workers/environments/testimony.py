"""What a live catalog says about the change from one catalog to another: each thing that differs is asked by name."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from workers.catalog import ROUTINES, Catalog, Kind, Object, Value
from workers.environments.spelling import named, same
from workers.rollback.comparison import shown


def by_path(each: Object) -> tuple[tuple[str, ...], Kind]:
    """The order in which objects are named."""
    return each.path, each.kind


class Sign(enum.Enum):
    """HALF: the object is there, and not yet in force: an index or a constraint that is not valid."""

    BEFORE = enum.auto()
    AFTER = enum.auto()
    HALF = enum.auto()
    NEITHER = enum.auto()


@dataclass(frozen=True, slots=True)
class Testimony:
    """about: the object as it is before or after the change. said: of what is there, a sentence without its full stop.
    whole: about the object itself, not an attribute of it."""

    sign: Sign
    about: Object
    said: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Witness:
    """A live database. major: its PostgreSQL version; the ephemeral server's is another where exact is false."""

    catalog: Catalog
    major: int
    exact: bool


# May be another in a live database without anybody's fault: who owns, where it lies, how it is tuned. Only where it is
# just as before or just as after it says anything.
_SOFT = frozenset(
    {
        *("owner", "comment", "tablespace", "access_method", "replica_identity", "clustered", "populated"),
        *("statistics", "storage", "compression", "version", "schema", "enabled", "row_security", "force_row_security"),
        *("not_null_constraint", "not_null_valid", "constraint_name"),  # a dump tells a trigger's name alone
    }
)
# Each element by itself: what else was granted, set or added does not matter.
_WORDS = {"grants": "grant", "labels": "value", "options": "option", "server_options": "option"}
_ELEMENTS = frozenset(_WORDS)
_IN_FORCE = frozenset({"valid", "validated"})

_HAS_MAINTAIN = 17  # the privilege, since that version

# What everybody may do with a new object (https://www.postgresql.org/docs/current/ddl-priv.html).
_USUAL_GRANTS = {
    **dict.fromkeys(ROUTINES, ("EXECUTE TO PUBLIC",)),
    **dict.fromkeys((Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE), ("USAGE TO PUBLIC",)),
}


def testimonies(before: Catalog, after: Catalog, live: Witness) -> Iterator[Testimony]:
    """One for each thing that the change makes, drops or alters, where the live database lets it be told. before and
    after: of one ephemeral database."""
    was, now, here = named(before), named(after), named(live.catalog)
    for key, each in was.items():
        if key not in now:
            there = key in here
            yield Testimony(Sign.BEFORE if there else Sign.AFTER, each, f"{each.label} is {_STILL[there]}")
    asked = _Asked(before.user, live)
    for key, each in now.items():
        found = here.get(key)
        if key not in was:
            yield from asked.made(each, found)
        elif was[key].attributes != each.attributes:
            yield from asked.altered(was[key], each, found)


_STILL = {True: "still there", False: "gone"}


def unlike(expected: Object, found: Object, live: Witness) -> tuple[str, ...]:
    """What makes the live object another one than was expected: sentences without their full stops."""
    return tuple(
        f"{expected.label}, {name.replace('_', ' ')}: expected {shown(value)}, is {shown(found.attributes.get(name))}"
        for name, value in _differing(expected, found, live)
    )


def _differing(expected: Object, found: Object, live: Witness) -> Iterator[tuple[str, Value]]:
    for name, value in expected.attributes.items():
        if name not in _SOFT | _ELEMENTS and not same(expected, name, value, found.attributes.get(name), live.exact):
            yield name, value


def _only_waits(each: Object, found: Object, live: Witness) -> bool:
    """The definition of a constraint that waits ends in NOT VALID."""
    differing = {name for name, _ in _differing(each, found, live)}
    shorn = (found.text("definition") or "").removesuffix(" NOT VALID")
    if same(each, "definition", each.text("definition"), shorn, live.exact):
        differing.discard("definition")
    return bool(differing) and differing <= _IN_FORCE and all(map(each.flag, differing))


def grants_beside(expected: Object, found: Object) -> tuple[str, ...]:
    """What the live object's owner has granted to others beyond what was expected."""
    more = set(_listed(found, "grants", found.attributes.get("grants")))
    more -= set(_listed(expected, "grants", expected.attributes.get("grants")))
    return tuple(sorted(line for line in more if _grantee(line) != found.text("owner")))


@dataclass(frozen=True, slots=True)
class _Asked:
    """user: who ran the migrations on the ephemeral server."""

    user: str
    live: Witness

    def made(self, each: Object, found: Object | None) -> Iterator[Testimony]:
        """About an object that only the later state has."""
        if found is None:
            yield Testimony(Sign.BEFORE, each, f"{each.label} is not there")
            return
        odd = unlike(each, found, self.live)
        if odd and _only_waits(each, found, self.live):
            yield Testimony(Sign.HALF, each, f"{each.label} is there, but not valid")
        elif odd:
            yield from (Testimony(Sign.NEITHER, each, line) for line in odd)
        else:
            yield Testimony(Sign.AFTER, each, f"{each.label} is there")
        for name in (*_SOFT, *_ELEMENTS):
            value = each.attributes.get(name)
            unset = self.user if name == "owner" else False if value is True else None
            yield from self._attribute(each, name, (unset, value), found)

    def altered(self, was: Object, now: Object, found: Object | None) -> Iterator[Testimony]:
        """About an object that is another before and after."""
        if found is None:
            yield Testimony(Sign.NEITHER, now, f"{now.label} is missing")
            return
        for name, value in now.attributes.items():
            if value != was.attributes.get(name):
                yield from self._attribute(now, name, (was.attributes.get(name), value), found)

    def _attribute(self, each: Object, name: str, values: tuple[Value, Value], found: Object) -> Iterator[Testimony]:
        if name in _ELEMENTS:
            yield from self._elements(each, name, values, found)
            return
        was, now = (self._settled(name, value) for value in values)
        here = found.attributes.get(name)
        if same(each, name, was, now, self.live.exact):
            return
        as_before, as_after = (same(each, name, value, here, self.live.exact) for value in (was, now))
        what = f"{each.label}, {name.replace('_', ' ')}: "
        if as_before or as_after:
            sign = Sign.AFTER if as_after else Sign.BEFORE
            yield Testimony(sign, each, what + (shown(here) if as_after else f"still {shown(here)}"), whole=False)
        elif name not in _SOFT:
            said = f"expected {shown(now)} or, before, {shown(was)}; is {shown(here)}"
            yield Testimony(Sign.NEITHER, each, what + said, whole=False)

    def _settled(self, name: str, value: Value) -> Value:
        return self.live.catalog.user if name == "owner" and value == self.user else value

    def _elements(self, each: Object, name: str, values: tuple[Value, Value], found: Object) -> Iterator[Testimony]:
        was, now = (self._each(each, name, value, found) for value in values)
        here = set(_listed(found, name, found.attributes.get(name)))
        for element in sorted(was ^ now):
            sign = Sign.AFTER if (element in here) == (element in now) else Sign.BEFORE
            has = "has the" if element in here else "has no"
            yield Testimony(sign, each, f"{each.label} {has} {_WORDS[name]} {element}", whole=False)

    def _each(self, each: Object, name: str, value: Value, found: Object) -> set[str]:
        """An owner may do everything to what is his, granted or not."""
        listed = set(_listed(each, name, value))
        if name != "grants":
            return listed
        owners = {each.text("owner") or self.user, self._owner(found)}
        return {line for line in listed if _grantee(line) not in owners and self._known(line)}

    def _owner(self, found: Object) -> str:
        whole = self.live.catalog.objects.get(found.parent) if found.parent else found
        return (whole.text("owner") if whole else None) or self.live.catalog.user

    def _known(self, grant: str) -> bool:
        return self.live.exact or self.live.major >= _HAS_MAINTAIN or not grant.startswith("MAINTAIN ")


def _listed(each: Object, name: str, value: Value) -> tuple[str, ...]:
    if name == "grants" and value is None:
        return _USUAL_GRANTS.get(each.kind, ())
    return value if isinstance(value, tuple) else ()


def _grantee(grant: str) -> str:
    name = grant.partition(" TO ")[2].removesuffix(" WITH GRANT OPTION")
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
