"""Rewrites that can stand where the statement stands, as new text for its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workers.verdict import JudgedMigration, JudgedStatement, Report

_MOST = 5  # of a pull request: each is a comment that somebody is told of


@dataclass(frozen=True, slots=True)
class Suggestion:
    """New text for lines of a file, both included, without a newline at its end. said: what it is, a sentence."""

    path: str
    line: int
    end_line: int
    text: str
    said: str


def suggestions(report: Report) -> tuple[Suggestion, ...]:
    """Those of proven rewrites whose statements have their lines for themselves."""
    found = (one for migration in report.migrations for one in _of_migration(migration))
    return tuple(one for one, _ in zip(found, range(_MOST), strict=False))


def _of_migration(migration: JudgedMigration) -> Iterator[Suggestion]:
    leads = [judged.statement.lead for judged in migration.statements[1:]]
    for judged, behind in zip(migration.statements, (*leads, migration.tail), strict=True):
        text = _text(judged)
        if text and judged.statement.column == 1 and _ends_its_line(behind):
            first = judged.statement.line
            last = first + judged.statement.text.count("\n")
            yield Suggestion(migration.path, first, last, text, _said(judged))


def _text(judged: JudgedStatement) -> str:
    """The steps' statements, each with its semicolon."""
    for finding in judged.findings:
        if finding.rewrite and finding.rewrite.proven and finding.rewrite.in_place and finding.allowed is None:
            return "\n".join(f"{step.sql.strip().removesuffix(';')};" for step in finding.rewrite.steps)
    return ""


def _said(judged: JudgedStatement) -> str:
    rule = next(finding.rule for finding in judged.findings if finding.rewrite)
    return f"{rule}: this comes to the same schema and rows, as was tried, without the wait."


def _ends_its_line(behind: str) -> bool:
    """Nothing but the semicolon stands between the statement and the end of its line."""
    return behind.partition("\n")[0].strip() in (";", "") and behind[:1] in (";", "")
