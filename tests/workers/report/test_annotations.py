"""Notes on lines: each finding that counts, on the lines of its statement, within what GitHub takes."""

import re
from dataclasses import replace

from hypothesis import given, settings

from tests.workers.report.reports import (
    DROPPED,
    EMPTY,
    FULL,
    INDEXED,
    PATH,
    RISKY_MIGRATION,
    SAFE,
    reports,
    statement,
)
from workers.model import Change, Level
from workers.report.annotations import LIMIT, Annotation, annotations
from workers.verdict import Report


def test_nothing_found_nothing_noted() -> None:
    assert annotations(EMPTY) == annotations(SAFE) == ()


def test_the_worst_first_and_none_for_what_is_allowed() -> None:
    assert annotations(FULL) == (
        Annotation(
            PATH,
            2,
            2,
            "failure",
            "column-dropped: public.orders.note",
            "Dropping `note` loses its values.\n\nInstead, proven to reach the same schema and rows:\n"
            "-- deploy first: code that reads neither\n-- in a transaction of its own:\n"
            "ALTER TABLE orders RENAME COLUMN note TO note_old;\n"
            "-- outside a transaction:\nDROP INDEX CONCURRENTLY orders_note_idx;",
        ),
        Annotation(PATH, 5, 5, "warning", "index-not-concurrent: public.orders", "Writes wait for the build."),
    )


def one(line: int, text: str, found_at: int) -> tuple[int, int]:
    finding = replace(DROPPED, line=found_at)
    judged = replace(RISKY_MIGRATION.statements[0], statement=statement(text, line), findings=(finding,))
    migration = replace(RISKY_MIGRATION, statements=(judged,))
    noted = annotations(replace(FULL, migrations=(migration,), findings=(finding,)))
    return noted[0].line, noted[0].end_line


def test_a_note_spans_its_statement() -> None:
    assert one(2, "ALTER TABLE a", 2) == (2, 2)
    assert one(2, "ALTER TABLE a\n  ADD b int,\r\n  ADD c int", 2) == (2, 4)
    assert one(2, "ALTER TABLE a\n  ADD b int,\n  ADD c int", 3) == (3, 4)
    assert one(2, "ALTER TABLE a", 9) == (9, 9)


def test_a_file_that_is_gone_has_no_lines() -> None:
    gone = replace(RISKY_MIGRATION, change=Change.DELETED)
    assert annotations(replace(FULL, migrations=(gone,))) == ()


def test_another_file_than_a_migration() -> None:
    (noted,) = annotations(replace(FULL, findings=(replace(INDEXED, path="package.json"),)))
    assert (noted.path, noted.line, noted.end_line) == ("package.json", INDEXED.line, INDEXED.line)


def test_the_worst_of_many() -> None:
    many = (*(replace(INDEXED, line=n + 1) for n in range(300)), *(replace(DROPPED, line=n + 1) for n in range(50)))
    noted = annotations(replace(FULL, findings=many))
    assert len(noted) == LIMIT
    assert [note.level for note in noted] == ["failure"] * 50 + ["warning"] * 150


def test_a_level_that_the_policy_makes_safe_is_a_notice() -> None:
    assert annotations(replace(FULL, findings=(replace(INDEXED, level=Level.SAFE),)))[0].level == "notice"


def test_what_github_takes() -> None:
    long = replace(DROPPED, object="\x1b" * 1000, message="\x1b\n" * 100_000)
    noted = annotations(replace(FULL, findings=(long,)))[0]
    assert noted.title == ("column-dropped: " + "\\x1b" * 1000)[:255]
    assert len(noted.message.encode()) <= 65_536


@given(reports)
@settings(deadline=None)
def test_whatever_a_pull_request_holds(report: Report) -> None:
    for noted in annotations(report):
        assert 1 <= noted.line <= noted.end_line
        assert len(noted.title) <= 255
        assert "\n" not in noted.title
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udbff]", noted.message)
        assert len(noted.message.encode()) <= 65_536
