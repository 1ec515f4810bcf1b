"""A sequence that starts over hands out numbers that rows already have."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind
from workers.model import Level
from workers.rules import schema
from workers.rules.objects import made_before
from workers.rules.rule import Rule, Step
from workers.sql.actions import Select
from workers.sql.object_actions import AlterObject
from workers.sql.table_actions import AlterTableOther
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """RESTART, and setval to a number that is written out. Where the sequence stands in production is not known; a
    number that is worked out of the rows is right everywhere."""
    for name in _restarted(step):
        yield step.finding(
            RULE,
            str(name),
            f"The numbers of {name} start over from a fixed one: where rows already have those that follow, INSERTs "
            "fail with a duplicate key, or two rows get the same number. Work the number out of the rows: setval with "
            "max of the column.",
        )


def _restarted(step: Step) -> Iterator[Name]:
    for action in step.actions:
        match action:
            case AlterTableOther(table=table, what="ALTER COLUMN RESTART") if step.existing(table):
                yield table
            case AlterObject(kind="sequence", name=Name() as name, what="RESTART") if _in_use(step, name):
                yield name
            case Select():
                yield from (name for name in action.restarts if _in_use(step, name))


def _in_use(step: Step, sequence: Name) -> bool:
    """It was there before the pull request, and so was the table that it belongs to."""
    if step.before is not None:
        return _owner_in_use(step, step.before, sequence)
    new = made_before(step, "sequence", sequence)
    return not new and not any(sequence.name.startswith(f"{table.name}_") for table in step.created)


def _owner_in_use(step: Step, before: Catalog, sequence: Name) -> bool:
    found = schema.find(before, Kind.SEQUENCE, sequence.schema, sequence.name)
    if found is None or found.parent is None:
        return found is not None
    owner = before.objects.get(found.parent)
    return owner is None or step.existing(Name(*owner.path[:2]))


RULE = Rule(
    "sequence-set-back", Level.RISKY, "A sequence that starts over hands out numbers that rows already have.", check
)
