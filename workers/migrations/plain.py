"""Plain SQL: files NUMBER_anything.sql in one folder, run in the order of their numbers, each in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.layout import Entry, Layout, ReadText, children, inside
from workers.model import Transaction

_NAME = re.compile(r"(?P<number>\d+)(?:[_.\- ].*)?\.sql", re.I)
_FOLDER = re.compile(r"(?:^|/)(?:[^/]*migrat[^/]*|sql|schema|db|database|versions|patches|changes)$", re.I)

# Layouts that also number their files, and what gives them away. Running their files whole would run the way down too.
_OTHERS = (
    (re.compile(r"\.(?:up|down|undo|do)\.sql$", re.I), None, "golang-migrate"),
    (None, re.compile(r"^--\s*\+goose\s+(?:Up|Down)", re.M), "goose"),
    (None, re.compile(r"^--\s*migrate:(?:up|down)", re.M), "dbmate"),
    (None, re.compile(r"^--\s*\+migrate\s+(?:Up|Down)", re.M), "sql-migrate"),
)


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    folders = {folder for folder, _, name in (path.rpartition("/") for path in paths) if _NAME.fullmatch(name)}
    return tuple(sorted(folder for folder in folders if _FOLDER.search(folder)))


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    names = [name for name in children(paths, directory) if _NAME.fullmatch(name)]
    return tuple(Entry(name.removesuffix(".sql"), inside(directory, name)) for name in sorted(names, key=_order))


def _order(name: str) -> tuple[int, str]:
    match = _NAME.fullmatch(name)
    assert match is not None
    return int(match["number"]), name


def _transaction(paths: Iterable[str], directory: str, read: ReadText) -> Transaction:
    return Transaction.FILE


def _refuses(paths: Iterable[str], directory: str, read: ReadText) -> str | None:
    entries = _entries(paths, directory)
    for in_name, in_text, layout in _OTHERS:
        for entry in entries[-1:]:  # the newest tells: a project may have changed its tool
            if (in_name and in_name.search(entry.path)) or (in_text and in_text.search(read(entry.path))):
                return f"{entry.path}: written for {layout}, a layout that is not read yet"
    return None


PLAIN = Layout("plain", _claims, _entries, _transaction, _refuses)
