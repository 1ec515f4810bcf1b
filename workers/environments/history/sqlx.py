"""sqlx's table, with SHA-384 of each file (https://github.com/launchbadge/sqlx/blob/main/sqlx-postgres/src/migrate.rs)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from workers.environments.history.book import Begun
from workers.environments.history.checksum import any_line_ends, sha384
from workers.environments.history.place import ANY, BOOLEAN, NUMBER, TEXT, Connection, Table, database
from workers.environments.history.rows import RowsBook, by_version
from workers.migrations.history_tables import HISTORY_TABLES
from workers.migrations.numbered import number
from workers.model import Migration

_COLUMNS = {
    **dict.fromkeys(("version", "execution_time"), NUMBER),
    "description": TEXT,
    "installed_on": ANY,
    "success": BOOLEAN,
    "checksum": ANY,
}


def _row(begun: Begun) -> Mapping[str, object]:
    migration = begun.migration
    return {
        "version": number(migration.id),
        "description": migration.id.partition("_")[2].replace("_", " "),
        "success": True,
        "checksum": bytes.fromhex(sha384(migration.text)),
        "execution_time": begun.took_ns,
    }


def _matches(stored: str, migration: Migration) -> bool:
    return any_line_ends(migration.text, stored, sha384)


def _lock(c: Connection) -> int:
    """Of the database's name, in 62 bits. Programs that migrate themselves take it, the command line does not."""
    return 0x3D32AD9E * zlib.crc32(database(c).encode())


# A row without success is of an old release, which wrote it before the migration; newer ones write it with its end.
SQLX = RowsBook(
    Table("sqlx", "_sqlx_migrations", _COLUMNS),
    "SELECT version::text, encode(checksum, 'hex'), installed_on, CASE WHEN success THEN 'applied' ELSE 'failed' END "
    "FROM {table} ORDER BY installed_on, version",
    by_version("sqlx"),
    _matches,
    made=HISTORY_TABLES["sqlx"],
    row=_row,
    lock=_lock,
)
