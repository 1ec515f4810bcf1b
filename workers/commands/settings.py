"""Reads the settings of hosts and task runners: the keys that hold commands, and which of them run when deployed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from workers.commands.places import Place, first_sure, of_folder, of_names
from workers.commands.shell import Environment
from workers.commands.written import Written, at, documents, elements, is_a, pairs, scripts, strings

if TYPE_CHECKING:
    import yaml

# vercel.json, render.yaml, railway.json, fly.toml, netlify.toml, nixpacks.toml, .do/app.yaml, app.json
_HOST_KEYS = frozenset(
    (
        *("buildCommand", "installCommand", "startCommand", "preDeployCommand", "releaseCommand", "postdeploy"),
        *("build_command", "run_command", "release_command", "preDeployScript", "initialDeployHook", "command", "cmd"),
        "cmds",
    )
)
_TASK_KEYS = frozenset(("cmd", "cmds", "run", "script", "before_script", "after_script", "command", "commands"))


def host(path: str, text: str) -> Iterator[Written]:
    """What a host runs at a deployment."""
    outside = first_sure(of_folder(path), Place.DEPLOY)
    for root in documents(text):
        for name, node, environment in _found(root, _HOST_KEYS):
            place = first_sure(outside, of_names(name.split(".")))
            yield from scripts(node, f"the setting {name} of {path}", place, environment)


def host_toml(path: str, text: str) -> Iterator[Written]:
    """The same of a TOML file, whose reader tells no lines: each string's is looked up."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    lines = text.splitlines()
    for name, value in _strings(values, "", False):
        begin = value.strip().partition("\n")[0]
        line = next((number for number, row in enumerate(lines, 1) if begin in row), 1)
        place = first_sure(of_folder(path), of_names(name.split(".")), Place.DEPLOY)
        yield Written(value.lstrip("\n"), line, f"the setting {name} of {path}", place)


def tasks(path: str, text: str) -> Iterator[Written]:
    """Taskfile.yml, .gitlab-ci.yml, .circleci/config.yml: by the names above the commands."""
    outside = of_folder(path)
    for root in documents(text):
        for name, node, environment in _found(root, _TASK_KEYS):
            place = first_sure(outside, of_names(name.split(".")))
            yield from scripts(node, f"the setting {name} of {path}", place, environment)


def _found(root: yaml.Node, keys: frozenset[str]) -> Iterator[tuple[str, yaml.Node, Environment]]:
    """Everything under one of the keys that is a string or a list, with its place in the file (deploy.startCommand) and
    what is set beside it. Each node once, as aliases form rings."""
    reached = {id(root)}
    waiting = [("", root)]
    while waiting:
        name, node = waiting.pop()
        below = [(f"{name}.{key}".strip("."), key, value) for key, value in pairs(node)]
        below += [(name, "", element) for element in elements(node)]
        environment = (*strings(at(node, "env")), *strings(at(node, "variables")))
        for inner, key, value in below:
            if key in keys and is_a(value, "scalar", "sequence"):
                yield inner, value, environment
        new = [(inner, value) for inner, _, value in reversed(below) if id(value) not in reached]
        reached |= {id(value) for _, value in new}
        waiting += new


def _strings(value: object, name: str, wanted: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and wanted:
        yield name, value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each, name, wanted)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            wants = wanted or key in _HOST_KEYS or key == "processes"
            yield from _strings(each, f"{name}.{key}" if name else key, wants)
