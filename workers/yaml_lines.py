"""A YAML file as values and as nodes, which know their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import yaml

from workers.errors import InputError


def load(text: str, path: str) -> tuple[yaml.Node | None, object]:
    """Both are None for an empty file. Raises InputError, one sentence with the line, for what is not YAML."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"{path}:{line}: not YAML: {error.reason}.") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply.") from None
    except ValueError as error:  # a date that is none: 2024-99-99
        raise InputError(f"{path}: not YAML: {error}.") from None


def line_of(node: yaml.Node, keys: Iterable[str | int]) -> int:
    """The line, from 1, of the deepest of the nested keys that the file has. Numbers are places in lists, from 0."""
    line = node.start_mark.line + 1
    for wanted in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(wanted, int):
            node = node.value[wanted]
            line = node.start_mark.line + 1
            continue
        for key, value in _items(node):
            if str(key.value) == str(wanted):
                line, node = key.start_mark.line + 1, value
                break
    return line


def repeated(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys that a mapping has twice, which YAML forbids and PyYAML lets pass; each node once, as aliases form rings."""
    reached = {id(node)}
    waiting = [node]
    while waiting:
        node = waiting.pop()
        seen: set[str] = set()
        for key, _ in _items(node):
            if str(key.value) in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(str(key.value))
        listed = node.value if isinstance(node, yaml.SequenceNode) else [value for _, value in _items(node)]
        for value in listed:
            if id(value) not in reached:
                reached.add(id(value))
                waiting.append(value)


def _items(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []
