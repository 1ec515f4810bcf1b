"""Atlas's table, read only (https://github.com/ariga/atlas/blob/master/cmd/atlas/internal/migrate/ent/schema/revision.go).

Its hash is the one of atlas.sum, which is over all files up to this one, so that it does not tell which was edited: it
is not looked at. What sorts before the first revision, a baseline or a checkpoint, is never run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg import sql

from workers.environments.history.book import Reader
from workers.environments.history.place import ANY, NUMBER, TEXT, Connection, Table, execute, find
from workers.environments.model import Entry
from workers.migrations import BY_NAME
from workers.model import Migration

_TABLE = Table(
    "Atlas",
    "atlas_schema_revisions",
    {"version": TEXT, **dict.fromkeys(("type", "applied", "total"), NUMBER), "executed_at": ANY, "error": TEXT},
    schema="atlas_schema_revisions",
)
_SELECT = """SELECT version, type, applied <> total, executed_at, coalesce(error, '') FROM {table}
WHERE version NOT LIKE '.%%' ORDER BY executed_at, version"""
_EXECUTED, _RESOLVED = 2, 4  # bits of the type; 1 is a baseline


class _Row(NamedTuple):
    version: str
    type: int
    partly: bool
    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class AtlasReader(Reader):
    name: str = _TABLE.shown

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        found = find(c, _TABLE)
        if found is None:
            return None
        rows = [_Row(*row) for row in execute(c, sql.SQL(_SELECT).format(table=found.place)).fetchall()]
        ids = {BY_NAME["atlas"].version(one.id): one.id for one in migrations}
        first = min(rows, key=lambda row: row.version, default=None)
        before = [(version, id) for version, id in ids.items() if first and version < first.version]
        return (
            *(Entry(version, id, "", first.at, first.at, steps=0) for version, id in before if first),
            *(_entry(row, ids.get(row.version, row.version)) for row in rows),
        )

    def same(self, entry: Entry, migration: Migration) -> bool:
        return True


def _entry(row: _Row, id: str) -> Entry:
    failed = row.partly and not row.type & _RESOLVED
    steps = 1 if row.type & _EXECUTED else 0
    return Entry(row.version, id, "", row.at, None if failed else row.at, logs=row.error if failed else "", steps=steps)


ATLAS = AtlasReader()
