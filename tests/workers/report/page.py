"""Our Markdown as a reader of GitHub gets to see it."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

from markdown_it import MarkdownIt

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
VOID = {"br", "hr"}
OURS = VOID.union(
    ("h3", "h4", "p", "ul", "ol", "li", "pre", "code", "strong", "b", "sub", "details", "summary"),
    ("table", "thead", "tbody", "tr", "th", "td"),
)


class Page(HTMLParser):
    """What a reader gets to see: the elements in order, and the text outside code with the text inside it."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.plain = ""
        self.codes: list[str] = []
        self.feed(GFM.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = {("open", None), ("lang", "sql"), ("class", "language-sql"), ("style", "text-align:right")}
        assert set(attrs) <= allowed, (tag, attrs)
        self.seen.append(tag)
        if tag in VOID:
            self.plain += "\n"  # what stands before a break and what stands behind it never make one word
        else:
            self.open.append(tag)
        if tag == "code":
            self.codes.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.codes[-1] += data
        else:
            self.plain += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def shape(markdown: str) -> Counter[str]:
    page = Page(markdown)
    assert page.open == []
    return Counter(page.seen)
