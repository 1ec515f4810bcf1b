"""What is said about an environment, as GitHub Markdown: progress, what was done, what there is, what failed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workers.environments.apply import Applied, Fate
from workers.environments.back import Undone
from workers.environments.backups.backup import Backup
from workers.environments.blockers import described
from workers.environments.deploy import Deployed, Step
from workers.environments.failed import explain_failed
from workers.environments.history import Diagnosis
from workers.environments.model import BackupMethod, Entry, Environment, Progress
from workers.environments.questions import Answer
from workers.environments.truth import Truth
from workers.environments.undo import explain
from workers.report import phrases
from workers.report.markup import code, fence, prose
from workers.report.words import count, duration, size
from workers.verdict import JudgedMigration, Report

_SHOWN = 40  # rows of a table
_SQL_CHARS = 20_000
_TABLE = "| migration | | |\n|---|---|---|\n"


def progress(environment: str, act: str, steps: Mapping[str, Progress]) -> str:
    """While it runs."""
    rows = "".join(f"| {code(step.step)} | {_parts(step)} | {prose(step.detail, 300)} |\n" for step in steps.values())
    head = f"⏳ **{environment}**: {act} is running. `/migrate cancel {environment}` stops it."
    return f"{head}\n\n| step | | |\n|---|---|---|\n{rows}" if rows else head


def _parts(step: Progress) -> str:
    return f"{step.done:,} of {step.total:,}" if step.total else ""


def deployed(environment: Environment, done: Deployed) -> str:
    """At the end."""
    parts = (
        f"{_mark(done)} **{environment.name}**: {prose(headline(done))}",
        _steps(done),
        _answers(done.answers),
        "".join(f"- {prose(note)}\n" for note in done.notes),
        "" if done.backup is None else backup(done.backup),
    )
    return "\n\n".join(part for part in parts if part)


def headline(done: Deployed) -> str:
    """Plain text; also a deployment's status."""
    applied = sum(step.applied.fate is Fate.APPLIED for step in done.steps)
    if not done.pending:
        return "nothing is pending; all migrations are applied."
    if not done.stopped:
        return f"{count(applied, 'migration')} applied."
    return f"{applied} of {count(len(done.pending), 'migration')} applied. {done.stopped}"


def reasons(put_aside: Sequence[str], because: str) -> str:
    """What --force put aside, and why something was done; "" where neither was said."""
    lines = [f"⚠️ put aside by --force: {prose(one)}" for one in put_aside]
    lines += [f"because {prose(because)}"] if because else []
    return "".join(f"- {line}\n" for line in lines)


def _mark(done: Deployed) -> str:
    return "❌" if done.stopped else "✅"


def _steps(done: Deployed) -> str:
    if not done.pending:
        return ""
    steps = {step.migration: step for step in done.steps}
    rows = "".join(f"| {code(name)} | {_step(steps.get(name))} |\n" for name in done.pending[:_SHOWN])
    more = f"\nand {len(done.pending) - _SHOWN:,} more\n" if len(done.pending) > _SHOWN else ""
    return f"{_TABLE}{rows}{more}"


_FATES = {
    Fate.APPLIED: "✅ applied",
    Fate.ROLLED_BACK: "❌ failed, nothing of it stays: pending again",
    Fate.PARTLY: "❌ failed, a part of it stays",
    Fate.UNKNOWN: "❓ the connection was lost, how it ended is found out by the next command",
}


def _step(step: Step | None) -> str:
    if step is None:
        return "not begun | "
    applied = step.applied
    return f"{_FATES[applied.fate]} | {'; '.join(_details(applied))}"


def _details(applied: Applied) -> Iterator[str]:
    yield duration(applied.duration_ms)
    if applied.attempts > 1:
        yield f"{applied.attempts} tries, as locks were held"
    if applied.error:
        where = f"line {applied.error.line}: " if applied.error.line else ""
        yield prose(f"{where}{applied.error.message} ({applied.error.sqlstate})", 400)
        if applied.error.hint:
            yield prose(applied.error.hint, 300)
        yield from (prose(f"waited for {described(one)}", 200) for one in applied.blockers)


def _answers(answers: Sequence[Answer]) -> str:
    if not answers:
        return ""
    marks = {True: "✅", False: "❌", None: "➖"}
    rows = "".join(
        f"| {marks[answer.passed]} | {code(answer.query.path)} line {answer.query.line} | {prose(answer.said)} |"
        f" {prose(answer.query.reason, 300)} |\n"
        for answer in answers[:_SHOWN]
    )
    return f"Pre-flight queries:\n\n| | | answer | asks |\n|---|---|---|---|\n{rows}"


def preflight(environment: str, answers: Sequence[Answer]) -> str:
    """The answers alone."""
    wrong = sum(answer.passed is False for answer in answers)
    if not answers:
        return f"✅ **{environment}**: there is nothing to ask; no pending statement depends on the rows."
    mark = (
        f"❌ **{environment}**: {count(wrong, 'query', 'queries')} would stop it"
        if wrong
        else f"✅ **{environment}**: the rows pass"
    )
    return f"{mark}.\n\n{_answers(answers)}"


