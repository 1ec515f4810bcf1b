"""A command that empties a database, or may, stands where it can reach production."""

from __future__ import annotations

from collections.abc import Iterator

from workers.code import TextFile
from workers.commands.files import Found, read_commands
from workers.commands.places import Place
from workers.model import Level
from workers.rules.rule import FileRule
from workers.verdict import Finding


def check(file: TextFile) -> Iterator[Finding]:
    """High-risk where it runs by itself; where somebody has to run it, it may still be run on the wrong database."""
    for found in read_commands(file.path, file.text):
        certain = found.danger.empties and found.place is Place.DEPLOY
        level = Level.HIGH_RISK if certain else Level.RISKY
        yield Finding(RULE.name, level, file.path, found.danger.line, found.danger.command, _message(found))


def _message(found: Found) -> str:
    danger = found.danger
    if found.place is Place.DEPLOY:
        return f"{danger.command} {danger.does}. {_upper(found.where)} runs where this is deployed. {danger.instead}"
    return (
        f"{danger.command} {danger.does}. {_upper(found.where)} runs it on whatever database it is pointed at: let it "
        "name one that can only be a developer's, as in .env.local, or say in its own name that it is for development."
    )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


RULE = FileRule(
    "dangerous-command",
    Level.HIGH_RISK,
    "A command that empties a database, or may, stands where it can reach production.",
    check,
)
