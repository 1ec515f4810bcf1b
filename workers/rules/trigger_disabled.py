"""A trigger that is switched off and stays off leaves rows unchecked, foreign keys among them."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.rules.script import table_goes
from workers.sql.actions import Action, SetParameter
from workers.sql.table_actions import AlterTableOther
from workers.verdict import Finding

_KEYS = "foreign keys are triggers: rows that point at nothing get in"
_ON = ("ENABLE TRIGGER", "ENABLE ALWAYS TRIGGER")


def check(step: Step) -> Iterator[Finding]:
    """Only what the file does not switch on again; by its text, since the catalog shows no foreign key's triggers."""
    for action in step.actions:
        if (off := _off(step, action)) and not _undone(step, action):
            name, what = off
            yield step.finding(
                RULE, name, f"{what}. Switch it on again in the same migration, as soon as the rows are in."
            )


def _off(step: Step, action: Action) -> tuple[str, str] | None:
    """What the action switches off: a finding's object, and words. SET LOCAL ends by itself."""
    match action:
        case AlterTableOther(table=table, what="DISABLE TRIGGER", trigger=trigger):
            if not step.existing(table) or table_goes(step, table):
                return None
            if trigger == "all":
                return str(table), f"No trigger of {table} fires from here on, and {_KEYS}"
            which = "Every trigger that somebody made" if trigger == "user" else f"The trigger {trigger}"
            return str(table), f"{which} on {table} is off from here on"
        case SetParameter(name="session_replication_role" as name, value=str(value), local=False) if "replica" in value:
            return name, f"No trigger fires in this session from here on, and {_KEYS}"
    return None


def _undone(step: Step, off: Action) -> bool:
    match off:
        case AlterTableOther(table=table, trigger=trigger):
            forms = step.later_actions.of(AlterTableOther, table)
            return any(later.what in _ON and later.trigger in ("all", trigger) for later in forms)
        case SetParameter(name=name):
            settings = step.later_actions.of(SetParameter)
            return any(later.name == name and "replica" not in (later.value or "") for later in settings)
    return False


RULE = Rule(
    "trigger-disabled",
    Level.RISKY,
    "A trigger that is switched off and stays off leaves rows unchecked, foreign keys among them.",
    check,
)
