"""What the rows of Flyway's table say of a commit's migrations. Pure.

A row of the type DELETE or UNDO_… takes back the newest of its version; of a repeatable migration only the newest row
counts. What a baseline stands for was never run here
(https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/internal/info/MigrationInfoServiceImpl.java).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from workers.environments.history.checksum import crc32
from workers.environments.history.rows import entry_of
from workers.environments.model import Entry, EntryState
from workers.migrations.flyway import parts, version
from workers.model import Migration

_VERSION = re.compile(r"\d+(?:[._]\d+)*")
_NO_MIGRATIONS = frozenset({"SCHEMA", "TABLE"})
_BASELINE, _DELETE, _UNDO = "BASELINE", "DELETE", "UNDO"

_Key = tuple[int, ...] | str  # a version's parts, or what a repeatable migration is called


class Row(NamedTuple):
    """One of the table. version: None of a repeatable migration. checksum: "" for none."""

    rank: int
    version: str | None
    description: str
    type: str
    script: str
    checksum: str
    at: datetime
    success: bool

    @property
    def key(self) -> _Key:
        """What is no version is another hand's row."""
        if self.version is None or not _VERSION.fullmatch(self.version):
            return self.description if self.version is None else f"version {self.version}"
        return parts(self.version)


def is_repeatable(migration: Migration) -> bool:
    return not version(migration.id)


def description(migration: Migration) -> str:
    """add users of V1_2__add_users."""
    return migration.id.partition("__")[2].replace("_", " ")


def same_text(checksum: str, migration: Migration) -> bool:
    """Also where a repeatable one has variables: its checksum is of their values, which are not known here."""
    return checksum in ("", crc32(migration.text)) or (is_repeatable(migration) and "${" in migration.text)


def entries_of(rows: Sequence[Row], migrations: Sequence[Migration]) -> Iterator[Entry]:
    """Oldest first. What stood below the file of a baseline has no entry where its own file is gone."""
    told = [row for row in rows if row.type not in _NO_MIGRATIONS]
    standing = _standing(told)
    files = {_key(one): one for one in migrations}
    collapsed = max((parts(version(one.id)) for one in migrations if one.id.startswith("B")), default=())
    yield from _below_baseline(told, standing, files)
    for row in told:
        if row.rank in standing and row.type != _BASELINE:
            file = files.get(row.key)
            if file is not None or isinstance(row.key, str) or not row.key < collapsed:
                yield _entry(row, file, standing[row.rank])


def _key(migration: Migration) -> _Key:
    return description(migration) if is_repeatable(migration) else parts(version(migration.id))


def _standing(rows: Sequence[Row]) -> Mapping[int, EntryState]:
    """By rank."""
    found: dict[int, EntryState] = {}
    newest: dict[_Key, int] = {}
    for row in rows:
        if row.type == _DELETE or row.type.startswith(_UNDO):
            if row.success and row.key in newest:
                found[newest[row.key]] = EntryState.ROLLED_BACK
            continue
        if row.version is None and row.key in newest:
            found.pop(newest[row.key])
        newest[row.key] = row.rank
        found[row.rank] = EntryState.APPLIED if row.success else EntryState.FAILED
    return found


def _below_baseline(
    rows: Sequence[Row], standing: Mapping[int, EntryState], files: Mapping[_Key, Migration]
) -> Iterator[Entry]:
    baselines = [row for row in rows if row.type.endswith(_BASELINE) and row.version and row.success]
    if not baselines:
        return
    newest = max(baselines, key=lambda row: row.key)
    run = {row.key for row in rows if row.rank in standing and row.type != _BASELINE}
    for key, file in files.items():
        if isinstance(key, tuple) and isinstance(newest.key, tuple) and key <= newest.key and key not in run:
            yield replace(entry_of("", file.id, "", newest.at, EntryState.APPLIED), steps=0)


def _entry(row: Row, file: Migration | None, state: EntryState) -> Entry:
    """A baseline's file and the migrations that it stands for have different texts under one version."""
    if file is None:
        return entry_of(str(row.rank), row.script, row.checksum, row.at, state)
    comparable = row.type.endswith(_BASELINE) == file.id.startswith("B")
    checksum = row.checksum if comparable else ""
    outdated = state is EntryState.APPLIED and is_repeatable(file) and not same_text(checksum, file)
    return entry_of(str(row.rank), file.id, checksum, row.at, EntryState.ROLLED_BACK if outdated else state)
