"""refinery's table, read only, with a SipHash of name, version and text of each file
(https://github.com/rust-db/refinery/blob/main/refinery_core/src/runner.rs)."""

from __future__ import annotations

import functools

from workers.environments.history.checksum import any_line_ends
from workers.environments.history.place import NUMBER, TEXT, Table
from workers.environments.history.rows import RowsReader, by_version
from workers.environments.history.siphash import siphash_1_3
from workers.migrations.refinery import version
from workers.model import Migration

_COLUMNS = {"version": NUMBER, **dict.fromkeys(("name", "applied_on", "checksum"), TEXT)}
_VERSION_BYTES = (4, 8)  # the second where the program is built with int8-versions
_END = (
    b"\xff"  # of a string, as Rust hashes one (https://doc.rust-lang.org/std/hash/trait.Hasher.html#method.write_str)
)


def _matches(stored: str, migration: Migration) -> bool:
    name, numbered = migration.id.partition("__")[2], int(version(migration.id))

    def hashed(size_bytes: int, text: str) -> str:
        head = name.encode() + _END + (numbered % (1 << 8 * size_bytes)).to_bytes(size_bytes, "little")
        return str(siphash_1_3(head + text.encode() + _END))

    return any(any_line_ends(migration.text, stored, functools.partial(hashed, size)) for size in _VERSION_BYTES)


REFINERY = RowsReader(
    Table("refinery", "refinery_schema_history", _COLUMNS),
    "SELECT version::text, checksum, applied_on::timestamptz, 'applied' FROM {table} ORDER BY version",
    by_version("refinery"),
    _matches,
)
