"""What stands on GitHub, as lines for a terminal: the required check, the boxes of the bot's comment."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape

from bot.github.comments import MARKER
from demo.town import Town
from tests.github.state import Comment, Pull, Run

_WIDTH = 80
MARGIN = 9
_BOX = re.compile(r"- \[(?P<mark>[ x])\] (?P<text>.*?)<br><sub>(?P<said>.*)</sub> <!-- item:(?P<item>\w+) -->")
_TAG = re.compile(r"<[^>]+>")
_BOLD = re.compile(r"\*\*|`")
_LEVEL = re.compile("^[🔴🟡🟢✅❌] |^↩️ ")  # two columns wide on one terminal, one on another
_BETWEEN = " · "


@dataclass(frozen=True, slots=True)
class Box:
    """A line of the checklist. said: the small print: the reason, who ticked it, why it is open again."""

    item: str
    ticked: bool
    text: str
    said: str

    @property
    def was_reset(self) -> bool:
        return "reset: " in self.said

    @property
    def was_refused(self) -> bool:
        return " refused: " in self.said

    @property
    def by_person(self) -> bool:
        return "ticked by " in self.said

    @property
    def of_staging(self) -> bool:
        return self.text.startswith("Staging has been migrated")

    @property
    def news(self) -> str:
        """The small print without the reason and the id: who may tick it, who did, why it is open again."""
        parts = self.said.split(_BETWEEN)
        told = _BETWEEN.join(parts[1:] or parts).removeprefix(self.item)
        return told.removeprefix(", ").removeprefix(_BETWEEN).replace("⚠️ ", "")


def newest(town: Town, sha: str) -> Run | None:
    """The bot's last check run of a commit."""
    runs = town.github.checks(town.repo, sha)
    return runs[-1] if runs else None


def boxes(town: Town, pull: Pull) -> tuple[Box, ...]:
    """Of the bot's checklist, in order; none while there is none."""
    found = (match for comment in checklists(town, pull) for match in _BOX.finditer(comment.body))
    return tuple(
        Box(match["item"], match["mark"] == "x", _plain(match["text"]), _plain(match["said"])) for match in found
    )


def checklists(town: Town, pull: Pull) -> tuple[Comment, ...]:
    """The bot's comments that have the items to confirm before merging: there should be one."""
    return tuple(comment for comment in town.github.bot_comments(pull) if MARKER in comment.body)


def reply_to(town: Town, pull: Pull, asked: Comment) -> str:
    """The first line of the bot's answer to a command; "" where there is none."""
    marker = f"<!-- migration-bot:reply {asked.id} -->\n"
    bodies = (comment.body for comment in town.github.bot_comments(pull) if comment.body.startswith(marker))
    return next((_plain(_BOLD.sub("", body.removeprefix(marker).splitlines()[0])) for body in bodies), "")


def check_lines(run: Run) -> Iterator[str]:
    """Its conclusion and its title."""
    return wrapped(f"{run.name}: {run.conclusion or run.status}, {run.title}", "", MARGIN)


def box_lines(shown: Iterable[Box]) -> Iterator[str]:
    for box in shown:
        yield from wrapped(f"[{'x' if box.ticked else ' '}] {box.item} {box.text}", "", MARGIN, 13)
        yield from wrapped(box.news, "", MARGIN + 13)


def wrapped(text: str, before: str, margin: int, more: int = 0) -> Iterator[str]:
    """A paragraph. before: what stands in the margin of its first line. more: how much further in its others are."""
    first, rest = f"{before:{margin}}", " " * (margin + more)
    yield from textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _plain(html: str) -> str:
    return _LEVEL.sub("", unescape(_TAG.sub("", html)).replace("\N{ZERO WIDTH SPACE}", ""))
