"""Live drift → GitHub Markdown: the verdict, the history, what differs, the SQL that closes it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.drift.live import LiveDrift
from workers.report import drift_words as words
from workers.report.markup import code, fence, prose
from workers.report.words import count


def drift_to_markdown(drift: LiveDrift) -> str:
    """The whole of it."""
    return "\n".join(_lines(drift))


def _lines(drift: LiveDrift) -> Iterator[str]:
    yield f"## {prose(words.where(drift))}\n"
    yield f"**{prose(words.verdict(drift))}.** {prose(words.applied(drift))}.\n"
    yield from _history(drift)
    yield from _gaps(drift)
    for title, closing in words.closings(drift):
        yield f"{prose(title)}. {prose(words.proof(closing))}.\n"
        if closing.loses:
            yield f"Drops with all that is in it: {', '.join(map(code, closing.loses))}.\n"
        if closing.sql:
            yield fence("\n".join(closing.sql))
    for note in (*drift.notes, words.reordered(drift)):
        if note:
            yield f"{prose(note)}\n"
    yield prose(words.judged_by(drift))


def _history(drift: LiveDrift) -> Iterator[str]:
    found = tuple(words.states(drift.history))
    if found:
        yield "| history | migrations | |\n|---|---|---|"
        for state in found:
            named = f"{prose(state.meaning)}: {prose(words.ids(state))}"
            yield f"| {state.name} | {len(state.ids):,} | {named} |"
        yield ""


def _gaps(drift: LiveDrift) -> Iterator[str]:
    if drift.gaps:
        yield f"| {count(len(drift.gaps), 'object')} | | migrations | live |\n|---|---|---|---|"
    for gap in drift.gaps:
        likely = f", {prose(words.likely(gap))}" if words.likely(gap) else ""
        built, live = code(gap.expected or ""), code(gap.actual or "")
        yield f"| {code(gap.object)}{likely} | {gap.kind} | {built} | {live} |"
    if drift.gaps:
        yield ""
