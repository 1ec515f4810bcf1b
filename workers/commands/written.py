"""Shell text where a file holds it: with its line, and what the file says about where it runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from workers.commands.places import Place
from workers.commands.shell import Environment

if TYPE_CHECKING:
    import yaml

_DEEP = 1_000


@dataclass(frozen=True, slots=True)
class Written:
    """where: for a message: the script deploy, the job migrate. environment: what the file sets for it."""

    text: str
    line: int
    where: str
    place: Place = Place.ANYWHERE
    environment: Environment = ()


def documents(text: str) -> tuple[yaml.Node, ...]:
    """The documents of a YAML or JSON file as nodes; none where it is neither, which whoever reads it will refuse."""
    import yaml  # here, because importing it takes 20 ms, and most have no such file to be read

    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if text.lstrip().startswith("{"):
            text = text.replace("\t", " ")  # tabs may indent JSON, and inside its strings they are escaped
        # The fast loader is recursive in C: a hostile file would end the process.
        loader = fast if _deepest(text) < _DEEP else yaml.SafeLoader
        return tuple(node for node in yaml.compose_all(text, loader) if node)
    except (yaml.YAMLError, RecursionError, ValueError):
        return ()


def _deepest(text: str) -> int:
    """No nesting is deeper than that: each level takes a bracket, or in some line an indentation, a dash, a question
    mark."""
    indented = (len(row) - len(row.lstrip()) + row.count("-") + row.count("?") for row in text.splitlines())
    return text.count("[") + text.count("{") + max(indented, default=0)


def is_a(node: yaml.Node | None, *kinds: str) -> TypeGuard[yaml.Node]:
    """kinds: scalar, sequence, mapping."""
    return getattr(node, "id", "") in kinds


def pairs(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """The keys of a mapping with their values."""
    if is_a(node, "mapping"):
        yield from ((str(key.value), value) for key, value in node.value)


def at(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    """What stands under nested keys; None where one of them is missing."""
    for key in keys:
        node = dict(pairs(node)).get(key)
    return node


def elements(node: yaml.Node | None) -> Iterable[yaml.Node]:
    """The elements of a list."""
    return node.value if is_a(node, "sequence") else ()


def string(node: yaml.Node | None) -> str:
    """A scalar's text; "" for anything else."""
    return str(node.value) if is_a(node, "scalar") else ""


def strings(node: yaml.Node | None) -> tuple[tuple[str, str], ...]:
    """The keys of a mapping with their values, where those are scalars."""
    return tuple((key, string(value)) for key, value in pairs(node) if is_a(value, "scalar"))


def scripts(node: yaml.Node | None, where: str, place: Place, environment: Environment = ()) -> Iterator[Written]:
    """A command that is one string, or a list of several, which may hold lists."""
    inner = [each for element in elements(node) for each in (element, *elements(element))]
    for each in (node, *inner):
        if is_a(each, "scalar"):
            yield Written(string(each), line(each), where, place, environment)


def words(node: yaml.Node | None, where: str, place: Place, environment: Environment = ()) -> Iterator[Written]:
    """A command that is one string, or a list of its words."""
    if is_a(node, "sequence"):
        yield Written(shlex.join(string(word) for word in node.value), line(node), where, place, environment)
    else:
        yield from scripts(node, where, place, environment)


def line(node: yaml.Node) -> int:
    """Where a scalar's text begins, from 1: that of a block, behind its | or >."""
    block = is_a(node, "scalar") and getattr(node, "style", "") in ("|", ">")
    return node.start_mark.line + (2 if block else 1)
