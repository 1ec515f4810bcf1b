"""Queries in production use the index that is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnDropped, IndexCreated, IndexDropped
from workers.model import Level
from workers.rules.definitions import covers, index_named, indexes
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Indexes that the policy, or the statistics it names, says were used, unless another serves the same columns when
    the migration is done. With its table or a column of it an index goes for another reason."""
    for change in step.changes:
        if not isinstance(change, IndexDropped):
            continue
        scans = step.policy.scanned(change.index)
        if scans and not _gone_with_more(step, change) and not _replaced(step, change):
            yield step.finding(
                RULE,
                str(change.index),
                f"{change.index} on {change.table} is used in production (scans counted: {scans:,}): the queries that "
                "need it will read the whole table. Find them with EXPLAIN first, or make the index that they use "
                "instead before this one goes.",
            )


def _gone_with_more(step: Step, change: IndexDropped) -> bool:
    columns = any(isinstance(other, ColumnDropped) and other.table == change.table for other in step.changes)
    return columns or step.dropped(change.table) or not step.existing(change.table)


def _replaced(step: Step, change: IndexDropped) -> bool:
    """Without the schemas any new index on the table may be the one."""
    if step.before is None or step.after is None:
        return any(step.whole.of(IndexCreated, change.table))
    gone, left = index_named(step.before, change.index), indexes(step.after, change.table)
    return gone is not None and any(index.valid and covers(index, gone.form.columns) for index in left)


RULE = Rule("index-in-use-dropped", Level.RISKY, "Queries in production use the index that is dropped.", check)
