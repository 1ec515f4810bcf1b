"""Report → the JSON contract, version 1: plain dicts and lists, described in docs/report.md and by schema.json."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from workers.facts import Build, Facts, Lock, Write
from workers.model import SqlError
from workers.rehearsed import Estimate, Preflight, ServerInfo, Timing
from workers.report import kept, written
from workers.verdict import Drift, Finding, JudgedMigration, JudgedStatement, Report, Rewrite, Unread
from workers.ways_back import Rollback

VERSION = 1

Json = dict[str, Any]


def to_json(report: Report) -> Json:
    """The report as JSON values. Fields may be added within a version; none is removed, renamed or retyped."""
    return {
        "version": VERSION,
        "level": report.level.word,
        "base": report.base,
        "head": report.head,
        "layout": report.layout,
        "server": _server(report.server) if report.server else None,
        "migrations": [_migration(migration) for migration in report.migrations],
        "findings": [_finding(finding) for finding in report.findings],
        "preflight": [_preflight(query) for query in report.preflight],
        "drift": [_drift(item) for item in report.drift],
        "unread": [_unread(item) for item in report.unread],
        "notes": list(report.notes),
        "timing": _timing(report.timing),
        "projects": [_project(project) for project in report.parts],
    }


def _project(report: Report) -> Json:
    return {
        "directory": report.directory,
        "layout": report.layout,
        "level": report.level.word,
        "server": _server(report.server) if report.server else None,
        "migrations": [migration.path for migration in report.migrations],
        "drift": [_drift(item) for item in report.drift],
        "failed": report.failed or None,
    }


def schema(name: str = "schema.json") -> Json:
    """The JSON Schema (draft 2020-12) of what `to_json` returns, or of another report's face."""
    text = resources.files("workers.report").joinpath(name).read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


def _migration(migration: JudgedMigration) -> Json:
    return {
        "id": migration.id,
        "path": migration.path,
        "change": migration.change.value,
        "level": migration.level.word,
        "statements": [_statement(statement) for statement in migration.statements],
        "rollback": _rollback(migration.rollback) if migration.rollback else None,
        "kept": kept.to_json(migration.kept, _rollback) if migration.kept else None,
        "written": written.to_json(migration.written) if migration.written else None,
    }


def _statement(judged: JudgedStatement) -> Json:
    facts, seen = judged.facts, judged.observation
    return {
        "line": judged.statement.line,
        "sql": judged.statement.text,
        "action": judged.action,
        "level": judged.level.word,
        "duration_ms": _ms(seen.duration_ms) if seen else None,
        "wal_bytes": seen.wal_bytes if seen else None,
        "error": _error(seen.error) if seen and seen.error else None,
        "findings": [_finding(finding) for finding in judged.findings],
        **_work(facts),
        "writes": [_write(write) for write in facts.writes],
        "notices": list(seen.notices) if seen else [],
        "predicted": _work(judged.predicted),
        "estimate": _estimate(judged.estimate) if judged.estimate else None,
    }


def _work(facts: Facts) -> Json:
    return {
        "locks": [_lock(lock) for lock in facts.locks],
        "rewrites": [str(table) for table in facts.rewrites],
        "builds": [_build(build) for build in facts.builds],
        "scans": [str(scan.table) for scan in facts.scans],
    }


def _estimate(found: Estimate) -> Json:
    return {
        "table": str(found.table),
        "rows": found.rows,
        "low_ms": _ms(found.low_ms),
        "high_ms": _ms(found.high_ms),
        "wal_bytes": found.wal_bytes,
        "measured": [[rows, _ms(ms)] for rows, ms in found.measured],
    }


def _error(error: SqlError) -> Json:
    return {"sqlstate": error.sqlstate, "message": error.message, "line": error.line}


def _lock(lock: Lock) -> Json:
    return {
        "relation": str(lock.relation),
        "mode": lock.mode.sql,
        "source": lock.source.value,
        "held_ms": _ms(lock.held_ms) if lock.held_ms is not None else None,
    }


def _build(build: Build) -> Json:
    return {"index": str(build.index), "table": str(build.table), "rebuilt": build.rebuilt}


def _write(write: Write) -> Json:
    return {
        "table": str(write.table),
        "inserted": write.inserted,
        "updated": write.updated,
        "deleted": write.deleted,
    }


def _finding(finding: Finding) -> Json:
    return {
        "rule": finding.rule,
        "level": finding.level.word,
        "path": finding.path,
        "line": finding.line,
        "object": finding.object,
        "message": finding.message,
        "rewrite": _rewrite(finding.rewrite) if finding.rewrite else None,
        "allowed": finding.allowed,
    }


def _rewrite(rewrite: Rewrite) -> Json:
    steps = [{"sql": step.sql, "transaction": step.transaction, "deploy": step.deploy} for step in rewrite.steps]
    told = {"refuted": rewrite.refuted, "missing": rewrite.missing, "in_place": rewrite.in_place}
    return {"steps": steps, "proven": rewrite.proven, **told}


def _rollback(rollback: Rollback) -> Json:
    return {
        "sql": rollback.sql,
        "grade": rollback.grade.value,
        "proven": rollback.proven,
        "reasons": list(rollback.reasons),
        "difference": list(rollback.difference),
        "steps": [{"sql": step.sql, "transaction": step.transaction} for step in rollback.steps],
        "locks": [_lock(lock) for lock in rollback.locks],
        "takes": list(rollback.takes),
        "notes": list(rollback.notes),
    }


def _preflight(query: Preflight) -> Json:
    return {
        "sql": query.sql,
        "expect": query.expect,
        "reason": query.reason,
        "path": query.path,
        "line": query.line,
    }


def _drift(item: Drift) -> Json:
    return {
        "kind": item.kind.value,
        "object": item.object,
        "expected": item.expected,
        "actual": item.actual,
        "sql": item.sql,
    }


def _unread(item: Unread) -> Json:
    return {"path": item.path, "line": item.line, "reason": item.reason}


def _server(server: ServerInfo) -> Json:
    return {"version": server.version, "origin": server.origin, "sandbox": server.sandbox}


def _timing(timing: Timing) -> Json:
    return {
        "total_ms": _ms(timing.total_ms),
        "acquire_ms": _ms(timing.acquire_ms),
        "replay_ms": _ms(timing.replay_ms),
        "rehearse_ms": _ms(timing.rehearse_ms),
        "prove_ms": _ms(timing.prove_ms),
        "snapshot": timing.snapshot,
    }


def _ms(value: float) -> float:
    """To the microsecond: more digits are noise."""
    return round(value, 3)
