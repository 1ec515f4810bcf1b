"""ALTER EXTENSION … UPDATE runs the extension's own scripts, and there is no way back."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.objects import made_before
from workers.rules.rule import Rule, Step
from workers.sql.object_actions import AlterObject
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """By the text: which version the database has, and which ones its server offers, is not what was rehearsed."""
    for action in step.actions:
        match action:
            case AlterObject(kind="extension", what="UPDATE", name=Name() as name):
                if not made_before(step, action.kind, name):
                    yield step.finding(
                        RULE,
                        name.name,
                        f"The extension {name.name} is updated: its own scripts change functions, types and perhaps "
                        "the form of stored data, they differ by the version that the database has, and few can go "
                        "back. Read its release notes, name the version (UPDATE TO), and try it on a copy of the "
                        "database.",
                    )


RULE = Rule(
    "extension-updated",
    Level.RISKY,
    "ALTER EXTENSION … UPDATE runs the extension's own scripts, and there is no way back.",
    check,
)
