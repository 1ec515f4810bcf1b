"""Lays what was predicted beside what was observed: one set of facts, and what the two disagree about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from workers.changes import TableRenamed
from workers.facts import Facts, Lock
from workers.rules.rule import Step
from workers.sql.wording import must_run_alone
from workers.words import LockMode, Name, Source


def merged(predicted: Facts, observed: Facts) -> Facts:
    """The observed facts, with those locks marked BOTH that were predicted in the same mode. A predicted lock that was
    not taken is no fact. TRUNCATE of a table that is empty looks like a rewrite: there the text decides."""
    foreseen = {(lock.relation, lock.mode) for lock in predicted.locks}
    locks = tuple(
        replace(lock, source=Source.BOTH) if (lock.relation, lock.mode) in foreseen else lock for lock in observed.locks
    )
    emptied = tuple(table for table in predicted.truncated if table in observed.rewrites)
    return replace(observed, locks=locks, truncated=tuple(dict.fromkeys((*observed.truncated, *emptied))))


def disagreements(step: Step, predicted: Facts) -> Iterator[str]:
    """Where our prediction was wrong about a statement that ran: each a sentence, each our bug.

    Only for the locks that were predicted on tables that stood before: what CASCADE, triggers and DO blocks reach is
    not in the text. Not for IF EXISTS, which may have found nothing, and not for what runs outside of transactions,
    whose locks are sampled, so that a brief one can be missed.
    """
    if step.observation is None or step.observation.error or must_run_alone(step.actions):
        return
    if any(getattr(a, "if_exists", False) or getattr(a, "if_not_exists", False) for a in step.actions):
        return
    renamed = {change.table: change.new for change in step.changes if isinstance(change, TableRenamed)}
    observed = _strongest((*step.facts.locks, *step.held))
    for table, mode in _strongest(predicted.locks).items():
        seen = max(
            (observed[name] for name in (table, renamed.get(table, table)) if name in observed),
            default=LockMode.ACCESS_SHARE,
        )
        already = max((lock.mode for lock in step.held if lock.relation == table), default=LockMode.ACCESS_SHARE)
        if seen != mode and not seen == already > mode and step.existing(table):
            yield (
                f"{step.migration.path}:{step.statement.line}: {step.action} was predicted to take {mode.sql} on "
                f"{table}, but {_words(seen)} was observed."
            )


def _strongest(locks: Iterable[Lock]) -> dict[Name, LockMode]:
    found: dict[Name, LockMode] = {}
    for lock in locks:
        found[lock.relation] = max(lock.mode, found.get(lock.relation, lock.mode))
    return found


def _words(mode: LockMode) -> str:
    return "no lock" if mode is LockMode.ACCESS_SHARE else mode.sql
