"""Renaming an enum's value breaks the code that still sends or expects the old one."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind
from workers.model import Level
from workers.object_changes import EnumValueRenamed
from workers.rules import schema
from workers.rules.objects import made_before
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """Types that were there before the migration and that something used."""
    for change in step.changes:
        if isinstance(change, EnumValueRenamed) and _used(step, change.type):
            yield step.finding(
                RULE,
                f"{change.type}.{change.value}",
                f"{change.value} of the enum {change.type} becomes {change.new}, in all rows at once: code that runs "
                "while this is deployed still sends the old value, which fails, and does not expect the new one. Add "
                "the new value, deploy code that understands both, move the rows in batches, and leave the old value "
                "unused; or keep it and map it in the code.",
            )


def _used(step: Step, type: Name) -> bool:
    """A column, a function or a domain hangs on the type; taken for granted where the schema was not seen."""
    if step.before is None:
        return not made_before(step, "type", type)
    enum = schema.find(step.before, Kind.ENUM, type.schema, type.name)
    return enum is not None and any(
        dependency.on == enum.id for found in step.before.dependencies.values() for dependency in found
    )


RULE = Rule(
    "enum-value-renamed",
    Level.RISKY,
    "Renaming an enum's value breaks the code that still sends or expects the old one.",
    check,
)
