"""Reads shell text as simple commands: words, here-documents and what is piped in. Never raises, runs nothing."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field

_DEEPEST = 8  # substitutions inside each other
_WORDS_MAX = 200  # of a command; a hostile file must not take long
# https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_03
_PIECE = re.compile(
    r"""(?P<blank>(?:[ \t\r]|\\\r?\n)+)
    |(?P<end>\n|&&|\|\||;;&?|;&|;|\|&|\||&(?!>)|[()])
    |(?P<here><<(?P<dash>-?)[ \t]*(?P<quote>\\|['"]?)(?P<mark>[\w.+-]+)['"]?)
    |(?P<text><<<)
    |(?P<redirect>\d*(?:>>|>&|<&|>\||<>|>|<)|&>>?)
    |(?P<single>'[^']*(?:'|$))
    |(?P<double>")
    |(?P<escaped>\\.)
    |(?P<nested>\$\(|`)
    |(?P<braced>\$\{[^}\n]*\}?)
    |(?P<plain>[^\s;&|()<>'"\\`$]+|.)""",
    re.X | re.S,
)
_END = re.compile(r"\n")
_COMMENT = re.compile(r"#[^\n]*")
_INSIDE = re.compile(r'\\.|[^"\\`$]+|\$\(|`|"|\$', re.S)
_NESTED = re.compile(r"""\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[()]""", re.S)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_BEFORE = frozenset(
    ("if", "then", "elif", "else", "do", "while", "until", "!", "{", "time")
)  # what may stand before a command
Environment = tuple[tuple[str, str], ...]
_PRINTS = frozenset(("echo", "printf", "cat"))


@dataclass(frozen=True, slots=True)
class Simple:
    """One command of a script. stdin: its here-document, or what echo, printf or cat pipes into it, as far as it is
    written there. environment: what is set for it, before it or earlier in the text."""

    words: tuple[str, ...]  # unquoted; $NAME and $(…) stay as written
    line: int  # of its first word, from 1
    stdin: str = ""
    environment: Environment = ()


def read_shell(text: str, line: int = 1, environment: Environment = ()) -> tuple[Simple, ...]:
    """The commands of a text whose first line is `line`, also those in $(…) and backquotes. environment: what is set
    when it starts."""
    return tuple(_Reader(text, line, environment).run())


@dataclass(slots=True)
class _Open:
    """The command that is being read."""

    words: list[str] = field(default_factory=list)
    line: int = 0
    stdin: str = ""


class _Reader:
    """The state of one pass; only `read_shell` makes one."""

    def __init__(self, text: str, line: int, environment: Environment, depth: int = 0) -> None:
        self.text, self.depth = text, depth
        self.first = line
        self.ends = [end.start() for end in _END.finditer(text)]
        self.position = 0
        self.word: str | None = None
        self.open = _Open()
        self.dropped = False  # the next word is a redirection's target
        self.string = False  # the next word is a here-string
        self.piped = ""
        self.resume = 0  # behind the here-documents of this line, where it has any
        self.exported = dict(environment)
        self.found: list[Simple] = []

    def run(self) -> list[Simple]:
        while self.position < len(self.text):
            self.step()
        self.end_command("")
        return self.found

    def step(self) -> None:
        if self.word is None and (comment := _COMMENT.match(self.text, self.position)):
            self.position = comment.end()
            return
        piece = _PIECE.match(self.text, self.position)
        assert piece is not None  # the last alternative takes any character
        start, self.position = self.position, piece.end()
        match piece.lastgroup:
            case "blank":
                self.end_word()
            case "end":
                self.end_command(piece[0])
            case "here":
                self.end_word()
                self.open.stdin += self.document(piece["mark"], bool(piece["dash"]))
            case "text" | "redirect":
                self.redirected(piece[0])
            case "single":
                self.add(piece[0][1:].removesuffix("'"), start)
            case "escaped":
                self.add(piece[0][1:], start)
            case "double":
                self.add(self.quoted(), start)
            case "nested":
                self.add(self.substituted(piece[0]), start)
            case _:
                self.add(piece[0], start)

    def add(self, text: str, start: int) -> None:
        if self.word is None:
            self.word = ""
            if not self.open.words:
                self.open.line = self.line_at(start)
        self.word += text

    def line_at(self, position: int) -> int:
        return self.first + bisect_left(self.ends, position)

    def redirected(self, sign: str) -> None:
        self.end_word()
        self.string, self.dropped = sign == "<<<", True

    def quoted(self) -> str:
        found = ""
        while piece := _INSIDE.match(self.text, self.position):
            self.position = piece.end()
            if piece[0] == '"':
                break
            if piece[0] in ("$(", "`"):
                found += self.substituted(piece[0])
            elif piece[0][0] == "\\" and piece[0][1:] in ('"', "\\", "$", "`", "\n"):
                found += piece[0][1:].strip("\n")
            else:
                found += piece[0]
        return found

    def substituted(self, sign: str) -> str:
        """The text of $(…) or `…` as written; the commands in it are found as well."""
        begin = self.position
        end = self.text.find("`", begin) if sign == "`" else _closing(self.text, begin)
        end = len(self.text) if end < 0 else end
        inner, self.position = self.text[begin:end], end + 1
        if self.depth < _DEEPEST:
            self.found += _Reader(inner, self.line_at(begin), tuple(self.exported.items()), self.depth + 1).run()
        return f"{sign}{inner}{'`' if sign == '`' else ')'}"

    def end_word(self) -> None:
        if self.word is None:
            return
        if self.string:
            self.open.stdin += self.word
        elif not self.dropped and len(self.open.words) < _WORDS_MAX:
            self.open.words.append(self.word)
        self.word, self.dropped, self.string = None, False, False

    def end_command(self, sign: str) -> None:
        self.end_word()
        ended, self.open = self.open, _Open()
        if sign == "\n" and self.resume:
            self.position, self.resume = self.resume, 0
        ended.stdin = ended.stdin or self.piped
        self.piped = ""
        words = tuple(ended.words)
        while words and words[0] in _BEFORE:
            words = words[1:]
        if words:
            self.take(words, ended)
            self.piped = _printed(words, ended.stdin) if sign in ("|", "|&") else ""

    def take(self, words: tuple[str, ...], ended: _Open) -> None:
        assigned, rest = _assignments(words)
        if rest and rest[0] == "export":
            assigned, rest = _assignments(rest[1:])[0], ()
        if not rest:
            self.exported |= assigned
            return
        environment = tuple((self.exported | assigned).items())
        self.found.append(Simple(rest, ended.line, ended.stdin, environment))

    def document(self, mark: str, dashed: bool) -> str:
        """A here-document: from the next line, or behind the one before it, to its mark."""
        end_of_line = self.text.find("\n", self.position)
        begin = self.resume or (end_of_line + 1 if end_of_line >= 0 else len(self.text))
        pattern = re.compile(rf"^{chr(92)}t*{re.escape(mark)}\r?$" if dashed else rf"^{re.escape(mark)}\r?$", re.M)
        close = pattern.search(self.text, begin)
        self.resume = close.end() if close else len(self.text)
        return self.text[begin : close.start() if close else len(self.text)]


def _assignments(words: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    found: dict[str, str] = {}
    for index, word in enumerate(words):
        if not _ASSIGNMENT.match(word):
            return found, words[index:]
        name, _, value = word.partition("=")
        found[name] = value
    return found, ()


def _printed(words: tuple[str, ...], stdin: str) -> str:
    """What a command writes to the pipe behind it, as far as the text tells."""
    return stdin or " ".join(words[1:]) if words[0] in _PRINTS else ""


def _closing(text: str, position: int) -> int:
    """Where the parenthesis closes that was opened before the position; -1 where it never does."""
    depth = 1
    for piece in _NESTED.finditer(text, position):
        depth += {"(": 1, ")": -1}.get(piece[0], 0)
        if not depth:
            return piece.start()
    return -1
