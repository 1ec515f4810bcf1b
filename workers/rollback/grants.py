"""GRANT and REVOKE: from the privileges that are there to those that were."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import ROUTINES, Catalog, Kind, Object, ObjectId
from workers.rollback.names import column_of, ident, reference

# What ALTER DEFAULT PRIVILEGES calls the objects of a kind.
_CALLED = {
    **dict.fromkeys((Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW), "TABLES"),
    **dict.fromkeys((Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE), "TYPES"),
    **dict.fromkeys(ROUTINES, "FUNCTIONS"),
    Kind.SEQUENCE: "SEQUENCES",
    Kind.SCHEMA: "SCHEMAS",
}
# To everybody, where nobody has said anything. https://www.postgresql.org/docs/current/ddl-priv.html
_USUAL = {"FUNCTIONS": ("EXECUTE TO PUBLIC",), "TYPES": ("USAGE TO PUBLIC",)}
_OPTION = " WITH GRANT OPTION"


def granted(each: Object) -> tuple[str, ...]:
    """All its grants, "SELECT TO bob WITH GRANT OPTION" is one; the usual ones perhaps without those of the owner."""
    if each.attributes.get("grants") is None:
        return _USUAL.get(_CALLED.get(each.kind, ""), ())
    return each.texts("grants")


def regrant(each: Object, now: tuple[str, ...], was: tuple[str, ...]) -> Iterator[str]:
    """From the grants `now` to those that were. Those of the owner are never touched: he has them anyway."""
    on = reference(each, each.path)
    column = ""
    if each.kind is Kind.COLUMN:
        table, name = column_of(each.path)
        on, column = f"TABLE {table}", f" ({name})"
    elif each.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.FOREIGN_TABLE):
        on = f"TABLE {ident(*each.path)}"
    for word, privilege, grantee in _steps(now, was):
        if _bare(grantee) != each.text("owner"):
            yield f"{word} {privilege}{column} ON {on} {_TO[word]} {grantee};"


_TO = {"REVOKE": "FROM", "GRANT": "TO"}


def _steps(now: tuple[str, ...], was: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """GRANT or REVOKE, the privilege, whose."""
    for line in now:
        if line not in was:
            privilege, _, grantee = line.removesuffix(_OPTION).partition(" TO ")
            yield "REVOKE", privilege, grantee
    for line in was:
        if line not in now:
            privilege, _, grantee = line.partition(" TO ")
            yield "GRANT", privilege, grantee


def _bare(grantee: str) -> str:
    name = grantee.removesuffix(_OPTION)
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def default_privileges(each: Object, now: tuple[str, ...], was: tuple[str, ...]) -> Iterator[str]:
    """From what new objects get `now` to what they got. The owner's are no exception: a role may take them from
    itself."""
    schema = each.text("schema")
    inside = f" IN SCHEMA {ident(schema)}" if schema else ""
    at = f"ALTER DEFAULT PRIVILEGES FOR ROLE {ident(each.text('role') or '')}{inside}"
    for word, privilege, grantee in _steps(now, was):
        yield f"{at} {word} {privilege} ON {each.text('on')} {_TO[word]} {grantee};"


def at_birth(before: Catalog, created: frozenset[ObjectId], each: Object) -> tuple[str, ...]:
    """The grants that the object has when it is made again, because of default privileges that are in force meanwhile:
    new ones are dropped before anything is made, and former ones come back after everything."""
    called = _CALLED.get(each.kind)
    found = [
        one
        for one in before.of_kind(Kind.DEFAULT_PRIVILEGES)
        if one.id not in created and (one.text("role"), one.text("on")) == (before.user, called)
    ]
    everywhere = next((one.texts("given") for one in found if one.text("schema") is None), _USUAL.get(called or "", ()))
    here = [line for one in found if one.text("schema") == each.path[0] for line in one.texts("given")]
    lines = dict.fromkeys((*everywhere, *here))
    return tuple(line for line in lines if _bare(line.partition(" TO ")[2]) != before.user)
