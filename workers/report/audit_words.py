"""The sentences about an audit that its faces share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from workers.audited import Audit, AuditedMigration
from workers.report.phrases import GRADES, PROOF
from workers.report.words import count, duration
from workers.ways_back import Grade, Written

MOST_REASONS = 8
MOST_LINES = 3  # of a difference

# What tells one object's reason from another's of the same kind.
_NAMED = re.compile(r'(?:"[^"]+"|[^\s".]+)(?:\.(?:"[^"]+"|[^\s".,;]+))+')


def totals(audit: Audit) -> Iterator[tuple[str, str]]:
    """Each total with what it is of."""
    applied = len(audit.applied)
    yield "migrations", f"{len(audit.migrations):,}"
    yield "applied", f"{applied:,}"
    for grade in Grade:
        yield grade.value, f"{audit.graded(grade):,} · {GRADES[grade]}"
    yield "proven", f"{sum(each.proven for each in audit.applied):,} of {applied:,} · {PROOF}"
    if audit.written or audit.empty_downs:
        restores = sum(each.restores for each in audit.written)
        more = f", {audit.empty_downs:,} more without a statement" if audit.empty_downs else ""
        yield "down files", f"{restores:,} of {len(audit.written):,} restore the schema{more}"
    yield "took", duration(audit.seconds * 1000) + (f", {audit.kept:,} known from an earlier run" if audit.kept else "")


def reasons(audit: Audit) -> tuple[tuple[str, int], ...]:
    """Why rollbacks are not exact, objects' names left out, the most frequent first: each with the number of
    migrations."""
    found = Counter(reason for each in audit.applied if each.rollback for reason in _kinds(each.rollback.reasons))
    return tuple(found.most_common(MOST_REASONS))


def _kinds(told: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_NAMED.sub("…", reason) for reason in told)


def differences(one: AuditedMigration) -> tuple[str, ...]:
    """The first lines of what differs, and how many more there are."""
    return _first(one.rollback.difference if one.rollback else ())


def shortfall(written: Written) -> tuple[str, ...]:
    """What a down file does not bring back."""
    return _first(written.difference)


def restoring_nothing(short: Sequence[object]) -> str:
    """The heading of the down files that fall short."""
    return f"{count(len(short), 'down file')} that {'does' if len(short) == 1 else 'do'} not restore the schema"


def _first(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *((f"and {count(more, 'more line')}",) if more > 0 else ()))


def judged_by(audit: Audit) -> str:
    """Which server, inside which sandbox."""
    return f"PostgreSQL {audit.server.version} ({audit.server.origin}), sandbox: {audit.server.sandbox}."


def where(audit: Audit) -> str:
    """Which history, at which commit."""
    at = f" at {audit.commit[:12]}" if audit.commit else ""
    return f"{audit.directory or 'the root'}{at} ({audit.layout})"
