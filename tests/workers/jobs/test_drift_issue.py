"""What becomes of the issue about an environment's drift, for each state that it can be in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.github.issues import CLOSED, OPEN, Issue
from workers.jobs.drift_issue import CLEAN, Change, News, decide, drawn

DRIFT = News("staging", "0123abcd", "1 object differs", "| table a | extra |")
OTHER = replace(DRIFT, fingerprint="9999ffff", headline="2 objects differ")
NONE = News("staging", CLEAN, "", "✅ Nothing.")
AGAIN = "It has drifted again: "
STILL = "It is there still: "
ANOTHER = "It is another drift now: "


def issue(news: News, state: str, reason: str = "") -> Issue:
    """As it stands after its third turn."""
    return Issue(7, state, drawn(news, 3), reason)


@pytest.mark.parametrize(
    ("before", "news", "expected"),
    [
        (issue(NONE, CLOSED, "completed"), NONE, None),
        (issue(DRIFT, CLOSED, "not_planned"), DRIFT, None),
        (issue(DRIFT, CLOSED, "duplicate"), DRIFT, None),
        (issue(DRIFT, OPEN), DRIFT, Change(OPEN, 3)),
        (issue(DRIFT, OPEN), OTHER, Change(OPEN, 4, f"{ANOTHER}2 objects differ.")),
        (issue(DRIFT, OPEN), NONE, Change(CLOSED, 4, "✅ Nothing differs any more.")),
        (issue(NONE, OPEN, "reopened"), NONE, Change(CLOSED, 3, "✅ Nothing differs any more.")),
        (issue(NONE, CLOSED, "completed"), DRIFT, Change(OPEN, 4, f"{AGAIN}1 object differs.")),
        (issue(DRIFT, CLOSED, "completed"), DRIFT, Change(OPEN, 4, f"{STILL}1 object differs.")),
        (issue(DRIFT, CLOSED, "not_planned"), OTHER, Change(OPEN, 4, f"{AGAIN}2 objects differ.")),
        (issue(DRIFT, CLOSED, "not_planned"), NONE, Change(CLOSED, 4)),
        (issue(NONE, CLOSED, "not_planned"), DRIFT, Change(OPEN, 4, f"{AGAIN}1 object differs.")),
    ],
)
def test_what_becomes_of_it(before: Issue, news: News, expected: Change | None) -> None:
    assert decide(before, news) == expected


def test_a_text_that_people_have_changed() -> None:
    assert decide(replace(issue(DRIFT, OPEN), body="mine now"), DRIFT) == Change(OPEN, 1, f"{ANOTHER}1 object differs.")


def test_a_browsers_line_ends_are_no_change() -> None:
    before = issue(DRIFT, CLOSED, "not_planned")
    assert decide(replace(before, body=before.body.replace("\n", "\r\n")), DRIFT) is None


def test_its_text() -> None:
    text = drawn(DRIFT, 3)
    assert text.startswith("<!-- migration-bot:drift staging 0123abcd 3 -->\n\n| table a | extra |\n\n<sub>Kept up")
