"""What a person takes responsibility for, in one sentence for each rule and each question about the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workers.report.words import count, tick
from workers.verdict import Finding, Unread

_SHOWN = 3  # of the objects that one sentence is about
_LINES = 4  # that are named
_NAME_CHARS = 70

# {objects}: what the findings are about. {number}: how many indexes.
_OF_RULE = {
    "table-dropped": "No running code uses {objects}, and nobody needs the rows",
    "column-replaced": "The values of {objects} may go: this is no rename, and no running code uses the old column",
    "column-dropped": "No running code uses {objects}, and nobody needs the values",
    "all-rows-deleted": "Nobody needs the rows of {objects}, which are all deleted",
    "primary-key-changed": "Code, foreign keys and replication are ready for another primary key of {objects}",
    "relation-changed": "Nothing relies on {objects} as the foreign key was",
    "concurrently-in-transaction": "It is settled how {objects} gets applied, as its runner will refuse it",
    "migration-fails": "It is settled how {objects} gets applied, as it fails here and holds up what follows",
    "renamed": "No running code uses {objects} by the old name",
    "required-column-added": "Running code copes with {objects} being required",
    "not-null-set": "No running code writes NULL to {objects}",
    "table-rewritten": "Whatever needs {objects} may wait while each row is written anew",
    "index-not-concurrent": "Whatever needs {objects} may wait while {number} built",
    "constraint-validated-at-once": "Whatever writes may wait while every row is checked for {objects}",
    "all-rows-updated": "Whatever writes to {objects} may wait until all rows are updated",
    "rows-rejected": "The real rows of {objects} are none of those that were refused here",
    "blocking-work": "Whatever needs {objects} may wait while each row is gone through",
    "hot-table-lock": "Queries on {objects} may queue up behind the lock, or a lock_timeout keeps that short",
    "merged-migration-changed": "Databases that ran {objects} have been seen to, as they will not run it again",
    "migration-out-of-order": "Databases may run {objects} before or after the merged ones",
    "suppression": "The suppression of {objects} may stand, though it does not work",
}
RULES_TOLD = frozenset(_OF_RULE)
BACKUP = "A backup from right before deploying can be restored: nothing else brings back what is lost"
STAGING = "Staging has been migrated with this, and the application works there"
STAGING_REASON = "what was tried here were a few made-up rows, without your code"
WINDOW_REASON = "nobody can read or write meanwhile, and how long that is grows with the rows"


def of_findings(rule: str, findings: Sequence[Finding]) -> str:
    """What is confirmed about findings of one rule. Where it is about more than one place, it says how many."""
    frame = _OF_RULE.get(rule, "{objects}: what is found there is as it should be")
    number = f"{count(len(findings), 'index is', 'indexes are')}"
    said = frame.format(objects=few(finding.object for finding in findings), number=number)
    told = len(findings) == 1 or "{number}" in frame
    return said if told else f"{said} ({len(findings):,} findings)"


def few(objects: Iterable[str]) -> str:
    """`public.a`, `public.b` and 3 more, each once."""
    names = list(dict.fromkeys(objects))
    shown = [tick(_shortened(name)) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        return f"{', '.join(shown)} and {len(names) - _SHOWN:,} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def lines(numbers: Iterable[int]) -> str:
    """line 5; lines 2, 5, 8, 9 and 3 more."""
    told = sorted(set(numbers))
    shown = ", ".join(map(str, told[:_LINES]))
    also = f" and {len(told) - _LINES:,} more" if len(told) > _LINES else ""
    return f"line{'s' if len(told) > 1 else ''} {shown}{also}"


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_CHARS else f"{name[: _NAME_CHARS - 1]}…"


def window(tables: Iterable[str]) -> str:
    """What is confirmed about tables that nobody can read for a while."""
    return f"A time is agreed on for deploying, when {few(tables)} may be blocked"


def preflight(number: int, migrations: Sequence[str]) -> str:
    """What is confirmed about so many queries."""
    queries = "pre-flight query of {} answers" if number == 1 else f"{number:,} pre-flight queries of {{}} answer"
    return f"The {queries.format(few(migrations))} as expected on production"


def unread(items: Sequence[Unread]) -> str:
    """What is confirmed about parts that were not analysed."""
    paths = dict.fromkeys(item.path for item in items)
    where = f"{few(paths)} {lines(item.line for item in items)}" if len(paths) == 1 else few(paths)
    return f"Read by a person, as it could not be analysed: {where}"


def rollback(migrations: Sequence[str]) -> str:
    """What is confirmed about migrations whose rollback is not proven."""
    return f"It is known how to get back from {few(migrations)}: the way is not proven"
