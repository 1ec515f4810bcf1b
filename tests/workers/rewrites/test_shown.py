"""What stands before a rewrite: whether it was tried, and how that ended."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from workers.judge import judge
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.policy import Policy
from workers.report.annotations import annotations as noted
from workers.report.as_json import to_json
from workers.report.markdown import to_markdown
from workers.report.phrases import instead, script
from workers.report.terminal import render_terminal
from workers.verdict import Rewrite, RewriteStep
from workers.words import Name

PLAIN = Rewrite((RewriteStep("SELECT 1;", transaction=True),), proven=False)


@pytest.mark.parametrize(
    ("rewrite", "said"),
    [
        (PLAIN, "Instead, not proven:"),
        (replace(PLAIN, proven=True), "Instead, proven to reach the same schema and rows:"),
        (
            replace(PLAIN, proven=True, kept=((Name("public", "users"), "nick"),)),
            "Instead, proven to reach the same schema; the values are kept, in `public.users.nick`:",
        ),
        (replace(PLAIN, missing="the value"), "Instead, not proven, as the value is left to you:"),
    ],
)
def test_whether_it_is_proven(rewrite: Rewrite, said: str) -> None:
    assert instead(rewrite) == said


@pytest.mark.parametrize(("refuted", "shown"), [(None, True), ("index public.i is missing", False)])
def test_one_that_comes_to_something_else_is_in_the_json_alone(refuted: str | None, shown: bool) -> None:
    text, screen = "CREATE INDEX i ON t (a);", io.StringIO()
    new = ChangedMigration(Change.ADDED, None, Migration("1", "1.sql", text, Transaction.STATEMENT))
    report = judge(MigrationSet("plain", "", "a", "b", (), (new,)), None, Policy())
    (finding,) = report.findings
    report = replace(report, findings=(replace(finding, rewrite=replace(PLAIN, refuted=refuted)),))
    render_terminal(report, Console(file=screen, width=80, legacy_windows=False))
    said = (screen.getvalue(), to_markdown(report), *(note.message for note in noted(report)))
    assert ["SELECT 1;" in each for each in said] == [shown] * 3
    assert "SELECT 1;" in str(to_json(report))


def test_what_can_stand_in_the_statement_s_place_says_nothing_of_transactions() -> None:
    assert script(replace(PLAIN, in_place=True)) == "SELECT 1;"
    assert script(Rewrite((RewriteStep("VACUUM;", transaction=False),), proven=True)) == (
        "-- outside a transaction:\nVACUUM;"
    )


def test_each_of_several_steps_says_what_it_takes() -> None:
    steps = (
        RewriteStep("SELECT 1;", transaction=True),
        RewriteStep("SELECT 2;", transaction=True),
        RewriteStep("SELECT 3;\nSELECT 4;", transaction=True),
        RewriteStep("VACUUM;", transaction=False),
        RewriteStep("SELECT 5;", transaction=True, deploy="code that\ncounts"),
    )
    assert script(Rewrite(steps, proven=True)).splitlines() == [
        "-- each in a transaction of its own:",
        "SELECT 1;",
        "SELECT 2;",
        "-- in a transaction of its own:",
        "SELECT 3;",
        "SELECT 4;",
        "-- outside a transaction:",
        "VACUUM;",
        "-- deploy first: code that counts",
        "-- in a transaction of its own:",
        "SELECT 5;",
    ]
