"""A report by what its parts are about: each migration, or all of them, with what is found there and its causes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workers.model import Change, Level
from workers.rehearsed import Preflight
from workers.report import phrases
from workers.verdict import Finding, JudgedMigration, JudgedStatement, Report, Unread

# About files: no statement is their cause.
OF_FILES = frozenset({"merged-migration-changed", "suppression"})


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is found about some migrations, or in one other file. findings: those that count and are not safe, worst
    first. preflight: the queries about statements with findings."""

    migrations: tuple[JudgedMigration, ...]
    findings: tuple[Finding, ...]
    preflight: tuple[Preflight, ...]
    unread: tuple[Unread, ...]
    statements: Mapping[Finding, JudgedStatement]  # what a finding is about, where that is no file

    @property
    def added(self) -> tuple[JudgedMigration, ...]:
        """The migrations that are to be run."""
        return tuple(migration for migration in self.migrations if migration.change is Change.ADDED)

    def of_rule(self) -> Iterator[tuple[str, tuple[Finding, ...]]]:
        """The findings by their rules, the worst first."""
        for rule in dict.fromkeys(finding.rule for finding in self.findings):
            yield rule, tuple(finding for finding in self.findings if finding.rule == rule)

    def texts(self, findings: Iterable[Finding]) -> tuple[str, ...]:
        """The statements that make these findings, or all where a finding is about how a migration as a whole runs. Of
        a merged migration that was edited, what stands for its text."""
        found: dict[str, None] = {}
        for finding in findings:
            if statement := self.statements.get(finding):
                found[statement.statement.text] = None
            elif finding.path not in {migration.path for migration in self.migrations}:
                found[finding.message] = None  # of another file: it tells what is done there, and where
            elif finding.rule not in OF_FILES:
                found |= dict.fromkeys(texts_of(self.migrations))
            else:
                found |= dict.fromkeys(migration.digest for migration in self.migrations if migration.digest)
        return tuple(found)


def chapters(report: Report) -> tuple[Chapter, ...]:
    """One for each migration, then one for each other file, in the report's order."""
    mine = [_chapter(report, (migration,), migration.path) for migration in report.migrations]
    paths = (*(finding.path for finding in report.findings), *(item.path for item in report.unread))
    others = dict.fromkeys(path for path in paths if path not in {migration.path for migration in report.migrations})
    return (*mine, *(_chapter(report, (), path) for path in others))


def whole(report: Report) -> Chapter:
    """All of them as one."""
    return _chapter(report, report.migrations, None)


def texts_of(migrations: Iterable[JudgedMigration]) -> tuple[str, ...]:
    """Every statement of the migrations."""
    return tuple(judged.statement.text for migration in migrations for judged in migration.statements)


def cause_id(kind: str, objects: Sequence[str], texts: Sequence[str]) -> str:
    """8 hexadecimal digits that stay while the cause stays: not a line number, a path or another statement is in them.
    Line ends and outer blanks do not count."""
    plain = [text.replace("\r\n", "\n").replace("\r", "\n").strip() for text in texts]
    cause = json.dumps([kind, list(dict.fromkeys(objects)), plain])
    return hashlib.sha256(cause.encode()).hexdigest()[:8]


def _chapter(report: Report, migrations: tuple[JudgedMigration, ...], path: str | None) -> Chapter:
    """path: what to look at; None for everything."""
    counting = phrases.counting(finding for finding in report.findings if path in (None, finding.path))
    findings = tuple(finding for finding in counting if finding.level > Level.SAFE)
    places = {(finding.path, finding.line) for finding in findings}
    return Chapter(
        migrations,
        findings,
        tuple(query for query in report.preflight if (query.path, query.line) in places),
        tuple(item for item in report.unread if path in (None, item.path)),
        {finding: each for one in migrations for each in one.statements for finding in each.findings},
    )
