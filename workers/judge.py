"""Judges a pull request's migrations: what was read and what Postgres did with it → the report. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workers.code import Mentions
from workers.failing import failure
from workers.model import Change, ChangedMigration, Level, Migration, MigrationSet, Transaction
from workers.policy import Policy
from workers.rehearsed import Rehearsal, RehearsedMigration
from workers.rewrites import rewritten, told_with
from workers.rules import HISTORY_RULES, MIGRATION_RULES, Step
from workers.rules.agreement import disagreements
from workers.rules.found import at_policy_levels, found
from workers.rules.names import NAMES, check_policy
from workers.rules.steps import look, not_rehearsed, steps
from workers.rules.unread import unread
from workers.sql.known import Known, learn
from workers.sql.read import read
from workers.sql.split import split
from workers.suppressions import Suppression, apply, problems, read_suppressions
from workers.verdict import Drift, DriftKind, Finding, JudgedMigration, JudgedStatement, Report, Unread

_FILE = 0  # a suppression above the first statement also allows what is found about the file


@dataclass(frozen=True, slots=True)
class _Case:
    """What is the same for all migrations of a pull request."""

    policy: Policy
    mentions: Mapping[str, Mentions]
    with_server: bool


@dataclass(frozen=True, slots=True)
class _Judged:
    """One migration's part of the report."""

    migration: JudgedMigration
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()


_NO_MENTIONS: Mapping[str, Mentions] = {}


def judge(
    migrations: MigrationSet,
    rehearsal: Rehearsal | None,
    policy: Policy,
    mentions: Mapping[str, Mentions] = _NO_MENTIONS,
    around: Sequence[Finding] = (),
) -> Report:
    """The report on a pull request. Without a rehearsal, everything is predicted from the text. mentions: where code
    names what the migrations take away, by object; around: what was found in other files. Raises InputError when the
    policy names a rule that there is none of."""
    check_policy(policy)
    about = [finding for rule in HISTORY_RULES for finding in rule.check(migrations)]
    judged = _each(migrations, rehearsal, about, _Case(policy, mentions, rehearsal is not None))
    report = _report(judged, Report(Level.SAFE, migrations.layout, migrations.base, migrations.head, None))
    paths = {changed.migration.path for changed in migrations.changed}
    beside = at_policy_levels([finding for finding in about if finding.path not in paths], policy)
    findings = (*report.findings, *beside, *around)
    report = replace(
        report,
        directory=migrations.directory,
        level=_level(findings),
        findings=findings,
        drift=tuple(_drift(migrations)),
        unread=(*report.unread, *_passed_over(migrations)),
        notes=(*report.notes, *_left_aside(migrations)),
    )
    if rehearsal is None:
        return report
    return replace(
        report,
        server=rehearsal.server,
        timing=rehearsal.timing,
        notes=(*rehearsal.notes, *report.notes),
        preflight=tuple(dict.fromkeys(r.preflight for m in rehearsal.migrations for r in m.rejections if r.preflight)),
    )


def _each(
    migrations: MigrationSet, rehearsal: Rehearsal | None, about: Sequence[Finding], case: _Case
) -> list[_Judged]:
    """about: what is found about their files."""
    run = {each.migration.id: each for each in rehearsal.migrations} if rehearsal else {}
    all_run = rehearsal is not None and all(_came_to_its_end(each) for each in rehearsal.migrations)
    known = Known() if all_run else _known_of(migrations.history)
    judged: list[_Judged] = []
    for changed in migrations.changed:
        own = [finding for finding in about if finding.path == changed.migration.path]
        if changed.change is Change.ADDED:
            rehearsed = run.get(changed.migration.id) or not_rehearsed(changed.migration)
            if changed.migration.unreadable or (rehearsal is not None and changed.migration.id not in run):
                rehearsed = replace(rehearsed, not_run=changed.migration.unreadable or "It was not rehearsed.")
            one, known = _added(rehearsed, own, known, case)
        else:
            one = _merged(changed, own, case.policy)
        judged.append(one)
    return judged


def _left_aside(migrations: MigrationSet) -> Iterator[str]:
    """What the folder holds besides."""
    for path in migrations.unread:
        yield f"{path}: the runner runs it too; it is no SQL, and nobody looked at it."
    if migrations.mixed:
        yield migrations.mixed


