"""Drizzle: files that meta/_journal.json lists, in its order; since 1.0 a folder for each, with migration.sql.

Detection: meta/_journal.json; or folders with migration.sql and snapshot.json. Order: the journal's; a file that it
does not list is not run. What decides is `when`: one that is older than the newest that was applied is never run
(https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/pg-core/dialect.ts), and counts as out of
order. Folders are sorted by name (https://orm.drizzle.team/docs/drizzle-kit-migrate).

All that are pending are run in one transaction, here told as one for each; nothing opts out. --> statement-breakpoint
cuts the file into messages, so that a statement needs no semicolon before it
(https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/migrator.ts). No ways back, no variables.
Checksum: SHA-256 of the file, in the history table beside `when`; it has no names.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from workers.migrations.drizzle_journal import JOURNAL, journal_faults
from workers.migrations.layout import Entry, Files, Layout, ReadText, Way, children, inside
from workers.migrations.numbered import in_order
from workers.model import Transaction

_FILE, _SNAPSHOT = "migration.sql", "snapshot.json"
_DIALECTS = frozenset({"postgresql", "pg"})

_UNFINISHED = re.compile(r"([^;\s]\s*)--> statement-breakpoint")


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    found, files, snapshots = set(), set(), set()
    for path in paths:
        folder, _, name = path.rpartition("/")
        if f"/{path}".endswith(f"/{JOURNAL}"):
            found.add(path.removesuffix(JOURNAL).rstrip("/"))
        elif name == _FILE:
            files.add(folder)
        elif name == _SNAPSHOT:
            snapshots.add(folder)
    return tuple(sorted(found | {folder.rpartition("/")[0] for folder in files & snapshots if folder}))


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    below = children(paths, directory)
    if JOURNAL in below.get("meta", ()):
        files = [name for name, rests in below.items() if name in rests and name.endswith(".sql")]
        return in_order(Entry(name.removesuffix(".sql"), inside(directory, name), order=(name,)) for name in files)
    folders = [name for name, rests in below.items() if f"{name}/{_FILE}" in rests]
    return in_order(Entry(name, inside(directory, f"{name}/{_FILE}"), order=(name,)) for name in folders)


def _journal(text: str) -> dict[str, Any]:
    """What is no journal is an empty one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _listed(entries: tuple[Entry, ...], paths: Iterable[str], directory: str, read: ReadText) -> tuple[Entry, ...]:
    path = inside(directory, JOURNAL)
    if path not in frozenset(paths):
        return entries
    there = {entry.id: entry for entry in entries}
    rows = _journal(read(path)).get("entries")
    if rows is None:  # nobody can read it: told of it, and of the files as they are
        return tuple(Entry(entry.id, entry.path, order=(math.inf, entry.id)) for entry in entries)
    listed = (
        [(row.get("tag"), row.get("when")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    )
    return tuple(
        Entry(tag, there[tag].path, order=(when, tag), known_as=str(when))
        for tag, when in listed
        if tag in there and isinstance(when, int)
    )


def _refuses(paths: Iterable[str], directory: str, read: ReadText) -> str | None:
    path = inside(directory, JOURNAL)
    dialect = _journal(read(path)).get("dialect") if path in frozenset(paths) else None
    if dialect is not None and dialect not in _DIALECTS:
        return f"{path}: the dialect is {dialect}, not postgresql"
    return None


def _ways(files: Files, usual: Transaction) -> tuple[Way, None]:
    return Way(_UNFINISHED.sub(r"\1;", files.text), usual), None


DRIZZLE = Layout("drizzle", _claims, _entries, listed=_listed, refuses=_refuses, ways=_ways, faults=journal_faults)
