"""With row level security off, or open to everybody by a policy, every role that may read the table sees all rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.catalog import Catalog, Kind
from workers.model import Level
from workers.object_changes import ObjectChanged, ObjectCreated, Trait, TraitChanged
from workers.rules import schema
from workers.rules.rule import Rule, Step
from workers.rules.script import table_goes
from workers.verdict import Finding
from workers.words import Name

_OPEN = re.compile(r"AS PERMISSIVE FOR (ALL|SELECT|UPDATE|DELETE) TO PUBLIC USING \(true\)")


def check(step: Step) -> Iterator[Finding]:
    """Existing tables that stay, on which the migration neither switched it on before nor does so afterwards. Policies
    stay and do nothing (https://www.postgresql.org/docs/current/ddl-rowsecurity.html)."""
    for change in step.changes:
        if isinstance(change, TraitChanged) and (change.trait, change.now) == (Trait.ROW_SECURITY, "off"):
            around = (*step.earlier.of(TraitChanged, change.table), *step.later.of(TraitChanged, change.table))
            on = any((other.trait, other.now) == (Trait.ROW_SECURITY, "on") for other in around)
            if step.existing(change.table) and not on and not table_goes(step, change.table):
                yield step.finding(
                    RULE,
                    str(change.table),
                    f"Row level security of {change.table} is switched off: its policies do nothing from then on, and "
                    "every role that has a privilege on the table uses it for all rows. Change the policies instead, "
                    "or revoke the privileges of roles that are not to see all.",
                )
    for table, policy, command in _opened(step):
        yield step.finding(
            RULE,
            str(table),
            f"The policy {policy} lets everybody pass for {command} on {table}, whatever its other policies ask for: "
            "one that is met is enough. Name the roles that it is for, or make it RESTRICTIVE, which comes on top.",
        )


def _opened(step: Step) -> Iterator[tuple[Name, str, str]]:
    """Policies without a condition, for everybody, on tables that had policies with one. The first that a table gets
    shows what nobody saw, which is its purpose
    (https://www.postgresql.org/docs/current/sql-createpolicy.html#SQL-CREATEPOLICY-NOTES)."""
    for change in step.changes:
        if not isinstance(change, ObjectCreated | ObjectChanged) or change.kind != "policy" or change.on is None:
            continue
        secured, name = schema.table(step.before, change.on), change.name.name
        now = _open(step.after, change.on, name) if secured and secured.flag("row_security") else None
        there = tuple(schema.inside(step.before, change.on, Kind.POLICY))
        if now and there and not any(_open(step.before, change.on, each.path[-1]) in ("ALL", now) for each in there):
            yield change.on, name, now


def _open(catalog: Catalog | None, table: Name, policy: str) -> str | None:
    """The command that the policy opens to everybody."""
    found = schema.find(catalog, Kind.POLICY, table.schema, table.name, policy)
    opened = _OPEN.match(found.text("definition") or "") if found else None
    return opened[1] if opened else None


RULE = Rule(
    "rows-shown",
    Level.RISKY,
    "With row level security off, or open to everybody by a policy, every role that may read the table sees all rows.",
    check,
)
