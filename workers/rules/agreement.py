"""Lays what was predicted beside what was observed: one set of facts, and what the two disagree about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.changes import CatalogChange, ConstraintDropped, TableRenamed
from workers.facts import Facts, strongest
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    TraitChanged,
)
from workers.rules.objects import called, family, label
from workers.rules.rule import Step
from workers.rules.work_agreement import work_disagreements
from workers.sql.actions import RUNS_CODE, TransactionControl
from workers.sql.object_actions import AlterObject
from workers.sql.split import split
from workers.sql.wording import must_run_alone
from workers.words import LockMode, Name, Source

_NAMED = ObjectCreated | ObjectDropped | ObjectChanged | ObjectRenamed
_OF_OBJECTS = _NAMED | EnumValueAdded | EnumValueRenamed | EnumValueRemoved | TraitChanged | PrivilegeChanged

# What a database's own catalogs do not hold, and whose privileges are not read.
_OF_THE_SERVER = frozenset(("role", "database", "tablespace", "subscription", "user mapping"))
_PRIVILEGES_UNREAD = _OF_THE_SERVER | {"language", "foreign server", "foreign data wrapper", "parameter"}


def merged(predicted: Facts, observed: Facts, *, whole: bool = True) -> Facts:
    """The observed facts, with those locks marked BOTH that were predicted in the same mode. A predicted lock that was
    not taken is no fact. TRUNCATE of a table that is empty looks like a rewrite: there the text decides.

    whole: the migration came to its end, so that its objects were looked at; else those of the text are taken."""
    foreseen = {(lock.relation, lock.mode) for lock in predicted.locks}
    locks = tuple(
        replace(lock, source=Source.BOTH) if (lock.relation, lock.mode) in foreseen else lock for lock in observed.locks
    )
    emptied = tuple(table for table in predicted.truncated if table in observed.rewrites)
    truncated = tuple(dict.fromkeys((*observed.truncated, *emptied)))
    untold = tuple(c for c in predicted.changes if isinstance(c, _OF_OBJECTS) and not (whole and _is_observed(c)))
    return replace(observed, locks=locks, truncated=truncated, changes=(*observed.changes, *untold))


def _is_observed(change: CatalogChange) -> bool:
    if isinstance(change, PrivilegeChanged):
        return change.kind not in _PRIVILEGES_UNREAD
    return not isinstance(change, _NAMED) or change.kind not in _OF_THE_SERVER


def disagreements(step: Step, predicted: Facts) -> Iterator[str]:
    """Where our prediction was wrong about a statement that ran: each a sentence, each our bug.

    Only about what is named in the text: what CASCADE, triggers and DO blocks reach is not in it. Not for IF EXISTS,
    which may have found nothing, not for what runs outside of transactions, whose locks are sampled, so that a brief
    one can be missed, and not where SET search_path says what a name means.
    """
    if step.observation is None or step.observation.error or must_run_alone(step.actions):
        return
    if any(getattr(a, "if_exists", False) or getattr(a, "if_not_exists", False) for a in step.actions):
        return
    if any(isinstance(c, ConstraintDropped) and c.kind is None for c in predicted.changes):
        return  # a foreign key's drop also locks the table it refers to, and whether it is one is not in the text
    if "search_path" in step.settings:
        return
    about = f"{step.migration.path}:{step.statement.line}: {step.action}"
    for sentence in (*_of_locks(step, predicted), *work_disagreements(step, predicted), *_of_objects(step, predicted)):
        yield f"{about} {sentence}"


# ---------------------------------------------------------------- locks


def _of_locks(step: Step, predicted: Facts) -> Iterator[str]:
    """Only for those that were predicted on tables that stood before. A domain's text does not name its tables."""
    if any(isinstance(action, AlterObject) and action.kind == "domain" for action in step.actions):
        return
    renamed = {change.table: change.new for change in step.changes if isinstance(change, TableRenamed)}
    observed = strongest((*step.facts.locks, *step.held))
    for table, mode in strongest(predicted.locks).items():
        seen = max(
            (observed[name] for name in (table, renamed.get(table, table)) if name in observed),
            default=LockMode.ACCESS_SHARE,
        )
        already = max((lock.mode for lock in step.held if lock.relation == table), default=LockMode.ACCESS_SHARE)
        if seen != mode and not seen == already > mode and step.existing(table):
            yield f"was predicted to take {mode.sql} on {table}, but {_words(seen)} was observed."


def _words(mode: LockMode) -> str:
    return "no lock" if mode is LockMode.ACCESS_SHARE else mode.sql


# ---------------------------------------------------------------- objects


def _of_objects(step: Step, predicted: Facts) -> Iterator[str]:
    """Against the schemas around the migration. Of several functions of one name, any may be meant."""
    if step.before is None or step.after is None:
        return
    for change in predicted.changes:
        if not isinstance(change, ObjectDropped | ObjectCreated) or not _has_a_place(change):
            continue
        if isinstance(change, ObjectDropped):
            stood = list(called(step.before, change))
            if stood and all(each.id in step.after.objects for each in stood) and not _undone(step, change.name):
                yield f"was predicted to drop {label(change)}, which is still there."
        elif not any(called(step.after, change)) and not _undone(step, change.name):
            yield f"was predicted to make {label(change)}, which is not there."


def _has_a_place(change: ObjectDropped | ObjectCreated) -> bool:
    """The catalog has the object under this name: not those of which it only notices that they differ."""
    return family(change.kind) in _PLACED and not change.name.schema.startswith("pg_")


_PLACED = frozenset(
    ("view", "function", "type", "sequence", "schema", "extension", "trigger", "rule", "policy"),
)


def _undone(step: Step, name: Name) -> bool:
    """The file takes something back, or a later statement may have changed the object, or its table's name."""
    control = (each.of(TransactionControl) for each in (step.earlier_actions, step.later_actions))
    if any(action.verb.startswith("ROLLBACK") for actions in control for action in actions):
        return True
    dark = any(isinstance(action, RUNS_CODE) or hasattr(action, "cascade") for action in step.later_actions)
    if dark or any(step.whole.of(TableRenamed)):
        return True
    return any(name.name in one.text for one in split(step.migration.text).statements[step.index + 1 :])
