"""What a repository holds beside migrations: files with commands, lines that name what migrations touch. Frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of the repository that is no migration, at one commit; U+FFFD for what is not UTF-8."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that a pull request adds, changes or deletes (which leaves it empty), and how it was at the fork point and
    at the tip of the base branch, where it was."""

    after: TextFile
    before: tuple[TextFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A line of the repository that names a table or a column."""

    path: str
    line: int
    text: str  # trimmed, and cut where it is long


@dataclass(frozen=True, slots=True)
class Mentions:
    """Where code names an object, migrations left out. at_base: in the code that runs while this is deployed; at_head:
    in the code that comes with it. Each is capped; the counts are of all."""

    at_base: tuple[Mention, ...] = ()
    at_head: tuple[Mention, ...] = ()
    base_count: int = 0
    head_count: int = 0
