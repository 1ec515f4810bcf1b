"""What has to be confirmed about a pull request as a whole, and what the machine has seen of all its migrations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from workers.report import phrases, promises
from workers.report.chapters import OF_FILES, cause_id, texts_of
from workers.report.point import Point, Scope, first_sentence
from workers.report.words import count, duration
from workers.verdict import Finding, JudgedMigration
from workers.ways_back import Grade
from workers.words import Name

_LOSES = frozenset({"table-dropped", "column-dropped", "column-replaced", "all-rows-deleted"})
_WORKS = frozenset({"table-rewritten", "index-not-concurrent", "constraint-validated-at-once", "not-null-set"})
_WORKS |= {"blocking-work", "primary-key-changed"}
_STAYS = "; they stay"  # in the reason of a rollback that leaves rows behind, and loses none


def asked_together(scope: Scope) -> Iterator[Point]:
    """Backup, window and staging, where they apply and the policy wants them."""
    for make in (_backup, _window, _staging):
        if (point := make(scope)) and scope.checklist.asks(point.kind):
            yield replace(point, who=scope.checklist.confirmed_by(point.kind))


def _backup(scope: Scope) -> Point | None:
    """Where a rule says that data goes, or a rollback that it does not come back."""
    losing = tuple(finding for finding in scope.all.findings if finding.rule in _LOSES)
    lossy = tuple((one, lost) for one in scope.all.added if (lost := _lost(one)))
    if not losing and not lossy:
        return None
    told = {finding.path for finding in losing}
    texts = (*scope.all.texts(losing), *texts_of(one for one, _ in lossy if one.path not in told))
    reasons = [reason for _, lost in lossy for reason in lost] or [first_sentence(one.message) for one in losing]
    also = f" (and {len(reasons) - 1:,} more)" if len(reasons) > 1 else ""
    return Point(cause_id("backup", (), texts), "backup", "backup", promises.BACKUP, reasons[0] + also)


def _lost(migration: JudgedMigration) -> tuple[str, ...]:
    undo = migration.rollback
    if undo is None or undo.grade is Grade.EXACT:
        return ()
    return tuple(reason for reason in phrases.shortfalls(undo) if _STAYS not in reason)


def _window(scope: Scope) -> Point | None:
    """Where the rows of a large table are worked on while nobody can even read it. What only holds up writes is asked
    by the finding itself."""
    blocked = [(finding, table) for finding in scope.all.findings if (table := _blocked(scope, finding))]
    if not blocked:
        return None
    texts = scope.all.texts(finding for finding, _ in blocked)
    text = promises.window(str(table) for _, table in blocked)
    return Point(cause_id("window", (), texts), "window", "window", text, promises.WINDOW_REASON)


def _blocked(scope: Scope, finding: Finding) -> Name | None:
    judged = scope.all.statements.get(finding) if finding.rule in _WORKS else None
    if judged is None or (finding.rule == "primary-key-changed" and not judged.facts.builds):
        return None
    policy = scope.policy_of(finding.path)
    for lock in judged.facts.locks:
        rows = policy.table(lock.relation).rows
        large = rows is None or rows > policy.small_rows
        if lock.mode.blocks_reads and large and f"{finding.object}.".startswith(f"{lock.relation}."):
            return lock.relation
    return None


def _staging(scope: Scope) -> Point | None:
    paths = {finding.path for finding in scope.all.findings if finding.rule not in OF_FILES}
    risky = tuple(migration for migration in scope.all.added if migration.path in paths)
    if not risky:
        return None
    cause = cause_id("staging", (), texts_of(risky))
    return Point(cause, "staging", "staging", promises.STAGING, promises.STAGING_REASON)


def seen(scope: Scope) -> Iterator[Point]:
    """What is true of every migration that is to be run, with what shows it."""
    added = scope.all.added
    if not added:
        return
    if evidence := _applied(scope, added):
        text = "The migration applies" if len(added) == 1 else f"The {len(added):,} migrations apply"
        cause = cause_id("applies", (), texts_of(added))
        yield Point(cause, "applies", "the migrations apply", text, evidence=evidence)
    undone = [migration.rollback for migration in added if migration.rollback and migration.rollback.proven]
    if len(undone) == len(added):
        grades = Counter(undo.grade for undo in undone)
        told = ", ".join(f"{grades[grade]:,} {grade.value}" for grade in Grade if grades[grade])
        told = told if len(undone) > 1 else undone[0].grade.value
        text = "The rollback is proven" if len(undone) == 1 else f"The {len(undone):,} rollbacks are proven"
        cause = cause_id("rollback is proven", (), texts_of(added))
        yield Point(cause, "rollback", "the rollback is proven", text, evidence=f"{told}: {phrases.PROOF}")


def _applied(scope: Scope, added: tuple[JudgedMigration, ...]) -> str:
    """Empty when something failed, or was not run."""
    server, paths = scope.report.server, {item.path for item in scope.report.unread}
    ran = [each.observation for migration in added for each in migration.statements]
    observed = [one for one in ran if one and not one.error]
    if server is None or len(observed) < len(ran) or any(migration.path in paths for migration in added):
        return ""
    took = duration(sum(one.duration_ms for one in observed))
    versions = dict.fromkeys(one.server.version for one in scope.report.parts if one.server)
    return f"run on PostgreSQL {' and '.join(versions)} after the merged ones: {count(len(ran), 'statement')} in {took}"
