"""CASCADE drops what the statement does not name: views, functions, triggers, other tables' foreign keys."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import CatalogChange, ConstraintAdded, ConstraintDropped, DefaultChanged, TableDropped
from workers.model import Level
from workers.object_changes import ObjectDropped
from workers.rules.objects import SHOWN, cascades, known, label, named, replaced
from workers.rules.rule import Rule, Step
from workers.rules.script import shrinks, table_goes
from workers.sql.table_actions import DropDefault
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Only what was seen to go. Tables and columns that went have their own rules; a foreign key that went with neither
    of its tables has relation-changed."""
    victims = [words for change in step.changes if (words := _victim(step, change))]
    for name in tuple(cascades(step))[:1] if step.observation and victims else ():
        more = f" and {len(victims) - SHOWN} more" if len(victims) > SHOWN else ""
        yield step.finding(
            RULE,
            name,
            f"CASCADE also drops what the statement does not name: {', '.join(victims[:SHOWN])}{more}. Drop them by "
            "name, so that it fails where there is more than you know of.",
        )


def _victim(step: Step, change: CatalogChange) -> str | None:
    """What has gone, in words; None for what the statement names, what is made again, and parts of what is dropped."""
    match change:
        case ObjectDropped():
            spared = named(step, change) or replaced(step, change) or _is_part(step, change)
            return None if spared else label(change)
        case DefaultChanged(table=table, column=column, new=None) if not any(
            isinstance(action, DropDefault) for action in step.actions
        ):
            return None if table_goes(step, table) else f"default of {table}.{column}"
        case ConstraintDropped(table=table, constraint=constraint):
            parent = any(isinstance(other, TableDropped) for other in step.changes)
            return f"foreign key {constraint} of {table}" if parent and _left(step, change) else None
    return None


def _is_part(step: Step, change: ObjectDropped) -> bool:
    """It would have gone without CASCADE, too: a table's trigger, a column's sequence
    (https://www.postgresql.org/docs/current/catalog-pg-depend.html). What a schema held goes without saying."""
    place = (change.on or change.name).schema
    if any(isinstance(c, ObjectDropped) and (c.kind, c.name.name) == ("schema", place) for c in step.changes):
        return True
    was, before, after = known(step, change), step.before, step.after
    if was is None or before is None or after is None:
        return change.on is not None and table_goes(step, change.on)
    return any(link.type != "n" and link.on not in after.objects for link in before.on(was.id))


def _left(step: Step, drop: ConstraintDropped) -> bool:
    """The constraint's table stays as it is otherwise, and does not get the constraint back."""
    later = step.later.of(ConstraintAdded, drop.table)
    again = any((change.table, change.constraint) == (drop.table, drop.constraint) for change in later)
    return step.existing(drop.table) and not shrinks(step, drop.table) and not again


RULE = Rule(
    "dropped-by-cascade",
    Level.RISKY,
    "CASCADE drops what the statement does not name: views, functions, triggers, other tables' foreign keys.",
    check,
    needs_server=True,
)
