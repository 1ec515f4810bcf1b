"""A SECURITY DEFINER function without a search_path of its own runs what its caller puts in the way."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import ROUTINES, Object
from workers.model import Level
from workers.object_changes import ObjectChanged, ObjectCreated
from workers.rules import schema
from workers.rules.objects import family
from workers.rules.rule import Rule, Step
from workers.sql.object_actions import CreateFunction
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """By the text that makes the function, unless the migration sets its path later, and by what ALTER or code has made
    of it (https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY)."""
    for kind, function in dict.fromkeys((*_made(step), *_left(step))):
        yield step.finding(
            RULE,
            str(function),
            f"The {kind} {function} runs with its owner's rights and its caller's search_path: who may call it can "
            "have it use tables and functions of their own in place of yours. Add SET search_path = '' to it and name "
            "things with their schema, or list the schemas you trust and pg_temp last.",
        )


def _made(step: Step) -> Iterator[tuple[str, Name]]:
    for action in step.actions:
        if isinstance(action, CreateFunction) and action.definer and not action.fixed_path and not _set(step, action):
            yield action.kind, action.function


def _left(step: Step) -> Iterator[tuple[str, Name]]:
    """Functions that were not so before the migration, and are so when it ends."""
    for change in step.changes if step.after else ():
        if isinstance(change, ObjectCreated | ObjectChanged) and family(change.kind) == "function":
            before = {each.path for each in schema.inside(step.before, change.name, *ROUTINES) if _is_open(each)}
            now = schema.inside(step.after, change.name, *ROUTINES)
            yield from ((change.kind, change.name) for each in now if _is_open(each) and each.path not in before)


def _is_open(routine: Object) -> bool:
    """As pg_get_functiondef prints it. What stands behind AS is looked up when it runs, a body without AS when made."""
    head, behind_as, _ = (routine.text("definition") or "").partition("\nAS ")
    return bool(behind_as) and " SECURITY DEFINER" in head and "\n SET search_path" not in head


def _set(step: Step, action: CreateFunction) -> bool:
    """When the migration ends: as it was seen, else as far as later statements alter the function."""
    if step.after is None:
        later = step.later.of(ObjectChanged, action.function)
        return any(family(change.kind) == family(action.kind) for change in later)
    return not any(map(_is_open, schema.inside(step.after, action.function, *ROUTINES)))


RULE = Rule(
    "definer-without-search-path",
    Level.RISKY,
    "A SECURITY DEFINER function without a search_path of its own runs what its caller puts in the way.",
    check,
)
