"""The sentence frames that every face shares. A `backticked` part is a name or SQL, for the face to set apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from workers.model import Change, Level
from workers.rehearsed import Preflight, Timing
from workers.report.marks import mark
from workers.report.words import count, duration, tick, visible
from workers.verdict import Drift, Finding, JudgedMigration, Report, Rewrite, RewriteStep
from workers.ways_back import Grade, Rollback

GRADES = {
    Grade.EXACT: "schema and data come back",
    Grade.LOSSY: "the schema comes back, not all of the data",
    Grade.IRREVERSIBLE: "not even the schema comes back",
}
MARKS = {Level.SAFE: "🟢", Level.RISKY: "🟡", Level.HIGH_RISK: "🔴"}
PROOF = "applied, rolled back, compared equal, applied again"
_ALONE = "-- in a transaction of its own:"
_EACH = "-- each in a transaction of its own:"
HELP = "`/migrate help` lists what can be asked of me here."
CHANGES = {
    Change.ADDED: "",
    Change.EDITED: "edited after it was merged",
    Change.DELETED: "deleted after it was merged",
    Change.RENAMED: "renamed after it was merged",
}
SNAPSHOTS = {
    "hit": "history from a snapshot",
    "prefix": "history from a snapshot, the rest replayed",
    "miss": "history replayed",
}


# ---------------------------------------------------------------- the whole report


def size(report: Report) -> str:
    """3 migrations, 8 statements."""
    if not report.migrations:
        return "no migrations changed"
    statements = sum(len(migration.statements) for migration in report.migrations)
    projects = f" of {len(report.projects):,} projects" if report.several else ""
    return f"{count(len(report.migrations), 'migration')}{projects}, {count(statements, 'statement')}"


def of_project(report: Report) -> str:
    """One of several, in a line: its layout, its server, and as of the whole report."""
    server = f" on PostgreSQL {report.server.version}" if report.server else ""
    return f"{report.layout}{server}: {size(report)}, {found(report)}"


def called(report: Report) -> dict[str, str]:
    """What its migrations are called, by path: by their ids, which several projects may share."""
    return {
        one.path: f"{project.directory}/{one.id}" if report.several else one.id
        for project in report.parts
        for one in project.migrations
    }


def found(report: Report) -> str:
    """1 high-risk and 2 risky findings, 1 allowed."""
    excused = len(allowed(report.findings))
    return _found(counting(report.findings)) + (f", {excused:,} allowed" if excused else "")


def unread(report: Report) -> str:
    """What to know before trusting the level; empty when all was read."""
    missed = len(report.unread)
    return f"{count(missed, 'part')} could not be analysed" if missed else ""


def counting(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that no suppression covers, worst first, else in the order given."""
    return tuple(sorted((f for f in findings if f.allowed is None), key=lambda f: -f.level))


def allowed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that a suppression covers."""
    return tuple(finding for finding in findings if finding.allowed is not None)


def _found(findings: Sequence[Finding]) -> str:
    if not findings:
        return "nothing found"
    levels = [(level, sum(finding.level is level for finding in findings)) for level in reversed(Level)]
    parts = [f"{number:,} {level.word}" for level, number in levels if number]
    return f"{' and '.join(parts)} {'finding' if len(findings) == 1 else 'findings'}"


def worst(report: Report) -> Finding | None:
    """The finding to read first; None when nothing counts."""
    return next(iter(counting(report.findings)), None)


def explained(report: Report) -> str:
    """Where to read more; empty when nothing counts."""
    first = worst(report)
    return f"More about a finding: {tick(f'migration-bot explain {first.rule}')}" if first else ""


def about(migration: JudgedMigration, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the migration's file, those of its statements and those of the file as a whole."""
    return tuple(finding for finding in findings if finding.path == migration.path)


def elsewhere(report: Report) -> tuple[Finding, ...]:
    """The findings in no migration's file."""
    paths = {migration.path for migration in report.migrations}
    return tuple(finding for finding in report.findings if finding.path not in paths)


def preflight_in(path: str, report: Report) -> tuple[Preflight, ...]:
    """The queries to ask a real database before the migration in this file is applied."""
    return tuple(query for query in report.preflight if query.path == path)


def judged_by(report: Report) -> str:
    """Which server, inside which sandbox, in what time."""
    if report.server is None:
        return "Judged from the text alone: no server was used."
    server = report.server
    return f"PostgreSQL {server.version} ({server.origin}), sandbox: {server.sandbox}. {_timing(report.timing)}"


def _timing(timing: Timing) -> str:
    steps = [("rehearsal", timing.rehearse_ms), ("proof", timing.prove_ms)]
    spent = "".join(f", {name} {duration(ms)}" for name, ms in steps if ms)
    history = SNAPSHOTS.get(timing.snapshot, timing.snapshot)
    return f"{duration(timing.total_ms)} in all: {history} in {duration(timing.acquire_ms + timing.replay_ms)}{spent}."


# ---------------------------------------------------------------- advice


def proof(undo: Rollback) -> str:
    """Whether a rollback was tried, in one clause, and with what."""
    return "; ".join((f"proven: {PROOF}" if undo.proven else "not proven", *undo.notes))


