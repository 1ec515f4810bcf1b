"""Tells whether a statement's text foretold the work that was then observed."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from workers.facts import Facts, Lock, strongest
from workers.verdict import JudgedStatement
from workers.words import LockMode, Name


def unused(judged: JudgedStatement) -> frozenset[Name]:
    """The tables that count for nothing, as the pull request itself makes them."""
    return judged.facts.new_tables | judged.predicted.new_tables


def tells_nothing(judged: JudgedStatement) -> bool:
    """No lock that anybody waits for and no work on a table that was there before, be it foretold or observed."""
    new, both = unused(judged), (judged.predicted, judged.facts)
    return not any(_work(facts, new) or any(_counts(lock, new) for lock in facts.locks) for facts in both)


def the_same(judged: JudgedStatement) -> bool:
    """What follows from a rewrite, or from the build of an index, is no difference: the table is read once, and its
    other indexes are built again. Nor is a stronger lock that an earlier statement left, or what a planner reads for
    a statement that writes rows."""
    new, both = unused(judged), (judged.predicted, judged.facts)
    planned = any(facts.writes for facts in both)
    foretold, seen = (_work(replace(facts, scans=()) if planned else facts, new) for facts in both)
    return _same_locks(judged, new) and foretold == seen


def _counts(lock: Lock, new: Set[Name]) -> bool:
    return lock.mode is not LockMode.ACCESS_SHARE and lock.relation not in new


def _same_locks(judged: JudgedStatement, new: Set[Name]) -> bool:
    wanted = strongest(lock for lock in judged.predicted.locks if _counts(lock, new))
    taken = strongest(lock for lock in judged.facts.locks if _counts(lock, new) and not lock.carried)
    held = strongest(judged.held)
    return all(table in wanted for table in taken) and all(
        taken.get(table) == mode or (table not in taken and held.get(table, LockMode.ACCESS_SHARE) >= mode)
        for table, mode in wanted.items()
    )


def _work(facts: Facts, new: Set[Name]) -> Set[tuple[str, Name]]:
    written = {*facts.rewrites, *facts.truncated}
    builds = {build for build in facts.builds if not (build.rebuilt and build.table in written)}
    read = {scan.table for scan in facts.scans} - written - {build.table for build in builds}
    return {
        *(("rewrite", table) for table in facts.rewrites if table not in new),
        *(("build", build.index) for build in builds if build.table not in new),
        *(("scan", table) for table in read if table not in new),
    }
