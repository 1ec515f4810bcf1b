"""The table of kinds: how each is made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workers.catalog import ROUTINES, Kind, Object
from workers.rollback import creates, others, tables
from workers.rollback.arrays import settled
from workers.rollback.scene import Scene, adorn, decorate

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
    Kind.COLLATION: others.collation,
    Kind.DICTIONARY: others.dictionary,
    Kind.CONFIGURATION: others.configuration,
    Kind.OPERATOR: others.operator,
    Kind.CAST: others.cast,
    Kind.CONVERSION: others.conversion,
    Kind.STATISTICS: others.statistics,
    Kind.PUBLICATION: others.publication,
    Kind.PUBLISHED: others.published,
    Kind.DEFAULT_PRIVILEGES: others.default_privileges,
    **dict.fromkeys(ROUTINES, creates.routine),
}


# Of what a table has from its parent, when it has got it back in passing: what is left to say.
_PARTS: Mapping[Kind, Callable[[Scene, Object], Iterator[str]]] = {
    Kind.COLUMN: tables.part,
    Kind.TRIGGER: creates.trigger,
}


def create(scene: Scene, each: Object) -> Iterator[str]:
    """The statements that make the object, with its owner, privileges and comment."""
    forms = _PARTS if scene.in_passing(each) else _CREATES
    if form := forms.get(each.kind):
        written = form(scene, each)
        yield from written if each.kind in ROUTINES else map(settled, written)
    yield from decorate(scene, each)
    columns = scene.children.get(each.id, ()) if each.kind in (Kind.TABLE, Kind.FOREIGN_TABLE) else (each,)
    for column in columns:
        if (
            column.kind is Kind.COLUMN
            and column.text("identity")
            and (sequence := scene.child(column.id, Kind.SEQUENCE))
        ):
            yield from adorn(scene, sequence)
