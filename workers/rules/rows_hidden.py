"""Row level security without a policy hides every row."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind
from workers.changes import CatalogChange
from workers.model import Level
from workers.object_changes import ObjectCreated, Trait, TraitChanged
from workers.rules import schema
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import Name

_ATTRIBUTES = {Trait.ROW_SECURITY: "row_security", Trait.FORCED_ROW_SECURITY: "force_row_security"}


def check(step: Step) -> Iterator[Finding]:
    """Existing tables that have row level security and no policy when the migration ends, told where the first of it
    is switched on; what is only off for a while was so before. By default it is not for the table's owner; FORCE makes
    it so
    (https://www.postgresql.org/docs/current/ddl-rowsecurity.html)."""
    for table in dict.fromkeys(table for change in step.changes if (table := _switched_on(change))):
        earlier = tuple(step.earlier.of(TraitChanged, table))
        told = any(_switched_on(each) or each.trait is Trait.ROW_SECURITY for each in earlier)
        if told or not step.existing(table) or _has_policy(step, table):
            continue
        if _has(step, table, Trait.ROW_SECURITY):
            owner = "its owner too" if _has(step, table, Trait.FORCED_ROW_SECURITY) else "its owner excepted"
            yield step.finding(
                RULE,
                str(table),
                f"{table} has row level security and no policy: no role sees or writes a row of it any more, {owner}, "
                "unless it is a superuser or has BYPASSRLS. Create the policies in the same transaction, or make sure "
                "that the application is not hit.",
            )


def _switched_on(change: CatalogChange) -> Name | None:
    if isinstance(change, TraitChanged) and change.trait in _ATTRIBUTES and change.now == "on":
        return change.table
    return None


def _has(step: Step, table: Name, trait: Trait) -> bool:
    """When the migration ends: as it was seen, else as its changes leave it."""
    if found := schema.table(step.after, table):
        return found.flag(_ATTRIBUTES[trait])
    last = [change.now for change in step.whole.of(TraitChanged, table) if change.trait is trait]
    return last[-1:] == ["on"]


def _has_policy(step: Step, table: Name) -> bool:
    if step.after:
        return any(schema.inside(step.after, table, Kind.POLICY))
    return any((change.kind, change.on) == ("policy", table) for change in step.whole.of(ObjectCreated, table))


RULE = Rule("rows-hidden", Level.RISKY, "Row level security without a policy hides every row.", check)
