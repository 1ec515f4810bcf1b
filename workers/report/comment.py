"""Report → the pull request's comment: the verdict, and all that stands below its checklist."""

from __future__ import annotations

from dataclasses import dataclass

from workers.model import Level
from workers.report import phrases
from workers.report.markdown import Around, fitted, headline
from workers.report.markup import folded, prose
from workers.verdict import Report


@dataclass(frozen=True, slots=True)
class Commented:
    """The parts of a comment, in Markdown that is safe to show. headline: one line."""

    headline: str
    body: str


def comment(report: Report, room_bytes: int) -> Commented:
    """The body has at most room_bytes in UTF-8, with every fence and element closed. Where nothing has to be looked at,
    it is folded. Raises ValueError when even the shortest body does not fit."""
    around = Around(below=_after_deploying(report), more=(phrases.HELP,))
    if report.level is Level.SAFE and not report.unread:
        opening = "<details>\n<summary>What was run, and the way back</summary>\n\n"
        around = Around(opening, "\n</details>\n", more=(phrases.HELP,))
    return Commented(headline(report), fitted(report, room_bytes, around))


def _after_deploying(report: Report) -> str:
    if report.level is Level.SAFE or not report.migrations:
        return ""
    return folded("After deploying", "".join(f"- {prose(task)}\n" for task in phrases.after_deploying(report)))
