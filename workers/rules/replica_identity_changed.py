"""Without a replica identity, UPDATE and DELETE fail on a table that is published."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import IndexDropped
from workers.model import Level
from workers.object_changes import Trait, TraitChanged
from workers.rules import schema
from workers.rules.rule import Rule, Step
from workers.sql.table_actions import AlterTableOther
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """REPLICA IDENTITY NOTHING on an existing table, and the loss of the index that it was told to use
    (https://www.postgresql.org/docs/current/logical-replication-publication.html). That of the primary key is told by
    primary-key-changed."""
    for table in dict.fromkeys((*_nothing(step), *_lost(step))):
        if step.existing(table) and not step.dropped(table):
            yield step.finding(
                RULE,
                str(table),
                f"Nothing tells the rows of {table} apart for its subscribers from here on: once the table is "
                "published, every UPDATE and DELETE on it fails. Give it a primary key first, or REPLICA IDENTITY "
                "USING INDEX or FULL.",
            )


def _nothing(step: Step) -> Iterator[Name]:
    """An index that is dropped leaves NOTHING behind as well; it is told with the statement that drops it."""
    said = any(isinstance(action, AlterTableOther) and action.what == "REPLICA IDENTITY" for action in step.actions)
    for change in step.changes:
        match change:
            case TraitChanged(trait=Trait.REPLICA_IDENTITY, now="nothing") if said or change.was in ("default", "full"):
                yield change.table


def _lost(step: Step) -> Iterator[Name]:
    """pg_class.relreplident, as the catalog has it: i and the index's name, i alone when the index is gone."""
    for change in step.changes:
        if isinstance(change, IndexDropped):
            was, now = (schema.table(catalog, change.table) for catalog in (step.before, step.after))
            used = was is not None and was.text("replica_identity") == f"i:{change.index.name}"
            if used and now and now.text("replica_identity") == "i":
                yield change.table


RULE = Rule(
    "replica-identity-changed",
    Level.RISKY,
    "Without a replica identity, UPDATE and DELETE fail on a table that is published.",
    check,
)
