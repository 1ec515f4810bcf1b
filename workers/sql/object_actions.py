"""What CREATE, ALTER and DROP of everything but tables and indexes ask for, as read from their text. All frozen."""

from __future__ import annotations

from dataclasses import dataclass

from workers.words import Name


@dataclass(frozen=True, slots=True)
class CreateEnum:
    type: Name
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlterEnumAddValue:
    type: Name
    value: str


@dataclass(frozen=True, slots=True)
class RenameEnumValue:
    type: Name
    value: str
    new: str


@dataclass(frozen=True, slots=True)
class CreateType:
    type: Name


@dataclass(frozen=True, slots=True)
class CreateDomain:
    type: Name
    constrained: bool  # CHECK or NOT NULL: adding a column of this type rewrites the table


@dataclass(frozen=True, slots=True)
class CreateExtension:
    name: str
    schema: str | None = None
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class CreateView:
    view: Name
    materialized: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class CreateFunction:
    """Also procedures and aggregates, as `kind` says."""

    function: Name
    kind: str = "function"
    replace: bool = False


@dataclass(frozen=True, slots=True)
class CreateTrigger:
    trigger: str
    table: Name
    replace: bool = False


@dataclass(frozen=True, slots=True)
class CreateObject:
    """Any other CREATE. on: the table that the object belongs to (policy, rule, statistics)."""

    kind: str
    name: Name | None
    on: Name | None = None


@dataclass(frozen=True, slots=True)
class AlterObject:
    """Any ALTER of something else than a table. `what` is its form in key words: RENAME TO, OWNER TO."""

    kind: str
    name: Name | None
    what: str
    on: Name | None = None


@dataclass(frozen=True, slots=True)
class RenameObject:
    """`new` is in the schema of `name`."""

    kind: str
    name: Name
    new: Name


@dataclass(frozen=True, slots=True)
class DropObject:
    """Any DROP but of tables and indexes. Objects outside of schemas (extension, role, schema) have schema ""."""

    kind: str
    names: tuple[Name, ...]
    cascade: bool = False
    if_exists: bool = False
    on: Name | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    view: Name
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """Privileges or a role's membership given."""


@dataclass(frozen=True, slots=True)
class Revoke:
    """Privileges or a role's membership taken."""


@dataclass(frozen=True, slots=True)
class Comment:
    """name: the table, or for a column the table it is in; None for what is not found in a schema."""

    kind: str
    name: Name | None


ObjectAction = (
    CreateEnum
    | AlterEnumAddValue
    | RenameEnumValue
    | CreateType
    | CreateDomain
    | CreateExtension
    | CreateView
    | CreateFunction
    | CreateTrigger
    | CreateObject
    | AlterObject
    | RenameObject
    | DropObject
    | Refresh
    | Grant
    | Revoke
    | Comment
)
