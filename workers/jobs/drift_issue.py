"""Keeps the one issue about an environment's drift: it says what differs now, and disturbs nobody twice with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.github import comments, issues
from bot.github.client import Client
from bot.github.issues import CLOSED, OPEN, Issue
from bot.github.reading import same_text

CLEAN = "clean"
_MARKER = re.compile(r"<!-- migration-bot:drift \S+ (?P<fingerprint>\w+) (?P<turn>\d+) -->")
_KEPT = (
    "<sub>Kept up to date by migration-bot, which closes it when nothing differs any more. Closed as *not planned*, it "
    "stays closed as long as exactly this differs.</sub>"
)


@dataclass(frozen=True, slots=True)
class News:
    """What a comparison came to. fingerprint: of all that differs, CLEAN for nothing. headline: a sentence about it
    without its full stop; body: all of it. Both Markdown."""

    environment: str
    fingerprint: str
    headline: str
    body: str

    @property
    def clean(self) -> bool:
        return self.fingerprint == CLEAN


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of the issue. turn: counts the sets of differences that it has told of. said: in a comment,
    which people are notified of; "" for none."""

    state: str
    turn: int
    said: str = ""


def keep_issue(client: Client, known: int | None, news: News) -> int | None:
    """The issue's number, None where there is none and needs to be none. known: its number, as far as we remember.
    Raises what GitHub raises: NotFound where the repository has no issues, Forbidden."""
    issue = issues.find(client, known, _begin(news.environment))
    if issue is None:
        return None if news.clean else issues.open_issue(client, _title(news), drawn(news, 1)).number
    if change := decide(issue, news):
        _make(client, issue, news, change)
    return issue.number


def drawn(news: News, turn: int) -> str:
    """The issue's text. The marker stands first: what is quoted further down is none."""
    marker = f"{_begin(news.environment)}{news.fingerprint} {turn} -->"
    return "\n\n".join(part for part in (marker, news.body.strip(), _KEPT) if part) + "\n"


def decide(issue: Issue, news: News) -> Change | None:
    """None where it is left as it is. What nobody can read in it any more counts as another set."""
    told = _MARKER.match(issue.body)
    before, turn = (told["fingerprint"], int(told["turn"])) if told else ("", 0)
    same = before == news.fingerprint
    turn += not same
    if news.clean:
        return Change(CLOSED, turn, _GONE if issue.state == OPEN else "") if issue.state == OPEN or not same else None
    if issue.state == OPEN:
        return Change(OPEN, turn, "" if same else f"It is another drift now: {news.headline}.")
    if same and issue.unwanted:
        return None
    # Closed as done, and it is not: this turn has its comment already, so that another one is needed.
    said = f"It is there still: {news.headline}." if same else f"It has drifted again: {news.headline}."
    return Change(OPEN, turn + same, said)


_GONE = "✅ Nothing differs any more."


def _make(client: Client, issue: Issue, news: News, change: Change) -> None:
    """The comment first: with the text, the turn is over. Done again after a lost answer, nothing is said twice."""
    if change.said:
        marker = f"<!-- migration-bot:drift-turn {change.turn} -->"
        comments.ensure_comment(client, issue.number, None, f"{marker}\n{change.said}", marker)
    body = drawn(news, change.turn)
    if change.state != issue.state or not same_text(issue.body, body):
        issues.change(client, issue, body, change.state)


def _begin(environment: str) -> str:
    return f"<!-- migration-bot:drift {environment} "


def _title(news: News) -> str:
    return f"{news.environment} has drifted from its migrations"
