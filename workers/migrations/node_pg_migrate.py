"""node-pg-migrate: SQL files NUMBER_name.sql with both ways, told apart by -- Up Migration and -- Down Migration.

Detection: such a line in the first file or in one of the two newest. Order: by number, where one of 17 digits is a
time (https://github.com/salsita/node-pg-migrate/blob/main/src/utils/fileNameUtils.ts), then by name. All that are
pending are run in one transaction, here told as one for each; a SQL file cannot opt out. A file without the first
marker is run whole, its way back with it (https://github.com/salsita/node-pg-migrate/blob/main/src/sqlMigration.ts).
Migrations written in JavaScript or TypeScript are not read. No variables, no checksums. The history table has the
name without .sql.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from workers.migrations.layout import Files, Layout, Way
from workers.migrations.marked import Mark, parted
from workers.migrations.numbered import CODE, by, claiming, digits, matching, number, saying
from workers.model import Transaction

_NAME = re.compile(r"\d+.*\.sql")
_LINE = re.compile(r"\s*--[\s-]*(?P<way>up|down)\s+migration", re.I)
_MARKER = re.compile(r"^\s*--[\s-]*(?:up|down)\s+migration", re.I | re.M)
_UTC_DIGITS = 17


def _time(name: str) -> int:
    """Milliseconds, or the number as it stands where it is no time."""
    written = digits(name)
    if len(written) == _UTC_DIGITS:
        try:
            moment = datetime.strptime(written[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return number(name)
        return int(moment.timestamp()) * 1000 + int(written[14:])
    return number(name)


_entries = by(lambda name: (_time(name), name), _NAME)


def _mark(line: str) -> Mark | None:
    found = _LINE.match(line)
    return found and Mark(found["way"].lower())


def _ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
    up, down = parted(files.text, _mark)
    begins = {_mark(line) for line in files.text.splitlines()}
    return Way(up if Mark.UP in begins else files.text, usual), None if down is None else Way(down, usual)


NODE_PG_MIGRATE = Layout(
    "node-pg-migrate",
    claiming(_NAME),
    _entries,
    known=saying(_entries, _MARKER),
    ways=_ways,
    anywhere=True,
    code=matching(CODE),
)
