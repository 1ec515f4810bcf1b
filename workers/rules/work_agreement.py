"""What prediction and observation disagree about in the work that is done on tables: rewrites, index builds, scans."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind
from workers.changes import ColumnTypeChanged, ConstraintKind
from workers.facts import Facts
from workers.object_changes import TraitChanged
from workers.rules.rule import Step
from workers.sql.actions import RUNS_CODE, Action, Cluster, Truncate
from workers.sql.column_types import named_type
from workers.sql.table_actions import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterTableOther,
    AttachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    RenameColumn,
    SetDefault,
    SetNotNull,
)
from workers.words import Name


def work_disagreements(step: Step, predicted: Facts) -> Iterator[str]:
    """What follows the statement's name in a sentence. About plain tables that stood before: which others are parts of
    a named one is not in the text."""
    if step.before is None or step.after is None:
        return
    if any(isinstance(a, RUNS_CODE | AttachPartition) or getattr(a, "cascade", False) for a in step.actions):
        return
    named = {lock.relation for lock in predicted.locks}
    for table, sentence in (*_rewrites(step, predicted), *_builds(step, predicted), *_scans(step, predicted)):
        if table in named and step.existing(table) and _is_plain(table, step.before):
            yield sentence


def _is_plain(table: Name, catalog: Catalog) -> bool:
    """A table of the base branch that has neither partitions nor children."""
    found = {Name(*each.path): each for each in catalog.of_kind(Kind.TABLE)}
    if table not in found or found[table].attributes.get("partition_key") is not None:
        return False
    return not any(table.sql in each.texts("parents") for each in found.values()) and not found[table].texts("parents")


_Told = Iterator[tuple[Name, str]]


# ---------------------------------------------------------------- rewrites


def _rewrites(step: Step, predicted: Facts) -> _Told:
    seen = set(step.facts.rewrites) - set(step.facts.truncated)
    sure = all(_is_sure(action, step, predicted) for action in step.actions)
    for table in predicted.rewrites:
        if sure and table not in seen:
            yield table, f"was predicted to rewrite {table}, but kept its storage."
    for table in sorted(seen.difference(predicted.rewrites)):
        if not any(_may_rewrite(action, step, predicted) for action in step.actions):
            yield table, f"rewrote {table}, which was not predicted."


def _is_sure(action: Action, step: Step, predicted: Facts) -> bool:
    """Nothing that the text leaves open decides about a rewrite: the type before, what a function does, what is set
    already."""
    match action:
        case AlterColumnType():
            return action.using is None and not _from_unknown(predicted)
        case AddColumn():
            column = action.column
            return column.serial or column.identity or column.stored or column.default is None
        case AlterTableOther():
            return any(isinstance(c, TraitChanged) and c.table == action.table for c in step.changes)
        case _:
            return not isinstance(action, Cluster) or action.table is not None


def _from_unknown(predicted: Facts) -> bool:
    return any(isinstance(change, ColumnTypeChanged) and change.type is None for change in predicted.changes)


def _may_rewrite(action: Action, step: Step, predicted: Facts) -> bool:
    """What the text leaves open decides."""
    match action:
        case Truncate():
            return True
        case AddColumn():
            return _is_domain(action.column.type, step)
        case AlterColumnType():
            zoned = "time zone" in step.settings or "timezone" in step.settings
            return zoned or _from_unknown(predicted) or _is_domain(action.type, step)
        case _:
            return False


def _is_domain(type: str, step: Step) -> bool:
    """Whether it has constraints may stand in a migration that was not read."""
    domains = step.after.of_kind(Kind.DOMAIN) if step.after else ()
    return any(type.removesuffix("[]") == named_type(each.path[0], each.path[1]) for each in domains)


# ---------------------------------------------------------------- index builds


def _builds(step: Step, predicted: Facts) -> _Told:
    """What is built again for a rewrite is not told apart."""
    seen = {build.table for build in step.facts.builds}
    for table in dict.fromkeys(build.table for build in predicted.builds if not build.rebuilt):
        if table not in seen:
            yield table, f"was predicted to build an index of {table}, but built none."
    foreseen = {build.table for build in predicted.builds}
    for table in dict.fromkeys(build.table for build in step.facts.builds if not build.rebuilt):
        if table not in foreseen:
            yield table, f"built an index of {table}, which was not predicted."


# ---------------------------------------------------------------- scans

# Forms that read a table to verify its rows, and those that never do. What others read, a planner decides.
_VERIFYING = AddColumn | AddConstraint | SetNotNull
_IDLE = DropColumn | DropConstraint | DropDefault | DropNotNull | RenameColumn | SetDefault


def _scans(step: Step, predicted: Facts) -> _Told:
    """A table that is rewritten, or that an index is built of, is read for that. SET NOT NULL is spared its scan where
    the rows are known to pass already."""
    if not all(isinstance(action, _VERIFYING | _IDLE) and not _unsure_scan(action, step) for action in step.actions):
        return
    worked_on = {*step.facts.rewrites, *(build.table for build in step.facts.builds)}
    foreseen, seen = ({scan.table for scan in facts.scans} - worked_on for facts in (predicted, step.facts))
    spared = any(isinstance(action, SetNotNull) for action in step.actions)
    for table in sorted(foreseen - seen):
        if not spared:
            yield table, f"was predicted to read all of {table}, but did not."
    for table in sorted(seen - foreseen):
        yield table, f"read all of {table}, which was not predicted."


def _unsure_scan(action: Action, step: Step) -> bool:
    """A foreign key is verified by a query, which may use indexes."""
    match action:
        case AddConstraint():
            return action.constraint.kind is not ConstraintKind.CHECK
        case AddColumn():
            keys = (constraint.references for constraint in action.column.constraints)
            return any(keys) or _is_domain(action.column.type, step)
        case _:
            return False
