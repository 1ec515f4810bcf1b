"""What stands in a check run's text: each pull request's items, who ticked them, when and at which commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import unescape

from bot.markup import escaped, quoted
from bot.model import Row, Section, Verdict

# GitHub takes 65,535; whether characters or bytes is not said (schema of POST /repos/{owner}/{repo}/check-runs).
LIMIT_BYTES = 65_000

_HEAD = "| item | what | state | by | at | commit | note |\n|---|---|---|---|---|---|---|\n"
_TITLE = re.compile(r"#### Pull request (?P<number>\d+): (?P<verdict>success|action_required|failure)")
_STATES = {True: "ticked", False: "open"}


def render(sections: Sequence[Section]) -> str:
    """Markdown of at most LIMIT_BYTES that parse() reads back; notes, then labels are shortened where it is too long.
    Raises ValueError when even that does not help."""
    for label_chars, note_chars in ((200, 300), (120, 60), (40, 0), (0, 0)):
        text = "\n".join(_section(_cut(section, label_chars, note_chars)) for section in sections)
        if len(text.encode()) <= LIMIT_BYTES:
            return text
    raise ValueError(f"a record of {sum(len(section.rows) for section in sections)} items does not fit a check run")


def parse(text: str) -> tuple[Section, ...]:
    """The sections of a text that render() wrote; none for any other text."""
    return tuple(_sections(text.splitlines()))


def section_of(number: int, sections: Iterable[Section]) -> Section | None:
    """A pull request's own section."""
    return next((section for section in sections if section.number == number), None)


def _section(section: Section) -> str:
    rows = "".join(f"| {' | '.join(_cells(row))} |\n" for row in section.rows)
    title = f"#### Pull request {section.number}: {section.verdict}\n"
    return f"{title}\n{_HEAD}{rows}" if rows else title


def _cells(row: Row) -> tuple[str, ...]:
    state = _STATES[row.ticked]
    label, note = quoted(row.label), quoted(row.note)  # the pull request's words, and people's
    return (row.item, label, state, *map(escaped, (row.login, row.at, row.commit)), note)


def _cut(section: Section, label_chars: int, note_chars: int) -> Section:
    rows = (replace(row, label=row.label[:label_chars], note=row.note[:note_chars]) for row in section.rows)
    return replace(section, rows=tuple(rows))


def _sections(lines: Sequence[str]) -> Iterator[Section]:
    found: Section | None = None
    for line in lines:
        if title := _TITLE.fullmatch(line):
            if found:
                yield found
            found = Section(int(title["number"]), Verdict(title["verdict"]))
        elif found and (row := _row(line)):
            found = replace(found, rows=(*found.rows, row))
    if found:
        yield found


def _row(line: str) -> Row | None:
    cells = [_plain(cell.strip()) for cell in line.strip().strip("|").split("|")]
    if len(cells) != 7 or not re.fullmatch(r"[0-9a-f]{8}", cells[0]):
        return None
    item, label, state, login, at, commit, note = cells
    return Row(item, label, state == _STATES[True], login, at, commit, note)


def _plain(cell: str) -> str:
    return unescape(cell.removeprefix("<code>").removesuffix("</code>"))
