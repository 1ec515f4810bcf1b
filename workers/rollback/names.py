"""Names as SQL text: every part quoted, so that no key word and no capital letter is ever in doubt."""

from __future__ import annotations

from workers.catalog import ROUTINES, Kind, Object


def ident(*parts: str) -> str:
    """ident("public", "User") is "public"."User"."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


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
    if each.kind in (Kind.CONSTRAINT, Kind.TRIGGER, Kind.RULE, Kind.POLICY):
        domain = "DOMAIN " if each.flag("domain") else ""
        return f"{kind} {ident(path[-1])} ON {domain}{ident(*path[:-1])}"
    return f"{kind} {ident(*path)}"
