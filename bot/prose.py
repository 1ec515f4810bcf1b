"""Finds the lines of a comment that Markdown shows as plain text: no quote, code or HTML. In doubt a line is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never


@dataclass(frozen=True, slots=True)
class _Text:
    """Nothing is open."""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """The rest of a quote, or of a paragraph with a comment in it: over at the next blank line. html: a block of HTML,
    in which Markdown means nothing (https://spec.commonmark.org/0.31.2/#html-blocks, kinds 6 and 7)."""

    html: bool


@dataclass(frozen=True, slots=True)
class _Fence:
    """Code between fences. column: where the first one stands. mark: its characters."""

    column: int
    mark: str


@dataclass(frozen=True, slots=True)
class _Raw:
    """A block of HTML that may hold blank lines: a comment, pre … (kinds 1 to 5). end: what closes it."""

    column: int
    end: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Lost:
    """A block inside a list was left in a way that only a whole parser could follow; nothing after it is believed."""


_State = _Text | _Paragraph | _Fence | _Raw | _Lost

_LIST = re.compile(r" *(?:(?:[-*+]|[0-9]{1,9}[.)]) +)*")
_FENCE = re.compile(r"(`{3,})[^`]*$|(~{3,})")
_TAG = re.compile(r"<[A-Za-z/]")
_RAW = tuple(
    (re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for begin, end in (
        (r"<(?:script|pre|style|textarea)(?=[\s>]|$)", r"</(?:script|pre|style|textarea)>"),
        (r"<!--", r"-->"),
        (r"<\?", r"\?>"),
        (r"<!\[CDATA\[", r"\]\]>"),
        (r"<![A-Z]", r">"),
    )
)


def plain_lines(body: str) -> Iterator[tuple[int, str]]:
    """Each line of plain text with its number from 1. Lines of code that is only indented are among them."""
    state: _State = _Text()
    for number, line in enumerate(re.split(r"\r\n?|\n", body), 1):
        line = line.expandtabs(4)
        if isinstance(state, _Text):
            yield number, line
        state = _after(state, line)


def _after(state: _State, line: str) -> _State:
    """What is open after a line."""
    column = len(line) - len(line.lstrip(" "))
    blank = column == len(line)
    match state:
        case _Text() | _Paragraph(html=False):
            return _Text() if blank else _opened_in(state, line)
        case _Paragraph():
            if blank:
                return _Text()
            return _Lost() if _opened(line) not in (None, state) or _is_left_open(line) else state
        case _Fence() | _Raw():
            if blank:
                return state
            return _Lost() if column < state.column else _inside(state, line, column)
        case _Lost():
            return state
        case _:
            assert_never(state)


def _opened_in(state: _Text | _Paragraph, line: str) -> _State:
    """Four columns in, a paragraph may as well go on as a block begin; after a quote that decides what is quoted."""
    opened = _opened(line)
    doubtful = isinstance(state, _Paragraph) and isinstance(opened, _Fence | _Raw) and opened.column > 3
    return _Lost() if doubtful else opened or state


def _opened(line: str) -> _State | None:
    """What a line that nothing keeps from it opens: None for nothing."""
    indent = _LIST.match(line)
    assert indent
    column, content = indent.end(), line[indent.end() :]
    state = _block(column, content)
    behind_marker = bool(line[:column].strip())
    if behind_marker and isinstance(state, _Fence | _Raw | _Lost):
        return _Lost()
    return state


def _block(column: int, content: str) -> _State | None:
    fence = _FENCE.match(content)
    if fence:
        return _Fence(column, fence[1] or fence[2])
    for begin, end in _RAW:
        opening = begin.match(content)
        if opening:
            return _closed(content) if end.search(content, opening.end()) else _Raw(column, end)
    if content.startswith(">"):
        return _Paragraph(html=False)
    if _TAG.match(content):
        return _Lost() if _is_left_open(content) else _Paragraph(html=True)
    return _Paragraph(html=False) if _is_left_open(content) else None


def _closed(line: str) -> _State | None:
    """After the line that ends a block of HTML; Markdown goes on then, but a browser may still be in a comment."""
    return _Lost() if _is_left_open(line) else None


def _is_left_open(line: str) -> bool:
    """Whether a comment begins in the line and does not end in it."""
    return "-->" not in line.rpartition("<!--")[2] if "<!--" in line else False


def _inside(state: _Fence | _Raw, line: str, column: int) -> _State:
    """A fence is closed by one that is not shorter, up to three columns further in than what holds it; of what holds an
    indented one we know only that it begins somewhere in the three columns before."""
    if isinstance(state, _Raw):
        return (_closed(line) or _Text()) if state.end.search(line) else state
    mark = line.strip(" ")
    if mark.strip(state.mark[0]) or len(mark) < len(state.mark) or column > state.column + 3:
        return state
    return _Text() if column == state.column or state.column == 0 else _Lost()
