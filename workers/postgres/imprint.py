"""Tells whether every row that pg_dump can read in the system catalogs is as it was."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import tuple_row

# Says nothing about the schema: where rows lie and how many they are, how many columns there have ever been, and hints
# that stay when what they hint at is gone (https://www.postgresql.org/docs/current/catalog-pg-class.html). What the
# server changes without writing a row anew is among this.
_PASSED_OVER = (
    *("relfilenode", "relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid"),
    *("relhasindex", "relhasrules", "relhastriggers", "relhassubclass", "relnatts"),
)
_ROWS = {
    "pg_attribute": "NOT t.attisdropped",
    "pg_db_role_setting": "t.setdatabase = 0",
    "pg_namespace": "t.nspname !~ '^pg_(toast_)?temp_'",  # one for each session that has made a temporary object
}

# Of other databases as well, or of what rows hold.
_LEFT_OUT = ("pg_database", "pg_shdepend", "pg_statistic", "pg_largeobject")

# Large, and seldom written again as they were: whether any was written tells enough.
_NOT_SUMMED = frozenset({"pg_depend", "pg_rewrite"})

_CATALOGS = """
    SELECT c.relname, string_agg(concat('t.', quote_ident(a.attname), CASE format_type(a.atttypid, NULL)
                                 WHEN 'regproc' THEN '::oid' END), ', ' ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attname <> ALL (%s)
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (%s)
    AND has_table_privilege(c.oid, 'SELECT')
    GROUP BY c.relname
"""
_VIEWS = {"pg_roles": "t", "pg_user_mappings": "t"}  # of catalogs that are kept from other roles

_SUM = "SELECT '{0}', count(*), sum(hashtextextended(ROW({1})::text, {2})) {3} FROM {0} t WHERE {4}"
# What nobody has written since the template was frozen need not be more than counted.
_WRITTEN = """FILTER (WHERE age(t.xmin) <= (SELECT age(datfrozenxid) FROM pg_database
                                            WHERE datname = current_database()))"""
_COUNT = "SELECT '{0}', count(*), NULL::numeric FROM {0} t WHERE {1}"
_COUNT_SINCE = "SELECT '{0}', count(*), count(*) FILTER (WHERE age(t.xmin) <= {2}) FROM {0} t WHERE {1}"

_SEED = secrets.randbits(62)  # of the hashes: who writes a migration cannot aim at equal ones
_known: dict[int, dict[str, str]] = {}

_Cursor = psycopg.Cursor[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Imprint:
    """since: the transaction before which all this was written. rows: of each catalog, how many there are, and a sum of
    their hashes where it was worked out."""

    since: str
    rows: dict[str, tuple[int, Decimal | None]]


def imprint(connection: psycopg.Connection[Any]) -> Imprint:
    """To be asked about later by `untouched`. 5 to 30 ms. The session stays as it was. Raises psycopg.Error."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        catalogs = _catalogs(cursor)
        counts = [_COUNT.format(name, _ROWS.get(name, "true")) for name in catalogs if name in _NOT_SUMMED]
        sums = _sums(catalogs, (*catalogs, *_VIEWS))
        ((since,),) = cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text", prepare=False).fetchall()
        return Imprint(since, _rows(cursor, [*counts, *sums]))


def untouched(connection: psycopg.Connection[Any], before: Imprint) -> bool:
    """Whether the rows still say the same, in the database of the imprint or in one that was cloned from the same. Then
    whatever reads them as this role finds the same. The session stays as it was. Raises psycopg.Error. Transaction
    numbers of an ephemeral server never wrap around."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        catalogs = _catalogs(cursor)
        age = f"age('{before.since}'::xid)"
        counts = [_COUNT_SINCE.format(name, _ROWS.get(name, "true"), age) for name in catalogs]
        found = _rows(cursor, counts)
        if any(count != before.rows[name][0] for name, (count, _) in found.items()):
            return False
        written = {name for name, (_, new) in found.items() if new}
        if written & _NOT_SUMMED:
            return False
        return all(
            before.rows[name] == now for name, now in _rows(cursor, _sums(catalogs, (*written, *_VIEWS))).items()
        )


def _catalogs(cursor: _Cursor) -> dict[str, str]:
    """Their columns by their names: the same for all servers of a version."""
    cursor.execute("SET LOCAL search_path TO pg_catalog, pg_temp", prepare=False)
    version = cursor.connection.info.server_version
    if version not in _known:
        _known[version] = dict(
            cursor.execute(_CATALOGS, (list(_PASSED_OVER), list(_LEFT_OUT)), prepare=False).fetchall()
        )
    return _known[version]


def _sums(catalogs: dict[str, str], names: Iterable[str]) -> list[str]:
    return [
        _SUM.format(name, _VIEWS[name], _SEED, "", "true")
        if name in _VIEWS
        else _SUM.format(name, catalogs[name], _SEED, _WRITTEN, _ROWS.get(name, "true"))
        for name in names
        if name not in _NOT_SUMMED
    ]


def _rows(cursor: _Cursor, queries: Iterable[str]) -> dict[str, tuple[int, Decimal | None]]:
    found = cursor.execute(" UNION ALL ".join(queries).encode(), prepare=False).fetchall()
    return {name: (count, other) for name, count, other in found}
