"""ALTER SYSTEM, ALTER DATABASE and ALTER ROLE change settings for everybody, beyond this schema."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.objects import made_before
from workers.rules.rule import Rule, Step
from workers.sql.object_actions import AlterObject
from workers.verdict import Finding

_REACH = {
    "system": "of the whole server, all its databases included",
    "database": "of all new sessions in the database",
    "role": "of all new sessions of the role, in other databases too",
    "user": "of all new sessions of the role, in other databases too",
}

_FORMS = ("SET", "RESET", "IN DATABASE")


def check(step: Step) -> Iterator[Finding]:
    """SET and RESET. A role that the migration made is nobody's yet."""
    for action in step.actions:
        if isinstance(action, AlterObject) and action.kind in _REACH and action.what in _FORMS:
            name = action.name.name if action.name else action.kind
            if action.name is None or not made_before(step, action.kind, action.name):
                yield step.finding(
                    RULE,
                    name,
                    f"{step.action} changes a setting {_REACH[action.kind]}; it stands in no schema, so that no "
                    "rollback of this migration takes it back and no other environment has it. Change it where the "
                    "server's configuration is kept.",
                )


RULE = Rule(
    "server-setting-changed",
    Level.RISKY,
    "ALTER SYSTEM, ALTER DATABASE and ALTER ROLE change settings for everybody, beyond this schema.",
    check,
)
