"""What a statement changes in the catalog.

Observed: from two states of one database, matched by OID. Predicted: from the parsed statement. Tables only where a
table, partitioned table or foreign table is meant; `table` is the name before the statement, if not called new."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from workers.object_changes import (
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    TraitChanged,
)
from workers.words import Name


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
    | ObjectCreated
    | ObjectDropped
    | ObjectChanged
    | ObjectRenamed
    | EnumValueAdded
    | EnumValueRenamed
    | EnumValueRemoved
    | TraitChanged
    | PrivilegeChanged
)
