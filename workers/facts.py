"""Facts about relations: names, locks, catalog changes, work done. Observed by running, or predicted from the text."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class LockMode(enum.IntEnum):
    """Table-level lock modes, weakest first (https://www.postgresql.org/docs/current/explicit-locking.html)."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @property
    def sql(self) -> str:
        """As LOCK TABLE spells it: ACCESS EXCLUSIVE."""
        return self.name.replace("_", " ")

    @classmethod
    def from_pg_locks(cls, mode: str) -> LockMode:
        """From pg_locks.mode, e.g. AccessExclusiveLock. Raises KeyError for any other string."""
        return _PG_LOCKS[mode]

    @property
    def blocks_writes(self) -> bool:
        """Conflicts with ROW EXCLUSIVE, which INSERT, UPDATE and DELETE take."""
        return self >= LockMode.SHARE

    @property
    def blocks_reads(self) -> bool:
        """Conflicts with ACCESS SHARE, which SELECT takes."""
        return self is LockMode.ACCESS_EXCLUSIVE


_PG_LOCKS = {mode.name.title().replace("_", "") + "Lock": mode for mode in LockMode}


class Source(enum.StrEnum):
    """Where a fact comes from. BOTH: predicted from the text and then observed."""

    OBSERVED = "observed"
    PREDICTED = "predicted"
    BOTH = "both"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A schema-qualified name, unquoted: Name("public", "User"). Reports print it as psql does: public.User."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """Quoted where SQL needs it: public."User"."""
        return f"{quote(self.schema)}.{quote(self.name)}"


def quote(identifier: str) -> str:
    """The identifier as SQL text, quoted unless it is lower-case letters, digits and underscores. A key word that is
    such a word is quoted by nobody here: use it only for text that people read, or after a schema and a dot."""
    plain = identifier.isascii() and identifier.replace("_", "a").isalnum() and identifier == identifier.lower()
    return identifier if plain and not identifier[0].isdigit() else '"' + identifier.replace('"', '""') + '"'


# ---------------------------------------------------------------- what changed in the catalog
# Observed: from two states of one database, matched by OID. Predicted: from the parsed statement. Tables only where a
# table, partitioned table or foreign table is meant; `table` is the name before the statement, if not called new.


@dataclass(frozen=True, slots=True)
class TableCreated:
    table: Name


@dataclass(frozen=True, slots=True)
class TableDropped:
    table: Name


@dataclass(frozen=True, slots=True)
class TableRenamed:
    """Also ALTER TABLE … SET SCHEMA."""

    table: Name
    new: Name


@dataclass(frozen=True, slots=True)
class ColumnAdded:
    table: Name
    column: str
    type: str  # as format_type prints it: character varying(20)
    not_null: bool
    has_default: bool  # a default, an identity or a generation expression: an INSERT that omits the column still works


@dataclass(frozen=True, slots=True)
class ColumnDropped:
    table: Name
    column: str
    type: str | None  # None when predicted: the text does not say


@dataclass(frozen=True, slots=True)
class ColumnRenamed:
    table: Name
    column: str
    new: str


@dataclass(frozen=True, slots=True)
class ColumnTypeChanged:
    table: Name
    column: str
    type: str | None  # before; None when predicted
    new: str


@dataclass(frozen=True, slots=True)
class NotNullSet:
    table: Name
    column: str


@dataclass(frozen=True, slots=True)
class NotNullDropped:
    table: Name
    column: str


@dataclass(frozen=True, slots=True)
class DefaultChanged:
    """new is None when the default was dropped."""

    table: Name
    column: str
    new: str | None


@dataclass(frozen=True, slots=True)
class IndexCreated:
    index: Name
    table: Name
    unique: bool
    valid: bool
    constraint: bool  # made by ADD CONSTRAINT or a column's UNIQUE / PRIMARY KEY


@dataclass(frozen=True, slots=True)
class IndexDropped:
    index: Name
    table: Name


class ConstraintKind(enum.StrEnum):
    """Values are pg_constraint.contype."""

    CHECK = "c"
    FOREIGN_KEY = "f"
    PRIMARY_KEY = "p"
    UNIQUE = "u"
    EXCLUSION = "x"
    NOT_NULL = "n"  # PostgreSQL 18 and newer

    @property
    def sql(self) -> str:
        """As ADD CONSTRAINT spells it: FOREIGN KEY, EXCLUDE."""
        return {"EXCLUSION": "EXCLUDE", "NOT_NULL": "NOT NULL"}.get(self.name, self.name.replace("_", " "))


@dataclass(frozen=True, slots=True)
class ConstraintAdded:
    table: Name
    constraint: str
    kind: ConstraintKind
    validated: bool
    definition: str  # as pg_get_constraintdef prints it, or the statement's own text when predicted
    references: Name | None = None
    using_index: bool = False  # took over an index that existed: ADD CONSTRAINT … USING INDEX


@dataclass(frozen=True, slots=True)
class ConstraintDropped:
    table: Name
    constraint: str
    kind: ConstraintKind | None  # None when predicted


@dataclass(frozen=True, slots=True)
class ConstraintValidated:
    table: Name
    constraint: str


@dataclass(frozen=True, slots=True)
class ObjectDropped:
    """A view, sequence, type, function, schema … that is gone."""

    kind: str
    name: Name


CatalogChange = (
    TableCreated
    | TableDropped
    | TableRenamed
    | ColumnAdded
    | ColumnDropped
    | ColumnRenamed
    | ColumnTypeChanged
    | NotNullSet
    | NotNullDropped
    | DefaultChanged
    | IndexCreated
    | IndexDropped
    | ConstraintAdded
    | ConstraintDropped
    | ConstraintValidated
    | ObjectDropped
)


# ---------------------------------------------------------------- what was done to relations


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a relation that existed before the statement."""

    relation: Name
    mode: LockMode
    source: Source
    held_ms: float | None = None  # from the statement's start to the end of its transaction; None when predicted
    carried: bool = False  # taken by an earlier statement of the same transaction, and still held


@dataclass(frozen=True, slots=True)
class Build:
    """An index built from a table's rows."""

    index: Name
    table: Name
    rebuilt: bool  # it existed before the statement


@dataclass(frozen=True, slots=True)
class Scan:
    """Sequential reads of a whole table."""

    table: Name
    count: int


@dataclass(frozen=True, slots=True)
class Write:
    """Rows written. `rows_before` is what the table held, None when predicted."""

    table: Name
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows_before: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a statement does to relations: observed by running it, or predicted from its text. One type, so that one set
    of rules judges both. `new_tables`: those among the named tables that the pull request itself created."""

    locks: tuple[Lock, ...] = ()
    rewrites: tuple[Name, ...] = ()
    builds: tuple[Build, ...] = ()
    scans: tuple[Scan, ...] = ()
    writes: tuple[Write, ...] = ()
    truncated: tuple[Name, ...] = ()
    changes: tuple[CatalogChange, ...] = ()
    new_tables: frozenset[Name] = frozenset()
