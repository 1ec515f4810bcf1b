"""Tells whether every row that pg_dump can read in the system catalogs is as it was."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.postgres.system_catalogs import VIEWS, Cursor, SystemCatalog, system_catalogs

# Large, and seldom written again as they were: whether any was written tells enough.
_NOT_SUMMED = frozenset({"pg_depend", "pg_rewrite"})

_SUM = "SELECT '{0}', count(*), sum(hashtextextended(ROW({1})::text, {2})) {3} FROM {0} t WHERE {4}"
# What nobody has written since the template was frozen need not be more than counted.
_WRITTEN = """FILTER (WHERE age(t.xmin) <= (SELECT age(datfrozenxid) FROM pg_database
                                            WHERE datname = current_database()))"""
_COUNT = "SELECT '{0}', count(*), NULL::numeric FROM {0} t WHERE {1}"
_COUNT_SINCE = "SELECT '{0}', count(*), count(*) FILTER (WHERE age(t.xmin) <= {2}) FROM {0} t WHERE {1}"

_SEED = secrets.randbits(62)  # of the hashes: who writes a migration cannot aim at equal ones


@dataclass(frozen=True, slots=True)
class Imprint:
    """since: the transaction before which all this was written. rows: of each catalog, how many there are, and a sum of
    their hashes where it was worked out."""

    since: str
    rows: dict[str, tuple[int, Decimal | None]]


def imprint(connection: psycopg.Connection[Any]) -> Imprint:
    """To be asked about later by `untouched`. 5 to 30 ms. The session stays as it was. Raises psycopg.Error."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        catalogs = system_catalogs(cursor)
        counts = [_COUNT.format(name, each.where) for name, each in catalogs.items() if name in _NOT_SUMMED]
        sums = _sums(catalogs, (*catalogs, *VIEWS))
        ((since,),) = cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text", prepare=False).fetchall()
        return Imprint(since, _rows(cursor, [*counts, *sums]))


def untouched(connection: psycopg.Connection[Any], before: Imprint) -> bool:
    """Whether the rows still say the same, in the database of the imprint or in one that was cloned from the same. Then
    whatever reads them as this role finds the same. The session stays as it was. Raises psycopg.Error. Transaction
    numbers of an ephemeral server never wrap around."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        catalogs = system_catalogs(cursor)
        age = f"age('{before.since}'::xid)"
        counts = [_COUNT_SINCE.format(name, each.where, age) for name, each in catalogs.items()]
        found = _rows(cursor, counts)
        if any(count != before.rows[name][0] for name, (count, _) in found.items()):
            return False
        written = {name for name, (_, new) in found.items() if new}
        if written & _NOT_SUMMED:
            return False
        return all(before.rows[name] == now for name, now in _rows(cursor, _sums(catalogs, (*written, *VIEWS))).items())


def _sums(catalogs: Mapping[str, SystemCatalog], names: Iterable[str]) -> list[str]:
    return [
        _SUM.format(name, "t", _SEED, "", "true")
        if name in VIEWS
        else _SUM.format(name, catalogs[name].columns, _SEED, _WRITTEN, catalogs[name].where)
        for name in names
        if name not in _NOT_SUMMED
    ]


def _rows(cursor: Cursor, queries: Iterable[str]) -> dict[str, tuple[int, Decimal | None]]:
    found = cursor.execute(" UNION ALL ".join(queries).encode(), prepare=False).fetchall()
    return {name: (count, other) for name, count, other in found}
