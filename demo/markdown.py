"""Text as GitHub shows it: its Markdown, the elements of HTML that it lets through, boxes that can be ticked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

# What GitHub lets through is longer (https://github.com/gjtorikian/html-pipeline); this is what the bot writes.
_ELEMENTS = re.compile(
    "a|b|blockquote|br|code|del|details|div|em|h[1-6]|hr|i|li|ol|p|pre|s|span|strong|sub|summary|sup"
    "|table|tbody|td|th|thead|tr|ul"
)
_VOID = frozenset(("br", "hr"))
_SILENT = frozenset(("script", "style", "title"))  # nor is what stands inside them shown
_ATTRIBUTES = {
    ("a", "href"): re.compile(r"https?://.*|[/#](?!/).*"),
    ("code", "class"): re.compile(r"language-\w+"),
    ("details", "open"): re.compile(r""),
    ("span", "class"): re.compile(r"sql-\w"),
    ("td", "style"): re.compile(r"text-align:(left|right|center)"),
    ("th", "style"): re.compile(r"text-align:(left|right|center)"),
}
_TASK = re.compile(r"\[([ xX])\]\s")
_BOX = re.compile("\ue000([ x])([0-9]+)\ue001")  # stands for a box until no text from outside can be one
# Drawn by the style sheet: not every machine has a font for them.
_PICTURES = {
    "🔴": "red",
    "🟡": "yellow",
    "🟢": "green",
    "⚠️": "warning",
    "✅": "done",
    "⬜": "open",
    "👀": "eyes",
    "🚀": "rocket",
    "😕": "confused",
}
_PICTURE = re.compile("|".join(_PICTURES))
_SQL = re.compile(
    r"(?P<c>--[^\n]*|/\*.*?\*/)|(?P<s>'(?:[^']|'')*')|(?P<n>\"[^\"]*\")|(?P<k>\b[A-Z]{2,}\b)|(?P<d>\b[0-9]+\b)",
    re.DOTALL,
)


def render(text: str, tickable: bool = False) -> Markup:
    """HTML that is safe to show. tickable: its boxes can be clicked; each carries the line of the text it stands on."""
    plain = re.sub("[\ue000\ue001]", "", text)
    clean = _Clean()
    clean.feed(_MARKDOWN.render(plain))
    clean.close()
    return Markup(_BOX.sub(lambda found: _box(found, tickable), clean.html))  # cleaned by _Clean


def tick(text: str, line: int, ticked: bool) -> str:
    """The text with the box on a line, from 0, ticked or not; the same text where no box is."""
    lines = text.split("\n")
    if 0 <= line < len(lines):
        lines[line] = re.sub(r"\[[ xX]\]", "[x]" if ticked else "[ ]", lines[line], count=1)
    return "\n".join(lines)


def picture(emoji: str) -> Markup:
    """An emoji as the style sheet draws it; the emoji itself where it does not."""
    return Markup(_PICTURE.sub(_drawn, escape(emoji)))  # escaped


def sql(text: str) -> Markup:
    """SQL with its words in colour."""
    return Markup(_coloured(text))  # every piece of it is escaped


def _coloured(text: str) -> str:
    pieces, end = [], 0
    for found in _SQL.finditer(text):
        pieces.append(escape(text[end : found.start()], quote=False))
        pieces.append(f'<span class="sql-{found.lastgroup}">{escape(found[0], quote=False)}</span>')
        end = found.end()
    return "".join(pieces) + escape(text[end:], quote=False)


def _drawn(found: re.Match[str]) -> str:
    return f'<span class="emoji emoji-{_PICTURES[found[0]]}" role="img" aria-label="{found[0]}"></span>'


def _tasks(state: StateCore) -> None:
    """Puts a sign in place of [ ] where an item of a list begins with it."""
    for item, paragraph, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if item.type == "list_item_open" and paragraph.type == "paragraph_open" and item.map:
            _task(inline.children or [], item.map[0])


def _task(words: Sequence[Token], line: int) -> None:
    found = _TASK.match(words[0].content) if words and words[0].type == "text" else None
    if found:
        words[0].content = f"\ue000{found[1].lower()}{line}\ue001 {words[0].content[found.end() :]}"


def _box(found: re.Match[str], tickable: bool) -> str:
    ticked = " checked" if found[1] == "x" else ""
    return f'<input type="checkbox" class="task" data-line="{found[2]}"{ticked}{"" if tickable else " disabled"}>'


def _highlight(code: str, language: str, _rest: str) -> str:
    return _coloured(code) if language == "sql" else ""


# A line break in a comment is one on the page, too.
_MARKDOWN = MarkdownIt("commonmark", {"html": True, "breaks": True, "highlight": _highlight})
_MARKDOWN.enable(["table", "strikethrough"])
_MARKDOWN.core.ruler.push("tasks", _tasks)


class _Clean(HTMLParser):
    """Lets known elements through, drops the tags of the others, and leaves nothing open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.html = ""
        self._open: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if not _ELEMENTS.fullmatch(tag):
            return
        kept = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if _allowed(tag, name, value or ""))
        self.html += f"<{tag}{kept}>"
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(self._silent - (tag in _SILENT), 0)
        while tag in self._open:
            last = self._open.pop()
            self.html += f"</{last}>"
            if last == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.html += _PICTURE.sub(_drawn, escape(data, quote=False))

    def close(self) -> None:
        super().close()
        while self._open:
            self.html += f"</{self._open.pop()}>"


def _allowed(tag: str, name: str, value: str) -> bool:
    wanted = _ATTRIBUTES.get((tag, name))
    return bool(wanted and wanted.fullmatch(value))
