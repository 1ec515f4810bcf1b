"""Splits a file into statements, each exactly as written, as psql does; never raises and never loses a character."""

from __future__ import annotations

import re

from workers.model import Script, Statement, StatementKind
from workers.sql.scan import BLANK, META, SEMICOLON, SYMBOL, UNCLOSED, WORD, scan

_ENDING_COMMAND = re.compile(r"\\(?:g|gx|gset|gexec|gdesc|crosstabview|watch|bind)\b")  # sends what was typed so far
_RESET_COMMAND = re.compile(r"\\r(?:eset)?\b")  # throws away what was typed so far
_COPY_COMMAND = re.compile(r"\\copy\b.*\bfrom\s+p?stdin\b", re.IGNORECASE)
_END_OF_DATA = re.compile(r"^\\\.\r?$", re.MULTILINE)
_ESCAPES = re.compile(
    r"set\s+(?:session\s+|local\s+)?standard_conforming_strings\s*(?:=|\bto\b)\s*'?(\w+)"
    r"|reset\s+(?:standard_conforming_strings|all)\b",
    re.IGNORECASE,
)
_ROUTINES = {("create", "function"), ("create", "procedure")}
_REPLACED_ROUTINES = {("create", "or", "replace", "function"), ("create", "or", "replace", "procedure")}
_UNCLOSED_WORDS = (("/*", "comment"), ("$", "dollar-quoted string"), ('"', "quoted identifier"))


def split(text: str) -> Script:
    """The statements of a file. An unclosed quote or comment is its `problem`; the last statement then runs to the end.
    COPY data without its end is one too: all that follows was taken for data."""
    return _Splitter(text).run()


