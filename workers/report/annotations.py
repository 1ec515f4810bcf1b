"""Report → notes on the lines of the migrations' files, as a check run shows them."""

from collections.abc import Iterator
from dataclasses import dataclass

from workers.model import Change, Level
from workers.report import phrases
from workers.report.words import visible
from workers.verdict import Finding, JudgedMigration, Report

LIMIT = 200
# GitHub takes titles of 255 characters and messages of 64 KB
# (https://docs.github.com/en/rest/checks/runs#create-a-check-run).
_TITLE_CHARS = 255
_MESSAGE_CHARS = 8_000  # of at most 4 bytes each, or 6 where they are spelled out
_LEVELS = {Level.SAFE: "notice", Level.RISKY: "warning", Level.HIGH_RISK: "failure"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """A finding on lines of a file, both included. level: notice, warning or failure. title, message: plain text."""

    path: str
    line: int
    end_line: int
    level: str
    title: str
    message: str


def annotations(report: Report) -> tuple[Annotation, ...]:
    """Findings that count, the worst first, at most LIMIT; none where the pull request deletes the file."""
    here = {migration.path: migration for migration in report.migrations}
    gone = {path for path, migration in here.items() if migration.change is Change.DELETED}
    found = [finding for finding in phrases.counting(report.findings) if finding.path not in gone]
    return tuple(_annotation(finding, here.get(finding.path)) for finding in found[:LIMIT])


def _annotation(finding: Finding, migration: JudgedMigration | None) -> Annotation:
    return Annotation(
        finding.path,
        finding.line,
        max(_ends(finding, migration) if migration else (), default=finding.line),
        _LEVELS[finding.level],
        " ".join(visible(f"{finding.rule}: {finding.object}").split())[:_TITLE_CHARS],
        visible("\n".join(_message(finding)))[:_MESSAGE_CHARS],
    )


def _ends(finding: Finding, migration: JudgedMigration) -> Iterator[int]:
    """The last line of the finding's statement, unless it is about another line."""
    for judged in migration.statements:
        last = judged.statement.line + judged.statement.text.count("\n")
        if finding in judged.findings and judged.statement.line <= finding.line <= last:
            yield last


def _message(finding: Finding) -> Iterator[str]:
    yield finding.message
    if rewrite := phrases.advised(finding):
        yield f"\n{phrases.instead(rewrite)}\n{phrases.script(rewrite)}"
