"""A statement fails on the schema that the base branch builds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.model import Level, SqlError
from workers.rules.rule import Rule, Step
from workers.rules.script import stays_done
from workers.verdict import Finding

_STOPPED = ("57",)  # operator_intervention: our watchdog, or the server's end
_LIMITED = ("53", "58", "XX")  # insufficient_resources, system_error, internal_error: our limits, not the project's
_DENIED = "42501"  # insufficient_privilege
_NO_DATABASE = "3D000"  # invalid_catalog_name: ours has another name
_UNSUPPORTED = "0A000"  # also an extension that this server does not have
_WAYS = {
    "55P04": " Add the value in a migration of its own, before this one.",  # unsafe_new_enum_value_usage
    "2BP01": " Drop or change what depends on it first; CASCADE would drop it unseen.",  # dependent_objects_still_exist
}


def check(step: Step) -> Iterator[Finding]:
    """The server's own words. High-risk, because it fails at every deploy; risky where our own limits may be the cause.
    What concurrently-in-transaction explains better is told there."""
    error = step.observation.error if step.observation else None
    if error is None or any(finding.rule == "concurrently-in-transaction" for finding in step.found):
        return
    here = only_here(error)
    detail = "".join(f" {part}." for part in (error.detail, error.hint) if part).replace("..", ".")
    detail += f"{_WAYS.get(error.sqlstate, '')}{stays_done(step)}"
    message = (
        f"{step.action} could not be run here: {error.message} ({error.sqlstate}). {here}{detail}"
        if here
        else f"{step.action} fails on the base branch's schema: {error.message} ({error.sqlstate}).{detail}"
    )
    finding = step.finding(RULE, step.migration.id, message, Level.RISKY if here else None)
    yield replace(finding, line=error.line or finding.line)


def only_here(error: SqlError) -> str | None:
    """Why the error may come from the ephemeral server and its sandbox, so that another server may not raise it; None
    for one that any server raises. SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
    if error.sqlstate.startswith(_STOPPED):
        return "It was stopped, or it took the server with it."
    if error.sqlstate.startswith(_LIMITED):
        return "It met the limits of the sandbox."
    if error.sqlstate == _DENIED:
        return "Migrations run as the database's owner here, not as a superuser."
    if error.sqlstate == _NO_DATABASE or error.message.startswith(("tablespace ", "access method ")):
        return "The server that judged has nothing of that name."
    if error.sqlstate == _UNSUPPORTED and "extension" in error.message:
        return "The server that judged lacks the extension."
    return None


RULE = Rule(
    "migration-fails",
    Level.HIGH_RISK,
    "A statement fails on the schema that the base branch builds.",
    check,
    needs_server=True,
)
