"""What a statement asks for, as read from its text: the union `Action`, and its part that is about neither the form of
tables nor other objects. All frozen."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from workers.sql.object_actions import ObjectAction
from workers.sql.table_actions import TableAction
from workers.words import LockMode, Name


class Where(enum.StrEnum):
    """Which rows a DELETE or an UPDATE reaches, as far as its text says."""

    NONE = "none"
    ALWAYS_TRUE = "always true"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """name is None when the server is to choose one; columns are column names, or expressions as written; included
    those that are stored without being a part of the key."""

    name: str | None
    table: Name
    columns: tuple[str, ...]
    unique: bool = False
    concurrently: bool = False
    only: bool = False
    if_not_exists: bool = False
    where: str | None = None
    method: str = "btree"
    included: tuple[str, ...] = ()
    nulls_distinct: bool = True


@dataclass(frozen=True, slots=True)
class DropIndex:
    indexes: tuple[Name, ...]
    concurrently: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Reindex:
    """kind: index, table, schema, database, system. name is None for the current database."""

    kind: str
    name: Name | None
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    tables: tuple[Name, ...]
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """names: the words of its condition, among them the columns that it looks at."""

    table: Name
    where: Where
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Update:
    """columns: those that it sets. only_null: the column of its condition, where that is no more than: column IS
    NULL. all_but_null: the column of one that is no more than: column IS NOT NULL."""

    table: Name
    where: Where
    columns: tuple[str, ...] = ()
    only_null: str | None = None
    all_but_null: str | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """lists_columns: which value goes where does not hang on the order of the table's columns. names: the words of its
    query, among them the tables that it reads."""

    table: Name
    lists_columns: bool = True
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Merge:
    table: Name


@dataclass(frozen=True, slots=True)
class Copy:
    """table is None for COPY (query) TO."""

    table: Name | None
    writes: bool  # COPY … FROM


@dataclass(frozen=True, slots=True)
class Select:
    """SELECT, VALUES, TABLE: what functions in it do is not in its text, but for setval. restarts: the sequences that
    it sets to a number that is written out, not worked out of the rows."""

    restarts: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Vacuum:
    """No tables: the whole database."""

    tables: tuple[Name, ...] = ()
    full: bool = False


@dataclass(frozen=True, slots=True)
class Analyze:
    tables: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """No table: every table clustered before."""

    table: Name | None = None


@dataclass(frozen=True, slots=True)
class LockTable:
    tables: tuple[Name, ...]
    mode: LockMode
    nowait: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """An anonymous code block; what it does is not in its text."""


@dataclass(frozen=True, slots=True)
class TransactionControl:
    """verb: BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK TO, PREPARE TRANSACTION."""

    verb: str


@dataclass(frozen=True, slots=True)
class SetParameter:
    """value is None for RESET and SET … TO DEFAULT."""

    name: str
    value: str | None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that was not understood; `keywords` are its leading words, in capitals."""

    keywords: str


RUNS_CODE = Do | Select | Opaque  # it may do what its text does not say

Action = (
    TableAction
    | ObjectAction
    | CreateIndex
    | DropIndex
    | Reindex
    | Truncate
    | Delete
    | Update
    | Insert
    | Merge
    | Copy
    | Select
    | Vacuum
    | Analyze
    | Cluster
    | LockTable
    | Do
    | TransactionControl
    | SetParameter
    | Opaque
)
