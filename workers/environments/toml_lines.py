"""Where in a TOML file a setting stands, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

Keys = tuple[int | str, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_LINE = re.compile(rf"[ \t]*(?:(?P<open>\[\[?)[ \t]*(?P<table>{_KEYS})[ \t]*\]|(?P<setting>{_KEYS})[ \t]*=)")


def line_of(text: str, keys: Sequence[int | str]) -> int:
    """The line, from 1, of the setting, or of what is nearest above it: its table, or an array on several lines. text:
    TOML that tomllib has read. A number counts an array's tables."""
    wanted = tuple(keys)
    best, line = 0, 1
    for found, number in _lines(text):
        if (alike := _alike(found, wanted)) > best:
            best, line = alike, number
    return line


def _alike(found: Keys, wanted: Keys) -> int:
    """How many keys they begin with in common."""
    pairs = enumerate(zip(found, wanted, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(found), len(wanted)))


def _lines(text: str) -> Iterator[tuple[Keys, int]]:
    table: Keys = ()
    arrays: dict[Keys, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.match(line)
        if found is None:
            continue
        if found["setting"]:
            yield (*table, *_names(found["setting"])), number
            continue
        table = _names(found["table"])
        if found["open"] == "[[":
            arrays[table] = arrays.get(table, -1) + 1
            table = (*table, arrays[table])
        yield table, number


def _names(dotted: str) -> Keys:
    """Read by tomllib itself: quotes and escapes are its own."""
    names: list[int | str] = []
    value = tomllib.loads(f"{dotted} = 0")
    while isinstance(value, dict):
        ((name, value),) = value.items()
        names.append(name)
    return tuple(names)
