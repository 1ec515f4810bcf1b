"""Report → the body of the pull request's comment: verdict, worst finding, then each migration with what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from workers.model import Level
from workers.rehearsed import Preflight
from workers.report import phrases
from workers.report.back_markdown import kept, rollback
from workers.report.budget import Part, Rank, fit
from workers.report.evidence import evidence, lasted, shown
from workers.report.markup import code, fence, folded, prose
from workers.report.repeats import Told, together
from workers.report.words import count
from workers.verdict import Finding, JudgedMigration, JudgedStatement, Report

# GitHub takes 65,536 characters and has been seen to add about a thousand of its own.
LIMIT_BYTES = 60_000
_SECTIONS = (40, 20, 10, 5, 2, 0)  # how many migrations may have a section of their own: the first number that fits
_SQL_BYTES = 4_000  # longer SQL in advice is named, not shown: half a statement helps nobody
_RANKS = {Level.SAFE: Rank.RISKY, Level.RISKY: Rank.RISKY, Level.HIGH_RISK: Rank.HIGH_RISK}


def to_markdown(report: Report) -> str:
    """GitHub Markdown, at most LIMIT_BYTES in UTF-8, with every fence and element closed. Text from the pull request is
    shown, never interpreted. Verdict and findings are the last to be shortened."""
    return fitted(report, LIMIT_BYTES, Around(f"{headline(report)}\n\n"))


@dataclass(frozen=True, slots=True)
class Around:
    """What a face adds: before the report's parts and after them, and what goes with the notes. more: in the footer."""

    before: str = ""
    after: str = ""
    below: str = ""
    more: tuple[str, ...] = ()


def headline(report: Report) -> str:
    """The verdict in one line."""
    return f"### {phrases.MARKS[report.level]} {report.level.word} · {phrases.found(report)}"


def fitted(report: Report, limit_bytes: int, around: Around) -> str:
    """All but the headline. Migrations that have no room for a section of their own are counted."""
    for number in _SECTIONS:
        parts = _parts(report, _sections(report.migrations, number), around)
        with contextlib.suppress(ValueError):
            return fit(parts, limit_bytes)
    raise ValueError(f"a report needs more than {limit_bytes} bytes")


def _parts(report: Report, sections: Sequence[JudgedMigration], around: Around) -> list[Part]:
    return [
        Part(Rank.ALWAYS, (around.before + _intro(report),)),
        *(_projects(report, sections) if report.several else _project(report, sections, report.level)),
        Part(Rank.ALWAYS, (f"{around.after}\n---\n{around.below}\n",)),
        *_notes(report),
        Part(Rank.ALWAYS, (_footer(report, around.more),)),
    ]


def _project(report: Report, sections: Sequence[JudgedMigration], worst: Level) -> Iterable[Part]:
    yield from chain.from_iterable(_migration(migration, report, worst) for migration in sections)
    yield from _left_out(len(report.migrations) - len(sections))
    yield from _elsewhere(report)
    yield from _drift(report)
    yield from _unread(report)


def _projects(report: Report, sections: Sequence[JudgedMigration]) -> Iterable[Part]:
    """Each under its folder; what is found in other files, below them. Where there is room for no migration, what does
    not fit of the folders is counted, too."""
    if not sections:
        yield Part(Rank.RISKY, tuple(map(_folder, report.projects)), "project")
        yield from _project(report, (), report.level)
        return
    for project in report.projects:
        yield Part(Rank.ALWAYS, (_folder(project),))
        own = [migration for migration in sections if migration in project.migrations]
        yield from chain.from_iterable(_migration(migration, project, report.level) for migration in own)
        yield from _left_out(len(project.migrations) - len(own))
        yield from _drift(project)
        yield from () if project.failed else _unread(project)
    yield from _elsewhere(report)


def _folder(project: Report) -> str:
    if project.failed:
        return f"\n### ⚠️ {code(project.directory)}\n\nNot analysed: {prose(project.failed, 1000)}\n"
    said = prose(phrases.of_project(project))
    return f"\n### {phrases.MARKS[project.level]} {code(project.directory)}\n\n{said}\n"


def _intro(report: Report) -> str:
    lines = [f"{phrases.size(report)}\n"]
    first = phrases.worst(report)
    if report.unread:
        where = "below" if report.several else "the end"
        lines.append(f"⚠️ Not a full review: {phrases.unread(report)}, see {where}.\n")
    if first and len(report.migrations) > 1:
        names = phrases.called(report)
        where = f"{code(names.get(first.path, first.path))} line {first.line}"
        lines.append(f"**Read first:** {code(first.rule)}, {prose(first.object, 300)}, in {where}\n")
    return "\n".join(lines)


def _sections(migrations: Sequence[JudgedMigration], most: int) -> tuple[JudgedMigration, ...]:
    """In their order, the worst ones when there are too many."""
    kept = sorted(range(len(migrations)), key=lambda index: -migrations[index].level)[:most]
    return tuple(migrations[index] for index in sorted(kept))


def _migration(migration: JudgedMigration, report: Report, worst: Level) -> Iterable[Part]:
    change = phrases.CHANGES[migration.change]
    said = f"{code(migration.path)}{f', **{change}**' if change else ''}"
    yield Part(Rank.ALWAYS, (f"\n#### {phrases.MARKS[migration.level]} {prose(migration.id, 400)}\n\n{said}\n",))
    yield from _statements(migration, report.server is not None)
    yield from _findings(phrases.about(migration, report.findings), worst)
    yield from _preflight(phrases.preflight_in(migration.path, report))
    if migration.rollback:
        yield rollback(migration, migration.rollback, report)
    if migration.kept:
        yield kept(migration.kept)


