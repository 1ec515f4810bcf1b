"""Live drift → its JSON contract, version 1: described in docs/drift.md and by drift_schema.json."""

from __future__ import annotations

from typing import Any

from workers.drift.gaps import Gap
from workers.drift.live import Closing, History, LiveDrift

VERSION = 1

Json = dict[str, Any]


def drift_to_json(drift: LiveDrift) -> Json:
    """The drift as JSON values."""
    return {
        "version": VERSION,
        "clean": drift.clean,
        "place": drift.place,
        "layout": drift.layout,
        "directory": drift.directory,
        "commit": drift.commit or None,
        "server": drift.server,
        "history": _history(drift.history),
        "gaps": [_gap(gap) for gap in drift.gaps],
        "reordered": list(drift.reordered),
        "to_migrations": _closing(drift.to_migrations),
        "to_live": _closing(drift.to_live),
        "notes": list(drift.notes),
        "seconds": round(drift.seconds, 3),
        "replay_seconds": round(drift.replay_s, 3),
    }


def _history(history: History) -> Json:
    return {
        "table": history.table,
        "applied": list(history.applied),
        "pending": list(history.pending),
        "failed": list(history.failed),
        "rolled_back": list(history.rolled_back),
        "edited": list(history.edited),
        "missing": list(history.missing),
        "out_of_order": list(history.out_of_order),
        "stamped": list(history.stamped),
    }


def _gap(gap: Gap) -> Json:
    return {
        "gap": gap.kind.value,
        "kind": gap.of.value,
        "path": list(gap.path),
        "object": gap.object,
        "expected": gap.expected,
        "actual": gap.actual,
        "likely": gap.likely,
    }


def _closing(closing: Closing | None) -> Json | None:
    if closing is None:
        return None
    return {
        "sql": list(closing.sql),
        "proven": closing.proven,
        "why_not": closing.why_not or None,
        "loses": list(closing.loses),
    }