def shortfalls(undo: Rollback) -> tuple[str, ...]:
    """What a rollback does not bring back, and what differed after it."""
    meaning = () if undo.reasons or undo.grade is Grade.EXACT else (GRADES[undo.grade],)
    return (*meaning, *undo.reasons, *(f"differs after it: {difference}" for difference in undo.difference))


def taken_back(migration: JudgedMigration) -> str:
    """The migration's statements in a few words: `CREATE TABLE`, `CREATE INDEX` ×2."""
    actions = Counter(judged.action for judged in migration.statements)
    told = [f"{tick(action)}{f' ×{number:,}' if number > 1 else ''}" for action, number in actions.items()]
    return ", ".join(told) or "nothing"


def way_back(migration: JudgedMigration, report: Report) -> Iterator[str]:
    """The steps from a deployed migration back to the schema before it. report: of its project."""
    later = [one.id for one in report.migrations[report.migrations.index(migration) + 1 :] if one.rollback]
    if later:
        yield (
            f"Roll back what comes after it first, the last one before the others: {', '.join(map(tick, later[:3]))}"
            + (f" and {len(later) - 3:,} more." if later[3:] else ".")
        )
    yield "Deploy the code from before this pull request."
    if migration.rollback and migration.rollback.sql.strip():
        yield run_it(migration.rollback)
    yield mark(report.layout, migration.id)


def run_it(undo: Rollback) -> str:
    """How its SQL is to be run."""
    if len(undo.steps) > 1:
        return "Run the SQL as it is, with its own BEGIN and COMMIT, as `psql -v ON_ERROR_STOP=1 -f FILE` does."
    if undo.steps and not undo.steps[0].transaction:
        return "Run the SQL outside a transaction, as `psql -v ON_ERROR_STOP=1 -f FILE` does."
    return "Run the SQL in one transaction, as `psql --single-transaction -v ON_ERROR_STOP=1 -f FILE` does."


def going_back(undo: Rollback) -> Iterator[str]:
    """What others wait for while the SQL runs."""
    blocking = [lock for lock in undo.locks if lock.mode.blocks_writes]
    for mode in sorted({lock.mode for lock in blocking}, reverse=True):
        tables = [tick(str(lock.relation)) for lock in blocking if lock.mode is mode]
        more = f" and {len(tables) - 5:,} more" if tables[5:] else ""
        blocked = "reads and writes" if mode.blocks_reads else "writes"
        yield f"Going back takes: {tick(mode.sql)} on {', '.join(tables[:5])}{more}, which blocks {blocked}."
    yield from (f"Going back takes: {line}" for line in undo.takes)


def after_deploying(report: Report) -> Iterator[str]:
    """What to look at once it is out."""
    prisma = any(project.layout == "prisma" for project in report.parts)
    status = ", as `npx prisma migrate status` tells" if prisma else ""
    yield f"Each migration has come to its end{status}."
    yield "The application's health checks pass, and its errors are no more than before."
    yield "Nothing waits for locks, and no query has become slow: `pg_stat_activity`, `pg_stat_statements`."
    yield "The backup, where one was taken, is removed when its time has passed."


def advised(finding: Finding) -> Rewrite | None:
    """The rewrite to show; none that was tried and comes to something else."""
    return finding.rewrite if finding.rewrite and not finding.rewrite.refuted else None


def instead(rewrite: Rewrite) -> str:
    """What stands before a rewrite's script, and whether it was tried."""
    if rewrite.missing:
        return f"Instead, not proven, as {rewrite.missing} is left to you:"
    if not rewrite.proven:
        return "Instead, not proven:"
    if rewrite.kept:
        kept = ", ".join(tick(f"{table}.{column}") for table, column in rewrite.kept)
        return f"Instead, proven to reach the same schema; the values are kept, in {kept}:"
    return "Instead, proven to reach the same schema and rows:"


def script(rewrite: Rewrite) -> str:
    """The steps as one text to copy, with a comment above each that needs one, or above all that need the same."""
    if rewrite.in_place and len(rewrite.steps) == 1 and _minded(rewrite.steps[0]) == (_ALONE,):
        return visible(rewrite.steps[0].sql.strip())
    lines: list[str] = []
    for (minded, _), steps in groupby(rewrite.steps, key=_alike):
        texts = [visible(step.sql.strip()) for step in steps]
        lines += (_EACH,) if len(texts) > 1 and minded == (_ALONE,) else minded
        lines += texts
    return "\n".join(lines)


def _alike(step: RewriteStep) -> tuple[tuple[str, ...], str]:
    """Equal for steps that a comment can stand above together: those of one line."""
    text = step.sql.strip()
    return _minded(step), text if "\n" in text else ""


def _minded(step: RewriteStep) -> tuple[str, ...]:
    deploy = (f"-- deploy first: {' '.join(visible(step.deploy).split())}",) if step.deploy else ()
    return (*deploy, _ALONE if step.transaction else "-- outside a transaction:")


def gap(item: Drift) -> str:
    """Two accounts of one thing."""
    return f"{item.kind.value}: {tick(item.object)} is {item.actual}, expected {item.expected}"


def question(query: Preflight) -> str:
    """What stands before a pre-flight query."""
    return f"Line {query.line}: {query.reason.rstrip('.')}. It will pass when the answer is {tick(query.expect)}:"
