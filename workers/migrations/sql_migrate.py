"""sql-migrate: files with both ways, told apart by the lines -- +migrate Up and -- +migrate Down.

Detection: such a line in the first file or in one of the two newest. Order: by the number the name starts with, then
by the name (https://github.com/rubenv/sql-migrate/blob/master/migrate.go); names without a number, which it runs
last, are not read. Each way is one transaction; notransaction behind its marker opens none, and each statement is run
by itself (https://github.com/rubenv/sql-migrate/blob/master/sqlparse/sqlparse.go). StatementBegin and StatementEnd
only tell its splitter what belongs together. What stands above the first marker is not run. No variables, no
checksums. The history table has the file's name, with .sql.
"""

from __future__ import annotations

import re

from workers.migrations.layout import Files, Layout, Way
from workers.migrations.marked import Mark, up_and_down
from workers.migrations.numbered import by, claiming, number_first, saying
from workers.model import Transaction

_NAME = re.compile(r"\d+.*\.sql")
_PREFIX = "-- +migrate "
_MARKER = re.compile(r"^-- \+migrate +Up\b", re.M)
_MARKS = {"Up": Mark.UP, "Down": Mark.DOWN}


def _words(line: str) -> list[str]:
    return line.removeprefix(_PREFIX).split() if line.startswith(_PREFIX) else []


def _mark(line: str) -> Mark | None:
    words = _words(line)
    return _MARKS.get(words[0], Mark.NOTHING) if words else None


def _ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
    up, down = up_and_down(files, _mark, "-- +migrate Up")
    said = [_words(line) for line in files.text.splitlines()]
    opted_out = {_MARKS.get(words[0]) for words in said if "notransaction" in words[1:]}
    runs = {mark: Transaction.STATEMENT if mark in opted_out else usual for mark in (Mark.UP, Mark.DOWN)}
    return Way(up, runs[Mark.UP]), None if down is None else Way(down, runs[Mark.DOWN])


_entries = by(number_first, _NAME)

SQL_MIGRATE = Layout(
    "sql-migrate",
    claiming(_NAME),
    _entries,
    known=saying(_entries, _MARKER),
    ways=_ways,
    version=lambda id: f"{id}.sql",
    anywhere=True,
)
