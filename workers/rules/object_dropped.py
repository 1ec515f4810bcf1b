"""Dropping a view, a function or the like breaks the code that uses it, or ends what it did by itself."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind
from workers.model import Level
from workers.object_changes import ObjectChanged, ObjectDropped
from workers.rules import schema
from workers.rules.missed import held_by, missed, other_parameters
from workers.rules.objects import cascades, family, label, named, path, replaced
from workers.rules.rule import Rule, Step
from workers.rules.view_columns import lost_columns
from workers.verdict import Finding
from workers.words import Name

_CALLED = "code that calls it fails from then on"
_INSTEAD = "Deploy code that does without it first, and drop it in a later release."
_CONSEQUENCES = {  # by family of kinds
    "view": "code that reads it fails from then on",
    "function": _CALLED,
    "type": "columns that held it hold something else, and code that casts to it fails from then on",
    "sequence": "nextval fails from then on, and which number comes next is forgotten",
    "extension": "its functions, types and operators are gone with it, and code that uses one fails from then on",
    "schema": "all that it held is gone with it",
    "trigger": "what it did at each write is not done any more",
    "rule": "what it made of each query is not done any more",
    "policy": "rows that it let roles see or write are out of reach, or, if it was restrictive, within it",
    "publication": "its subscribers get no more changes",
}


def check(step: Step) -> Iterator[Finding]:
    """Objects that were there before the migration, which names them or hides what it does (DO), and makes nothing in
    their place; functions also if it makes others, views if columns are gone. What CASCADE takes is told by
    dropped-by-cascade."""
    for change in step.changes:
        match change:
            case ObjectDropped() if family(change.kind) in _CONSEQUENCES and not replaced(step, change):
                if missed(step, change) and (named(step, change) or not any(cascades(step))):
                    words = f"{label(change)} is dropped: {_consequence(step, change)}"
                    level = Level.HIGH_RISK if change.kind == "schema" else None
                    yield step.finding(RULE, path(change.name, change.on), f"{words}. {_INSTEAD}", level)
            case ObjectChanged() if was := other_parameters(step, change):
                words = f"{was.label} is gone and has a namesake with other parameters: {_CALLED}"
                yield step.finding(RULE, str(change.name), f"{words}. {_INSTEAD}")
            case ObjectChanged() if gone := lost_columns(step, change):
                words = (
                    f"{change.kind} {change.name} is made again without {', '.join(gone)}: code that reads it so fails"
                )
                yield step.finding(RULE, str(change.name), f"{words} from then on. {_INSTEAD}")
            case ObjectChanged(kind="publication") if left := ", ".join(_unpublished(step, change.name)):
                words = (
                    f"{left} is taken from publication {change.name.name}: its subscribers get no more changes of it"
                )
                yield step.finding(RULE, change.name.name, f"{words}. Make sure that none of them needs it.")


def _unpublished(step: Step, publication: Name) -> Iterator[str]:
    """Tables that stay."""
    for each in step.before.of_kind(Kind.PUBLISHED) if step.before and step.after else ():
        stays = schema.table(step.after, Name(*each.path[:2]))
        if each.path[2] == publication.name and stays and not schema.find(step.after, Kind.PUBLISHED, *each.path):
            yield ".".join(each.path[:2])


def _consequence(step: Step, change: ObjectDropped) -> str:
    held = f" ({', '.join(held_by(step, change))})" if change.kind == "schema" and step.before else ""
    return _CONSEQUENCES[family(change.kind)] + held


RULE = Rule(
    "object-dropped",
    Level.RISKY,
    "Dropping a view, a function or the like breaks the code that uses it, or ends what it did by itself.",
    check,
)
