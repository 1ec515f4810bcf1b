"""Which proven rewrites are proposed on the lines of their statements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.report.reports import FULL, INDEXED, PATH, RISKY_MIGRATION, judged
from workers.report.suggestions import Suggestion, suggestions
from workers.verdict import Finding, JudgedStatement, Report, Rewrite, RewriteStep

CONCURRENT = Rewrite((RewriteStep("CREATE INDEX CONCURRENTLY n ON t (n);", False),), proven=True, in_place=True)
FOUND = replace(INDEXED, rewrite=CONCURRENT)


def report(*statements: JudgedStatement, tail: str = ";\n") -> Report:
    return replace(FULL, migrations=(replace(RISKY_MIGRATION, statements=statements, tail=tail),))


def indexed(found: Finding = FOUND, text: str = "CREATE INDEX n\nON t (n)", line: int = 3) -> JudgedStatement:
    return replace(judged(text, line=line), findings=(found,))


def test_a_statement_that_has_its_lines_for_itself() -> None:
    said = "index-not-concurrent: this comes to the same schema and rows, as was tried, without the wait."
    text = "CREATE INDEX CONCURRENTLY n ON t (n);"
    assert suggestions(report(indexed())) == (Suggestion(PATH, 3, 4, text, said),)


@pytest.mark.parametrize("tail", ["; -- why\n", "; SELECT 1", " ;"])
def test_something_else_on_its_lines(tail: str) -> None:
    assert suggestions(report(indexed(), tail=tail)) == ()


def test_something_before_it_on_its_line() -> None:
    one = indexed()
    assert suggestions(report(replace(one, statement=replace(one.statement, column=5)))) == ()


@pytest.mark.parametrize(
    "found",
    [
        INDEXED,
        replace(FOUND, allowed="window on Sunday"),
        replace(FOUND, rewrite=replace(CONCURRENT, proven=False)),
        replace(FOUND, rewrite=replace(CONCURRENT, in_place=False)),
    ],
    ids=["no rewrite", "allowed", "unproven", "belongs elsewhere"],
)
def test_nothing_to_propose(found: Finding) -> None:
    assert suggestions(report(indexed(found))) == ()


def test_five_are_enough() -> None:
    many = [
        replace(one, statement=replace(one.statement, lead=";\n")) for one in [indexed(line=n) for n in range(1, 9)]
    ]
    assert [one.line for one in suggestions(report(*many))] == [1, 2, 3, 4, 5]
