"""What differs about tables, enums and privileges between two catalogs, as changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workers.catalog import ROUTINES, Catalog, Kind, Object, Value
from workers.changes import CatalogChange
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    PrivilegeChanged,
    Trait,
    TraitChanged,
)
from workers.sql.cursor import Cursor
from workers.words import Name

# ---------------------------------------------------------------- tables

_IDENTITIES = {"d": "default", "f": "full", "n": "nothing"}  # pg_class.relreplident
_PERSISTENCE = {"p": "logged", "u": "unlogged", "t": "temporary"}  # pg_class.relpersistence


def _switch(value: Value) -> str:
    return "on" if value else "off"


_TRAITS: dict[str, tuple[Trait, Callable[[Value], str]]] = {
    "row_security": (Trait.ROW_SECURITY, _switch),
    "force_row_security": (Trait.FORCED_ROW_SECURITY, _switch),
    "replica_identity": (Trait.REPLICA_IDENTITY, lambda found: _identity(str(found))),
    "persistence": (Trait.PERSISTENCE, lambda found: _PERSISTENCE[str(found)]),
    "tablespace": (Trait.TABLESPACE, lambda found: str(found or "pg_default")),
    "access_method": (Trait.ACCESS_METHOD, lambda found: str(found or "heap")),
    "options": (Trait.OPTIONS, lambda found: ",".join(found) if isinstance(found, tuple) else ""),
    "owner": (Trait.OWNER, str),
}


def _identity(found: str) -> str:
    """i:name, or i alone when the index was dropped: that is the same as nothing
    (https://www.postgresql.org/docs/current/catalog-pg-class.html)."""
    return _IDENTITIES.get(found) or found.partition(":")[2] or "nothing"


def traits(was: Object, now: Object) -> Iterator[CatalogChange]:
    """Of a table that is there in both catalogs."""
    for name, (trait, words) in _TRAITS.items():
        old, new = words(was.attributes.get(name)), words(now.attributes.get(name))
        if old != new:
            yield TraitChanged(Name(*was.path), trait, old, new)


# ---------------------------------------------------------------- enums


def values(type: Name, was: Object, now: Object) -> Iterator[CatalogChange]:
    """Of an enum, the same or one made again under its name: then the values are matched by their text."""
    old, new = _labels(was), _labels(now)
    if was.id != now.id:
        old, new = {value: value for value in was.texts("labels")}, {value: value for value in now.texts("labels")}
    for key, value in old.items():
        if key not in new:
            yield EnumValueRemoved(type, value)
        elif new[key] != value:
            yield EnumValueRenamed(type, value, new[key])
    for key, value in new.items():
        if key not in old:
            yield EnumValueAdded(type, value)


def _labels(each: Object) -> dict[str, str]:
    """By the OIDs of pg_enum, which stand in Object.raw in the same order."""
    return dict(zip(each.raw.rpartition("/")[2].split(","), each.texts("labels"), strict=False))


def removed_values(before: Catalog, after: Catalog) -> Iterator[CatalogChange]:
    """Of the enums that columns had, where they hold another enum now."""
    enums = [{each.id.oid: each for each in catalog.of_kind(Kind.ENUM)} for catalog in (before, after)]
    if not all(enums):
        return
    for column in before.of_kind(Kind.COLUMN):
        now = after.objects.get(column.id)
        if now is None or now.raw == column.raw:
            continue
        was_enum, now_enum = _enum(column, before, enums[0]), _enum(now, after, enums[1])
        if was_enum and now_enum and was_enum.id != now_enum.id:
            kept = now_enum.texts("labels")
            for value in was_enum.texts("labels"):
                if value not in kept:
                    yield EnumValueRemoved(Name(*was_enum.path), value)


def _enum(column: Object, catalog: Catalog, enums: dict[int, Object]) -> Object | None:
    """Of the column, or of the elements of its array. The type's OID begins Object.raw."""
    oid = int(column.raw.partition("/")[0])
    any_enum = next(iter(enums.values()))
    element = catalog.aliases.get((any_enum.id.catalog, oid))
    return enums.get(oid) or (enums.get(element.oid) if element else None)


# ---------------------------------------------------------------- privileges

Place = Callable[[Object], tuple[str, Name, Name | None]]
_Grants = dict[tuple[str, str], None]  # (role, privilege), in order
_TYPES = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE)


def privileges(before: Catalog, after: Catalog, place: Place) -> Iterator[CatalogChange]:
    """Of everybody but the objects' owners. Of a new object only what was given: what it lacks, nobody had."""
    for id, now in after.objects.items():
        was = before.objects.get(id)
        if was is not None and was.attributes.get("grants") == now.attributes.get("grants"):
            continue
        if was is None and now.attributes.get("grants") is None:
            continue
        kind, name = _named(now if was is None else was, place)
        old, new = _grants(now, None) if was is None else _grants(was, was.attributes.get("grants")), _granted(now)
        part = f" ({now.path[-1]})" if now.kind is Kind.COLUMN else ""
        for role, privilege in new:
            if (role, privilege) not in old:
                yield PrivilegeChanged(kind, name, role, privilege + part, given=True)
        for role, privilege in old if was else ():
            if (role, privilege) not in new:
                yield PrivilegeChanged(kind, name, role, privilege + part, given=False)


def _granted(each: Object) -> _Grants:
    return _grants(each, each.attributes.get("grants"))


def _named(each: Object, place: Place) -> tuple[str, Name]:
    if each.kind is Kind.COLUMN:
        return "table", Name(*each.path[:2])
    kind, name, _ = place(each)
    return kind, name


def _grants(each: Object, listed: Value) -> _Grants:
    """Without a list, those of a new object (https://www.postgresql.org/docs/current/ddl-priv.html)."""
    if not isinstance(listed, tuple):
        usual = "EXECUTE" if each.kind in ROUTINES else "USAGE" if each.kind in _TYPES else None
        return {("public", usual): None} if usual else {}
    found: _Grants = {}
    for line in listed:
        privilege, _, grantee = line.removesuffix(" WITH GRANT OPTION").partition(" TO ")
        role = "public" if grantee == "PUBLIC" else Cursor(grantee).identifier()
        if role != each.attributes.get("owner"):
            found[role, privilege] = None
    return found
