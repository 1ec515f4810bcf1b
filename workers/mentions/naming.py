"""Picks of a search's lines those that name what is sought. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from workers.mentions.spelling import Spelling
from workers.mentions.words import any_word
from workers.repository import Line

_COMMENT = re.compile(r"//|/?\*|#|--|<!--")
_IMPORT = re.compile(r"import\b.*\bfrom\b|\}?\s*from\s+[\"'][^\"']*[\"'];?$")


def indexed(lines: Iterable[Line], words: Iterable[str]) -> Mapping[str, Sequence[Line]]:
    """The lines of a search by the words in them, comments left out."""
    found: dict[str, list[Line]] = {}
    pattern = re.compile(any_word(*words))
    for line in lines:
        if not _COMMENT.match(line.text):
            for word in set(pattern.findall(line.text)):
                found.setdefault(word, []).append(line)
    return found


def naming(of: Spelling, index: Mapping[str, Sequence[Line]]) -> tuple[Line, ...]:
    """Those that name it, in the order of paths."""
    sure = {line for word in of.words - {of.guess} for line in index.get(word, ())}
    guessed = index.get(of.guess, ()) if of.guess else ()
    lines = sure.union(guessed) if sure.intersection(guessed) else sure
    asked = _asked(of, index, {line.path for line in lines})
    return tuple(
        line
        for line in sorted(lines, key=lambda line: (line.path, line.number))
        if _used(of.alone, line) or _named_near(of, line, asked.get(line.path, ()))
    )


def _asked(of: Spelling, index: Mapping[str, Sequence[Line]], paths: Collection[str]) -> Mapping[str, Sequence[Line]]:
    """Where its table is asked, by path."""
    found: dict[str, list[Line]] = {}
    for line in {line for word in of.around for line in index.get(word, ()) if line.path in paths}:
        if _used(of.asked, line):
            found.setdefault(line.path, []).append(line)
    return found


def _named_near(of: Spelling, line: Line, asked: Sequence[Line]) -> bool:
    near = [each for each in asked if -of.lead <= line.number - each.number <= of.near]
    names = of.around.union(*(of.alias.findall(each.text) for each in near))
    here = line in near if of.ambiguous else bool(near)
    return bool(near) and any(before in names if before else here for before in of.part.findall(line.text))


def _used(pattern: re.Pattern[str], line: Line) -> bool:
    return pattern.search(line.text) is not None and not _IMPORT.match(line.text)
