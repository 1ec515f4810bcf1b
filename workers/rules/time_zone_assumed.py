"""A change between timestamp and timestamptz reads the old values in the session's time zone, whatever that is."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.retyped import retyped
from workers.rules.rule import Rule, Step
from workers.verdict import Finding

_KINDS = ("with time zone", "without time zone")
_SETTINGS = ("timezone", "time zone")  # SET timezone = 'UTC', SET TIME ZONE 'UTC'
_UNSET = ("", "default", "local")


def check(step: Step) -> Iterator[Finding]:
    """Advice, where neither the file nor the statement says which zone is meant. Under UTC, as here, nothing is
    rewritten; under another zone each row is (https://www.postgresql.org/docs/current/datatype-datetime.html)."""
    if any(step.settings.get(name, "").lower() not in _UNSET for name in _SETTINGS):
        return
    for change, using in retyped(step):
        if using is None and {_kind(change.type or ""), _kind(change.new)} == set(_KINDS):
            slow = "" if change.table in step.facts.rewrites else ", and the table is rewritten"
            yield step.finding(
                RULE,
                f"{change.table}.{change.column}",
                f"{change.column} of {change.table} changes between timestamp and timestamptz: its values are read in "
                f"the session's TimeZone, which is UTC here. Where it is another one, the times shift{slow}. SET "
                "timezone = 'UTC' before it, or say USING … AT TIME ZONE.",
            )


def _kind(type: str) -> str | None:
    """Of timestamp(3) with time zone, as format_type prints it."""
    return next((kind for kind in _KINDS if type.startswith("timestamp") and type.endswith(f" {kind}")), None)


RULE = Rule(
    "time-zone-assumed",
    Level.SAFE,
    "A change between timestamp and timestamptz reads the old values in the session's time zone, whatever that is.",
    check,
)
