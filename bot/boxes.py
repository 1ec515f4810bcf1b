"""Reads the boxes of a checklist out of a comment's Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

_LINE = re.compile(r"^[ \t]*[-*+][ \t]+\[([ xX])\][ \t](.*)", re.MULTILINE)
_MARKER = re.compile(r"<!-- item:([0-9a-f]{8}) -->")


def boxes(body: str) -> Mapping[str, bool]:
    """Whether each item is ticked, in the order of the lines. Boxes can be dragged about, so an item is known by the
    marker in its line (https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/about-tasklists);
    an item with two lines, and a line with two items, say nothing."""
    lines = [(_MARKER.findall(text), mark != " ") for mark, text in _LINE.findall(body)]
    told = Counter(item for items, _ticked in lines for item in items)
    return {items[0]: ticked for items, ticked in lines if len(items) == 1 and told[items[0]] == 1}
