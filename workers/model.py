"""The nouns of what is read: statements, migrations, and what a pull request does to them. All frozen."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Level(enum.IntEnum):
    """How much a statement, a migration or a pull request can hurt. A level is the highest of its findings."""

    SAFE = 0
    RISKY = 1
    HIGH_RISK = 2

    @property
    def word(self) -> str:
        """The spelling users see and type: safe, risky, high-risk."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def from_word(cls, word: str) -> Level:
        """Raises KeyError for a word that is no level."""
        return cls[word.upper().replace("-", "_")]


class Transaction(enum.StrEnum):
    """What the layout's runner does with a migration file."""

    FILE = "file"  # BEGIN; the file; COMMIT
    SIMPLE_QUERY = (
        "simple-query"  # the whole file as one message: an implicit transaction, unless the file holds one statement
    )
    STATEMENT = "statement"  # each statement by itself, each its own transaction


class Change(enum.StrEnum):
    """What a pull request did to a migration, against the tip of its base branch."""

    ADDED = "added"
    EDITED = "edited"
    DELETED = "deleted"
    RENAMED = "renamed"


class StatementKind(enum.StrEnum):
    SQL = "sql"
    META = "meta"  # a psql meta-command (\set …), which no runner but psql understands


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a file, exactly as written. For a whole script, the concatenation of every `lead + text`, then
    the script's `tail`, is the file."""

    text: str  # first token to last token: no leading blank or comment, no terminating semicolon
    lead: str  # all that stands between the previous statement's text and this one: ; comments, blanks, COPY data
    offset: int  # of `text` in the file, in code points
    line: int  # of `text`, from 1
    column: int  # of `text`, from 1
    kind: StatementKind = StatementKind.SQL
    copy_data: str | None = None  # the block behind COPY … FROM stdin, without its \. line


@dataclass(frozen=True, slots=True)
class Script:
    """A file's statements. `problem` says, with its line, why the text could not be split to the end (an unterminated
    quote or comment); the last statement then runs to the end of the file, so that the server can refuse it itself."""

    statements: tuple[Statement, ...]
    tail: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Down:
    """The way back that a migration's authors wrote. text: with the lines of its file, blank where something else
    stands there."""

    path: str
    text: str
    transaction: Transaction


class Part(enum.StrEnum):
    """What SQL is to a history."""

    MIGRATION = "migration"
    PRELUDE = "prelude"  # there before the first migration, run by the role that migrations run as
    PLATFORM = "platform"  # the same, SQL of our own that is run with all rights


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration of a layout, read at one commit. text: of the way there alone, with the lines of its file."""

    id: str  # the stem of its file, or its folder's name: 20240101120000_add_users
    path: str  # of its SQL file, from the repository's root, with /
    text: str  # decoded; see `undecodable`
    transaction: Transaction
    undecodable: int | None = None  # the first line that is not UTF-8; text has U+FFFD for such bytes
    down: Down | None = None
    unreadable: str | None = None  # why its SQL is not known, in a sentence; text is no SQL then
    known_as: str = ""  # what the history table has of it that its id does not tell: Drizzle's `when`
    whole: str | None = field(default=None, compare=False)  # the file's text, where `text` is another
    part: Part = Part.MIGRATION


@dataclass(frozen=True, slots=True)
class ChangedMigration:
    """A migration that a pull request touches. `before` is None for ADDED, `after` is None for DELETED."""

    change: Change
    before: Migration | None
    after: Migration | None
    out_of_order: bool = False  # sorts before a migration that the base branch already has

    @property
    def migration(self) -> Migration:
        """The newer of the two states."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the file in which a runner keeps its migrations: their checksums, their order. object: the
    id of the migration it is about, else the file's name. said: sentences, with what mends it."""

    path: str
    line: int
    object: str
    said: str


@dataclass(frozen=True, slots=True)
class MigrationSet:
    """What gather hands on of one project: the merged history in the runner's order, and what the pull request does to
    it."""

    layout: str
    directory: str  # the migrations' folder, from the repository's root
    base: str  # full SHA of the commit the history was read at
    head: str  # full SHA of the commit under review
    history: tuple[Migration, ...]
    changed: tuple[ChangedMigration, ...]  # in the runner's order
    unread: tuple[str, ...] = ()  # paths of new or changed migrations in the folder that are not SQL
    mixed: str = ""  # where the folder holds migrations of another layout too: a sentence about it
    passed_over: tuple[str, ...] = ()  # paths of those of them that are new or changed
    others: tuple[str, ...] = ()  # the folders of the repository's other projects
    why_not: str = ""  # what keeps the project from being read, where other projects are; the rest is empty then
    faults: tuple[Fault, ...] = ()  # those that the base branch has not

    @property
    def alone(self) -> bool:
        """Whether the repository has no other project."""
        return not self.others

    @property
    def added(self) -> tuple[Migration, ...]:
        """The migrations to rehearse, in the runner's order."""
        return tuple(
            c.after for c in self.changed if c.change is Change.ADDED and c.after and c.after.unreadable is None
        )


@dataclass(frozen=True, slots=True)
class SqlError:
    """An error the server raised, or the fate of the server itself (sqlstate 57P01 … when it was stopped)."""

    sqlstate: str
    message: str
    line: int | None = None  # in the migration's file
    detail: str | None = None
    hint: str | None = None
