"""What a layout states about itself, and the tree it is asked about."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from workers.model import Fault, Transaction


class Holds(enum.Enum):
    """What a file is of which a layout makes a migration."""

    SQL = "sql"
    CODE = "code"  # a program, whose SQL is not known from its text
    STATE = "state"  # all that the merged migrations come to, in SQL: replayed in their place, never told as a change


@dataclass(frozen=True, slots=True)
class Entry:
    """One migration's place: the stem of its file or the name of its folder, and the path of its SQL. down: that of its
    way back, where this is a file of its own. settings: that of a file beside it which tells how it is run. order: what
    the runner sorts by, comparable with any other of the layout. repeatable: run again whenever its text is another.
    known_as: what the runner's history table has of it that its id does not tell."""

    id: str
    path: str
    down: str | None = None
    settings: str | None = None
    order: tuple[Any, ...] = field(default=(), compare=False)
    repeatable: bool = field(default=False, compare=False)
    holds: Holds = Holds.SQL
    known_as: str = field(default="", compare=False)

    @property
    def paths(self) -> tuple[str, ...]:
        """Of all its files."""
        return tuple(path for path in (self.path, self.down, self.settings) if path is not None)


@dataclass(frozen=True, slots=True)
class Project:
    """A migrations folder that a layout claims, from the repository's root; "" is the root itself."""

    layout: str
    directory: str


@dataclass(frozen=True, slots=True)
class Files:
    """The texts of an entry's files. path: of the first."""

    text: str
    down: str | None = None
    settings: str | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """What the runner runs of a file, in one direction. text: with the lines of its file."""

    text: str
    transaction: Transaction


ReadText = Callable[[str], str]  # a path's text at the commit in question; U+FFFD for what is not UTF-8
Ways = Callable[[Files, Transaction], tuple[Way, Way | None]]


def each_file(of_file: Callable[[str, Transaction], Transaction] = lambda _text, usual: usual) -> Ways:
    """The ways of a layout whose files are run whole. of_file: how the runner runs one with this text, where it would
    run others so."""

    def ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
        down = None if files.down is None else Way(files.down, of_file(files.down, usual))
        return Way(files.text, of_file(files.text, usual)), down

    return ways


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of keeping migrations. All are pure over the paths (and a few texts) of one commit.

    claims: the folders that may hold such migrations; a folder whose migrations start with a number says no more than
    that. known: whether a claimed folder is this layout's indeed. entries: a folder's migrations in the runner's order.
    listed: those of them that the runner's own list has, in its order. transaction: how the runner runs a file. ways:
    what it runs of one there and back, and how, where it would run others so; InputError where it refuses it. learned:
    the same as transaction, once the texts that are merged are read. refuses: why a folder that looks right cannot be
    read, or None. version: what the runner's history table has for an id. anywhere: whether a folder that somebody
    names may have any name. code: the files of a folder that the runner runs as well, and that are no SQL. unreadable:
    where entries hold code, why their SQL is not known and what to do about it, in a sentence. faults: what is wrong
    with the file in which the runner keeps the migrations.
    """

    name: str
    claims: Callable[[Iterable[str]], tuple[str, ...]]
    entries: Callable[[Iterable[str], str], tuple[Entry, ...]]
    known: Callable[[Iterable[str], str, ReadText], bool] = lambda _paths, _directory, _read: True
    listed: Callable[[tuple[Entry, ...], Iterable[str], str, ReadText], tuple[Entry, ...]] = (
        lambda entries, _paths, _directory, _read: entries
    )
    transaction: Callable[[Iterable[str], str, ReadText], Transaction] = lambda _paths, _directory, _read: (
        Transaction.FILE
    )
    refuses: Callable[[Iterable[str], str, ReadText], str | None] = lambda _paths, _directory, _read: None
    ways: Ways = each_file()  # noqa: RUF009  a function
    learned: Callable[[Sequence[str], Transaction], Transaction] = lambda _texts, transaction: transaction
    version: Callable[[str], str] = lambda id: id
    anywhere: bool = False
    code: Callable[[Iterable[str], str], tuple[str, ...]] = lambda _paths, _directory: ()
    unreadable: str = ""
    faults: Callable[[Iterable[str], str, ReadText], tuple[Fault, ...]] = lambda _paths, _directory, _read: ()


def children(paths: Iterable[str], directory: str) -> Mapping[str, tuple[str, ...]]:
    """The paths below a folder by what they start with: {"1_a": ("1_a/migration.sql",), "x.sql": ("x.sql",)}."""
    prefix = f"{directory}/" if directory else ""
    found: dict[str, list[str]] = {}
    for path in paths:
        if path.startswith(prefix):
            rest = path[len(prefix) :]
            found.setdefault(rest.partition("/")[0], []).append(rest)
    return {name: tuple(rests) for name, rests in found.items()}


def names(paths: Iterable[str], directory: str) -> tuple[str, ...]:
    """Of the files in a folder itself."""
    return tuple(name for name, rests in children(paths, directory).items() if name in rests)


def ancestors(directory: str) -> tuple[str, ...]:
    """The folder and those above it, nearest first, ending with the root ""."""
    if not directory:
        return ("",)
    path = PurePosixPath(directory)
    return (directory, *("" if str(above) == "." else str(above) for above in path.parents))


def inside(directory: str, name: str) -> str:
    """The path of a file in a folder that may be the root."""
    return f"{directory}/{name}" if directory else name
