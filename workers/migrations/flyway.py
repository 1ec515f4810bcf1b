"""Flyway: files V1_2__name.sql in the order of their versions, each in one transaction; then R__name.sql, by name.

Detection: a name V…__….sql, in the topmost folder that has one; what is below it belongs to it. Order: versions by
their numeric parts, however many
(https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/api/MigrationVersion.java),
then the repeatable ones by description; one of these that is changed is run again. The way back is the U file of the
version. A baseline B5__name.sql stands for what was before it: it is read where the V files up to it are gone.
Callbacks (beforeMigrate.sql, afterMigrate__x.sql …) are not read.

Transactions: a file with a statement that Flyway knows to need none is run statement by statement without
(https://github.com/flyway/flyway/blob/main/flyway-database/flyway-database-postgresql/src/main/java/org/flywaydb/database/postgresql/PostgreSQLParser.java),
and so is one with executeInTransaction=false in the file of its name and .conf. Whether flyway.mixed lets other
statements stand beside such a one is not looked at. Variables: ${name}, whose values are not known here; the text
stays as it is. Checksum: CRC-32 of the lines, in the history table, which has the version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from workers.migrations.layout import Entry, Files, Layout, Way, children, each_file, inside
from workers.migrations.numbered import in_order, other_server, topmost
from workers.model import Transaction
from workers.sql.split import split

_VERSION = r"(?P<version>\d+(?:[._]\d+)*)"
_NAME = re.compile(rf"(?P<kind>[VUB]){_VERSION}(?:__.*)?\.sql|(?P<repeatable>R)__(?P<description>.*)\.sql", re.S)
_CLAIMED = re.compile(r"V\d+(?:[._]\d+)*__.*\.sql", re.S)
_WITHOUT = re.compile(
    r"(?:create|drop)\s+(?:database|tablespace|subscription|(?:unique\s+)?index\s+concurrently)\b|alter\s+system\b"
    r"|reindex\s+(?:verbose\s+)?(?:schema|database|system)\b|vacuum\b|discard\s+all\b",
    re.I,
)
_OPTS_OUT = re.compile(r"^\s*executeInTransaction\s*=\s*false\s*$", re.M | re.I)


def parts(version: str) -> tuple[int, ...]:
    """(1, 2) of 1_2, 1.02 and 1.2.0."""
    found = [int(part) for part in re.split(r"[._]", version)]
    while len(found) > 1 and not found[-1]:
        found.pop()
    return tuple(found)


def version(id: str) -> str:
    """1.2 of V1_2__add_users; none of a repeatable one."""
    match = _NAME.fullmatch(f"{id}.sql")
    return match["version"].replace("_", ".") if match and match["version"] else ""


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    return topmost((path for path in paths if not other_server(path)), _CLAIMED)


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    rests = (rest for found in children(paths, directory).values() for rest in found)
    below = frozenset(rest for rest in rests if not other_server(rest))
    kinds: dict[str, dict[Any, str]] = {kind: {} for kind in "VUBR"}
    for rest in sorted(below):
        if match := _NAME.fullmatch(rest.rpartition("/")[2]):
            place = match["description"] if match["repeatable"] else parts(match["version"])
            kinds[match["repeatable"] or match["kind"]].setdefault(place, rest)
    return in_order(_found(kinds, below, directory))


def _found(kinds: dict[str, dict[Any, str]], below: frozenset[str], directory: str) -> Iterator[Entry]:
    def entry(rest: str, order: tuple[Any, ...], down: str | None = None) -> Entry:
        settings = inside(directory, f"{rest}.conf") if f"{rest}.conf" in below else None
        id = rest.rpartition("/")[2].removesuffix(".sql")
        return Entry(id, inside(directory, rest), down, settings, order, order[0] == 1)

    versioned, baselines = kinds["V"], kinds["B"]
    newest = max(baselines, default=None)
    if newest is not None and not any(place <= newest for place in versioned):
        yield entry(baselines[newest], (0, newest))
    for place, rest in versioned.items():
        back = kinds["U"].get(place)
        yield entry(rest, (0, place), back and inside(directory, back))
    for description, rest in kinds["R"].items():
        yield entry(rest, (1, description.replace("_", " ")))


def _of_file(text: str, usual: Transaction) -> Transaction:
    if not _WITHOUT.search(text):
        return usual
    without = any(_WITHOUT.match(statement.text) for statement in split(text).statements)
    return Transaction.STATEMENT if without else usual


def _ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
    there, back = each_file(_of_file)(files, usual)
    if files.settings and _OPTS_OUT.search(files.settings):
        there = Way(there.text, Transaction.STATEMENT)
    return there, back


FLYWAY = Layout("flyway", _claims, _entries, ways=_ways, version=version)
