"""What is wrong with meta/_journal.json: files that it never has run, and entries that stop the runner. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workers.migrations.faults import unmerged
from workers.migrations.layout import ReadText, inside, names
from workers.model import Fault

JOURNAL = "meta/_journal.json"
_NAME = "_journal.json"
_TAG = re.compile(r'"tag"\s*:\s*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class _Row:
    tag: str
    idx: int | None
    when: int | None
    line: int


def journal_faults(paths: Iterable[str], directory: str, read: ReadText) -> tuple[Fault, ...]:
    """None where there is no journal."""
    known = frozenset(paths)
    path = inside(directory, JOURNAL)
    if path not in known:
        return ()
    text = read(path)
    if found := tuple(unmerged(path, text)):
        return found
    try:
        rows = _rows(json.loads(text), text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        return (Fault(path, line, _NAME, f"{_NAME} is no journal that drizzle-kit migrate could read."),)
    files = {name.removesuffix(".sql"): name for name in names(known, directory) if name.endswith(".sql")}
    return (*_unlisted(rows, files, directory), *_stopping(rows, files, path), *_disordered(rows, path))


def _rows(journal: object, text: str) -> tuple[_Row, ...]:
    """Raises ValueError for what is no journal."""
    entries = journal.get("entries") if isinstance(journal, dict) else None
    if not isinstance(entries, list) or not all(isinstance(e, dict) and isinstance(e.get("tag"), str) for e in entries):
        raise ValueError
    numbered = enumerate(text.split("\n"), start=1)
    lines = {found[1]: number for number, line in numbered for found in _TAG.finditer(line)}
    return tuple(_Row(e["tag"], _whole(e, "idx"), _whole(e, "when"), lines.get(e["tag"], 1)) for e in entries)


def _whole(entry: Mapping[str, object], key: str) -> int | None:
    value = entry.get(key)
    return value if isinstance(value, int) else None


def _unlisted(rows: Iterable[_Row], files: Mapping[str, str], directory: str) -> Iterator[Fault]:
    """Where most are not listed, it is another runner's folder, and the journal is left from earlier days."""
    listed = {row.tag for row in rows}
    unlisted = [tag for tag in files if tag not in listed]
    for tag in unlisted if 2 * len(unlisted) <= len(files) else ():
        said = (
            f"{JOURNAL} does not have {files[tag]}, so that it is never run. Delete it and run drizzle-kit generate, "
            "which writes both; for SQL of your own, drizzle-kit generate --custom."
        )
        yield Fault(inside(directory, files[tag]), 1, tag, said)


def _stopping(rows: Iterable[_Row], files: Mapping[str, str], path: str) -> Iterator[Fault]:
    for row in rows:
        if row.tag not in files:
            said = f"{JOURNAL} has {row.tag}, and there is no {row.tag}.sql, so that no migration is run at all."
            yield Fault(path, row.line, row.tag, f"{said} Restore it, or take it out with drizzle-kit drop.")


def _disordered(rows: Iterable[_Row], path: str) -> Iterator[Fault]:
    """Against the rows before: what a merge by hand makes."""
    again = "Delete it and its file, and run drizzle-kit generate."
    newest: _Row | None = None
    taken: dict[int, _Row] = {}
    for row in rows:
        if row.idx is not None and (other := taken.setdefault(row.idx, row)) is not row:
            said = f"{row.tag} has idx {row.idx} in {JOURNAL}, as {other.tag} has."
            yield Fault(path, row.line, row.tag, f"{said} {again}")
        elif newest and row.when is not None and row.when <= (newest.when or 0):
            said = f"{row.tag} has a `when` in {JOURNAL} that is not newer than that of {newest.tag} before it"
            yield Fault(path, row.line, row.tag, f"{said}: a database that has the one never gets the other. {again}")
        if row.when is not None and (newest is None or row.when > (newest.when or 0)):
            newest = row
