"""What a branch changes, file by file and line by line, as a page shows it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from demo.markdown import sql
from tests.github.bare import Bare

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@.*")


@dataclass(frozen=True, slots=True)
class Line:
    """sign: + added, - removed, @ a hunk's head, space for context. new: its number in the new file, if it is there."""

    sign: str
    old: int | None
    new: int | None
    html: Markup


@dataclass(frozen=True, slots=True)
class File:
    path: str
    lines: tuple[Line, ...]

    @property
    def added(self) -> int:
        return sum(line.sign == "+" for line in self.lines)

    @property
    def removed(self) -> int:
        return sum(line.sign == "-" for line in self.lines)


@functools.lru_cache(maxsize=64)
def changed(directory: Path, base: str, head: str) -> tuple[File, ...]:
    """The files between two commits of a bare repository."""
    bare = Bare(directory)
    names = bare.git("diff", "--no-renames", "--name-only", "-z", base, head)
    return tuple(_file(bare, base, head, path) for path in names.split("\x00") if path)


def _file(bare: Bare, base: str, head: str, path: str) -> File:
    text = bare.raw("diff", "--no-renames", "--no-ext-diff", base, head, "--", path).decode(errors="replace")
    _, at, hunks = text.partition("\n@@")
    return File(path, tuple(_lines(f"@@{hunks}" if at else "", path.endswith(".sql"))))


def _lines(hunks: str, is_sql: bool) -> Iterator[Line]:
    old = new = 0
    for line in hunks.splitlines():
        sign, text = line[:1], line[1:]
        html = sql(text) if is_sql else escape(text)
        if found := _HUNK.fullmatch(line):
            old, new = int(found[1]), int(found[2])
            yield Line("@", None, None, escape(line))
        elif sign == "+":
            yield Line(sign, None, new, html)
            new += 1
        elif sign == "-":
            yield Line(sign, old, None, html)
            old += 1
        elif sign == " ":
            yield Line(sign, old, new, html)
            old, new = old + 1, new + 1
