"""What is put into a rollback's statements to bring back values that were kept."""

from __future__ import annotations

from dataclasses import dataclass

from workers.catalog import ObjectId


@dataclass(frozen=True, slots=True)
class Woven:
    """columns: those of before that get values again, so that they may be required to have one only afterwards.
    statements: to run once all tables and columns are there, and no more than what survived stands on them. positions:
    to run once all sequences are there."""

    columns: frozenset[ObjectId] = frozenset()
    statements: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