def lint(files: Sequence[tuple[str, str]], policy: Policy, around: Sequence[Finding] = ()) -> Report:
    """The report on files alone, (path, text) in the order they would run: prediction only, no history. around: what
    was found in files that are no SQL."""
    transaction = policy.transaction or Transaction.STATEMENT
    added = tuple(Migration(path, path, text, transaction) for path, text in files)
    changed = tuple(ChangedMigration(Change.ADDED, None, migration) for migration in added)
    return judge(MigrationSet("files", "", "", "", (), changed), None, policy, around=around)


def _came_to_its_end(rehearsed: RehearsedMigration) -> bool:
    return rehearsed.not_run is None and failure(rehearsed.observations) is None


def _known_of(history: Sequence[Migration]) -> Known:
    """What the merged migrations say about tables, for prediction only: reading them takes longer than a review may
    that has the server's word on every statement. None of those tables is new."""
    actions = (
        action for migration in history for statement in split(migration.text).statements for action in read(statement)
    )
    return replace(learn(Known(), actions), new_tables=frozenset())


def _added(rehearsed: RehearsedMigration, about: Sequence[Finding], known: Known, case: _Case) -> tuple[_Judged, Known]:
    """A new migration: its statements, each with its findings, and what is known of tables after it."""
    looks, after = look(rehearsed, known)
    suppressions = read_suppressions(rehearsed.script)
    about = (*about, *(finding for rule in MIGRATION_RULES for finding in rule.check(rehearsed)))
    allowed, used = apply(about, _above(suppressions, _FILE), NAMES)
    statements: list[JudgedStatement] = []
    is_empty = not (rehearsed.script.statements or rehearsed.migration.unreadable)
    notes = [f"{rehearsed.migration.path}:1: empty; it holds no statement."] if is_empty else []
    for step, each in zip(steps(rehearsed, looks, case.policy, case.mentions), looks, strict=True):
        allowed_here, spent = apply(found(step), _above(suppressions, step.index), NAMES)
        told = _with_rewrite(step, tuple(at_policy_levels(allowed_here, case.policy)), rehearsed)
        used |= spent
        notes += disagreements(step, each.predicted)
        estimate = next((one for one in rehearsed.estimates if one.statement == step.index), None)
        judged = JudgedStatement(step.statement, step.action, _level(told), step.facts, step.observation, told)
        statements.append(replace(judged, predicted=each.predicted, estimate=estimate, held=step.held))
    unused = _unused(suppressions, used, rehearsed)
    path = rehearsed.migration.path
    wrong = problems(suppressions, unused, NAMES, path)
    of_file = tuple(at_policy_levels((*allowed, *wrong), case.policy))
    findings = tuple(sorted((*of_file, *(f for s in statements for f in s.findings)), key=lambda f: f.line))
    of_migration = JudgedMigration(
        rehearsed.migration.id, path, Change.ADDED, _level(findings), tuple(statements), rehearsed.rollback
    )
    of_migration = replace(of_migration, kept=rehearsed.kept, written=rehearsed.written, tail=rehearsed.script.tail)
    return _Judged(of_migration, findings, tuple(unread(rehearsed, looks, case.with_server)), tuple(notes)), after


def _merged(changed: ChangedMigration, about: Sequence[Finding], policy: Policy) -> _Judged:
    """A migration that is merged and was edited, deleted or renamed: its statements are not run again anywhere that has
    run them, so there is nothing to judge but the change itself."""
    suppressions = read_suppressions(not_rehearsed(changed.after).script) if changed.after else ()
    allowed, _ = apply(about, _above(suppressions, _FILE), NAMES)
    findings = tuple(at_policy_levels(allowed, policy))
    migration = changed.migration
    judged = JudgedMigration(migration.id, migration.path, changed.change, _level(findings))
    digest = hashlib.sha256(changed.after.text.encode()).hexdigest() if changed.after else ""
    return _Judged(replace(judged, digest=digest), findings)


def _with_rewrite(step: Step, findings: Sequence[Finding], rehearsed: RehearsedMigration) -> tuple[Finding, ...]:
    """The findings about a statement, one of them with what to write instead."""
    told = told_with(findings)
    rewrite = rewritten(step) if told else None
    if rewrite is None:
        return tuple(findings)
    refuted = next((why for index, why in rehearsed.refuted if index == step.index), None)
    tried = replace(rewrite, proven=step.index in rehearsed.proven, refuted=refuted)
    return tuple(replace(finding, rewrite=tried) if finding is told else finding for finding in findings)


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


def _passed_over(migrations: MigrationSet) -> Iterator[Unread]:
    """What another layout's runner would run."""
    for path in migrations.passed_over:
        yield Unread(path, 1, f"It is no migration of the layout {migrations.layout}, which the folder was read in.")


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
