"""Judges a pull request's migrations: what was read and what Postgres did with it → the report. Pure."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from workers.errors import InputError
from workers.model import (
    Change,
    ChangedMigration,
    Level,
    Migration,
    MigrationSet,
    Rehearsal,
    RehearsedMigration,
    Transaction,
)
from workers.policy import Policy
from workers.rules import HISTORY_RULES, RULES, STEP_RULES, Step
from workers.rules.agreement import disagreements
from workers.rules.steps import look, not_rehearsed, steps
from workers.rules.unread import unread
from workers.sql.known import Known, learn
from workers.sql.read import read
from workers.sql.split import split
from workers.suppressions import Suppression, apply, problems, read_suppressions
from workers.verdict import Drift, DriftKind, Finding, JudgedMigration, JudgedStatement, Report, Unread

_NAMES = frozenset(rule.name for rule in RULES)
_FILE = 0  # a suppression above the first statement also allows what is found about the file


@dataclass(frozen=True, slots=True)
class _Judged:
    """One migration's part of the report."""

    migration: JudgedMigration
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()


def judge(migrations: MigrationSet, rehearsal: Rehearsal | None, policy: Policy) -> Report:
    """The report on a pull request. Without a rehearsal, everything is predicted from the text. Raises InputError when
    the policy names a rule that there is none of."""
    check_policy(policy)
    run = {each.migration.id: each for each in rehearsal.migrations} if rehearsal else {}
    about_files = [finding for rule in HISTORY_RULES for finding in rule.check(migrations)]
    known = Known() if rehearsal else _known_of(migrations.history)
    judged: list[_Judged] = []
    for changed in migrations.changed:
        about = [finding for finding in about_files if finding.path == changed.migration.path]
        if changed.change is Change.ADDED:
            rehearsed = run.get(changed.migration.id) or not_rehearsed(changed.migration)
            if rehearsal is not None and changed.migration.id not in run:
                rehearsed = replace(rehearsed, not_run="It was not rehearsed.")
            one, known = _added(rehearsed, about, known, policy, rehearsal is not None)
        else:
            one = _merged(changed, about, policy)
        judged.append(one)
    report = _report(judged, Report(Level.SAFE, migrations.layout, migrations.base, migrations.head, None))
    report = replace(report, drift=tuple(_drift(migrations)))
    if rehearsal is None:
        return report
    return replace(
        report,
        server=rehearsal.server,
        timing=rehearsal.timing,
        notes=(*rehearsal.notes, *report.notes),
        preflight=tuple(r.preflight for m in rehearsal.migrations for r in m.rejections if r.preflight),
    )


def lint(files: Sequence[tuple[str, str]], policy: Policy) -> Report:
    """The report on files alone, (path, text) in the order they would run: prediction only, no history."""
    transaction = policy.transaction or Transaction.STATEMENT
    added = tuple(Migration(path, path, text, transaction) for path, text in files)
    changed = tuple(ChangedMigration(Change.ADDED, None, migration) for migration in added)
    return judge(MigrationSet("files", "", "", "", (), changed), None, policy)


