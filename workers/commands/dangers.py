"""Finds, in shell text, the commands that empty a database or may, through whatever runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from workers.commands.known import KNOWN, SQL_TOOLS, TOOLS, Known
from workers.commands.places import PRODUCTION, Place, is_local_database, is_local_host, is_other_database, of_names
from workers.commands.shell import Environment, Simple, read_shell
from workers.commands.sql_text import lost_by

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh", "eval", "trap", "su", "ssh"))
# What runs the command that stands somewhere behind it.
_RUNNERS = frozenset(
    (
        *(
            "npx",
            "pnpx",
            "bunx",
            "npm",
            "pnpm",
            "yarn",
            "bun",
            "node",
            "deno",
            "tsx",
            "ts-node",
            "turbo",
            "nx",
            "lerna",
        ),
        *("cross-env", "cross-env-shell", "env", "env-cmd", "dotenv", "dotenvx", "dotenv-flow"),
        *("sudo", "gosu", "time", "timeout", "nohup", "exec", "command", "xargs", "nice", "retry", "wait-for-it"),
        *("bundle", "poetry", "uv", "pipenv", "pdm", "hatch", "rye", "python", "python3", "php", "symfony"),
        *(
            "docker",
            "docker-compose",
            "podman",
            "kubectl",
            "heroku",
            "fly",
            "flyctl",
            "railway",
            "doppler",
            "infisical",
        ),
        *("op", "aws-vault", "sst", "concurrently", "start-server-and-test", "npm-run-all", "run-s", "run-p", "husky"),
    )
)
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Danger:
    """A command that empties a database, or may. command: its own words, without what may hold a secret. place: what
    the command itself says about where it runs."""

    line: int
    command: str
    empties: bool
    does: str
    instead: str
    place: Place


def dangers(text: str, line: int = 1, environment: Environment = ()) -> tuple[Danger, ...]:
    """Those in a shell text whose first line is `line`. environment: what is set when it starts."""
    if not any(tool in text for tool in TOOLS):
        return ()
    return tuple(danger for command in read_shell(text, line, environment) for danger in _of(command, 0))


def _of(command: Simple, depth: int) -> Iterator[Danger]:
    words = command.words
    name = _program(words[0])
    if name in TOOLS and (found := tuple(_run(name, words, command))):
        yield from found
    elif depth < _DEEPEST and (name in _RUNNERS or name in _SHELLS or "--" in words):
        yield from _behind(command, depth)


def _behind(command: Simple, depth: int) -> Iterator[Danger]:
    """What a runner runs: words that are a command of their own, or one word that is a whole script."""
    for index, word in enumerate(command.words[1:], 1):
        if any(blank in word for blank in " \t\n"):
            for inner in read_shell(word, command.line):
                merged = (*command.environment, *inner.environment)
                yield from _of(Simple(inner.words, inner.line, inner.stdin or command.stdin, merged), depth + 1)
        elif _program(word) in TOOLS:
            found = tuple(_run(_program(word), command.words[index:], command))
            yield from found
            if found:
                return


def _program(word: str) -> str:
    """./node_modules/.bin/prisma and prisma@6.2 are prisma."""
    name = PurePosixPath(word).name
    return name[:1] + name[1:].partition("@")[0]


def _run(tool: str, words: Sequence[str], command: Simple) -> Iterator[Danger]:
    arguments = [word for word in words[1:] if word != "--"]
    for known in KNOWN:
        if tool in known.tools and (said := known.said(arguments)) is not None:
            yield _danger(known, f"{tool} {said}".strip(), said, command)
            return
    if tool in SQL_TOOLS:
        for sql in _given(tool, arguments, command.stdin):
            for loss in lost_by(sql):
                given = [argument for argument in arguments if sql not in argument]
                place = _place((*given, *loss.named), command)
                yield Danger(command.line, f"{tool}: {loss.statement}", True, loss.does, _BY_MIGRATION, place)


_BY_MIGRATION = "Put it into a migration, where it is reviewed, or say which rows."


def _danger(known: Known, said: str, words: str, command: Simple) -> Danger:
    rest = [word for word in command.words if word not in words.split() and word not in known.tools]
    guarded = known.guard_off and known.guard_off not in dict(command.environment)
    empties = known.empties and not guarded
    return Danger(command.line, said, empties, known.does, known.instead, _place(rest, command))


def _place(arguments: Sequence[str], command: Simple) -> Place:
    """By what the command is given: --env-file .env.test, NODE_ENV=production, postgres://localhost/…"""
    values = [value for _, value in command.environment] + list(arguments)
    if any(is_local_database(value) or is_other_database(value) for value in values):
        return Place.LOCAL
    hosts = [value for name, value in command.environment if name == "PGHOST"]
    hosts += [value for option, value in pairwise(arguments) if option in ("-h", "--host")]
    if any(is_local_host(host) for host in hosts):
        return Place.LOCAL
    named = [value for value in arguments if not value.startswith("/dev/")]
    named += [value for name, value in command.environment if name.endswith("ENV") or "DATABASE" in name]
    return of_names(named, PRODUCTION)


def _given(tool: str, arguments: Sequence[str], stdin: str) -> Iterator[str]:
    """The SQL that a tool is to run, of its arguments and of what it reads from."""
    if tool == "prisma":
        if list(arguments[:2]) == ["db", "execute"] and "--stdin" in arguments:
            yield stdin
        return
    for option, value in pairwise((*arguments, "")):
        if option.startswith("--command="):
            yield option.partition("=")[2]
        elif option == "--command" or re.fullmatch(r"-[A-Za-z]*c", option):
            yield value
        elif option.startswith("-c") and len(option) > 2:
            yield option[2:]
    yield stdin
