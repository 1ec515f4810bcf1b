"""Audit → its JSON contract, version 1: described in docs/report.md and by audit_schema.json."""

from __future__ import annotations

from typing import Any

from workers.audited import Audit, AuditedMigration
from workers.ways_back import Grade, Rollback, Written

VERSION = 1

Json = dict[str, Any]


def audit_to_json(audit: Audit, *, with_sql: bool = False) -> Json:
    """The audit as JSON values. with_sql: with the SQL of each rollback."""
    server = audit.server
    return {
        "version": VERSION,
        "layout": audit.layout,
        "directory": audit.directory,
        "commit": audit.commit or None,
        "server": {"version": server.version, "origin": server.origin, "sandbox": server.sandbox},
        "migrations": [_migration(each, with_sql=with_sql) for each in audit.migrations],
        "summary": _summary(audit),
        "down": _down(audit),
        "notes": list(audit.notes),
        "kept": audit.kept,
        "seconds": round(audit.seconds, 3),
    }


def _summary(audit: Audit) -> Json:
    return {
        "migrations": len(audit.migrations),
        "applied": len(audit.applied),
        **{grade.value: audit.graded(grade) for grade in Grade},
        "proven": sum(each.proven for each in audit.migrations),
    }


def _down(audit: Audit) -> Json:
    return {
        "written": len(audit.written),
        "restores": sum(each.restores for each in audit.written),
        "empty": audit.empty_downs,
    }


def _migration(one: AuditedMigration, *, with_sql: bool) -> Json:
    rollback = one.rollback
    return {
        "id": one.id,
        "path": one.path,
        "applied": one.applied,
        "error": one.error,
        "grade": rollback.grade.value if rollback else None,
        "proven": one.proven,
        "reasons": list(rollback.reasons) if rollback else [],
        "difference": list(rollback.difference) if rollback else [],
        **(_sql(rollback) if with_sql else {}),
        "down": _written(one.written) if one.written else None,
        "seconds": round(one.seconds, 3),
    }


def _sql(rollback: Rollback | None) -> Json:
    if rollback is None:
        return {"sql": None, "steps": []}
    return {
        "sql": rollback.sql,
        "steps": [{"sql": each.sql, "transaction": each.transaction} for each in rollback.steps],
    }


def _written(written: Written) -> Json:
    return {"path": written.path, "restores": written.restores, "difference": list(written.difference)}