def check_policy(policy: Policy) -> None:
    """Raises InputError when the policy speaks of a rule that there is none of."""
    spoken_of = [(setting.line, setting.name) for setting in policy.rules]
    spoken_of += [(item.line, item.name) for item in policy.checklist.rules]
    for line, name in sorted(spoken_of):
        if name not in _NAMES:
            close = difflib.get_close_matches(name, sorted(_NAMES), n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            raise InputError(f"{policy.path}:{line}: there is no rule {name}{hint}")


def _known_of(history: Sequence[Migration]) -> Known:
    """What the merged migrations say about tables, for prediction only: reading them takes longer than a review may
    that has the server's word. None of those tables is new."""
    actions = (
        action for migration in history for statement in split(migration.text).statements for action in read(statement)
    )
    return replace(learn(Known(), actions), new_tables=frozenset())


def _added(
    rehearsed: RehearsedMigration, about: Sequence[Finding], known: Known, policy: Policy, with_server: bool
) -> tuple[_Judged, Known]:
    """A new migration: its statements, each with its findings, and what is known of tables after it."""
    looks, after = look(rehearsed, known)
    suppressions = read_suppressions(rehearsed.script)
    allowed, used = apply(about, _above(suppressions, _FILE), _NAMES)
    statements: list[JudgedStatement] = []
    notes = [] if rehearsed.script.statements else [f"{rehearsed.migration.path}:1: empty; it holds no statement."]
    for step, each in zip(steps(rehearsed, looks, policy), looks, strict=True):
        found, spent = apply(_found(step), _above(suppressions, step.index), _NAMES)
        found = tuple(_at_policy_levels(found, policy))
        used |= spent
        notes += disagreements(step, each.predicted)
        level = _level(found)
        statements.append(JudgedStatement(step.statement, step.action, level, step.facts, step.observation, found))
    unused = _unused(suppressions, used, rehearsed)
    path = rehearsed.migration.path
    wrong = problems(suppressions, unused, _NAMES, path)
    of_file = tuple(_at_policy_levels((*allowed, *wrong), policy))
    findings = tuple(sorted((*of_file, *(f for s in statements for f in s.findings)), key=lambda f: f.line))
    judged = JudgedMigration(
        rehearsed.migration.id, path, Change.ADDED, _level(findings), tuple(statements), rehearsed.rollback
    )
    return _Judged(judged, findings, tuple(unread(rehearsed, looks, with_server)), tuple(notes)), after


def _merged(changed: ChangedMigration, about: Sequence[Finding], policy: Policy) -> _Judged:
    """A migration that is merged and was edited, deleted or renamed: its statements are not run again anywhere that has
    run them, so there is nothing to judge but the change itself."""
    suppressions = read_suppressions(not_rehearsed(changed.after).script) if changed.after else ()
    allowed, _ = apply(about, _above(suppressions, _FILE), _NAMES)
    findings = tuple(_at_policy_levels(allowed, policy))
    migration = changed.migration
    judged = JudgedMigration(migration.id, migration.path, changed.change, _level(findings))
    digest = hashlib.sha256(changed.after.text.encode()).hexdigest() if changed.after else ""
    return _Judged(replace(judged, digest=digest), findings)


def _found(step: Step) -> tuple[Finding, ...]:
    """What all rules say about a statement, each seeing what those before it said."""
    for rule in STEP_RULES:
        if found := tuple(rule.check(step)):
            step = replace(step, found=(*step.found, *found))
    return step.found


def _at_policy_levels(findings: Iterable[Finding], policy: Policy) -> Iterator[Finding]:
    """The findings at the levels that the policy gives their rules, without those of rules that are off."""
    for finding in findings:
        level = policy.level(finding.rule, finding.level)
        if level is not None:
            yield replace(finding, level=level)


def _level(findings: Iterable[Finding]) -> Level:
    """The highest of those that are not allowed; no finding is safe."""
    return max((finding.level for finding in findings if finding.allowed is None), default=Level.SAFE)


def _above(suppressions: Sequence[Suppression], statement: int) -> tuple[Suppression, ...]:
    return tuple(suppression for suppression in suppressions if suppression.statement == statement)


def _unused(
    suppressions: Sequence[Suppression], used: frozenset[Suppression], rehearsed: RehearsedMigration
) -> frozenset[Suppression]:
    """Those with nothing to allow. What may have to be run to be found is not missed where the statement was not."""
    return frozenset(
        suppression
        for suppression in suppressions
        if suppression not in used
        and (suppression.statement is None or rehearsed.observations[suppression.statement] is not None)
    )


def _report(judged: Sequence[_Judged], empty: Report) -> Report:
    """All migrations' parts, in order."""
    return replace(
        empty,
        level=max((one.migration.level for one in judged), default=Level.SAFE),
        migrations=tuple(one.migration for one in judged),
        findings=tuple(finding for one in judged for finding in one.findings),
        unread=tuple(item for one in judged for item in one.unread),
        notes=tuple(note for one in judged for note in one.notes),
    )


def _drift(migrations: MigrationSet) -> Iterator[Drift]:
    """The history as merged against the history as the pull request leaves it."""
    for changed in migrations.changed:
        before, after = changed.before, changed.after
        if changed.change is Change.EDITED:
            yield Drift(DriftKind.HISTORY, changed.migration.id, "as merged", "edited")
        elif changed.change is Change.DELETED:
            yield Drift(DriftKind.HISTORY, changed.migration.id, "as merged", "deleted")
        elif changed.change is Change.RENAMED and before and after:
            yield Drift(DriftKind.HISTORY, before.id, "as merged", f"renamed to {after.id}")
        elif changed.out_of_order:
            newest = migrations.history[-1].id if migrations.history else "the merged ones"
            yield Drift(DriftKind.HISTORY, changed.migration.id, f"after {newest}", "before it")
