"""Report → a terminal of any width, or a pipe: the verdict, then what was seen, why it matters and what to do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from workers.model import Level
from workers.rehearsed import Preflight
from workers.report import kept, phrases, written
from workers.report.evidence import evidence, lasted, shown
from workers.report.repeats import together
from workers.report.words import count, visible
from workers.verdict import Finding, JudgedMigration, JudgedStatement, Report
from workers.ways_back import Kept, Rollback

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES = {Level.SAFE: "green", Level.RISKY: "yellow", Level.HIGH_RISK: "bold red"}
_TICKED = re.compile("`([^`]*)`")


def render_terminal(report: Report, console: Console) -> None:
    """Prints the report. Colour and width are the console's; nothing in the report is read as markup or as an escape
    sequence."""
    _print(_verdict(report, phrases.size(report), phrases.found(report)), console)
    for project in report.projects if report.several else (report,):
        if report.several:
            _folder(project, console)
        for migration in project.migrations:
            _migration(migration, project, console)
        if project is report:
            _elsewhere(report, console)
        _drift(project, console)
        _unread(project, console)
    if report.several:
        _elsewhere(report, console)
    _closing(report, console)


def _folder(project: Report, console: Console) -> None:
    console.print()
    title = Text(visible(project.directory), style="bold underline")
    if not project.failed:
        title.append(f"  {project.level.word}", style=STYLES[project.level])
    _print(title, console)
    if not project.failed:
        _line(phrases.of_project(project), console, style="dim")


def _elsewhere(report: Report, console: Console) -> None:
    if rest := phrases.elsewhere(report):
        _heading("Elsewhere", console)
        _findings(rest, console, with_path=True)


def _drift(report: Report, console: Console) -> None:
    if report.drift:
        _heading("Drift", console)
        for gap in report.drift:
            _line(phrases.gap(gap), console, indent=2)
            _sql(gap.sql or "", console)


def _unread(report: Report, console: Console) -> None:
    if report.unread:
        _heading("Not analysed", console)
        for item in report.unread:
            where = "" if report.failed else f"{item.path}:{item.line}  "
            _line(f"{where}{item.reason}", console, indent=2)


@contextlib.contextmanager
def replay_progress(console: Console, total: int, what: str = "Replaying the history") -> Iterator[Callable[[], None]]:
    """A bar while that is done with `total` migrations; the yielded callable advances it by one. Silent when the
    console is no terminal."""
    if not console.is_terminal or total == 0:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # 20 ms that a pipe need not spend

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def _verdict(report: Report, *facts: str) -> Text:
    title = Text.assemble((report.level.word.upper(), STYLES[report.level]))
    for fact in facts:
        title.append(f" · {fact}")
    if report.unread:
        title.append(f" · {phrases.unread(report)}", style="yellow")
    return title


def _closing(report: Report, console: Console) -> None:
    """The end is what stays on the screen, so it repeats the verdict and says where to read on."""
    console.print()
    for note in report.notes:
        _line(f"Note: {note}", console, style="dim")
    _line(phrases.judged_by(report), console, style="dim")
    if more := phrases.explained(report):
        _line(more, console, style="dim")
        _print(_verdict(report, phrases.found(report)), console)


def _migration(migration: JudgedMigration, report: Report, console: Console) -> None:
    _heading(migration.id, console, migration.level)
    change = phrases.CHANGES[migration.change]
    _line(f"{migration.path}{', ' if change else ''}{change}", console, indent=2, style="dim")
    if migration.statements:
        console.print()
        _statements(migration.statements, report.server is not None, console)
    _findings(phrases.about(migration, report.findings), console)
    _preflight(phrases.preflight_in(migration.path, report), console)
    if migration.rollback:
        _rollback(migration.rollback, console)
    if migration.kept:
        _kept(migration.kept, console)
    if migration.written:
        for number, line in enumerate((written.verdict(migration.written), *written.differences(migration.written))):
            _line(line, console, indent=6 if number else 4)


def _heading(title: str, console: Console, level: Level | None = None) -> None:
    text = Text(visible(title), style="bold")
    if level is not None:
        text.append(f"  {level.word}", style=STYLES[level])
    console.print()
    _print(text, console)


def _statements(statements: Sequence[JudgedStatement], rehearsed: bool, console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=True, header_style="dim")
    table.add_column("line", justify="right", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("what it does" if rehearsed else "what its text says", ratio=1, overflow="fold")
    if rehearsed:
        table.add_column("took", justify="right", no_wrap=True)
    rows, left_out = shown(statements)
    for judged in rows:
        does = Text(visible(judged.action), style="bold")
        for fact in evidence(judged):
            does.append("\n").append_text(_sentence(fact, "not bold"))
        took = (Text(lasted(judged), "dim"),) if rehearsed else ()
        table.add_row(str(judged.statement.line), Text(judged.level.word, STYLES[judged.level]), does, *took)
    if left_out:
        table.add_row("", Text("safe", STYLES[Level.SAFE]), f"… {count(left_out, 'more statement')}")
    _print(Padding(table, (0, 0, 0, 2)), console)


def _findings(findings: Sequence[Finding], console: Console, with_path: bool = False) -> None:
    for told in together(phrases.counting(findings)):
        finding = told.first
        where = f"{finding.path}:{told.numbers}" if with_path else told.lines
        title = Text.assemble((finding.level.word, STYLES[finding.level]), "  ")
        title.append(visible(finding.rule), "bold").append(visible(f"  {finding.object}"))
        title.append(visible(f"  {where}"), "dim")
        console.print()
        _print(Padding(title, (0, 0, 0, 2)), console)
        _line(finding.message, console, indent=4)
        for instead, rewrite in told.advice:
            _line(instead, console, indent=4)
            _sql(phrases.script(rewrite), console)
    for finding in phrases.allowed(findings):
        console.print()
        said = f"allowed  {finding.rule}  {finding.object}  line {finding.line}: {finding.allowed}"
        _line(said, console, indent=2, style="dim")


def _preflight(queries: Sequence[Preflight], console: Console) -> None:
    if queries:
        console.print()
        _line("Before deploying, ask the real database", console, indent=2, style="bold")
    for query in queries:
        _line(phrases.question(query), console, indent=4)
        _sql(query.sql, console)


def _rollback(undo: Rollback, console: Console) -> None:
    title = Text.assemble(("Rollback  ", "bold"), (undo.grade.value, "bold"))
    title.append(f", {phrases.proof(undo)}", style="green" if undo.proven else "yellow")
    console.print()
    _print(Padding(title, (0, 0, 0, 2)), console)
    for reason in (*phrases.shortfalls(undo), *phrases.going_back(undo)):
        _line(reason, console, indent=4)
    _sql(undo.sql, console)


def _kept(pair: Kept, console: Console) -> None:
    console.print()
    _line(kept.verdict(pair), console, indent=2, style="bold")
    for line in kept.lines(pair):
        _line(line, console, indent=4)
    for when, sql in kept.parts(pair):
        _line(f"{when}:", console, indent=4)
        _sql(sql, console)


def _sql(sql: str, console: Console) -> None:
    """Never folded: a copied line has to stay one line."""
    for line in visible(sql.strip("\n")).split("\n") if sql else ():
        console.print(Text(f"      {line}".rstrip(), style="cyan"), soft_wrap=True)


def _line(text: str, console: Console, indent: int = 0, style: str = "") -> None:
    _print(Padding(_sentence(text, style), (0, 0, 0, indent)), console)


def _sentence(text: str, style: str = "") -> Text:
    """Names and SQL in a colour of their own instead of backticks."""
    found = Text(style=style)
    for index, part in enumerate(_TICKED.split(visible(text))):
        found.append(part, style="cyan" if index % 2 else "")
    return found


def _print(renderable: RenderableType, console: Console) -> None:
    """Without the blanks that fill a line up to the console's width: they would end up in files and pastes."""
    printed: list[Segment] = []  # at once: each call of print costs a tenth of a millisecond
    for line in console.render_lines(renderable, pad=False):
        text = list(line)
        while text and not text[-1].text.strip():
            text.pop()
        if text:
            text[-1] = Segment(text[-1].text.rstrip(), text[-1].style)
        printed += [*text, Segment.line()]
    console.print(Segments(printed), end="")
