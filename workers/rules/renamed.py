"""Renaming a table, a column or what else code names breaks the code that still uses the old name."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import CatalogChange, ColumnAdded, ColumnRenamed, TableCreated, TableRenamed
from workers.model import Level
from workers.object_changes import ObjectCreated, ObjectRenamed
from workers.rules.mentioned import breaks
from workers.rules.objects import family, path
from workers.rules.rule import Rule, Step
from workers.sql.actions import RUNS_CODE, Insert, Update
from workers.sql.table_actions import AddColumn, AttachPartition, CreateTable
from workers.verdict import Finding
from workers.words import Name

_ADVICE = {
    "table": "Create a view of the old name over it in the same transaction, and drop it in a later release.",
    "column": "Add the new column, write both, copy the values in batches, read the new one, and drop the old one in a "
    "later release; or keep the name and map it in the code.",
    "view": "Create a view of the old name as well, and drop it in a later release.",
    "function": "Create a function of the old name that calls it, and drop that in a later release.",
    "type": "Keep the name, and map it in the code.",
    "schema": "Keep the name, or deploy code first that leaves the schema to search_path.",
}


def check(step: Step) -> Iterator[Finding]:
    """What was there before the pull request, and whose old name stays free; SET SCHEMA renames too."""
    schemas = {c.name.name for c in step.changes if isinstance(c, ObjectRenamed) and c.kind == "schema"}
    for change in step.changes:
        match change:
            case TableRenamed(table=was, new=new) if step.existing(was) and was.schema not in schemas:
                kind, old, told = "table", str(was), f"{was} is renamed to {new}"
            case ColumnRenamed(table=was, column=column, new=name) if step.existing(was):
                kind, old, told = "column", f"{was}.{column}", f"{column} of {was} is renamed to {name}"
            case ObjectRenamed(name=was, new=new, on=None) if (kind := family(change.kind)) in _ADVICE:
                old, told = path(was), f"The {change.kind} {path(was)} is renamed to {path(new)}"
            case _:
                continue
        if old in _emptied(step, change):
            told = f"{told}, and a new {kind} takes its name: code finds nothing in it of what was there"
            yield step.finding(RULE, old, f"{told}. Copy it in the same transaction, or keep the name.")
        elif old not in _named(step, was):
            yield step.finding(RULE, old, f"{told}: {breaks(step, old)}. {_ADVICE[kind]}")


def _emptied(step: Step, renamed: CatalogChange) -> Iterator[str]:
    """The old name of a table or a column, where a later statement makes a new one of that name, and nothing fills it
    from then on."""
    if any(isinstance(action, RUNS_CODE) for action in step.later_actions):
        return
    match renamed:
        case TableRenamed(table=was) if any(step.later.of(TableCreated, was)) and not any(
            (*step.later_actions.of(Insert, was), *step.later_actions.of(AttachPartition, was), *_made_of(step, was))
        ):
            yield str(was)
        case ColumnRenamed(table=was, column=column):
            added = (action.column for action in step.later_actions.of(AddColumn, was))
            set_later = {name for update in step.later_actions.of(Update, was) for name in update.columns}
            if column not in set_later and any(each.name == column and not each.generated for each in added):
                yield f"{was}.{column}"


def _made_of(step: Step, table: Name) -> Iterator[CreateTable]:
    """A table that a query fills, or another table's rows belong to."""
    return (made for made in step.later_actions.of(CreateTable, table) if made.from_query or made.parents)


def _named(step: Step, was: Name) -> set[str]:
    """The names that the migration gives, of those that are or begin like this one: what had one from an earlier
    statement is new, and what gets one by a later statement is found under it again."""
    found = set()
    for change in step.whole.about(was):
        match change:
            case TableCreated(table=name) | TableRenamed(new=name):
                found.add(str(name))
            case ObjectCreated(name=name, on=None) | ObjectRenamed(new=name, on=None):
                found.add(path(name))
            case ColumnAdded(table=table, column=column) | ColumnRenamed(table=table, new=column):
                found.add(f"{table}.{column}")
    return found


RULE = Rule(
    "renamed",
    Level.RISKY,
    "Renaming a table, a column or what else code names breaks the code that still uses the old name.",
    check,
)
