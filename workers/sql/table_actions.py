"""What CREATE TABLE and ALTER TABLE ask for, as read from their text. All frozen."""

from __future__ import annotations

from dataclasses import dataclass

from workers.changes import ConstraintKind
from workers.words import Name


@dataclass(frozen=True, slots=True)
class Constraint:
    """A table's or a column's constraint. name is None when the statement gives none; columns are those that the
    constraint is declared over (none for a table's CHECK); definition is the statement's own text."""

    kind: ConstraintKind
    name: str | None
    columns: tuple[str, ...]
    definition: str
    references: Name | None = None
    not_valid: bool = False
    using_index: str | None = None
    referenced_columns: tuple[str, ...] = ()  # none when left out: the primary key's
    enforced: bool = True  # PostgreSQL 18 and newer can switch it off
    on_delete: str = "NO ACTION"  # or RESTRICT, CASCADE, SET NULL, SET DEFAULT

    @property
    def validated(self) -> bool:
        """The rows that are there are checked."""
        return self.enforced and not self.not_valid


@dataclass(frozen=True, slots=True)
class Column:
    """type as format_type prints it, for serial the integer type behind it, and "" where a partition's column gives
    none; default and generated are expressions."""

    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    generated: str | None = None
    stored: bool = False  # the generated value; a virtual one is computed when read
    identity: bool = False
    serial: bool = False
    constraints: tuple[Constraint, ...] = ()

    @property
    def fills_itself(self) -> bool:
        """An INSERT that omits the column still works: a default, an identity or a generation expression."""
        return self.has_value or self.generated is not None or self.identity or self.serial

    @property
    def has_value(self) -> bool:
        """A default that is not NULL."""
        return self.default is not None and self.default.lower().partition("::")[0].strip() != "null"


@dataclass(frozen=True, slots=True)
class CreateTable:
    """sources: the tables of LIKE; parents: those of INHERITS; from_query: CREATE TABLE … AS."""

    table: Name
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    temporary: bool = False
    if_not_exists: bool = False
    partition_of: Name | None = None
    default_partition: bool = False
    partitioned: bool = False
    parents: tuple[Name, ...] = ()
    sources: tuple[Name, ...] = ()
    from_query: bool = False


@dataclass(frozen=True, slots=True)
class DropTable:
    tables: tuple[Name, ...]
    cascade: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenameTable:
    table: Name
    new: Name


@dataclass(frozen=True, slots=True)
class SetSchema:
    table: Name
    new: Name


@dataclass(frozen=True, slots=True)
class AddColumn:
    table: Name
    column: Column
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropColumn:
    table: Name
    column: str
    cascade: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenameColumn:
    table: Name
    column: str
    new: str


@dataclass(frozen=True, slots=True)
class AlterColumnType:
    table: Name
    column: str
    type: str  # as format_type prints it
    using: str | None = None
    collate: bool = False


@dataclass(frozen=True, slots=True)
class SetNotNull:
    table: Name
    column: str


@dataclass(frozen=True, slots=True)
class DropNotNull:
    table: Name
    column: str


@dataclass(frozen=True, slots=True)
class SetDefault:
    table: Name
    column: str
    default: str


@dataclass(frozen=True, slots=True)
class DropDefault:
    table: Name
    column: str


@dataclass(frozen=True, slots=True)
class AddConstraint:
    table: Name
    constraint: Constraint


@dataclass(frozen=True, slots=True)
class DropConstraint:
    table: Name
    constraint: str
    cascade: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    table: Name
    constraint: str


@dataclass(frozen=True, slots=True)
class RenameConstraint:
    table: Name
    constraint: str
    new: str


@dataclass(frozen=True, slots=True)
class AttachPartition:
    table: Name
    partition: Name
    default: bool = False


@dataclass(frozen=True, slots=True)
class DetachPartition:
    table: Name
    partition: Name
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class AlterTableOther:
    """Any other ALTER TABLE; `what` is its form in key words: SET TABLESPACE, ENABLE ROW LEVEL SECURITY. `other` is
    the second table, where the form names one (INHERIT); trigger the one that is enabled or disabled, or ALL, USER;
    value: what else the form sets: an owner, a tablespace, the index of REPLICA IDENTITY, fillfactor=70."""

    table: Name
    what: str
    other: Name | None = None
    trigger: str | None = None
    value: str | None = None


TableAction = (
    CreateTable
    | DropTable
    | RenameTable
    | SetSchema
    | AddColumn
    | DropColumn
    | RenameColumn
    | AlterColumnType
    | SetNotNull
    | DropNotNull
    | SetDefault
    | DropDefault
    | AddConstraint
    | DropConstraint
    | ValidateConstraint
    | RenameConstraint
    | AttachPartition
    | DetachPartition
    | AlterTableOther
)
