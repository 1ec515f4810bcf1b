"""Plain SQL: files NUMBER_anything.sql in one folder, run in the order of their numbers, each in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from workers.migrations.layout import Entry, Layout, ReadText, children, inside
from workers.model import Transaction
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import must_run_alone

_NAME = re.compile(r"(?P<number>\d+)(?:[_.\- ].*)?\.sql", re.I)
_NUMBER = re.compile(r"\d+")
_FOLDER = re.compile(r"(?:^|/)(?:[^/]*migrat[^/]*|sql|schema|db|database|versions|patches|changes)$", re.I)

_HEAD = re.compile(r"(?:\s*--[^\n]*(?:\n|\Z)|\s+)*")
_OPTS_OUT = re.compile(
    r"\bno[ _-]?transactions?\b|\btransactions?\s*[:=]\s*(?:false|off|no|none)\b|\btxmode\s+none\b"
    r"|\bdisable[ _-](?:ddl[ _-])?transactions?\b|\b(?:without|outside)\s+(?:a\s+)?transaction\b",
    re.I,
)

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


def number(id: str) -> int:
    """A migration's number; runners may know it by nothing else."""
    match = _NUMBER.match(id)
    assert match is not None
    return int(match[0])


def _order(name: str) -> tuple[int, str]:
    return number(name), name


def _transaction(paths: Iterable[str], directory: str, read: ReadText) -> Transaction:
    return Transaction.FILE


def _refuses(paths: Iterable[str], directory: str, read: ReadText) -> str | None:
    entries = _entries(paths, directory)
    for in_name, in_text, layout in _OTHERS:
        for entry in entries[-1:]:  # the newest tells: a project may have changed its tool
            if (in_name and in_name.search(entry.path)) or (in_text and in_text.search(read(entry.path))):
                return f"{entry.path}: written for {layout}, a layout that is not read yet"
    return None


def _of_file(text: str, transaction: Transaction) -> Transaction:
    """A comment above the first statement tells many runners to open no transaction, each in its own words; then they
    send the file as it is."""
    head = _HEAD.match(text)
    return Transaction.SIMPLE_QUERY if head and _OPTS_OUT.search(head[0]) else transaction


_CONCURRENTLY = re.compile(r"\bconcurrently\b", re.I)


def _learned(texts: Sequence[str], transaction: Transaction) -> Transaction:
    """What is merged has been run: a statement that no transaction block takes was in none. One that is alone in its
    file may also have been a message of its own (SIMPLE_QUERY); beside others it was run by itself. Where files opt
    out, the runner opens a block for the others."""
    if any(_of_file(text, transaction) is not transaction for text in texts):
        return transaction
    found = transaction
    for text in texts:
        if _CONCURRENTLY.search(text):
            statements = split(text).statements
            if any(must_run_alone(read(statement)) for statement in statements):
                if len(statements) > 1:
                    return Transaction.STATEMENT
                found = Transaction.SIMPLE_QUERY
    return found


PLAIN = Layout("plain", _claims, _entries, _transaction, _refuses, _of_file, _learned)
