"""Parts of a text that has to fit a size: the least important rows go first, whole, and what went is counted."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from workers.report.words import count


class Rank(enum.IntEnum):
    """What is cut first comes first. ALWAYS is never cut: the caller keeps it short."""

    ROLLBACK = 1
    STATEMENTS = 2
    NOTES = 3
    PREFLIGHT = 4
    ALLOWED = 5
    UNREAD = 6
    RISKY = 7
    HIGH_RISK = 8
    ALWAYS = 9


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that can be cut from the end, between a head and a foot that stay. `noun`: what one row is called; `worth`:
    how many of those each row stands for, where that is not one."""

    rank: Rank
    rows: tuple[str, ...]
    noun: str = ""
    head: str = ""
    foot: str = ""
    worth: tuple[int, ...] = ()

    def text(self, kept: int) -> str:
        """The part with its first `kept` rows, and a line that counts the others."""
        left_out = sum(self.worth[kept:]) if self.worth else len(self.rows) - kept
        said = f"\n… {count(left_out, f'more {self.noun}')}, too much for one comment\n" if left_out else ""
        return self.head + "".join(self.rows[:kept]) + self.foot + said


def fit(parts: Sequence[Part], limit_bytes: int) -> str:
    """The parts in their order, as one text of at most `limit_bytes` in UTF-8. Within a rank the longest part is cut
    first. Raises ValueError when the parts that are always kept do not fit."""
    kept = [len(part.rows) for part in parts]
    size = [_bytes(part.text(len(part.rows))) for part in parts]
    by_rank = sorted(range(len(parts)), key=lambda index: (parts[index].rank, -size[index]))
    for index in by_rank:
        over = sum(size) - limit_bytes
        if over <= 0 or parts[index].rank is Rank.ALWAYS:
            break
        kept[index] = _rows_within(parts[index], size[index] - over)
        size[index] = _bytes(parts[index].text(kept[index]))
    if sum(size) > limit_bytes:
        raise ValueError(f"{sum(size)} bytes cannot be cut to {limit_bytes}")
    return "".join(part.text(number) for part, number in zip(parts, kept, strict=True))


def _rows_within(part: Part, limit_bytes: int) -> int:
    """How many rows can stay, the counting line included; 0 when not even one can."""
    room = limit_bytes - _bytes(part.text(0)) - len(part.noun) - 20  # the number that is counted may grow by digits
    for kept, row in enumerate(part.rows):
        room -= _bytes(row)
        if room < 0:
            return kept
    return len(part.rows)


def _bytes(text: str) -> int:
    return len(text.encode())
