"""The pull request's comment: the verdict, and what stands below the checklist, in the room that is left."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.report.page import OURS, Page, shape
from tests.workers.report.reports import DROPPED, EMPTY, FULL, RISKY_MIGRATION, SAFE, judged, reports
from workers.model import Level
from workers.report.comment import comment
from workers.report.markdown import to_markdown
from workers.verdict import Report
from workers.ways_back import Grade, Rollback

ROOM_BYTES = 40_000
LEAST_BYTES = 8_000  # what forty lines of the longest kind leave of a comment


def test_a_safe_report_is_one_line_and_a_fold() -> None:
    said = comment(SAFE, ROOM_BYTES)
    assert said.headline == "### 🟢 safe · nothing found"
    opening = "<details>\n<summary>What was run, and the way back</summary>\n\n1 migration, 1 statement\n"
    assert said.body.startswith(opening)
    assert said.body.endswith("<br><code>/migrate help</code> lists what can be asked of me here.</sub>\n")
    assert len(f"{said.headline}{said.body}".encode()) < 3000
    page = Page(said.body)
    assert page.open == []
    assert page.seen[:2] == ["details", "summary"]
    assert page.seen.count("details") == 3


def test_a_safe_report_with_something_unread_is_not_folded_away() -> None:
    said = comment(replace(SAFE, unread=FULL.unread), ROOM_BYTES)
    assert said.body.startswith("1 migration, 1 statement\n\n⚠️ Not a full review")


def test_it_shares_its_parts_with_the_command_line() -> None:
    whole, said = to_markdown(FULL), comment(FULL, ROOM_BYTES)
    assert whole.startswith(f"{said.headline}\n\n")
    theirs = whole.removeprefix(f"{said.headline}\n\n")
    *parts, footer = theirs.splitlines()
    assert [line for line in parts if line not in said.body] == []
    assert footer.removesuffix("</sub>") in said.body


def test_the_order() -> None:
    text = comment(FULL, ROOM_BYTES).body
    order = [
        "2 migrations, 3 statements",
        "#### 🔴 20260101000000_orders",
        "| line | level | statement |",
        "<details open>\n<summary>🔴 <b><code>column-dropped</code></b>",
        "**Before deploying**, ask the real database",
        "<summary>Rollback: <b>lossy</b>",
        "**Takes back** <code>ALTER TABLE … DROP COLUMN</code>, <code>CREATE UNIQUE INDEX</code>",
        "- the values of note are gone",
        "**SQL**\n\n```sql\nALTER TABLE public.orders ADD COLUMN note text;\n```\n\n",
        "**Steps**\n\n1. Roll back what comes after it first, the last one before the others: "
        "<code>20260102000000_gift_cards</code>.\n2. Deploy the code",
        "#### 🟢 20260102000000_gift_cards",
        "#### ⚠️ Not analysed",
        "\n---\n\n<details>\n<summary>After deploying</summary>\n\n- Each migration has come to its end, as",
        "<sub>Note: role app was made for GRANT</sub>",
        "<code>/migrate help</code>",
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


def test_nothing_to_review() -> None:
    assert comment(EMPTY, ROOM_BYTES).body.startswith("<details>\n")


@given(reports)
def test_whatever_a_pull_request_holds_stays_in_its_place(report: Report) -> None:
    said = comment(report, ROOM_BYTES)
    assert "\n" not in said.headline
    text = f"{said.headline}\n\n{said.body}"
    assert "<!--" not in text
    page = Page(text)
    assert page.open == []
    assert set(page.seen) <= OURS
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.", page.plain, re.IGNORECASE)


def huge(migrations: int, size: int) -> Report:
    name = "|`<!--@x*_" * 100
    step = judged("ALTER TABLE … ADD COLUMN", Level.RISKY)
    undo = Rollback("DROP TABLE a;\n" * size, Grade.LOSSY, False, ("é" * size,) * 5)
    many = tuple(
        replace(RISKY_MIGRATION, id=f"{n}{name}", path=f"{n}{name}", statements=(step,) * 13, rollback=undo)
        for n in range(migrations)
    )
    findings = tuple(replace(DROPPED, path=one.path, message="lost " * size) for one in many for _ in range(3))
    return replace(FULL, migrations=many, findings=findings)


@given(st.integers(0, 60), st.integers(1, 2000), st.integers(LEAST_BYTES, 58_000))
@settings(deadline=None, max_examples=4)
def test_it_fits_the_room_that_the_checklist_leaves(migrations: int, size: int, room_bytes: int) -> None:
    body = comment(huge(migrations, size), room_bytes).body
    assert len(body.encode()) <= room_bytes
    shape(body)


def test_no_room_is_a_bug() -> None:
    with pytest.raises(ValueError, match="more than 100 bytes"):
        comment(FULL, 100)
