"""Reads package.json: a script runs where its name says, or where the scripts run that call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from workers.commands.places import Place, first_sure, of_folder, of_names
from workers.commands.shell import read_shell
from workers.commands.written import Written, at, documents, line, pairs, string

_RUNNERS = frozenset(("npm", "pnpm", "yarn", "bun", "run-s", "run-p", "npm-run-all", "concurrently", "turbo"))


def package_scripts(path: str, text: str) -> Iterator[Written]:
    """One for each script."""
    for root in documents(text):
        nodes = dict(pairs(at(root, "scripts")))
        called = _called_when_deployed({name: string(node) for name, node in nodes.items()})
        for name, node in nodes.items():
            place = first_sure(of_folder(path), of_names([name]))
            written = Written(string(node), line(node), f"the script {name}", place)
            if place is Place.ANYWHERE and name in called:
                written = replace(written, where=f"the script {called[name]}, through {name},", place=Place.DEPLOY)
            yield written


def _called_when_deployed(scripts: Mapping[str, str]) -> dict[str, str]:
    """The scripts that one which runs at a deployment calls, also through others, each with its caller."""
    found: dict[str, str] = {}
    waiting = [name for name in scripts if of_names([name]) is Place.DEPLOY]
    while waiting:
        caller = waiting.pop()
        for name in _calls(scripts[caller]):
            if name in scripts and name != caller and name not in found:
                found[name] = caller
                waiting.append(name)
    return found


def _calls(text: str) -> Iterator[str]:
    for command in read_shell(text):
        if command.words[0] in _RUNNERS:
            yield from (name for word in command.words[1:] for name in word.split())
