"""Reads commands out of a comment: lines that begin with /migrate, where Markdown shows them as plain text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.prose import plain_lines

LIMIT = 5  # commands in one comment

_LINE = re.compile(r" {0,3}/migrate(?:\s+(.*))?")
_BECAUSE = re.compile(r"(?:^|\s)because(?:\s+(.*))?$", re.IGNORECASE)
_WORD = re.compile(r"[a-z][a-z-]{0,29}")


@dataclass(frozen=True, slots=True)
class Usage:
    """A row of the help. arguments: how they are written, "" for none. least, most: how many there are."""

    arguments: str
    least: int
    most: int
    help: str


COMMANDS: Mapping[str, Usage] = {
    "help": Usage("", 0, 0, "shows this"),
    "status": Usage("", 0, 0, "says what is open, and who may confirm it"),
    "recheck": Usage("", 0, 0, "reviews again"),
    "ack": Usage("ITEM… [because REASON]", 1, 50, "ticks items, for those who cannot edit the checklist"),
    "unack": Usage("ITEM… [because REASON]", 1, 50, "opens them again"),
    "rollback": Usage("", 0, 0, "commits `rollback.sql` next to each migration; for a fork it shows the patch"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """name: one of COMMANDS. because: the reason given, as it was typed. line: of the comment, from 1."""

    name: str
    arguments: tuple[str, ...]
    because: str
    line: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A line that was meant as a command and is none. text: what to answer, one line of Markdown; holds nothing that
    was typed, unless it is harmless."""

    text: str
    line: int


def parse(body: str) -> tuple[Command | Reply, ...]:
    """In the order of the lines; past the limit there is one Reply that says so."""
    found = [(number, line) for number, line in plain_lines(body) if _LINE.fullmatch(line)]
    read = tuple(_read(line, number) for number, line in found[:LIMIT])
    if len(found) <= LIMIT:
        return read
    return (*read, Reply(f"Only the first {LIMIT} commands of a comment are read.", found[LIMIT][0]))


def help_text() -> str:
    """All commands, as Markdown."""
    rows = "\n".join(f"| {_shown(name)} | {usage.help} |" for name, usage in COMMANDS.items())
    return f"| command | |\n|---|---|\n{rows}\n\nOne command a line, at its beginning, in a new comment.\n"


def _read(line: str, number: int) -> Command | Reply:
    typed = (_LINE.sub(r"\1", line) or "").strip()
    reason = _BECAUSE.search(typed)
    words = (typed[: reason.start()] if reason else typed).split() or ["help"]
    name, arguments = words[0].lower(), tuple(words[1:])
    usage = COMMANDS.get(name)
    if usage is None:
        return Reply(_unknown(name), number)
    if not usage.least <= len(arguments) <= usage.most:
        return Reply(f"This command is written {_shown(name)}.", number)
    return Command(name, arguments, (reason[1] or "").strip() if reason else "", number)


def _unknown(name: str) -> str:
    said = f"`{name}` is" if _WORD.fullmatch(name) else "This is"
    near = difflib.get_close_matches(name, COMMANDS, 1)
    meant = f" Did you mean {_shown(near[0])}?" if near else ""
    return f"{said} no command.{meant} `/migrate help` lists them all."


def _shown(name: str) -> str:
    return f"`/migrate {name} {COMMANDS[name].arguments}".rstrip() + "`"
