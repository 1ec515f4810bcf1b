"""What became of the way back that a migration's authors wrote, in the words of every face."""

from __future__ import annotations

from typing import Any

from workers.report.words import count, tick
from workers.ways_back import Written

_TOLD = 10  # of the differences


def verdict(written: Written) -> str:
    """One line, to be followed by `differences`."""
    said = "does not restore the schema:"
    if written.restores:
        said = "restores the schema, but:" if written.told else "restores the schema."
    return f"Your own way back in {tick(written.path)} {said}"


def differences(written: Written) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    found = written.told
    more = len(found) - _TOLD
    return (*found[:_TOLD], *((f"… {count(more, 'more difference')}",) if more > 0 else ()))


def to_json(written: Written) -> dict[str, Any]:
    """`migrations[].written` of the JSON report."""
    return {"path": written.path, "restores": written.restores, "difference": [*written.difference, *written.loses]}
