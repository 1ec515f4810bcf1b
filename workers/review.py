"""The straight line: gather what a pull request changes, rehearse it, judge what was seen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from workers.beforehand import beforehand
from workers.catalog import Catalog
from workers.code import Mentions
from workers.combined import combined, failed
from workers.drift.declared import Place, begun
from workers.drift.evidence import evidence
from workers.drift.told import Declared, asked_about, declared_drift, not_checked
from workers.errors import CannotAnalyse
from workers.extensions import server_with_all
from workers.judge import judge
from workers.mentions import Code, mentions_of, sought
from workers.model import Migration
from workers.postgres.cluster import DATABASE, Limits
from workers.postgres.sandbox import Tier, sandbox_of
from workers.postgres.servers import Installation, find_installations
from workers.reading import Asked, Gathered, gathered
from workers.rehearse import passed, rehearse
from workers.rehearsed import Rehearsal
from workers.replay import Ground, Replayed, replayed
from workers.stand import Stand
from workers.verdict import Report

Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]


@contextlib.contextmanager
def no_progress(total: int) -> Iterator[Callable[[], None]]:
    """For when nobody watches."""
    yield lambda: None


@dataclass(frozen=True, slots=True)
class Machine:
    """What the bot's own settings say about this machine. require: the weakest tier that will do. environments: their
    file, for who asks how they are."""

    cache: Path
    limits: Limits
    snapshots_bytes: int
    require: Tier
    postgres: tuple[Path, ...] = ()  # more folders of server binaries
    environments: Path | None = None


def review(asked: Asked, machine: Machine, progress: Progress = no_progress) -> Report:
    """Reviews what head does to the migrations of base. Raises InputError and CannotAnalyse."""
    began = time.monotonic()
    with ThreadPoolExecutor(1) as meanwhile:
        offer = meanwhile.submit(_offer, machine)
        found = gathered(asked)
    return _reviewed(found, machine, progress, offer.result, began)


def review_gathered(found: Sequence[Gathered], machine: Machine, progress: Progress = no_progress) -> Report:
    """The rest of a review. Raises CannotAnalyse, where no project can be analysed."""
    return _reviewed(found, machine, progress, lambda: _offer(machine), time.monotonic())


@dataclass(frozen=True, slots=True)
class _Offer:
    """What this machine has for a rehearsal."""

    tier: Tier
    installations: tuple[Installation, ...]


def _offer(machine: Machine) -> _Offer:
    """Takes 60 ms of waiting for programs: time enough to read the repository."""
    return _Offer(sandbox_of(machine.require), find_installations(machine.postgres))


def _reviewed(
    found: Sequence[Gathered], machine: Machine, progress: Progress, offer: Callable[[], _Offer], began: float
) -> Report:
    def judged(one: Gathered) -> Report:
        return _judged(one, machine, progress, offer)

    report = judged(found[0]) if found[0].migrations.alone else _together(found, judged)
    return replace(report, timing=replace(report.timing, total_ms=(time.monotonic() - began) * 1000))


def _together(found: Sequence[Gathered], judged: Callable[[Gathered], Report]) -> Report:
    """One project after the other. What keeps one of several from being analysed hides nothing of the others."""
    projects = [one for one in found if one.of_project]
    around = [judged(one) for one in found if not one.of_project]
    if len(projects) == 1:
        return combined([judged(projects[0])], around)
    reports = [_as_far_as_it_goes(one, judged) for one in projects]
    if all(report.failed for report in reports):
        raise CannotAnalyse("; ".join(f"{report.directory}: {report.failed}" for report in reports))
    return combined(reports, around)


def _as_far_as_it_goes(one: Gathered, judged: Callable[[Gathered], Report]) -> Report:
    if one.migrations.why_not:
        return failed(one.migrations, one.migrations.why_not)
    try:
        return judged(one)
    except CannotAnalyse as error:
        return failed(one.migrations, str(error))


def _judged(told: Gathered, machine: Machine, progress: Progress, offer: Callable[[], _Offer]) -> Report:
    began, migrations, policy = time.monotonic(), told.migrations, told.policy.of(told.migrations.directory)
    declaration = asked_about(told.declaration, bool(migrations.added), machine.cache)
    found = replace(told, policy=policy, declaration=declaration)
    rehearsal, declared = None, Declared()
    if migrations.added or (declaration and not declaration.why_not):
        rehearsal, declared = _rehearsed(found, machine, offer(), progress)
    elif declaration:
        declared = not_checked(declaration)
    mentions = _mentions(found, rehearsal) if rehearsal else {}
    report = judge(migrations, rehearsal, policy, mentions, (*found.around, *declared.findings))
    notes = (*told.notes, *report.notes, *declared.notes)
    timing = replace(report.timing, total_ms=(time.monotonic() - began) * 1000)
    return replace(report, drift=(*report.drift, *declared.drift), notes=notes, timing=timing)


def _mentions(found: Gathered, rehearsal: Rehearsal) -> dict[str, Mentions]:
    """Where the code names what the migrations take away; nothing where there is no code to look at."""
    if found.repository is None:
        return {}
    own = found.migrations
    code = Code(found.repository, own.base, own.head, own.directory, own.others)
    catalogs = [catalog for each in rehearsal.migrations for catalog in (each.before, each.after) if catalog]
    return mentions_of(code, sought(rehearsal), catalogs)


def _rehearsed(
    found: Gathered, machine: Machine, offer: _Offer, progress: Progress
) -> tuple[Rehearsal | None, Declared]:
    migrations, policy, declaration = found.migrations, found.policy, found.declaration
    try:
        everything = (*migrations.history, *migrations.added)
        before = beforehand(migrations.layout, everything, policy)
        installation = server_with_all(everything, before, offer.installations, policy.postgres_version)
        history = (*before.sql, *migrations.history)
        with (
            begun(declaration, machine.cache, offer.tier) as at_work,
            progress(len(history)) as advance,
            at_tip(history, machine, installation, offer.tier, advance) as base,
        ):
            stand = Stand(base.cluster, base.prelude)
            rehearsal = rehearse(base, migrations.added, policy, stand)
            if declaration is None:
                return rehearsal, Declared()
            if not all(passed(each) for each in rehearsal.migrations):
                return rehearsal, not_checked(declaration, "the new migrations do not come to their end")
            place = Place(base.cluster, stand.line, machine.cache, at_work, _seen(rehearsal, stand.line))
            unseen = any(one.after and one.after.unreadable for one in migrations.changed)
            return rehearsal, evidence(declaration, place) if unseen else declared_drift(declaration, place, policy)
    except CannotAnalyse as why:
        if migrations.added or declaration is None:
            raise
        return None, not_checked(declaration, str(why))


def _seen(rehearsal: Rehearsal, line: str) -> Mapping[str, Catalog]:
    """The schemas around the new migrations, by the databases that have them."""
    read = [catalog for each in rehearsal.migrations for catalog in (each.before, each.after) if catalog]
    return {DATABASE: read[0], line: read[-1]} if read else {}


@contextlib.contextmanager
def at_tip(
    history: Sequence[Migration],
    machine: Machine,
    installation: Installation,
    tier: Tier,
    advance: Callable[[], None] = lambda: None,
) -> Iterator[Replayed]:
    """An ephemeral server at the end of the history. advance: called once for each migration. Raises CannotAnalyse,
    also for what psycopg raises inside."""
    ground = Ground(installation, tier, machine.limits, machine.cache, machine.snapshots_bytes, advance)
    try:
        with replayed(history, ground) as base:
            yield base
    except psycopg.Error as lost:
        raise CannotAnalyse(f"the PostgreSQL server did not answer us: {str(lost).splitlines()[0]}") from lost
