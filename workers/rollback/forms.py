"""The table of kinds: how each is made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workers.catalog import ROUTINES, Kind, Object
from workers.rollback import creates, tables
from workers.rollback.scene import Scene, decorate

_CREATES: Mapping[Kind, Callable[[Scene, Object], Iterator[str]]] = {
    Kind.SCHEMA: creates.schema,
    Kind.EXTENSION: creates.extension,
    Kind.ENUM: creates.enum,
    Kind.DOMAIN: creates.domain,
    Kind.COMPOSITE: creates.composite,
    Kind.RANGE: creates.range_type,
    Kind.TABLE: tables.table,
    Kind.FOREIGN_TABLE: tables.table,
    Kind.COLUMN: tables.column,
    Kind.SEQUENCE: creates.sequence,
    Kind.DEFAULT: tables.default,
    Kind.CONSTRAINT: tables.constraint,
    Kind.INDEX: creates.index,
    Kind.VIEW: creates.view,
    Kind.MATERIALIZED_VIEW: creates.view,
    Kind.TRIGGER: creates.trigger,
    Kind.RULE: creates.rule,
    Kind.POLICY: creates.policy,
    Kind.OTHER: creates.other,
    **dict.fromkeys(ROUTINES, creates.routine),
}


def create(scene: Scene, each: Object) -> Iterator[str]:
    """The statements that make the object, with its owner, privileges and comment."""
    yield from _CREATES[each.kind](scene, each)
    yield from decorate(scene, each)
