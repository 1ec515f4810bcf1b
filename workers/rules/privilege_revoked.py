"""A privilege that is taken from a role makes fail what still works with it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import CatalogChange
from workers.model import Level
from workers.object_changes import PrivilegeChanged
from workers.rules.objects import made_before, privileges_of
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """On what was there before the pull request, where the migration does not give the same back, or to another role in
    its place."""
    for role, name, what in privileges_of(change for change in step.changes if _is_lost(step, change)):
        whom = "PUBLIC, so from every role that has it from nowhere else" if role == "public" else role
        yield step.finding(
            RULE,
            name,
            f"{what} is taken from {whom}: code that connects as such a role and still needs it fails from then on. "
            "Deploy code that does without it first.",
        )


def _is_lost(step: Step, change: CatalogChange) -> bool:
    """Not memberships and databases, which no schema shows, and not CREATE for everybody, which nobody should have
    (https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS)."""
    if not isinstance(change, PrivilegeChanged) or change.given or change.kind in ("role", "database"):
        return False
    made = made_before(step, change.kind, change.name) or not step.existing(change.name)
    hardened = (change.kind, change.role, change.privilege) == ("schema", "public", "CREATE")
    others = step.whole.of(PrivilegeChanged, change.name)
    return not made and not hardened and not any(_makes_up_for(other, change) for other in others)


def _makes_up_for(other: PrivilegeChanged, lost: PrivilegeChanged) -> bool:
    """The same is given back, or to others where everybody had it."""
    return (
        other.given
        and other.kind == lost.kind
        and lost.role in (other.role, "public")
        and (other.privilege in (lost.privilege, "ALL") or lost.privilege == "ALL")
    )


RULE = Rule(
    "privilege-revoked",
    Level.RISKY,
    "A privilege that is taken from a role makes fail what still works with it.",
    check,
)
