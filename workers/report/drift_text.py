"""Live drift → a terminal of any width, or a pipe: what differs, the SQL that closes it, the history, the verdict."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.text import Text

from workers.drift.gaps import Gap
from workers.drift.live import Closing, LiveDrift
from workers.report import drift_words as words
from workers.report.words import count, visible

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = len("migrations")


def render_drift(drift: LiveDrift, console: Console) -> None:
    """Prints it; the end is what stays on the screen. Nothing in it is read as markup or as an escape sequence."""
    for gap in drift.gaps:
        _gap(gap, console)
    for title, closing in words.closings(drift):
        _closing(title, closing, console)
    _line("", console, 0)
    _line(words.where(drift), console, 0, "bold")
    _line(f"{words.verdict(drift)}.", console, 2, "green" if drift.clean else "bold red")
    _line(f"{words.applied(drift)}.", console, 2)
    for state in words.states(drift.history):
        _line(f"{count(len(state.ids), 'migration')} {state.name}: {state.meaning}: {words.ids(state)}", console, 2)
    for note in (*drift.notes, words.reordered(drift)):
        if note:
            _line(f"Note: {note}", console, 2, "dim")
    _line(words.judged_by(drift), console, 2, "dim")


def _gap(gap: Gap, console: Console) -> None:
    _line("", console, 0)
    _line(f"{gap.kind}: {gap.object}", console, 0, "bold")
    for side, definition in words.sides(gap):
        for number, line in enumerate(visible(definition.strip("\n")).split("\n")):
            _print(f"  {'' if number else side:{_WIDTH}}  {line}".rstrip(), console, "cyan")
    if likely := words.likely(gap):
        _line(likely, console, 2, "yellow")


def _closing(title: str, closing: Closing, console: Console) -> None:
    _line("", console, 0)
    _line(f"{title}:", console, 0, "bold")
    for statement in closing.sql:
        for line in visible(statement.strip("\n")).split("\n"):
            _print(f"  {line}".rstrip(), console, "cyan")
    _line(f"{words.proof(closing)}.", console, 2, "green" if closing.proven else "yellow")
    if closing.loses:
        _line(f"Drops with all that is in it: {', '.join(closing.loses)}.", console, 2, "yellow")


def _line(text: str, console: Console, indent: int, style: str = "") -> None:
    """A line longer than the screen goes on under its own beginning."""
    for line in textwrap.wrap(visible(text), max(20, console.width - indent)) or [""]:
        _print(" " * indent + line if line else "", console, style)


def _print(line: str, console: Console, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
