"""Live drift for a comment or an issue on GitHub: as much as fits, without the database's address."""

from __future__ import annotations

from collections.abc import Iterator

from workers.drift.live import Closing, LiveDrift
from workers.report import drift_words as words
from workers.report.budget import Part, Rank, fit
from workers.report.markup import code, fence, prose
from workers.report.words import count

_NOTE_BYTES = 600


def drift_comment(drift: LiveDrift, environment: str, limit_bytes: int) -> str:
    """At most limit_bytes of Markdown. environment: its name. Says the same of the same drift: no times."""
    return fit(tuple(_parts(drift, environment)), limit_bytes).strip() + "\n"


def _parts(drift: LiveDrift, environment: str) -> Iterator[Part]:
    mark = "✅" if drift.clean else "⚠️"
    against = f"{code(drift.directory or 'the root')} at {code(drift.commit[:12])}"
    said = f"{mark} **{environment}**: {prose(words.verdict(drift))}. {prose(words.applied(drift))}; {against}.\n"
    yield Part(Rank.ALWAYS, (), head=said)
    if drift.gaps:
        rows = tuple(_gaps(drift))
        table = f"\n| {count(len(rows), 'object')} | | migrations | live |\n|---|---|---|---|\n"
        yield Part(Rank.HIGH_RISK, rows, "object", table)
    if states := tuple(words.states(drift.history)):
        named = (f"| {state.name} | {prose(f'{state.meaning}: {words.ids(state)}')} |\n" for state in states)
        yield Part(Rank.RISKY, tuple(named), "state", "\n| history | |\n|---|---|\n")
    for title, closing in words.closings(drift):
        yield Part(Rank.ROLLBACK, (_closing(title, closing),), "block of SQL")
    notes = tuple(f"- {prose(note, _NOTE_BYTES)}\n" for note in (*drift.notes, words.reordered(drift)) if note)
    if notes:
        yield Part(Rank.NOTES, notes, "note", "\n")


def _gaps(drift: LiveDrift) -> Iterator[str]:
    for gap in drift.gaps:
        likely = f"<br>{prose(words.likely(gap))}" if gap.likely else ""
        yield f"| {code(gap.object)}{likely} | {gap.kind} | {code(gap.expected or '')} | {code(gap.actual or '')} |\n"


def _closing(title: str, closing: Closing) -> str:
    loses = f" It drops, with all that is in it: {', '.join(map(code, closing.loses))}." if closing.loses else ""
    sql = f"\n{fence(chr(10).join(closing.sql))}" if closing.sql else ""
    said = f"{prose(words.proof(closing))}.{loses}"
    return f"\n<details><summary>{prose(title)}</summary>\n\n{said}\n{sql}\n</details>\n"
