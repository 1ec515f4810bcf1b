"""What a review came to, in the words of GitHub: plain values, frozen."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Standing(enum.StrEnum):
    """NONE: no migrations are touched. REVIEWED: the items decide. FAILED: there is no review; the check fails."""

    NONE = "none"
    REVIEWED = "reviewed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to confirm before merging. `id` is 8 hexadecimal digits that stay while the cause stays. `label` is
    plain text that also stays when the statement changes: it pairs an item with its successor. `kind`: what the policy
    names, a rule or staging, backup …. text, reason: one line of Markdown each, safe to show. `who`: write, author,
    not-author or @org/team. evidence: Markdown; an item that has it was ticked by the machine, and by nobody else."""

    id: str
    kind: str
    label: str
    text: str
    reason: str = ""
    who: str = "write"
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A finding on the lines of a file. level: notice, warning or failure, GitHub's words. message: plain text."""

    path: str
    line: int
    end_line: int
    level: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class RollbackFile:
    """appended: to what the file holds already. keeps: it is run before the migration, to keep what that takes."""

    path: str
    sql: str
    appended: bool = False
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """New text for lines of a file, both included. said: a sentence of Markdown about it."""

    path: str
    line: int
    end_line: int
    text: str
    said: str


@dataclass(frozen=True, slots=True)
class Place:
    """Something that migrations change: a table or another object, and the part of it; "" for all of it."""

    whole: str
    part: str


@dataclass(frozen=True, slots=True)
class Added:
    """The paths of the new migrations of a project, which is the folder of its migrations, kept in that layout."""

    layout: str
    directory: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """What an open pull request's new migrations are called and change, and the branch that it is to be merged into."""

    base: str
    migrations: tuple[str, ...]
    places: tuple[Place, ...]
    added: tuple[Added, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A review in the words of GitHub: plain values, so that it can cross from the workers and be kept as JSON.

    headline: the verdict in one line of Markdown. body: all that follows the checklist in the comment. title: the
    check's, plain text. reason: why there is no review, when standing is FAILED; Markdown.
    """

    standing: Standing
    headline: str
    title: str
    body: str = ""
    reason: str = ""
    items: tuple[Item, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    rollbacks: tuple[RollbackFile, ...] = ()
    migrations: tuple[str, ...] = ()  # the new ones' ids, behind a folder and a slash where projects are several
    places: tuple[Place, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    added: tuple[Added, ...] = ()  # the same migrations, by their projects
