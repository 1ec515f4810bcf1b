"""Each layout's history table: what reads it, and what writes it where we can."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from workers.environments.history.atlas import ATLAS
from workers.environments.history.bare import DBMATE, DIESEL, GOOSE, NODE_PG_MIGRATE, SQL_MIGRATE
from workers.environments.history.book import Book, Reader
from workers.environments.history.drizzle import DRIZZLE
from workers.environments.history.flyway import FLYWAY
from workers.environments.history.golang_migrate import GOLANG_MIGRATE
from workers.environments.history.hasura import HASURA
from workers.environments.history.place import Connection
from workers.environments.history.prisma import PLAIN, PRISMA
from workers.environments.history.rails import RAILS
from workers.environments.history.refinery import REFINERY
from workers.environments.history.sqitch import SQITCH
from workers.environments.history.sqlx import SQLX
from workers.environments.history.supabase import SUPABASE
from workers.environments.model import Entry
from workers.errors import Refused

# The layouts that `/migrate ENV` applies.
WRITTEN: Mapping[str, Book] = {
    "prisma": PRISMA,
    "plain": PLAIN,
    "dbmate": DBMATE,
    "diesel": DIESEL,
    "drizzle": DRIZZLE,
    "flyway": FLYWAY,
    "golang-migrate": GOLANG_MIGRATE,
    "goose": GOOSE,
    "node-pg-migrate": NODE_PG_MIGRATE,
    "sql-migrate": SQL_MIGRATE,
    "sqlx": SQLX,
    "supabase": SUPABASE,
}
_READERS: Mapping[str, Reader] = {
    **WRITTEN,
    "atlas": ATLAS,
    "hasura": HASURA,
    "rails": RAILS,
    "refinery": REFINERY,
    "sqitch": SQITCH,
}


def reader_of(layout: str) -> Reader:
    """Raises Refused for migrations that are code, whose runner we do not know."""
    if layout not in _READERS:
        raise Refused(f"the history table of {layout} is not known")
    return _READERS[layout]


def tables_there(c: Connection) -> Iterator[tuple[Reader, tuple[Entry, ...]]]:
    """All history tables of a database, whichever layout they are of, with the names that stand there. What one runner
    cannot read may be another's of the same name."""
    told = set()
    for reader in _READERS.values():
        with contextlib.suppress(Refused):
            entries = reader.entries(c, ())
            if entries is not None and reader.name not in told:
                told.add(reader.name)
                yield reader, entries


def book_of(layout: str) -> Book:
    """Raises Refused for a layout whose history table we cannot write."""
    if layout not in WRITTEN:
        raise Refused(f"migrations of the layout {layout} are reviewed, and not applied")
    return WRITTEN[layout]
