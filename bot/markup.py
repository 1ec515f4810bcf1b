"""People's own words inside our Markdown, where they mean nothing but themselves."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[^\w .,()-]|_")


def escaped(text: str) -> str:
    """One line in which every character that could mean something is written as a number; html.unescape undoes it.
    Characters that nobody can see are left out."""
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)


def quoted(text: str) -> str:
    """One line as code: in a code element GitHub makes no mentions and no links."""
    return f"<code>{escaped(text)}</code>" if text.strip() else ""
