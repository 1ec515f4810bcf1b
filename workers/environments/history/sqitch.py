"""Sqitch's registry, read only, with SHA-1 of each deploy script
(https://github.com/sqitchers/sqitch/blob/develop/lib/App/Sqitch/Engine/pg.sql).

It may hold several projects: those that have no change of this plan are passed over. A change that was reworked is
there once for each of its scripts, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from workers.environments.history.book import Reader
from workers.environments.history.checksum import any_line_ends, sha1
from workers.environments.history.place import ANY, TEXT, Connection, Table, execute, find
from workers.environments.model import Entry
from workers.model import Migration

_TABLE = Table(
    "Sqitch",
    "changes",
    {**dict.fromkeys(("change_id", "script_hash", "change", "project"), TEXT), "committed_at": ANY},
    schema="sqitch",
    reach=0,
)
# A registry that was upgraded has the change's id in place of a hash that nobody knows.
_SELECT = """SELECT change_id, project, change, coalesce(nullif(script_hash, change_id), ''), committed_at
FROM {table} ORDER BY committed_at, change_id"""


@dataclass(frozen=True, slots=True)
class SqitchReader(Reader):
    name: str = _TABLE.shown

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        found = find(c, _TABLE)
        if found is None:
            return None
        rows = execute(c, sql.SQL(_SELECT).format(table=found.place)).fetchall()
        planned = {_change(one) for one in migrations}
        ours = {project for _, project, change, *_ in rows if change in planned}
        scripts: dict[str, Iterator[str]] = {
            change: iter([one.id for one in migrations if _change(one) == change]) for change in planned
        }
        return tuple(
            Entry(id, next(scripts.get(change, iter(())), change), hash, at, at)
            for id, project, change, hash, at in rows
            if project in ours or len({row[1] for row in rows}) == 1
        )

    def same(self, entry: Entry, migration: Migration) -> bool:
        return not entry.checksum or any_line_ends(migration.text, entry.checksum, sha1)


def _change(migration: Migration) -> str:
    """users of users@v1, which is the script of an earlier users."""
    return migration.id.partition("@")[0]


SQITCH = SqitchReader()
