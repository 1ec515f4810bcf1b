"""What is granted to PUBLIC is granted to every role there is and will be."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind
from workers.changes import CatalogChange
from workers.model import Level
from workers.object_changes import ObjectChanged, ObjectCreated, PrivilegeChanged
from workers.rules import schema
from workers.rules.objects import family, privileges_of
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """The rows of tables and views, new ones and future ones too, and the right to make objects in a schema. EXECUTE on
    a function and USAGE of a type belong to everybody anyway (https://www.postgresql.org/docs/current/ddl-priv.html)."""
    given = (change for change in step.changes if _is_opened(change) and not _closed(step, change))
    for _, name, what in privileges_of(given):
        yield step.finding(
            RULE,
            name,
            f"{what} is given to PUBLIC: every role that can connect has it, those made later too. Grant it to the "
            "roles that need it.",
        )
    for change in step.changes:
        if isinstance(change, ObjectCreated | ObjectChanged) and (given_later := _of_future_tables(step, change)):
            yield step.finding(
                RULE,
                change.name.name,
                f"{', '.join(given_later)} on each table that is made from now on is given to PUBLIC: every role that "
                "can connect has it. Grant it to the roles that need it.",
            )


def _of_future_tables(step: Step, change: ObjectCreated | ObjectChanged) -> tuple[str, ...]:
    """The privileges that ALTER DEFAULT PRIVILEGES has newly given to everybody."""
    if change.kind != Kind.DEFAULT_PRIVILEGES:
        return ()
    was, now = (schema.find(each, Kind.DEFAULT_PRIVILEGES, change.name.name) for each in (step.before, step.after))
    if now is None or now.text("on") != "TABLES":
        return ()
    given = (line for line in now.texts("given") if was is None or line not in was.texts("given"))
    return tuple(line.partition(" TO ")[0] for line in given if " TO PUBLIC" in line)


def _is_opened(change: CatalogChange) -> bool:
    if not isinstance(change, PrivilegeChanged) or not change.given or change.role != "public":
        return False
    if change.kind == "schema":
        return change.privilege in ("CREATE", "ALL")
    return family(change.kind) == "view" or change.kind == "tables in schema"


def _closed(step: Step, change: CatalogChange) -> bool:
    """The migration takes it back."""
    return isinstance(change, PrivilegeChanged) and any(
        not other.given
        and (other.name, other.role) == (change.name, change.role)
        and other.privilege in (change.privilege, "ALL")
        for other in step.later.of(PrivilegeChanged, change.name)
    )


RULE = Rule(
    "granted-to-everyone",
    Level.RISKY,
    "What is granted to PUBLIC is granted to every role there is and will be.",
    check,
)
