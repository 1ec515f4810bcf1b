"""ALTER TABLE, one subcommand after another: those with a safe form in its steps, the others as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from workers.rewrites import columns, constraints, partitions, renames, replaced, types
from workers.rewrites.case import Case, Steps
from workers.rewrites.wording import alter
from workers.rules import Step
from workers.sql.cursor import Unreadable
from workers.sql.table_actions import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AttachPartition,
    DetachPartition,
    DropColumn,
    DropConstraint,
    RenameColumn,
    RenameTable,
    SetNotNull,
    SetSchema,
    TableAction,
    ValidateConstraint,
)
from workers.verdict import RewriteStep

_REWRITERS: Mapping[type[TableAction], Callable[[Case[Any]], Steps]] = {
    AddConstraint: constraints.add_constraint,
    ValidateConstraint: constraints.validate,
    SetNotNull: constraints.set_not_null,
    AddColumn: columns.add_column,
    AlterColumnType: types.change_type,
    RenameColumn: renames.rename_column,
    RenameTable: renames.rename_table,
    SetSchema: renames.rename_table,
    AttachPartition: partitions.attach,
    DetachPartition: partitions.detach,
}


def alter_table(step: Step) -> Steps:
    """Raises Unreadable for what is no ALTER TABLE."""
    if replaced.replaced(step):
        return replaced.rename(step)
    found = alter(step.statement.text)
    if len(found.parts) != len(step.actions):
        raise Unreadable("one part for each subcommand expected")
    cases = [Case(step, found, action, part) for action, part in zip(step.actions, found.parts, strict=True)]
    if (swapped := _swapped(cases)) is not None:
        return swapped
    pieces = [(case, _steps(case)) for case in cases]
    if not any(steps for _, steps in pieces):
        return ()
    return tuple(_joined(pieces))


def _swapped(cases: list[Case[Any]]) -> Steps | None:
    """A key that comes while others go, in one statement again, so that something keeps the rows apart at all times.
    None where the statement is anything else."""
    keys = [case for case in cases if isinstance(case.action, AddConstraint) and constraints.indexed(case.action)]
    drops = [case.part for case in cases if isinstance(case.action, DropConstraint | DropColumn)]
    if not (keys and drops):
        return None
    plain = len(keys) == 1 and len(drops) + 1 == len(cases)
    return constraints.add_constraint(keys[0], tuple(drops)) if plain else ()


def _steps(case: Case[Any]) -> Steps:
    rewriter = _REWRITERS.get(type(case.action))
    try:
        return rewriter(case) if rewriter else ()
    except Unreadable:
        return ()


def _joined(pieces: list[tuple[Case[Any], Steps]]) -> Iterator[RewriteStep]:
    """What has no safe form stays one statement as long as nothing comes between."""
    for changed, group in groupby(pieces, key=lambda piece: bool(piece[1])):
        if changed:
            yield from (each for _, steps in group for each in steps)
        else:
            kept = [case for case, _ in group]
            yield kept[0].altered(", ".join(case.part for case in kept))
