"""dbmate: files NUMBER_name.sql with both ways, told apart by the lines -- migrate:up and -- migrate:down.

Detection: such a line in the first file or in one of the two newest. Order: by file name, as text
(https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/db.go), so 10_b.sql runs before 9_a.sql. Each way is one
transaction; transaction:false behind its marker opens none, and the way is sent as one message
(https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/migration.go). A file may have several pairs of ways: newer
releases run each pair in a transaction of its own, which is told here as one. No variables, no checksums. The history
table has the digits that the name starts with.
"""

from __future__ import annotations

import re

from workers.migrations.layout import Files, Layout, Way
from workers.migrations.marked import Mark, up_and_down
from workers.migrations.numbered import as_text, by, claiming, digits, saying
from workers.model import Transaction

_NAME = re.compile(r"\d+.*\.sql")
_LINE = re.compile(r"--\s*migrate:(?P<way>up|down)(?P<options>\s.*)?")
_MARKER = re.compile(r"^--\s*migrate:up(?:\s|$)", re.M)


_entries = by(as_text, _NAME)


def _mark(line: str) -> Mark | None:
    found = _LINE.fullmatch(line)
    return found and Mark(found["way"])


def _ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
    up, down = up_and_down(files, _mark, "-- migrate:up")
    opted_out = {
        Mark(found["way"])
        for found in map(_LINE.fullmatch, files.text.splitlines())
        if found and "transaction:false" in (found["options"] or "").split()
    }
    runs = {mark: Transaction.SIMPLE_QUERY if mark in opted_out else usual for mark in (Mark.UP, Mark.DOWN)}
    return Way(up, runs[Mark.UP]), None if down is None else Way(down, runs[Mark.DOWN])


DBMATE = Layout(
    "dbmate", claiming(_NAME), _entries, known=saying(_entries, _MARKER), ways=_ways, version=digits, anywhere=True
)
