"""What layouts share whose files start with a number: which folders may hold them, and what their texts say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from workers.migrations.layout import Entry, ReadText, ancestors, inside, names

_FOLDER = re.compile(r"(?:^|/)(?:[^/]*migrat[^/]*|sql|schema|db|database|versions|patches|changes)$", re.I)
_POSTGRES = re.compile(r"/(?:postgres|postgresql|pgsql|pg)$", re.I)  # db/migrations/postgres
_OTHER_SERVERS = frozenset(
    {"mysql", "mariadb", "sqlite", "sqlite3", "mssql", "sqlserver", "h2", "hsqldb", "clickhouse", "cassandra"}
)
CODE = re.compile(r"\d+[_.\- ].*(?<!\.test)(?<!\.d)\.(?:[cm]?[jt]s|py|rb|go|php|java|kt|rs)")
_NUMBER = re.compile(r"\d+")


def other_server(folder: str) -> bool:
    """Whether a folder's path says that another database server runs what it holds."""
    return not _OTHER_SERVERS.isdisjoint(folder.lower().split("/"))


def _likely(folder: str) -> bool:
    return _FOLDER.search(_POSTGRES.sub("", folder)) is not None and not other_server(folder)


def claiming(file: re.Pattern[str]) -> Callable[[Iterable[str]], tuple[str, ...]]:
    """Claims the folders with a likely name that have such a file."""

    def claims(paths: Iterable[str]) -> tuple[str, ...]:
        folders = {folder for folder, _, name in (path.rpartition("/") for path in paths) if file.fullmatch(name)}
        return tuple(sorted(folder for folder in folders if _likely(folder)))

    return claims


def number(id: str) -> int:
    """The number that an id starts with."""
    match = _NUMBER.match(id)
    assert match is not None
    return int(match[0])


def digits(id: str) -> str:
    """The number that an id starts with, as it is written."""
    match = _NUMBER.match(id)
    assert match is not None
    return match[0]


def by(
    order: Callable[[str], tuple[Any, ...]], file: re.Pattern[str]
) -> Callable[[Iterable[str], str], tuple[Entry, ...]]:
    """Lists the folder's files of such a name, sorted by what `order` makes of it. Their ids are their names without
    .sql."""

    def entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
        found = (name for name in names(paths, directory) if file.fullmatch(name))
        return in_order(Entry(name[:-4], inside(directory, name), order=order(name)) for name in found)

    return entries


def number_first(name: str) -> tuple[int, str]:
    """An order: by the number, then by the name."""
    return number(name), name


def as_text(name: str) -> tuple[str]:
    """An order: of names, character by character."""
    return (name,)


def topmost(paths: Iterable[str], file: re.Pattern[str]) -> tuple[str, ...]:
    """The folders that have such a file, where none above them has one."""
    folders = {folder for folder, _, name in (path.rpartition("/") for path in paths) if file.fullmatch(name)}
    return tuple(sorted(folder for folder in folders if folders.isdisjoint(ancestors(folder)[1:])))


def matching(file: re.Pattern[str]) -> Callable[[Iterable[str], str], tuple[str, ...]]:
    """Lists the paths of the folder's files of such a name."""
    return lambda paths, directory: tuple(
        inside(directory, name) for name in sorted(names(paths, directory)) if file.fullmatch(name)
    )


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sorted as they say themselves."""
    return tuple(sorted(entries, key=lambda entry: entry.order))


def pairs(up: Iterable[str], down: Iterable[str], directory: str) -> tuple[Entry, ...]:
    """Files of the way there with those of the way back that have their number, in the order of the numbers."""
    back = {number(name): inside(directory, name) for name in down}
    return in_order(
        Entry(stem(name), inside(directory, name), back.get(number(name)), order=number_first(name)) for name in up
    )


def stem(name: str) -> str:
    """1_a of 1_a.up.sql and of 1_a.sql."""
    return name.removesuffix(".sql").removesuffix(".up").removesuffix(".down")


def saying(
    entries: Callable[[Iterable[str], str], Sequence[Entry]], marker: re.Pattern[str]
) -> Callable[[Iterable[str], str, ReadText], bool]:
    """Whether the first file or one of the two newest has the marker: it may be missing in a new one by mistake."""

    def known(paths: Iterable[str], directory: str, read: ReadText) -> bool:
        found = entries(paths, directory)
        return any(marker.search(read(entry.path)) for entry in (*found[:-3:-1], *found[:1]))

    return known


def names_crate(paths: Iterable[str], directory: str, read: ReadText, crate: str) -> bool:
    """Whether a Cargo.toml or Cargo.lock in the folder or above it names a crate."""
    there = frozenset(paths)
    files = (inside(folder, name) for name in ("Cargo.toml", "Cargo.lock") for folder in ancestors(directory))
    return any(re.search(rf"\b{crate}\b(?!-)", read(path)) for path in files if path in there)
