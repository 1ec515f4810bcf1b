"""Files that hold the way there and the way back, told apart by lines with a marker."""

from __future__ import annotations

import enum
from collections.abc import Callable

from workers.errors import InputError
from workers.migrations.layout import Files


class Mark(enum.Enum):
    """What a marker's line begins; NOTHING for one that only says how."""

    UP = "up"
    DOWN = "down"
    NOTHING = "nothing"


def up_and_down(files: Files, mark: Callable[[str], Mark | None], first: str) -> tuple[str, str | None]:
    """The two ways of a file, as parted() has them. first: the marker without which the runner refuses a file. Raises
    InputError for such a one."""
    if not any(mark(line.rstrip("\r")) is Mark.UP for line in files.text.split("\n")):
        raise InputError(f"{files.path}: has no line {first}, without which its runner refuses it")
    return parted(files.text, mark)


def parted(text: str, mark: Callable[[str], Mark | None]) -> tuple[str, str | None]:
    """The two ways of a file, each with the file's lines: blank where a marker or the other way stands. The way back is
    None where no marker begins one.

    mark: what a line is, None for SQL. What stands above the first marker is run by nobody: its comments stay."""
    lines = text.split("\n")
    marks = [mark(line.rstrip("\r")) for line in lines]
    side: Mark | None = None
    up, down = [], []
    for line, found in zip(lines, marks, strict=True):
        if found in (Mark.UP, Mark.DOWN):
            side = found
        plain = found is None
        up.append(plain and (side is Mark.UP or (side is None and line.startswith("--"))))
        down.append(plain and side is Mark.DOWN)
    return _only(lines, up), _only(lines, down) if Mark.DOWN in marks else None


def _only(lines: list[str], kept: list[bool]) -> str:
    """Nothing follows the last line that is kept, so that a change there is no change here."""
    last = max((index for index, keep in enumerate(kept) if keep and lines[index].strip()), default=-1)
    shown = [line if keep else "\r" * line.endswith("\r") for line, keep in zip(lines, kept, strict=True)]
    return "\n".join((*shown[: last + 1], "")) if last + 1 < len(lines) else "\n".join(shown)
