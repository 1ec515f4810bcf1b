"""What a layout states about itself, and the tree it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from workers.model import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """One migration's place: its id in the runner's history table, and the path of its SQL."""

    id: str
    path: str


@dataclass(frozen=True, slots=True)
class Project:
    """A migrations folder that a layout claims, from the repository's root; "" is the root itself."""

    layout: str
    directory: str


ReadText = Callable[[str], str]  # a path's text at the commit in question; U+FFFD for what is not UTF-8


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of keeping migrations. All are pure over the paths (and a few texts) of one commit.

    claims: the folders that hold such migrations. entries: a folder's migrations in the runner's order.
    transaction: how the runner runs a file. of_file: how it runs one with this text, where it would run others so.
    learned: the same as transaction, once the texts that are merged are read. refuses: why a folder that looks right
    cannot be read, or None.
    """

    name: str
    claims: Callable[[Iterable[str]], tuple[str, ...]]
    entries: Callable[[Iterable[str], str], tuple[Entry, ...]]
    transaction: Callable[[Iterable[str], str, ReadText], Transaction]
    refuses: Callable[[Iterable[str], str, ReadText], str | None]
    of_file: Callable[[str, Transaction], Transaction] = lambda _text, transaction: transaction
    learned: Callable[[Sequence[str], Transaction], Transaction] = lambda _texts, transaction: transaction


def children(paths: Iterable[str], directory: str) -> Mapping[str, tuple[str, ...]]:
    """The paths below a folder by what they start with: {"1_a": ("1_a/migration.sql",), "x.sql": ("x.sql",)}."""
    prefix = f"{directory}/" if directory else ""
    found: dict[str, list[str]] = {}
    for path in paths:
        if path.startswith(prefix):
            rest = path[len(prefix) :]
            found.setdefault(rest.partition("/")[0], []).append(rest)
    return {name: tuple(rests) for name, rests in found.items()}


def ancestors(directory: str) -> tuple[str, ...]:
    """The folder and those above it, nearest first, ending with the root ""."""
    if not directory:
        return ("",)
    path = PurePosixPath(directory)
    return (directory, *("" if str(above) == "." else str(above) for above in path.parents))


def inside(directory: str, name: str) -> str:
    """The path of a file in a folder that may be the root."""
    return f"{directory}/{name}" if directory else name
