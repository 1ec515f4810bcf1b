"""Names as SQL text: every part quoted, so that no key word and no capital letter is ever in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.catalog import ROUTINES, Kind, Object

_ASIDE = "__rolled_back"
_NAME_BYTES = 63  # NAMEDATALEN - 1


def ident(*parts: str) -> str:
    """ident("public", "User") is "public"."User"."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def bare(name: str) -> str:
    """The name that quote_ident has printed."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def literal(text: str) -> str:
    """As a string constant that reads the same whatever standard_conforming_strings says."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in quoted else "E'" + quoted.replace("\\", "\\\\") + "'"


def column_of(table_and_column: tuple[str, ...]) -> tuple[str, str]:
    """(schema, table, column) as the table's name and the column's."""
    return ident(*table_and_column[:-1]), ident(table_and_column[-1])


# How a kind is called in DROP, ALTER … RENAME, COMMENT ON, where that is not the kind itself.
_SQL = {Kind.ENUM: "TYPE", Kind.COMPOSITE: "TYPE", Kind.RANGE: "TYPE"}


def sql_kind(kind: Kind) -> str:
    """TABLE, MATERIALIZED VIEW, TYPE …"""
    return _SQL.get(kind, kind.upper())


def reference(each: Object, path: tuple[str, ...]) -> str:
    """The object with its kind, under the given name, as COMMENT ON and DROP take it: TABLE "public"."User",
    CONSTRAINT "a" ON "public"."t", FUNCTION "public"."f"(integer)."""
    kind = sql_kind(each.kind)
    if each.kind in ROUTINES:
        arguments = path[2] or ("*" if each.kind is Kind.AGGREGATE else "")
        return f"{kind} {ident(*path[:2])}({arguments})"
    if each.kind is Kind.OPERATOR:
        return f"{kind} {ident(path[0])}.{path[1]} {path[2]}"
    if each.kind is Kind.CAST:
        return f"{kind} {path[0]}"
    if each.kind in (Kind.CONSTRAINT, Kind.TRIGGER, Kind.RULE, Kind.POLICY):
        domain = "DOMAIN " if each.flag("domain") else ""
        return f"{kind} {ident(path[-1])} ON {domain}{ident(*path[:-1])}"
    return f"{kind} {ident(*path)}"


def aside(name: str) -> str:
    """What is called something else for a while gets this name."""
    return name.encode()[: _NAME_BYTES - len(_ASIDE)].decode(errors="ignore") + _ASIDE


def renamings(now: Sequence[str], was: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The names of one place in the order in which each can go back to its former one, in pairs: from, to. A circle is
    opened by a detour over another name."""
    waiting = {name: former for name, former in zip(now, was, strict=True) if name != former}
    assert len(set(was)) == len(was), was  # two that want one name would wait for each other for ever
    taken = set(now)
    while waiting:
        name = next((name for name, former in waiting.items() if former not in taken), None)
        if name is None:
            name = next(iter(waiting))
            waiting[aside(name)], new = waiting.pop(name), aside(name)
        else:
            new = waiting.pop(name)
        yield name, new
        taken = (taken - {name}) | {new}
