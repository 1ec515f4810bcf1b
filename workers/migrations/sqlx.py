"""sqlx: files NUMBER_name.sql, or NUMBER_name.up.sql beside NUMBER_name.down.sql, each in one transaction.

Detection: a Cargo.toml or Cargo.lock in or above the folder that names sqlx, or a sqlx.toml there. Order: by number
(https://github.com/launchbadge/sqlx/blob/main/sqlx-core/src/migrate/source.rs). The way back is the .down.sql file of
the same number. A file that starts with -- no-transaction, to the letter, is sent as one message without a
transaction, since sqlx 0.8. No variables. Checksum: SHA-384 of the file, in the history table, which has the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.layout import Entry, Layout, ReadText, ancestors, each_file, inside, names
from workers.migrations.numbered import claiming, names_crate, number, pairs
from workers.model import Transaction

_NAME = re.compile(r"\d+_.*\.sql")
_BACK = ".down.sql"


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    found = [name for name in names(paths, directory) if _NAME.fullmatch(name)]
    back = [name for name in found if name.endswith(_BACK)]
    return pairs([name for name in found if name not in back], back, directory)


def _known(paths: Iterable[str], directory: str, read: ReadText) -> bool:
    there = frozenset(paths)
    settings = (inside(folder, "sqlx.toml") for folder in ancestors(directory))
    return any(path in there for path in settings) or names_crate(there, directory, read, "sqlx")


def _of_file(text: str, usual: Transaction) -> Transaction:
    return Transaction.SIMPLE_QUERY if text.startswith("-- no-transaction") else usual


SQLX = Layout(
    "sqlx",
    claiming(_NAME),
    _entries,
    known=_known,
    ways=each_file(_of_file),
    version=lambda id: str(number(id)),
    anywhere=True,
)
