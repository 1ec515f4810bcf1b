"""golang-migrate: files NUMBER_name.up.sql beside NUMBER_name.down.sql, each sent as one message.

Detection: a name that ends in .up.sql, in a folder that sqlx does not know. Order: by number
(https://github.com/golang-migrate/migrate/blob/master/source/parse.go). The way back is the .down.sql file of the
same number, whatever name follows it. No transaction is opened, and nothing can opt out: a file with several
statements is one implicit transaction
(https://github.com/golang-migrate/migrate/blob/master/database/postgres/postgres.go); with x-multi-statement=true in
the URL, which no file of the repository need say, each statement is sent by itself. No variables, no checksums. The
history table has the newest number alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.layout import Entry, Layout, names
from workers.migrations.numbered import claiming, number, pairs
from workers.model import Transaction

UP = re.compile(r"\d+_.*\.up\.sql")
DOWN = re.compile(r"\d+_.*\.down\.sql")


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    found = names(paths, directory)
    return pairs(
        [name for name in found if UP.fullmatch(name)], [name for name in found if DOWN.fullmatch(name)], directory
    )


GOLANG_MIGRATE = Layout(
    "golang-migrate",
    claiming(UP),
    _entries,
    transaction=lambda _paths, _directory, _read: Transaction.SIMPLE_QUERY,
    version=lambda id: str(number(id)),
    anywhere=True,
)
