"""A value taken from an enum fails on the rows that have it, and breaks the code that writes it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import ROUTINES, Kind
from workers.model import Level
from workers.object_changes import EnumValueRemoved
from workers.rules import schema
from workers.rules.mentioned import RUNS, where
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """PostgreSQL takes no value from an enum: a new type is made, and columns are changed to it. One that no column has
    may lose what it likes."""
    gone: dict[Name, list[str]] = {}
    for change in step.changes:
        if isinstance(change, EnumValueRemoved) and not _unused(step, change.type):
            gone.setdefault(change.type, []).append(change.value)
    for type, values in gone.items():
        named = ", ".join(f"'{value}'" for value in values)
        named_by = filter(None, (where(step, f"{type}.{value}") for value in values))
        who = next((f"{places} and" for places in named_by), RUNS)
        yield step.finding(
            RULE,
            str(type),
            f"{type} loses {named}: the change fails if a row has it, and {who} fails "
            "when it writes it or asks for it. Deploy code that no longer knows the value, give the rows another one "
            "in batches, and take it away in a later release; or keep it unused, which costs nothing.",
        )


def _unused(step: Step, type: Name) -> bool:
    """Before the migration there was nothing but functions that has it."""
    enum = schema.find(step.before, Kind.ENUM, type.schema, type.name)
    if step.before is None or enum is None:
        return False
    users = (each for each in step.before.objects.values() if each.kind not in ROUTINES)
    return not any(found.on == enum.id for user in users for found in step.before.on(user.id))


RULE = Rule(
    "enum-value-removed",
    Level.RISKY,
    "A value taken from an enum fails on the rows that have it, and breaks the code that writes it.",
    check,
    needs_server=True,
)
