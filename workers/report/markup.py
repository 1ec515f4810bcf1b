"""Text from a pull request as GitHub Markdown that means nothing but itself: no tag, link, mention, marker or fence."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from html import escape

from workers.report.words import visible

# Encoded characters cannot open or close a construct, https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references
# and a table row is split at a | even inside code: https://github.github.com/gfm/#tables-extension-
_SPECIAL = {ord(mark): f"&#{ord(mark)};" for mark in "&<>`*[]|~$\\"}
_SPECIAL_IN_CODE = _SPECIAL | {ord(mark): f"&#{ord(mark)};" for mark in "@:"}
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word it is no emphasis, and common in names
_WWW = re.compile(r"(?<=www)\.", re.IGNORECASE)
# What begins a list, a heading or a rule when it comes first on a line.
_FIRST = re.compile(r"^(?:[-+=#:]|\d(?=\d{,8}[.)]))")
# GitHub links these in the finished page, where an entity is a plain character again, so the word itself is broken.
_LINKED = re.compile(r"(?<=@)(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=#)(?=\d)|(?<=GH-)(?=\d)", re.IGNORECASE)
_BREAK = "\N{ZERO WIDTH SPACE}"
_TICKED = re.compile("`([^`]*)`")


def prose(text: str, limit_bytes: int = 1500) -> str:
    """A sentence on one line, its `backticked` parts as code, cut to about `limit_bytes`."""
    left = limit_bytes
    pieces = []
    for index, part in enumerate(_TICKED.split(_one_line(text))):
        piece = code(part, left) if index % 2 else _cut(part, left, _plain)
        pieces.append(piece)
        left -= len(piece.encode())
        if left <= 0:
            break
    return _FIRST.sub(lambda first: f"&#{ord(first[0])};", "".join(pieces))


def code(text: str, limit_bytes: int = 400) -> str:
    """A name or a path on one line, cut to about `limit_bytes`. An element, as backticks end at the text's own."""
    inside = _cut(_one_line(text), limit_bytes, _inside_code)
    return f"<code>{inside}</code>" if inside else ""


def fence(sql: str) -> str:
    """SQL as a block of its own, character for character: between fences longer than any inside it, or in a pre element
    where it holds what a reader of our comments could take for a marker."""
    plain = visible(sql.strip("\n"))
    if "<!--" in plain:
        return f'<pre lang="sql"><code>{escape(plain, quote=False)}\n</code></pre>\n'
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}sql\n{plain}\n{ticks}\n"


def _one_line(text: str) -> str:
    """White space collapses as the page would show it; in front, it could make a block of code."""
    return " ".join(visible(text).split())


def _cut(text: str, limit_bytes: int, encode: Callable[[str], str]) -> str:
    whole = encode(text)
    if len(whole.encode()) <= limit_bytes:
        return whole
    fits = bisect_right(range(1, len(text)), limit_bytes, key=lambda end: len(encode(text[:end]).encode()))
    return encode(text[:fits]) + "…"


def _plain(text: str) -> str:
    return _UNDERSCORE.sub("&#95;", _LINKED.sub(_BREAK, text).translate(_SPECIAL))


def _inside_code(text: str) -> str:
    return _WWW.sub("&#46;", _UNDERSCORE.sub("&#95;", text.translate(_SPECIAL_IN_CODE)))


def folded(title: str, body: str, opened: bool = False) -> str:
    """An element that opens on a click."""
    return f"\n<details{' open' if opened else ''}>\n<summary>{title}</summary>\n\n{body}\n</details>\n"
