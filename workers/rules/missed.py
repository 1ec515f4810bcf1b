"""What running code misses once an object is dropped, as far as the catalogs around the migration and its text tell."""

from __future__ import annotations

from workers.catalog import ROUTINES, Object
from workers.changes import ColumnTypeChanged, DefaultChanged
from workers.object_changes import ObjectChanged, ObjectDropped
from workers.rules import schema
from workers.rules.objects import SHOWN, cascades, family, known
from workers.rules.rule import Step
from workers.rules.script import shrinks
from workers.sql.column_types import named_type


def missed(step: Step, change: ObjectDropped) -> bool:
    """Something may still use the object: it does not go with its table or column, which is told there."""
    was = known(step, change)
    match family(change.kind):
        case "schema":
            return any(cascades(step)) if step.before is None else any(held_by(step, change))
        case "type":
            return _left_by_columns(step, change)
        case "function":  # that of a trigger is called by nothing else
            by_trigger = any(c.kind == "trigger" for c in step.earlier.of(ObjectDropped))
            return was.text("result") not in ("trigger", "event_trigger") if was else not by_trigger
        case "sequence":
            by_default = any(c.new is None for c in step.earlier.of(DefaultChanged))
            return was.parent is None if was else not by_default
        case "trigger" | "rule" | "policy":
            return change.on is None or not shrinks(step, change.on)
    return True


def _left_by_columns(step: Step, type: ObjectDropped) -> bool:
    """Columns held the type until the migration gave them another one. One that goes with its columns, or had none, is
    missed by nobody: the server does not let a type go that a column has."""
    name = named_type(type.name.schema, type.name.name)
    own = (c for c in step.changes if isinstance(c, ColumnTypeChanged))
    changes = (*step.earlier.of(ColumnTypeChanged), *own)
    return any(c.type in (name, f"{name}[]") and step.existing(c.table) for c in changes)


def held_by(step: Step, gone: ObjectDropped) -> tuple[str, ...]:
    """What a dropped schema held, in words and only the first few; the parts of tables and views left out."""
    held = step.before.objects.values() if step.before else ()
    names = [each.label for each in held if each.path[0] == gone.name.name and not each.parent and len(each.path) > 1]
    return tuple(names) if len(names) <= SHOWN else (*names[:SHOWN], f"and {len(names) - SHOWN} more")


def other_parameters(step: Step, changed: ObjectChanged) -> Object | None:
    """The routine that is gone, if what was made under its name cannot be called with as many arguments."""
    if "arguments" not in changed.what or step.before is None or step.after is None:
        return None
    was, now = (tuple(schema.inside(catalog, changed.name, *ROUTINES)) for catalog in (step.before, step.after))
    gone = (old for old in was if old.path[2] not in {new.path[2] for new in now})
    return next((old for old in gone if not any(_takes(new, _count(old)) for new in now)), None)


def _takes(routine: Object, arguments: int) -> bool:
    optional = (routine.text("arguments") or "").count(" DEFAULT ")
    several = "VARIADIC" in routine.path[2]
    return _count(routine) - optional <= arguments and (several or arguments <= _count(routine))


def _count(routine: Object) -> int:
    """Of the parameters, as pg_get_function_identity_arguments prints them."""
    return len(routine.path[2].split(",")) if routine.path[2] else 0
