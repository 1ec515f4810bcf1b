"""Cuts SQL text into lexical pieces by the rules of PostgreSQL's scanner; never raises and never loses a character.

The rules are those of src/backend/parser/scan.l and, for backslash commands, of src/bin/psql/psqlscan.l."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

BLANK: Final = "blank"  # white space, comments, the \\ between a psql command and what follows it
STRING: Final = "string"  # every kind of quoted value
QUOTED: Final = "quoted"  # a quoted identifier
WORD: Final = "word"  # an identifier or key word without quotes
NUMBER: Final = "number"
SEMICOLON: Final = "semicolon"  # also psql's \;
META: Final = "meta"  # a psql command with its arguments
SYMBOL: Final = "symbol"  # operators and punctuation
UNCLOSED: Final = "unclosed"  # a quote or comment without an end: runs to the end of the text

Piece = tuple[str, int, int]  # kind, start, end

# Possessive quantifiers keep every pattern linear: what was once consumed is not tried again. Only of single
# characters: those of groups match wrongly before Python 3.11.5 (https://github.com/python/cpython/issues/106052).
_PLAIN = r"'[^']*+(?:''[^']*+)*'"
_SPECIAL = re.compile(r"['\\]")
# A string goes on after a line break, and keeps its escape rules
# (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS).
_GOES_ON = re.compile(r"(?:[ \t\f\v]++|--[^\n\r]*+)*[\n\r](?:[ \t\n\r\f\v]++|--[^\n\r]*+[\n\r])*'")
_LETTER = r"A-Za-z_\x80-\U0010ffff"  # every character outside ASCII is a letter, even a no-break space

_PIECES = r"""
    (?P<blank>   [ \t\n\r\f\v]++ | --[^\n\r]*+ | \\\\ )
  | (?P<comment> /\* )
  | (?P<escaped> [eE]' {or_any} )
  | (?P<string>  [bBxX]{plain} | [uU]&{plain} | {plain} )
  | (?P<quoted>  (?:[uU]&)? "[^"]*+(?:""[^"]*+)*" )
  | (?P<unclosed>(?:[bBxX]'|[uU]&['"]|['"]) )
  | (?P<word>    [{letter}][{letter}0-9$]*+ )
  | (?P<number>  [0-9][A-Za-z0-9_.]*+ | \.[0-9][A-Za-z0-9_]*+ | \$[0-9]++ )
  | (?P<dollar>  \$(?:[{letter}][{letter}0-9]*+)?\$ )
  | (?P<semicolon> ; | \\; )
  | (?P<meta>    \\ (?: [^'"`\\\n]++ | '(?:[^'\\\n]|\\.|'')*' | "[^"\n]*+" | `[^`\n]*+`
                      | \\(?!\\) | ['"`][^\n]*+ )* )
  | (?P<symbol>  [(),.\[\]] | (?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?:])+ | . )
"""


@cache
def _pattern(escapes: bool) -> re.Pattern[str]:
    """Compiled when first used: each takes 10 ms, and the one with escapes is hardly ever needed."""
    pattern = _PIECES.replace("{or_any}", "| '" if escapes else "").replace("{plain}", _PLAIN)
    return re.compile(pattern.replace("{letter}", _LETTER), re.VERBOSE | re.DOTALL)


_COMMENT_EDGE = re.compile(r"/\*|\*/")


def scan(text: str, start: int = 0, escapes: bool = False) -> Iterator[Piece]:
    """The pieces of `text` from `start` (a code point offset) to its end, without gaps: each begins where the one
    before ended. `escapes`: backslashes escape in plain strings too, as with standard_conforming_strings off."""
    match = _pattern(escapes).match
    length = len(text)
    while start < length:
        found = match(text, start)
        assert found is not None  # the last alternative takes any character
        kind, end = found.lastgroup or SYMBOL, found.end()
        if kind == "dollar":
            kind, end = _dollar_string(text, end, found.group())
        elif kind == "escaped":
            kind, end = _escaped_string(text, end)
        elif kind == "comment":
            kind, end = _block_comment(text, start)
        elif kind == UNCLOSED:
            end = length
        yield kind, start, end
        start = end


def _dollar_string(text: str, start: int, tag: str) -> tuple[str, int]:
    close = text.find(tag, start)
    return (UNCLOSED, len(text)) if close < 0 else (STRING, close + len(tag))


def _escaped_string(text: str, start: int) -> tuple[str, int]:
    """From behind the opening quote, with the parts that follow on other lines. Step by step: a pattern would remember
    every escape of a string that may be as long as the file."""
    while found := _SPECIAL.search(text, start):
        at = found.start()
        if text[at] == "\\" or text.startswith("''", at):
            start = at + 2
        elif part := _GOES_ON.match(text, at + 1):
            start = part.end()
        else:
            return STRING, at + 1
    return UNCLOSED, len(text)


def _block_comment(text: str, start: int) -> tuple[str, int]:
    """Block comments nest, unlike those of C."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return BLANK, edge.end()
    return UNCLOSED, len(text)