def backed_up(environment: str, taken: Backup) -> str:
    """The backup alone."""
    return f"✅ **{environment}**: it is backed up.\n\n{backup(taken)}"


def backup(taken: Backup) -> str:
    """What was taken, and how it comes back."""
    weight = f", {size(taken.bytes)}" if taken.bytes else ""
    until = f", kept until {taken.expires_at:%Y-%m-%d %H:%M} UTC" if taken.expires_at else ""
    checks = "".join(f"- {prose(check)}\n" for check in taken.checks)
    commands = "\n".join(taken.restore)
    return (
        f"💾 Backup {code(taken.name)} in {code(taken.where)}{weight}, taken in {duration(taken.took_ms)}{until}\n\n"
        f"{checks}\n"
        f"<details><summary>How to restore it</summary>\n\n```sh\n{commands}\n```\n\n</details>"
    )


# ---------------------------------------------------------------- status, plan


def status(environment: Environment, diagnosis: Diagnosis, truths: Mapping[Entry, Truth]) -> str:
    """What the history table says. truths: of the failed ones."""
    table = "".join(f"| {name} | {_listed(names)} |\n" for name, names in _groups(diagnosis) if names)
    head = f"**{environment.name}**: {_counts(diagnosis)}"
    failed = (_failed(environment, entry, truth) for entry, truth in truths.items())
    return "\n\n".join((head, f"| | |\n|---|---|\n{table}" if table else "", *failed)).strip()


def _failed(environment: Environment, entry: Entry, truth: Truth) -> str:
    said = explain_failed(environment.name, entry, truth)
    lines = "".join(f"- {prose(line)}\n" for line in said if line != truth.undo_sql)
    return f"{lines}\n{fence(truth.undo_sql)}" if truth.undo_sql else lines


def _counts(diagnosis: Diagnosis) -> str:
    told = (
        count(len(diagnosis.applied), "migration") + " applied",
        f"{len(diagnosis.pending):,} pending",
        f"{len(diagnosis.failed):,} failed" if diagnosis.failed else "",
    )
    return ", ".join(part for part in told if part) + "."


def _groups(diagnosis: Diagnosis) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "❌ failed", tuple(entry.name for entry in diagnosis.failed)
    yield "⏳ pending", tuple(one.id for one in diagnosis.pending)
    yield "⚠️ edited since it was applied", diagnosis.edited
    yield "⚠️ applied, and no file", diagnosis.missing
    yield "⚠️ pending, and older than what is applied", diagnosis.out_of_order
    yield "⚠️ marked as applied, never run", diagnosis.stamped
    yield "newest applied", tuple(entry.name for entry in diagnosis.applied[-3:])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(code(name) for name in names[:_SHOWN]) + more


def plan(environment: Environment, diagnosis: Diagnosis, report: Report | str, own: frozenset[str]) -> str:
    """What a deployment would do now."""
    if not diagnosis.pending:
        return f"**{environment.name}**: nothing is pending."
    head = f"**{environment.name}**: {count(len(diagnosis.pending), 'migration')} would be applied, in this order."
    if isinstance(report, str):
        rows = "".join(f"| {code(one.id)} | {_whose(one.id, own)} | |\n" for one in diagnosis.pending[:_SHOWN])
        return f"{head}\n\n{_TABLE}{rows}\nNot rehearsed: {prose(report)}"
    rows = "".join(
        f"| {code(one.id)} | {phrases.MARKS[one.level]} {one.level.word}{_whose(one.id, own)} |"
        f" {count(len(one.statements), 'statement')}, rollback {_grade(one)} |\n"
        for one in report.migrations[:_SHOWN]
    )
    method = environment.backup.method
    first = "No backup is taken." if method is BackupMethod.NONE else f"Backup first: {method}."
    return f"{head} {first}\n\n{_TABLE}{rows}"


def _grade(migration: JudgedMigration) -> str:
    return migration.rollback.grade.value if migration.rollback else "unknown"


def _whose(name: str, own: frozenset[str]) -> str:
    return "" if name in own else " (merged before)"


# ---------------------------------------------------------------- and back again


def undone(environment: Environment, done: Undone, because: str) -> str:
    """What came of a rollback."""
    mark = "↩️" if done.done else "❌"
    parts = (
        f"{mark} **{environment.name}**: {prose(undone_headline(done))}",
        f"because {prose(because)}" if because else "",
        "".join(f"- {prose(line)}\n" for line in explain(done.undo)),
        "" if done.done else f"{_TABLE}| {code(done.migration)} | {_step(Step(done.migration, done.applied))} |\n",
        "" if done.backup is None else backup(done.backup),
        f"<details><summary>The SQL</summary>\n\n{fence(done.undo.sql[:_SQL_CHARS])}\n</details>",
    )
    return "\n\n".join(part for part in parts if part)


def undone_headline(done: Undone) -> str:
    """Plain text; also a deployment's status."""
    if done.done:
        return f"`{done.migration}` is rolled back, and pending again."
    return f"`{done.migration}` was not rolled back."
