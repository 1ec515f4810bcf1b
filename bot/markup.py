"""People's own words inside our Markdown, where they mean nothing but themselves."""

from __future__ import annotations

import re
from bisect import bisect_right

_SPECIAL = re.compile(r"[^\w .,()-]|_")


def escaped(text: str) -> str:
    """One line in which every character that could mean something is written as a number; html.unescape undoes it.
    Characters that nobody can see are left out."""
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)


def quoted(text: str, limit_bytes: int | None = None) -> str:
    """One line as code: in a code element GitHub makes no mentions and no links. limit_bytes: of what stands in it."""
    inside = escaped(text)
    if limit_bytes is not None and len(inside.encode()) > limit_bytes:
        sizes = bisect_right(range(len(text) + 1), limit_bytes, key=lambda end: len(f"{escaped(text[:end])}…".encode()))
        inside = f"{escaped(text[: sizes - 1])}…"
    return f"<code>{inside}</code>" if inside else ""
