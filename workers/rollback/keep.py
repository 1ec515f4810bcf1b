"""The pair that loses less than a rollback alone: what to copy before a migration, and the rollback that uses it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from workers.catalog import Catalog
from workers.rollback.alters import replaceable
from workers.rollback.difference import match
from workers.rollback.grading import DataEffects, Loss, losses, tables_with_new_rows
from workers.rollback.keep_copies import Copy, choose
from workers.rollback.keep_sql import text_of
from workers.rollback.outline import outline
from workers.rollback.reached import former
from workers.rollback.statements import statements
from workers.rollback.write import Plan, planned
from workers.ways_back import Grade
from workers.words import Name

_SCHEMA = "migration_bot_kept_"


@dataclass(frozen=True, slots=True)
class Keeping:
    """preserve, clean: SQL. plan: the rollback between them, graded by what is still lost. sequences: those whose
    positions it brings back."""

    preserve: str
    clean: str
    plan: Plan
    copies: tuple[Copy, ...]
    sequences: tuple[Name, ...]


def schema_of(migration: str) -> str:
    """The schema that holds what is kept of a migration, given its id."""
    return _SCHEMA + hashlib.sha256(migration.encode()).hexdigest()[:16]


def keep(before: Catalog, after: Catalog, effects: DataEffects, schema: str) -> Keeping | None:
    """None where nothing is lost, a copy helps against nothing of it, or not even the schema comes back."""
    difference = match(before, after)
    found = outline(difference, replaceable)
    lost = tuple(losses(found, effects))
    tables = (former(difference, effect.table) for effect in effects.tables if effect.inserted)
    choice = choose(found, lost, frozenset(table.id for table in tables if table))
    if not choice.covered or any(loss.grade is Grade.IRREVERSIBLE for loss in lost):
        return None
    text = text_of(found, choice, schema)
    left = tuple(_told(loss, why) for loss, why in choice.left)
    plan = planned(tuple(statements(found, text.woven)), left, tables_with_new_rows(difference, effects))
    sequences = tuple(Name(*each.path) for each in choice.sequences)
    return Keeping(text.preserve, text.clean, plan, choice.copies, sequences)


def _told(loss: Loss, why: str) -> Loss:
    return replace(loss, reason=f"{loss.reason.removesuffix('.')}; nothing of it is kept, as {why}.") if why else loss
