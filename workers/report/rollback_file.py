"""The files that bring rollback SQL into the repository: to be run by hand, as new migrations, or as ways back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from workers.model import Change
from workers.policy import RollbackForm
from workers.report import kept as keeping
from workers.report import phrases
from workers.report.forms import FORMS, directory_of, following, number_of
from workers.report.words import visible
from workers.verdict import JudgedMigration, Report
from workers.ways_back import Kept, Rollback, UndoStep

_FOLDER = "rollbacks"
_REVERT = "_revert"


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """appended: to what the file holds already. keeps: it is run before the migration, to keep what that takes."""

    path: str
    sql: str
    appended: bool = False
    keeps: bool = False


def rollback_files(report: Report, form: RollbackForm = RollbackForm.FILE) -> tuple[WrittenFile, ...]:
    """For each new migration that has SQL to undo it. Where its layout has no such form, or cannot hold this SQL in it,
    the file that is run by hand, which says why. Pairs that keep data are always run by hand."""
    found = (file for project in report.parts for file in _of_project(project, form))
    return tuple({file.path: file for file in found}.values())


def _of_project(report: Report, form: RollbackForm) -> Iterator[WrittenFile]:
    added = [migration for migration in report.migrations if migration.change is Change.ADDED]
    undone = [(one, one.rollback) for one in added if one.rollback and one.rollback.sql.strip()]
    pairs = (file for one in added if one.kept and one.kept.rollback.proven for file in _pair(report, one, one.kept))
    yield from _in_form(report, undone, form)
    yield from pairs


def _in_form(report: Report, undone: Sequence[_Undone], form: RollbackForm) -> Iterator[WrittenFile]:
    match form:
        case RollbackForm.FORWARD:
            return _forward(report, undone)
        case RollbackForm.DOWN:
            return (_down(report, *one) for one in undone if not _restored(one[0]))
        case RollbackForm.FILE:
            return (_by_hand(report, *one) for one in undone)
        case _:
            assert_never(form)


_Undone = tuple[JudgedMigration, Rollback]


def rollback_path(migration: JudgedMigration, layout: str, what: str = "rollback") -> str:
    """Layouts that keep a folder for each migration read nothing else in it. Runners of plain files take every one in
    their folder, so there it is kept in a folder of its own, under a name that does not begin with a number."""
    folder, slash, name = migration.path.rpartition("/")
    if layout in FORMS and "/" in FORMS[layout].forward:
        return f"{folder}{slash}{what}.sql"
    return f"{folder}{slash}{_FOLDER}/{what}_{name}"


def _pair(report: Report, migration: JudgedMigration, kept: Kept) -> Iterator[WrittenFile]:
    """What is to be run before the migration, and the rollback that goes with it."""
    before = rollback_path(migration, report.layout, "preserve")
    head = f"For the migration {migration.id}. Written by migration-bot; run by hand, never by the runner."
    lines = (head, *keeping.lines(kept), f"{keeping.CLEAN}: {kept.clean.strip()}")
    yield WrittenFile(before, f"{_comment(lines)}\n{kept.preserve.strip()}\n", keeps=True)
    why = f"It needs what {before} copies: where that was not run before the migration, it fails and changes nothing."
    yield _by_hand(report, migration, kept.rollback, why)


def _by_hand(report: Report, migration: JudgedMigration, undo: Rollback, why: str = "") -> WrittenFile:
    lines = [*_head(migration, undo), *([why] if why else [])]
    lines += (f"{number}. {step}" for number, step in enumerate(phrases.way_back(migration, report), start=1))
    lines[0] += " Written by migration-bot; run by hand, never by the runner."
    return WrittenFile(rollback_path(migration, report.layout), f"{_comment(lines)}\n{undo.sql.strip()}\n")


def _head(migration: JudgedMigration, undo: Rollback) -> list[str]:
    return [
        f"Takes back the migration {migration.id}.",
        f"{undo.grade.value}: {phrases.GRADES[undo.grade]}. {phrases.proof(undo).capitalize()}.",
        *(f"- {reason}" for reason in (*phrases.shortfalls(undo), *phrases.going_back(undo))),
    ]


def _comment(lines: Sequence[str]) -> str:
    return "".join(f"-- {' '.join(visible(line).split())}\n" for line in lines)


# ---------------------------------------------------------------- a new migration


def _forward(report: Report, undone: Sequence[_Undone]) -> Iterator[WrittenFile]:
    """The last one is taken back first. What is a new migration already, or has been taken back by one, is left."""
    own = [migration for migration, _ in undone if _REVERT not in migration.id]
    taken = [migration.id for migration in report.migrations if _REVERT in migration.id]
    newest = max((migration.id for migration in report.migrations), key=number_of, default="")
    count, by_hand = 0, ""
    for migration, undo in reversed(undone):
        name = following(migration.id, newest, count + 1)
        if migration not in own or any(name and _after_number(each) == _after_number(name) for each in taken):
            continue
        steps = undo.steps or (UndoStep(undo.sql),)
        files, why = ((), by_hand) if by_hand else _migrations(report.layout, (migration, undo), newest, count)
        count += len(steps) if files else 0
        by_hand = "" if files else f"{migration.id}, which came later, is taken back by hand, so this is, too."
        yield from files or (_by_hand(report, migration, undo, why),)


def _after_number(name: str) -> str:
    return name[name.index(_REVERT) :]


def _migrations(layout: str, one: _Undone, newest: str, count: int) -> tuple[tuple[WrittenFile, ...], str]:
    """One for each step; or none, and why."""
    migration, undo = one
    form, name = FORMS.get(layout), following(migration.id, newest, 1)
    if form is None:
        return (), f"A migration of this layout ({layout}) is more than a file, so this is none."
    if name is None:
        return (), f"{newest} has no number to count on from, so this is no new migration."
    steps = undo.steps or (UndoStep(undo.sql),)
    if form.alone is None and not all(step.transaction for step in steps):
        return (), f"A part of it runs outside a transaction, which a file cannot tell its runner ({layout})."
    directory, head = directory_of(migration.path, layout), _comment(_head(migration, undo))
    files = []
    for place, step in enumerate(steps, start=count + 1):
        path = directory + form.forward.format(following(migration.id, newest, place))
        if layout == "sqlx" and migration.path.endswith(".up.sql"):
            path = path.removesuffix(".sql") + ".up.sql"
        above, below = (form.up, form.end) if step.transaction else (form.alone or "", "")
        files.append(WrittenFile(path, f"{above}{head}\n{step.sql.strip()}\n{below}"))
    return tuple(files), ""


# ---------------------------------------------------------------- a way back


def _restored(migration: JudgedMigration) -> bool:
    """Its own way back does it, be it ours from before."""
    return migration.written is not None and migration.written.restores


def _down(report: Report, migration: JudgedMigration, undo: Rollback) -> WrittenFile:
    form = FORMS.get(report.layout)
    if form is None or not (form.down or form.section):
        return _by_hand(report, migration, undo, f"This layout ({report.layout}) keeps no way back with a migration.")
    if migration.written:
        why = f"The migration has a way back of its own, in {migration.written.path}, which is left as it is."
        return _by_hand(report, migration, undo, why)
    if not all(step.transaction for step in undo.steps):
        why = "A part of it runs outside a transaction, which a way back cannot hold."
        return _by_hand(report, migration, undo, why)
    together = "\n".join(step.sql.strip() for step in undo.steps) or undo.sql.strip()  # the runner's one transaction
    text = f"{_comment(_head(migration, undo))}\n{together}\n"
    if form.section:
        return WrittenFile(migration.path, f"\n{form.section}{text}{form.end}", appended=True)
    assert form.down is not None
    pattern, name = form.down
    if not pattern.search(migration.path):
        return _by_hand(report, migration, undo, f"{migration.path} is of the kind that has no way back.")
    return WrittenFile(pattern.sub(name, migration.path, count=1), text)