def _left_out(number: int) -> Iterable[Part]:
    if number:
        yield Part(Rank.ALWAYS, (f"\n… {count(number, 'more migration')}, none of them worse than these.\n",))


def _statements(migration: JudgedMigration, rehearsed: bool) -> Iterable[Part]:
    """A table; folded where there is nothing to look for in it."""
    if not migration.statements:
        return
    rows, safe = shown(migration.statements)
    head = "\n| line | level | statement | what its text says |\n|---:|---|---|---|\n"
    if rehearsed:
        head = "\n| line | level | statement | what it does | took |\n|---:|---|---|---|---:|\n"
    more = f"| | safe | … {count(safe, 'more statement')} | |{' |' if rehearsed else ''}\n" if safe else ""
    opening, closing = "", ""
    if migration.level is Level.SAFE:
        opening = f"\n<details>\n<summary>{count(len(migration.statements), 'statement')}</summary>\n"
        closing = "\n</details>\n"
    lines = tuple(_row(judged, rehearsed) for judged in rows)
    yield Part(Rank.STATEMENTS, lines, "statement", opening + head, more + closing)


def _row(judged: JudgedStatement, rehearsed: bool) -> str:
    does = "<br>".join(prose(fact, 300) for fact in evidence(judged)[:8])
    took = f" {lasted(judged).replace(' ', '&nbsp;')} |" if rehearsed else ""
    level = judged.level.word.replace("-", "&#8209;")  # a hyphen that does not break the line
    return f"| {judged.statement.line} | {level} | {code(judged.action, 200)} | {does} |{took}\n"


def _findings(findings: Sequence[Finding], worst: Level, with_path: bool = False) -> Iterable[Part]:
    """Worst first, and only those of the report's own level unfolded."""
    counting = together(phrases.counting(findings))
    for level in reversed(Level):
        told = tuple(one for one in counting if one.first.level is level)
        rows = tuple(_finding(one, level is worst, with_path) for one in told)
        if rows:
            yield Part(_RANKS[level], rows, f"{level.word} finding", worth=tuple(len(one.findings) for one in told))
    excused = tuple(_allowed(finding) for finding in phrases.allowed(findings))
    if excused:
        yield Part(Rank.ALLOWED, excused, "allowed finding", "\n")


def _finding(told: Told, opened: bool, with_path: bool) -> str:
    finding = told.first
    where = f"{code(finding.path)} {told.lines}" if with_path else told.lines
    title = f"{phrases.MARKS[finding.level]} <b>{code(finding.rule)}</b> {prose(finding.object, 300)}, {where}"
    advice = "".join(f"\n{prose(said)}\n\n{_sql(phrases.script(rewrite))}" for said, rewrite in told.advice)
    return folded(title, f"{prose(finding.message)}\n{advice}", opened)


def _allowed(finding: Finding) -> str:
    reason = prose(finding.allowed or "", 400)
    return f"- allowed: {code(finding.rule)} {prose(finding.object, 300)}, line {finding.line}: {reason}\n"


def _preflight(queries: Sequence[Preflight]) -> Iterable[Part]:
    if queries:
        rows = tuple(f"\n{prose(phrases.question(query))}\n\n{_sql(query.sql)}" for query in queries)
        yield Part(Rank.PREFLIGHT, rows, "question", "\n**Before deploying**, ask the real database\n")


def _elsewhere(report: Report) -> Iterable[Part]:
    rest = phrases.elsewhere(report)
    if rest:
        yield Part(Rank.ALWAYS, ("\n#### Elsewhere\n",))
        yield from _findings(rest, report.level, with_path=True)


def _drift(report: Report) -> Iterable[Part]:
    if report.drift:
        rows = (f"\n{prose(phrases.gap(gap))}\n" + (f"\n{_sql(gap.sql)}" if gap.sql else "") for gap in report.drift)
        yield Part(Rank.RISKY, tuple(rows), "difference", "\n#### Drift\n")


def _unread(report: Report) -> Iterable[Part]:
    if report.unread:
        rows = tuple(f"- {code(item.path)} line {item.line}: {prose(item.reason, 400)}\n" for item in report.unread)
        yield Part(Rank.UNREAD, rows, "part", "\n#### ⚠️ Not analysed\n\n")


def _notes(report: Report) -> Iterable[Part]:
    rows = tuple(f"<sub>Note: {prose(note, 400)}</sub><br>\n" for note in report.notes)
    yield Part(Rank.NOTES, rows, "note")


def _footer(report: Report, more: Sequence[str]) -> str:
    lines = [prose(phrases.judged_by(report))]
    if report.base and report.head:
        lines[0] += f" {code(report.head[:10])} against {code(report.base[:10])}."
    lines += map(prose, filter(None, (phrases.explained(report), *more)))
    return f"<sub>{'<br>'.join(lines)}</sub>\n"


def _sql(sql: str) -> str:
    """Whole or not at all."""
    block = fence(sql)
    if len(block.encode()) <= _SQL_BYTES:
        return block
    return f"({count(len(sql.strip().splitlines()), 'line')} of SQL, in the JSON report.)\n"
