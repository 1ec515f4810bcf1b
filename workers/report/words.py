"""The smallest pieces of a sentence: names and SQL that mean nothing but themselves, numbers, times."""

from __future__ import annotations

import re

# What a terminal or a page would act on instead of showing: control characters, text direction, halves of a pair.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with line ends as \\n and every character that could hide or steer (escape sequences, text direction)
    spelled out: \\x1b."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), plain)


def tick(text: object) -> str:
    """A name or a piece of SQL inside a sentence."""
    return "`" + str(text).replace("`", "'") + "`"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """1 statement, 2 statements; thousands are set apart by a comma."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


_LONG_UNITS = ((3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))
_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def size(total_bytes: int) -> str:
    """512 B, 1.4 MB."""
    return next(
        (f"{total_bytes / unit:.1f} {name}" for unit, name in _UNITS if total_bytes >= unit), f"{total_bytes} B"
    )


def duration(ms: float) -> str:
    """0.4 ms, 12 ms, 1.5 s, 2 min 5 s."""
    if ms < 9.95:
        return f"{ms:.1f} ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds} s"


def roughly(ms: float) -> str:
    """With no more digits than an estimate has: 40 ms, 2.5 s, 12 min, 3 h."""
    rounded_ms = float(f"{ms:.2g}")
    return next(
        (f"{float(f'{rounded_ms / unit:.2g}'):g} {name}" for unit, name in _LONG_UNITS if rounded_ms >= unit),
        "less than 1 ms",
    )
