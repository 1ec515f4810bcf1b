"""Walks over the significant tokens of one statement: names, lists, parentheses, the original text between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from workers.sql.scan import BLANK, META, QUOTED, STRING, UNCLOSED, WORD, scan
from workers.words import Name

_UNICODE_ESCAPE = re.compile(r"\\(?:\\|([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6}))")
_NAME_BYTES = 63  # longer names are cut: https://www.postgresql.org/docs/current/limits.html


class Unreadable(Exception):
    """The text is not what the reader expected. `read` never raises it; who walks a Cursor must expect it."""


class Token(NamedTuple):
    """word: the lower-case key word or identifier, "" for anything else."""

    kind: str
    text: str
    word: str
    start: int
    end: int


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """The significant tokens of a statement, one at a time: a large INSERT is not read to its end for its table."""
    for kind, begin, end in scan(text, start):
        if kind not in (BLANK, META, UNCLOSED):
            part = text[begin:end]
            yield Token(kind, part, part.lower() if kind == WORD else "", begin, end)


Home = Callable[[str], str]


def public(name: str) -> str:
    """Where search_path leads to by default."""
    return "public"


class Cursor:
    """A position in a statement's tokens. Asking beyond the last gives an empty token. home: the schema of a name that
    gives none."""

    def __init__(self, text: str, given: list[Token] | None = None, home: Home = public) -> None:
        self.text = text
        self.home = home
        self._tokens: list[Token] = [] if given is None else given
        self._source = tokens(text) if given is None else iter(())
        self._at = 0

    def peek(self, ahead: int = 0) -> Token:
        while len(self._tokens) <= self._at + ahead:
            following = next(self._source, None)
            if following is None:
                end = self._tokens[-1].end if self._tokens else len(self.text)
                return Token("end", "", "", end, end)
            self._tokens.append(following)
        return self._tokens[self._at + ahead]

    def next(self) -> Token:
        token = self.peek()
        self._at += token.kind != "end"
        return token

    @property
    def ended(self) -> bool:
        return self.peek().kind == "end"

    @property
    def last_end(self) -> int:
        """Where the token stepped over last ends in the text."""
        return self._tokens[self._at - 1].end if self._at else 0

    def at(self, *parts: str) -> bool:
        """The next tokens are these key words or symbols."""
        for ahead, part in enumerate(parts):
            token = self.peek(ahead)
            if (token.word or token.text) != part:
                return False
        return True

    def accept(self, *parts: str) -> bool:
        """Steps over these key words or symbols if they are next."""
        found = self.at(*parts)
        self._at += len(parts) if found else 0
        return found

    def expect(self, *parts: str) -> None:
        if not self.accept(*parts):
            raise Unreadable(f"{' '.join(parts)} expected")

    def identifier(self) -> str:
        """One name, folded to lower case unless quoted. Raises Unreadable when there is none."""
        token = self.next()
        if token.kind == QUOTED:
            name = _unquoted(token.text)
        elif token.kind == WORD:
            name = token.word
        else:
            raise Unreadable("a name expected")
        return name.encode(errors="replace")[:_NAME_BYTES].decode(errors="ignore")

    def path(self) -> tuple[str, ...]:
        """A dotted name's parts."""
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        return tuple(parts)

    def name(self) -> Name:
        """A name that may have a schema, and before that the database's name; at home when it has none."""
        parts = self.path()
        return Name(parts[-2] if len(parts) > 1 else self.home(parts[-1]), parts[-1])

    def try_name(self) -> Name | None:
        """As name(), but None when none is next."""
        return self.name() if self.peek().kind in (WORD, QUOTED) else None

    def names(self) -> tuple[Name, ...]:
        """Names between commas, each perhaps with ONLY before it and * or a parenthesis behind it."""
        found: list[Name] = []
        while True:
            self.accept("only")
            found.append(self.name())
            self.accept("*")
            if self.at("("):
                self.inside()
            if not self.accept(","):
                return tuple(found)

    def skip(self) -> None:
        """Steps over one token, or a whole bracket or CASE … END."""
        depth = 0
        while True:
            token = self.next()
            depth += _OPENS.get(token.word or token.text, 0)
            if depth <= 0 or token.kind == "end":
                return

    def inside(self) -> Cursor:
        """Steps over a parenthesis; what is in it, as a cursor of its own. Raises Unreadable when none is next."""
        if not self.at("("):
            raise Unreadable("( expected")
        first = self._at + 1
        self.skip()
        return Cursor(self.text, self._tokens[first : self._at - 1], self.home)

    def items(self) -> Iterator[Cursor]:
        """What is left, cut at the commas outside of brackets."""
        while not self.ended:
            first = self._at
            while not (self.ended or self.at(",")):
                self.skip()
            yield Cursor(self.text, self._tokens[first : self._at], self.home)
            self.accept(",")

    def until(self, *words: str) -> str:
        """Steps up to one of the key words (or symbols) outside of brackets, or the end; the text stepped over."""
        start, first = self.peek().start, self._at
        while not self.ended and (self.peek().word or self.peek().text) not in words:
            self.skip()
        return self.text[start : self.last_end] if self._at > first else ""

    def rest(self) -> str:
        """Steps to the end; the text stepped over."""
        return self.until()

    def rewind(self) -> None:
        """Back to the first token."""
        self._at = 0

    def keywords(self, count: int) -> str:
        """The next words, in capitals, up to the first token that is none. Does not step."""
        words: list[str] = []
        while len(words) < count and (word := self.peek(len(words)).word):
            words.append(word.upper())
        return " ".join(words)

    def find(self, *parts: str) -> bool:
        """Steps behind the next such key words outside of brackets; False, and at the end, when there are none."""
        while not self.ended:
            if self.accept(*parts):
                return True
            self.skip()
        return False

    def string(self) -> str:
        """A plain string's value. Raises Unreadable when none is next."""
        token = self.next()
        if token.kind != STRING or not token.text.startswith("'"):
            raise Unreadable("a string expected")
        return token.text[1:-1].replace("''", "'")


_OPENS = {"(": 1, "[": 1, "case": 1, ")": -1, "]": -1, "end": -1}


def _unquoted(text: str) -> str:
    if text[0] == '"':
        return text[1:-1].replace('""', '"')
    return _UNICODE_ESCAPE.sub(_code_point, text[3:-1].replace('""', '"'))


def _code_point(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2]
    if digits is None:
        return "\\"
    return chr(number) if (number := int(digits, 16)) <= 0x10FFFF else "\ufffd"
