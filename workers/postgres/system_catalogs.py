"""Which columns and rows of the system catalogs say something about a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

Cursor = psycopg.Cursor[tuple[Any, ...]]

# Says nothing about the schema: where rows lie and how many they are, how many columns there have ever been, hints
# that stay when what they hint at is gone, and values of rows that are older than their column
# (https://www.postgresql.org/docs/current/catalog-pg-class.html, catalog-pg-attribute.html, catalog-pg-index.html).
# What the server changes without writing a row anew is among this.
_PASSED_OVER = (
    *("relfilenode", "relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid"),
    *("relhasindex", "relhasrules", "relhastriggers", "relhassubclass", "relnatts", "reltoastrelid"),
    *("atthasmissing", "attmissingval", "indcheckxmin"),
)

# Of other databases as well, or of what rows hold.
_LEFT_OUT = ("pg_database", "pg_shdepend", "pg_statistic", "pg_largeobject")

# A table keeps the one that was made for its large values when it has no column for such any more.
_TOAST = "NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 99)"
_ROWS = {
    "pg_attribute": f"NOT t.attisdropped AND t.attrelid {_TOAST}",
    "pg_class": "(t.relnamespace <> 99 OR t.reloptions IS NOT NULL)",
    "pg_db_role_setting": "t.setdatabase = 0",
    "pg_depend": f"t.objid {_TOAST}",
    "pg_index": f"t.indrelid {_TOAST}",
    "pg_namespace": "t.nspname !~ '^pg_(toast_)?temp_'",  # one for each session that has made a temporary object
}

_CATALOGS = """
    SELECT relname, string_agg(concat('t.', quote_ident(attname), CASE type WHEN 'regproc' THEN '::oid' END), ', '
                               ORDER BY attnum),
           array_agg(attname) FILTER (WHERE type IN ('oid', 'oidvector', 'oid[]', 'regproc')),
           array_agg(attname) FILTER (WHERE type = 'pg_node_tree')
    FROM (SELECT c.relname::text, a.attnum, a.attname::text, format_type(a.atttypid, NULL) AS type
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attname <> ALL (%s)
          WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (%s)
          AND has_table_privilege(c.oid, 'SELECT')) AS q
    GROUP BY relname
"""

_known: dict[int, Mapping[str, SystemCatalog]] = {}


@dataclass(frozen=True, slots=True)
class SystemCatalog:
    """columns: what a query selects from it, as `t`. where: of which rows. oids: the columns that hold one OID or
    several. trees: those that hold parsed expressions."""

    columns: str
    where: str
    oids: frozenset[str]
    trees: frozenset[str]


_NONE: frozenset[str] = frozenset()

# Of catalogs that are kept from other roles.
VIEWS = {
    "pg_roles": SystemCatalog("t.*", "true", frozenset({"oid"}), _NONE),
    "pg_user_mappings": SystemCatalog("t.*", "true", frozenset({"umid", "srvid", "umuser"}), _NONE),
}


def system_catalogs(cursor: Cursor) -> Mapping[str, SystemCatalog]:
    """By their names: the same for all servers of a version. In a transaction, whose search_path is theirs afterwards.
    Raises psycopg.Error."""
    cursor.execute("SET LOCAL search_path TO pg_catalog, pg_temp", prepare=False)
    version = cursor.connection.info.server_version
    if version not in _known:
        rows = cursor.execute(_CATALOGS, (list(_PASSED_OVER), list(_LEFT_OUT)), prepare=False).fetchall()
        _known[version] = {
            name: SystemCatalog(columns, _ROWS.get(name, "true"), frozenset(oids or ()), frozenset(trees or ()))
            for name, columns, oids, trees in rows
        }
    return _known[version]
