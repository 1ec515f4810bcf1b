"""Reads commands out of a comment: lines that begin with /migrate, where Markdown shows them as plain text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.prose import plain_lines

LIMIT = 5  # commands in one comment

_LINE = re.compile(r" {0,3}/migrate(?:\s+(.*))?")
_BECAUSE = re.compile(r"(?:^|\s)because(?:\s+(.*))?$", re.IGNORECASE)
_WORD = re.compile(r"[a-z][a-z0-9-]{0,29}")


@dataclass(frozen=True, slots=True)
class Usage:
    """A row of the help. arguments: how they are written, "" for none. least, most: how many there are. flags: of which
    any may be given. environment: whether the first argument, where there is one, names an environment. help: where a
    command is of use without one, too, that is said up to the semicolon."""

    arguments: str
    least: int
    most: int
    help: str
    flags: tuple[str, ...] = ()
    environment: bool = False


DEPLOY = "deploy"  # what the name of an environment alone stands for: /migrate staging
_ENVIRONMENT = "ENV"

COMMANDS: Mapping[str, Usage] = {
    "help": Usage("", 0, 0, "shows this"),
    "status": Usage(
        "[ENV]", 0, 1, "says what is open, and who may confirm it; of an environment, what it has", environment=True
    ),
    "recheck": Usage("", 0, 0, "reviews again"),
    "ack": Usage("ITEM… [because REASON]", 1, 50, "ticks items, for those who cannot edit the checklist"),
    "unack": Usage("ITEM… [because REASON]", 1, 50, "opens them again"),
    DEPLOY: Usage(
        "[--dry-run] [--force because REASON]",
        1,
        1,
        "applies what is pending, after the pre-flight queries and a backup",
        ("--dry-run", "--force"),
        environment=True,
    ),
    "plan": Usage("ENV", 1, 1, "says what that would do", environment=True),
    "preflight": Usage("ENV", 1, 1, "asks the pre-flight queries there", environment=True),
    "drift": Usage("ENV", 1, 1, "compares it with what its migrations build", environment=True),
    "backup": Usage("ENV", 1, 1, "takes a backup", environment=True),
    "cancel": Usage("ENV", 1, 1, "stops what runs there, and what waits its turn", environment=True),
    "rollback": Usage(
        "[--preserve] [ENV [MIGRATION] [--lossy because REASON]]",
        0,
        2,
        "commits `rollback.sql` next to each migration, with `--preserve` also the SQL that keeps its data, for a fork "
        "it shows the patch; or takes one back there",
        ("--lossy", "--preserve"),
        environment=True,
    ),
    "resolve": Usage(
        "ENV MIGRATION --applied\\|--rolled-back",
        2,
        2,
        "settles a migration that failed there",
        ("--applied", "--rolled-back"),
        environment=True,
    ),
    "unlock": Usage("ENV", 1, 1, "says who holds the lock there, and takes ours away", environment=True),
}
# What `prisma migrate reset` and its like do to a database, nobody can ask of this bot.
FORBIDDEN = frozenset({"reset", "push", "drop", "truncate", "wipe", "force-reset"})


@dataclass(frozen=True, slots=True)
class Command:
    """name: one of COMMANDS. flags: with their dashes. because: the reason given, as it was typed. line: of the
    comment, from 1."""

    name: str
    arguments: tuple[str, ...]
    because: str
    line: int
    flags: frozenset[str] = frozenset()

    @property
    def environment(self) -> str:
        """The one it is about, "" for none."""
        return self.arguments[0] if self.arguments and COMMANDS[self.name].environment else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A line that was meant as a command and is none. text: what to answer, one line of Markdown; holds nothing that
    was typed, unless it is harmless."""

    text: str
    line: int


def parse(body: str, environments: Sequence[str] = ()) -> tuple[Command | Reply, ...]:
    """In the order of the lines; past the limit there is one Reply that says so. environments: the repository's."""
    found = [(number, line) for number, line in plain_lines(body) if _LINE.fullmatch(line)]
    read = tuple(_read(line, number, environments) for number, line in found[:LIMIT])
    if len(found) <= LIMIT:
        return read
    return (*read, Reply(f"Only the first {LIMIT} commands of a comment are read.", found[LIMIT][0]))


def help_text(environments: Sequence[str] = ()) -> str:
    """All commands, as Markdown; those that need an environment only where there is one."""
    told = {name: usage for name, usage in COMMANDS.items() if environments or not (usage.environment and usage.least)}
    rows = "\n".join(f"| {_shown(name, environments)} | {_help(usage, environments)} |" for name, usage in told.items())
    where = f"Environments: {_names(environments)}. " if environments else ""
    return f"| command | |\n|---|---|\n{rows}\n\n{where}One command a line, at its beginning, in a new comment.\n"


def _help(usage: Usage, environments: Sequence[str]) -> str:
    return usage.help if environments else usage.help.partition(";")[0]


def _read(line: str, number: int, environments: Sequence[str]) -> Command | Reply:
    typed = (_LINE.sub(r"\1", line) or "").strip()
    reason = _BECAUSE.search(typed)
    words = (typed[: reason.start()] if reason else typed).split() or ["help"]
    if words[0].lower() in environments:
        words.insert(0, DEPLOY)
    name = words[0].lower()
    arguments = tuple(word for word in words[1:] if not word.startswith("--"))
    flags = frozenset(word.lower() for word in words[1:] if word.startswith("--"))
    usage = COMMANDS.get(name)
    if usage is None or (name == DEPLOY and not arguments):
        return Reply(_unknown(name, environments), number)
    if not usage.least <= len(arguments) <= usage.most or not flags <= set(usage.flags):
        return Reply(f"This command is written {_shown(name, environments)}.", number)
    if usage.environment and arguments:
        arguments = (arguments[0].lower(), *arguments[1:])
        if arguments[0] not in environments:
            return Reply(_no_environment(arguments[0], environments), number)
    return Command(name, arguments, (reason[1] or "").strip() if reason else "", number, flags)


def _unknown(name: str, environments: Sequence[str]) -> str:
    if name in FORBIDDEN:
        return (
            f"`{name}` is refused, here and for every environment: nothing that destroys a database can be asked of me."
        )
    said = f"`{name}` is" if _WORD.fullmatch(name) else "This is"
    near = difflib.get_close_matches(name, (*COMMANDS, *environments), 1)
    meant = f" Did you mean {_shown(near[0], environments)}?" if near else ""
    return f"{said} no command.{meant} `/migrate help` lists them all."


def _no_environment(name: str, environments: Sequence[str]) -> str:
    said = f"no environment `{name}`" if _WORD.fullmatch(name) else "no such environment"
    known = f"there are {_names(environments)}" if environments else "none is configured for this repository"
    return f"There is {said}: {known}."


def _names(environments: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in environments)


def _shown(name: str, environments: Sequence[str]) -> str:
    """As it is typed; a word that is no command is an environment's name."""
    usage = COMMANDS.get(name, COMMANDS[DEPLOY])
    arguments = usage.arguments if environments or not usage.environment else ""
    return f"`/migrate {_ENVIRONMENT if name == DEPLOY else name} {arguments}".rstrip() + "`"
