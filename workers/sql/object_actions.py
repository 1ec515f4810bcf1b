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
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class CreateFunction:
    """Also procedures and aggregates, as `kind` says. definer: SECURITY DEFINER. fixed_path: SET search_path or BEGIN
    ATOMIC, so that the names in its body do not hang on the caller's search_path."""

    function: Name
    kind: str = "function"
    replace: bool = False
    definer: bool = False
    fixed_path: bool = False


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
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class AlterObject:
    """Any ALTER of something else than a table. `what` is its form in key words: RENAME TO, OWNER TO. new: the name
    that it gives."""

    kind: str
    name: Name | None
    what: str
    on: Name | None = None
    new: Name | None = None


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
    """Privileges or a role's membership given. privileges: in capitals, one for each column that is named: SELECT
    (email), ALL; MEMBER of the named roles. kind: "table" where the text gives none, so perhaps a view or a sequence;
    "tables in schema" for ALL TABLES IN SCHEMA, and names are the schemas. roles: public for everybody."""

    privileges: tuple[str, ...]
    kind: str
    names: tuple[Name, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revoke:
    """As Grant, but taken. option: only the right to pass them on."""

    privileges: tuple[str, ...]
    kind: str
    names: tuple[Name, ...]
    roles: tuple[str, ...]
    option: bool = False


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
