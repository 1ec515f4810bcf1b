"""With row level security off, every role that may read the table sees all its rows."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.object_changes import Trait, TraitChanged
from workers.rules.rule import Rule, Step
from workers.rules.script import table_goes
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Existing tables that stay, on which the migration neither switched it on before nor does so afterwards. Policies
    stay and do nothing (https://www.postgresql.org/docs/current/ddl-rowsecurity.html)."""
    for change in step.changes:
        if isinstance(change, TraitChanged) and (change.trait, change.now) == (Trait.ROW_SECURITY, "off"):
            around = (*step.earlier.of(TraitChanged, change.table), *step.later.of(TraitChanged, change.table))
            on = any((other.trait, other.now) == (Trait.ROW_SECURITY, "on") for other in around)
            if step.existing(change.table) and not on and not table_goes(step, change.table):
                yield step.finding(
                    RULE,
                    str(change.table),
                    f"Row level security of {change.table} is switched off: its policies do nothing from then on, and "
                    "every role that has a privilege on the table uses it for all rows. Change the policies instead, "
                    "or revoke the privileges of roles that are not to see all.",
                )


RULE = Rule(
    "rows-shown",
    Level.RISKY,
    "With row level security off, every role that may read the table sees all its rows.",
    check,
)
