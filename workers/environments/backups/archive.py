"""An archive of pg_dump's, as pg_restore reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.environments.backups.child import Ended, Look, run
from workers.environments.backups.programs import Programs
from workers.environments.backups.source import Source
from workers.errors import Refused

# 3454; 0 16386 TABLE DATA public orders shop_owner. Names are as they are, so only the numbers can be relied on.
_LINE = re.compile(r"\d+; (?P<catalog>\d+) (?P<oid>\d+) (?P<what>.*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Archive:
    """path: a file, or the folder of a dump in the directory format."""

    path: Path
    source: Source
    programs: Programs


@dataclass(frozen=True, slots=True)
class Part:
    """A line of an archive's list of contents. catalog: the oid of the system catalog that oid is of; 0 for rows."""

    line: str
    catalog: int
    oid: int
    what: str  # TABLE DATA public orders shop_owner

    @property
    def is_table(self) -> bool:
        return self.catalog == _PG_CLASS and self.what.startswith("TABLE ")

    @property
    def is_rows(self) -> bool:
        return self.catalog == 0 and self.what.startswith("TABLE DATA ")


_PG_CLASS = 1259  # the same in every server (src/include/catalog/pg_class.h)


def contents(archive: Archive, look: Look) -> tuple[Part, ...]:
    """In the order in which they are restored. Raises Refused when the archive cannot be read, and what child.run
    raises."""
    place = archive.path.with_name("contents")
    _read(archive, ("--list", f"--file={place}"), look)
    lines = map(_LINE.match, place.read_text("utf-8", "replace").splitlines())
    return tuple(Part(one[0], int(one["catalog"]), int(one["oid"]), one["what"]) for one in lines if one)


def prove_whole(archive: Archive, parts: Iterable[Part], look: Look) -> str:
    """What was proven, a sentence. All is read: the list can be whole where rows are cut off. Raises as `contents`."""
    found = tuple(parts)
    tables = {part.oid for part in found if part.is_table}
    rows = {part.oid for part in found if part.is_rows}
    lacking = [
        str(table)
        for table in archive.source.tables
        if table.oid not in tables or not (table.partitioned or table.oid in rows)
    ]
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Refused(f"the backup lacks the table {lacking[0]}{more}, so it was not kept")
    _read(archive, ("--file=/dev/null",), look)
    count = len(archive.source.tables)
    return f"The archive was read to its end; it holds {_tables(count)} of the database."


def _tables(count: int) -> str:
    return {0: "no table, as there is none", 1: "the one table"}.get(count, f"all {count} tables")


def _read(archive: Archive, how: Sequence[str], look: Look) -> None:
    ended = run((str(archive.programs.pg_restore), *how, str(archive.path)), "", look)
    if ended.code:
        raise Refused(f"the backup cannot be read back, so it was not kept: {last_words(ended)}")


def last_words(ended: Ended) -> str:
    """The last thing a program complained of."""
    errors = [line.partition("error: ")[2] for line in ended.said if "error: " in line]
    return next(reversed((f"it ended with {ended.code}", *ended.said[-1:], *errors)))
