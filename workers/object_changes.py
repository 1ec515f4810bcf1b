"""What a statement changes in the catalog beside the form of tables: other objects, privileges, tables' traits."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from workers.words import Name


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
