"""What a statement changes in the catalog.

Observed: from two states of one database, matched by OID. Predicted: from the parsed statement. Tables only where a
table, partitioned table or foreign table is meant; `table` is the name before the statement, if not called new."""

from __future__ import annotations

import enum
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """Anything but tables, columns, indexes and constraints: a view, function, type, trigger, policy, schema … kind is
    in the words of SQL ("materialized view", "type"), for a function's name the arguments are left out; on is the table
    that a trigger, rule or policy belongs to."""

    kind: str
    name: Name
    on: Name | None = None


@dataclass(frozen=True, slots=True)
class ObjectDropped:
    """As for ObjectCreated. One that is made again under its name in the same migration is an ObjectChanged."""

    kind: str
    name: Name
    on: Name | None = None


@dataclass(frozen=True, slots=True)
class ObjectChanged:
    """what: the attributes that differ, as workers.catalog names them (definition, owner, enabled …); none when
    predicted."""

    kind: str
    name: Name
    on: Name | None = None
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectRenamed:
    """Also SET SCHEMA."""

    kind: str
    name: Name
    new: Name
    on: Name | None = None


@dataclass(frozen=True, slots=True)
class EnumValueAdded:
    type: Name
    value: str


@dataclass(frozen=True, slots=True)
class EnumValueRenamed:
    type: Name
    value: str
    new: str


@dataclass(frozen=True, slots=True)
class EnumValueRemoved:
    """Columns of the old type hold the new one from now on, which has not this value. type: the old type's name."""

    type: Name
    value: str


class Trait(enum.StrEnum):
    """What a table is, beside its columns, constraints and indexes. The values of a change are SQL's own words."""

    ROW_SECURITY = "row level security"  # off, on
    FORCED_ROW_SECURITY = "forced row level security"  # off, on
    REPLICA_IDENTITY = "replica identity"  # default, full, nothing, an index's name
    PERSISTENCE = "persistence"  # logged, unlogged
    TABLESPACE = "tablespace"
    ACCESS_METHOD = "access method"
    OPTIONS = "storage parameters"  # as pg_class.reloptions has them: autovacuum_enabled=false, comma-separated
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class TraitChanged:
    """was is None when predicted."""

    table: Name
    trait: Trait
    was: str | None
    now: str


@dataclass(frozen=True, slots=True)
class PrivilegeChanged:
    """One privilege of one role given or taken. role: public for everybody. privilege: in capitals, as GRANT names it;
    ALL where the text says so. kind, name: of the object, as for ObjectCreated, or a table."""

    kind: str
    name: Name
    role: str
    privilege: str
    given: bool


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
