"""A SECURITY DEFINER function without a search_path of its own runs what its caller puts in the way."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import ROUTINES
from workers.model import Level
from workers.object_changes import ObjectChanged
from workers.rules import schema
from workers.rules.objects import family
from workers.rules.rule import Rule, Step
from workers.sql.object_actions import CreateFunction
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """By the text that makes the function, unless the migration sets its path later
    (https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY)."""
    for action in step.actions:
        if isinstance(action, CreateFunction) and action.definer and not action.fixed_path and not _set(step, action):
            yield step.finding(
                RULE,
                str(action.function),
                f"The {action.kind} {action.function} runs with its owner's rights and its caller's search_path: who "
                "may call it can have it use tables and functions of their own in place of yours. Add SET search_path "
                "= '' to it and name things with their schema, or list the schemas you trust and pg_temp last.",
            )


def _set(step: Step, action: CreateFunction) -> bool:
    """When the migration ends: as it was seen, else as far as later statements alter the function."""
    if step.after is None:
        later = step.later.of(ObjectChanged, action.function)
        return any(family(change.kind) == family(action.kind) for change in later)
    return any(
        "\n SET search_path" in (each.text("definition") or "").partition("\nAS ")[0]
        for each in schema.inside(step.after, action.function, *ROUTINES)
    )


RULE = Rule(
    "definer-without-search-path",
    Level.RISKY,
    "A SECURITY DEFINER function without a search_path of its own runs what its caller puts in the way.",
    check,
)
