"""SET NOT NULL reads every row while nobody can use the table, and fails if one is NULL."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnAdded, DefaultChanged, NotNullSet
from workers.model import Level
from workers.rules.mentioned import who_inserts
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import quote


def check(step: Step) -> Iterator[Finding]:
    """Columns of existing tables that become NOT NULL, large or small: it is a demand on rows that are there. Not where
    no row had to be read, because a validated CHECK proves it. A primary key sets it too, and has its own rule."""
    read = {scan.table for scan in step.facts.scans} | set(step.facts.rewrites)
    for change in step.changes:
        if not isinstance(change, NotNullSet) or not step.existing(change.table) or change.table not in read:
            continue
        if step.about(change.table, "primary-key-changed"):
            continue
        slow = (
            f", under {step.lock_words(change.table)}"
            if step.large(change.table) and step.lock_on(change.table)
            else ""
        )
        yield step.finding(
            RULE,
            f"{change.table}.{change.column}",
            f"{change.column} of {change.table} becomes NOT NULL: every row is read{slow}, and one NULL makes it fail; "
            f"{_code(step, change)}. Fill the column, ADD CHECK ({quote(change.column)} IS NOT NULL) NOT VALID, "
            "VALIDATE it in another transaction, then SET NOT NULL, which needs no reading any more, and drop the "
            "CHECK.",
        )


def _code(step: Step, change: NotNullSet) -> str:
    """Whose INSERTs fail: code that is deployed does not know a column that comes with the same migration."""
    added = (each for each in step.earlier.of(ColumnAdded, change.table) if each.column == change.column)
    defaults = (each for each in step.whole.of(DefaultChanged, change.table) if each.column == change.column)
    if any(not each.has_default for each in added) and not any(each.new for each in defaults):
        return who_inserts(step, change.table, change.column)
    return "code that writes NULL fails from then on"


RULE = Rule(
    "not-null-set",
    Level.RISKY,
    "SET NOT NULL reads every row while nobody can use the table, and fails if one is NULL.",
    check,
)