class _Splitter:
    """The state of one pass over a text; only `split` makes one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.statements: list[Statement] = []
        self.problem: str | None = None
        self.escapes = False  # standard_conforming_strings is off
        self.consumed = 0  # end of the last statement's text
        self.line, self.line_start, self.counted = 1, 0, 0
        self.data: tuple[int, int] | None = None  # COPY data ahead: end of the current line, where SQL goes on
        self.forget()

    def forget(self) -> None:
        """No statement is open."""
        self.start, self.end = -1, -1
        self.depth = 0  # of parentheses
        self.block = 0  # of BEGIN ATOMIC, CASE … END
        self.words: list[str] = []  # the first four
        self.previous = ""  # the piece before, when it was a word
        self.copies = False  # COPY … FROM stdin

    def run(self) -> Script:
        position = 1 if self.text.startswith("\ufeff") else 0
        while position < len(self.text):
            position = self.scan_from(position)
        self.close()
        return Script(tuple(self.statements), self.text[self.consumed :], self.problem)

    def scan_from(self, position: int) -> int:
        """Reads until the rules change or data must be jumped over; returns where to go on."""
        for kind, start, end in scan(self.text, position, self.escapes):
            if self.data is not None and end > self.data[0]:
                resume, self.data = self.data[1], None
                return resume
            if kind == BLANK:
                continue
            if kind == META and (self.start < 0 or self.meta_ends(start, end)):
                self.meta(start, end)
                continue
            if kind == SEMICOLON and self.depth == 0 and self.block == 0:
                if self.close(end):
                    return end
                continue
            if self.start < 0:
                self.start = start
            self.end = end
            self.follow(kind, start, end)
        return len(self.text)

    def follow(self, kind: str, start: int, end: int) -> None:
        """What a piece of the open statement means for where that statement ends."""
        word = ""
        if kind == WORD:
            word = self.text[start:end].lower()
            if len(self.words) < 4:
                self.words.append(word)
            self.body(word)
        elif kind == SYMBOL:
            symbol = self.text[start]
            if symbol == "(":
                self.depth += 1
            elif symbol == ")":
                self.depth = max(0, self.depth - 1)
        elif kind == UNCLOSED:
            self.problem = f"line {self.line_of(start)}: unterminated {_unclosed(self.text, start)}"
        self.previous = word

    def body(self, word: str) -> None:
        """BEGIN ATOMIC … END holds statements, only in CREATE FUNCTION and CREATE PROCEDURE; CASE ends with END too."""
        if self.words[0] == "copy":
            self.copies = self.copies or (self.previous == "from" and word in ("stdin", "stdout") and self.depth == 0)
        elif self.depth == 0 and (self.block or word == "atomic") and self.is_routine():
            if word == "atomic":
                self.block = self.block or int(self.previous == "begin")
            elif word in ("begin", "case"):
                self.block += 1
            elif word == "end":
                self.block -= 1

    def is_routine(self) -> bool:
        return tuple(self.words[:2]) in _ROUTINES or tuple(self.words) in _REPLACED_ROUTINES

    def meta_ends(self, start: int, end: int) -> bool:
        """Any other command in mid-statement stays in its text: the server then refuses it, as psql would not."""
        if _RESET_COMMAND.match(self.text, start, end):
            self.forget()
        return self.start < 0 or _ENDING_COMMAND.match(self.text, start, end) is not None

    def meta(self, start: int, end: int) -> None:
        self.close()
        self.start, self.end = start, start + len(self.text[start:end].rstrip())
        copies = _COPY_COMMAND.match(self.text, start, end) is not None
        self.emit(StatementKind.META, self.take_data(end) if copies else None)

    def close(self, after: int | None = None) -> bool:
        """Ends the open statement, if any. `after`: the offset behind its semicolon. True when quoting changed."""
        if self.start < 0:
            return False
        if self.copies:
            self.emit(StatementKind.SQL, self.take_data(len(self.text) if after is None else after))
            return False
        found = _ESCAPES.match(self.text, self.start, self.end)
        escapes = self.escapes if found is None else (found[1] or "on").lower() not in ("on", "true", "1", "default")
        changed, self.escapes = escapes != self.escapes, escapes
        self.emit(StatementKind.SQL, None)
        return changed

    def take_data(self, after: int) -> str:
        """The COPY data that begins on the line below; psql first reads it, then the rest of the statement's line."""
        if self.data is None:
            line_end = self.text.find("\n", after)
            if line_end < 0:
                return ""
            self.data = (line_end, line_end + 1)
        line_end, first = self.data
        found = _END_OF_DATA.search(self.text, first)
        stop = found.start() if found else len(self.text)
        if found is None and stop > first:
            self.problem = f"line {self.line_of(self.start)}: the data of this COPY has no end (a line with only \\.)"
        self.data = (line_end, min(found.end() + 1, len(self.text)) if found else stop)  # behind the line break
        return self.text[first:stop]

    def emit(self, kind: StatementKind, copy_data: str | None) -> None:
        line = self.line_of(self.start)
        text, lead = self.text[self.start : self.end], self.text[self.consumed : self.start]
        column = self.start - self.line_start + 1
        self.statements.append(Statement(text, lead, self.start, line, column, kind, copy_data))
        self.consumed = self.end
        self.forget()

    def line_of(self, offset: int) -> int:
        """The line of an offset, from 1. Counts on from the last one asked for, so that a file is counted once; an
        offset before that one (an unclosed quote reported, then its statement) is counted backwards."""
        if offset >= self.counted:
            self.line += self.text.count("\n", self.counted, offset)
            newest = self.text.rfind("\n", self.counted, offset)
            self.line_start = newest + 1 if newest >= 0 else self.line_start
        else:
            self.line -= self.text.count("\n", offset, self.counted)
            self.line_start = self.text.rfind("\n", 0, offset) + 1
        self.counted = offset
        return self.line


def _unclosed(text: str, start: int) -> str:
    opener = text[start : start + 3].lstrip("uU&")
    return next((words for prefix, words in _UNCLOSED_WORDS if opener.startswith(prefix)), "quoted string")
