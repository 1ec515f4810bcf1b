"""Audit → a terminal of any width, or a pipe: what failed, what is not proven, the totals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from workers.audited import Audit, AuditedMigration
from workers.report import audit_words as words
from workers.report.words import count, visible

if TYPE_CHECKING:
    from rich.console import Console


def render_audit(audit: Audit, console: Console, *, with_sql: bool = False) -> None:
    """Prints the audit; the end is what stays on the screen. Nothing in it is read as markup or as an escape
    sequence."""
    for one in audit.applied if with_sql else ():
        _sql(one, console)
    failed = [(one.id, (one.error or "",)) for one in audit.failed]
    unproven = [(one.id, words.differences(one)) for one in audit.unproven]
    short = [(each.path, words.shortfall(each)) for each in audit.written if not each.restores]
    _items(f"{count(len(failed), 'migration')} not applied", failed, console)
    _items(f"{count(len(unproven), 'rollback')} not proven", unproven, console)
    _items(words.restoring_nothing(short), short, console)
    if found := words.reasons(audit):
        _heading("Why a rollback is not exact", console)
        _rows(((f"{number:,}", reason) for reason, number in found), console)
    _heading(words.where(audit), console)
    _rows(words.totals(audit), console)
    for note in audit.notes:
        _line(f"Note: {note}", console, 2, "dim")
    _line(words.judged_by(audit), console, 2, "dim")


def _sql(one: AuditedMigration, console: Console) -> None:
    if one.rollback and one.rollback.sql.strip():
        _heading(f"{one.id}  {one.rollback.grade}", console)
        for line in visible(one.rollback.sql.strip("\n")).split("\n"):
            _print(f"  {line}".rstrip(), console, "cyan")


def _items(title: str, items: Sequence[tuple[str, Iterable[str]]], console: Console) -> None:
    if items:
        _heading(title, console)
    for name, lines in items:
        _line(name, console, 2)
        for line in lines:
            _line(line, console, 4, "yellow")


def _heading(title: str, console: Console) -> None:
    _print("", console)
    _line(title, console, 0, "bold")


def _rows(rows: Iterable[tuple[str, str]], console: Console) -> None:
    told = tuple(rows)
    longest = max(len(name) for name, _ in told)
    for name, value in told:
        first, *more = textwrap.wrap(visible(value), max(20, console.width - longest - 4)) or [""]
        for part, line in [(name, first), *(("", line) for line in more)]:
            _print(f"  {part:>{longest}}  {line}" if name[:1].isdigit() else f"  {part:{longest}}  {line}", console)


def _line(text: str, console: Console, indent: int, style: str = "") -> None:
    """A line longer than the screen goes on under its own beginning."""
    for line in textwrap.wrap(visible(text), max(20, console.width - indent)):
        _print(" " * indent + line, console, style)


def _print(line: str, console: Console, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
