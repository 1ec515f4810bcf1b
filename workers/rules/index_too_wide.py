"""An index of many columns is large, slow to write, and seldom used to its end."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.actions import CreateIndex
from workers.verdict import Finding

COLUMNS_MAX = 3


def check(step: Step) -> Iterator[Finding]:
    """Only b-trees that are not unique: of a unique one the columns are what it keeps apart, other methods treat their
    columns alike, and INCLUDE is there for the rest. New tables too: it is about the index, not about a lock."""
    for action in step.actions:
        if isinstance(action, CreateIndex) and not action.unique and action.method == "btree":
            count = len(action.columns)
            if count > COLUMNS_MAX:
                yield step.finding(
                    RULE,
                    str(action.table),
                    f"An index on {count} columns of {action.table} ({', '.join(action.columns)}): the first one to "
                    f"{COLUMNS_MAX} find most rows; the others make it larger and every write slower. Leave them out, "
                    "or move what is only read to INCLUDE.",
                )


RULE = Rule(
    "index-too-wide",
    Level.RISKY,
    "An index of many columns is large, slow to write, and seldom used to its end.",
    check,
    opt_in=True,
)
