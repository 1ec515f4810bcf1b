"""Audit → GitHub Markdown: the totals as a table, then what failed and what is not proven."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from workers.audited import Audit
from workers.report import audit_words as words
from workers.report.markup import code, fence, prose
from workers.report.words import count


def audit_to_markdown(audit: Audit, *, with_sql: bool = False) -> str:
    """The whole audit."""
    return "\n".join(_lines(audit, with_sql=with_sql))


def _lines(audit: Audit, *, with_sql: bool) -> Iterator[str]:
    yield f"## {prose(words.where(audit))}\n"
    yield from _table(("", ""), ((name, prose(value)) for name, value in words.totals(audit)))
    if found := words.reasons(audit):
        rows = ((f"{number:,}", prose(reason)) for reason, number in found)
        yield from _table(("migrations", "why a rollback is not exact"), rows)
    if audit.failed:
        rows = ((code(one.id), prose(one.error or "")) for one in audit.failed)
        yield from _table((f"{count(len(audit.failed), 'migration')} not applied", "error"), rows)
    if audit.unproven:
        rows = ((code(one.id), _cell(words.differences(one))) for one in audit.unproven)
        yield from _table((f"{count(len(audit.unproven), 'rollback')} not proven", "difference"), rows)
    short = [each for each in audit.written if not each.restores]
    if short:
        rows = ((code(each.path), _cell(words.shortfall(each))) for each in short)
        yield from _table((words.restoring_nothing(short), "difference"), rows)
    for note in audit.notes:
        yield f"{prose(note)}\n"
    yield f"{prose(words.judged_by(audit))}\n"
    for one in audit.applied if with_sql else ():
        if one.rollback and one.rollback.sql.strip():
            yield f"{code(one.id)}: {one.rollback.grade}\n\n{fence(one.rollback.sql)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _cell(lines: Iterable[str]) -> str:
    return "<br>".join(prose(line, 300) for line in lines)
