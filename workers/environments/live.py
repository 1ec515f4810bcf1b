"""Live drift for real: reads a database, replays on a shadow the migrations that it says it has, compares the two."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from workers.beforehand import NOTHING, Before, beforehand
from workers.catalog import Kind
from workers.drift.comparable import Terms, as_compared, each_once, main_owner
from workers.drift.gaps import column_orders
from workers.drift.live import History, LiveDrift
from workers.drift.making import catalog_of
from workers.environments.closings import Difference, Shadow, closings
from workers.environments.expected import in_schema
from workers.environments.model import EntryState, Environment
from workers.environments.order import as_its_runner_sees_it
from workers.environments.seen import Seen, look
from workers.environments.spelling import in_words_of
from workers.errors import CannotAnalyse
from workers.extensions import server_with_all
from workers.model import Migration, MigrationSet
from workers.policy import DriftPolicy, Policy
from workers.postgres.cluster import DATABASE, Role
from workers.postgres.sandbox import sandbox_of
from workers.postgres.servers import Installation, find_installations
from workers.replay import Replayed, told
from workers.review import Machine, Progress, at_tip, no_progress

_NAMED = 5  # migrations that a note names


def live_drift(
    environment: Environment,
    migrations: MigrationSet,
    policy: Policy,
    machine: Machine,
    progress: Progress = no_progress,
) -> LiveDrift:
    """Holds the environment's database against the history of the set. Nothing is changed there, and no lock beyond
    ACCESS SHARE taken. Raises Refused, Unreachable, CannotAnalyse, none of which tells a secret."""
    began = time.monotonic()
    seen = look(as_its_runner_sees_it(environment, migrations.layout), migrations)
    applied = replayable(seen, migrations.history)
    replaying = time.monotonic()
    before = beforehand(migrations.layout, migrations.history, policy)
    with (
        progress(len(before.sql) + len(applied)) as advance,
        shadow(seen, applied, machine, advance, before) as base,
    ):
        replay_s = time.monotonic() - replaying
        found = _compared(seen, base, before.outside(policy.drift))
    history = history_of(seen, migrations.history)
    return replace(
        found,
        layout=migrations.layout,
        directory=migrations.directory,
        commit=migrations.head,
        history=history,
        notes=(*_of_history(history), *_of_versions(seen, base), *told(base.prelude.notes), *found.notes),
        server=f"PostgreSQL {seen.version}; shadow: PostgreSQL {base.cluster.info.version}",
        seconds=time.monotonic() - began,
        replay_s=replay_s,
    )


# ---------------------------------------------------------------- what should be there


def replayable(seen: Seen, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """Those of the migrations that the database has had; where they are code, the dump of what they build. Raises
    CannotAnalyse where the dump has more than the database."""
    applied = seen.applied(migrations)
    if not any(one.unreadable for one in migrations):
        return applied
    there = tuple(one for one in applied if one.unreadable is None)
    lacking = next((one for one in migrations if one.unreadable is None and one not in there), None)
    if applied and lacking:
        raise CannotAnalyse(
            f"{lacking.path} has migrations that the database has not had ({_first(seen)}): compare it with the commit "
            "that is deployed there"
        )
    return there


def _first(seen: Seen) -> str:
    """Of the pending ones."""
    return next((one.id for one in seen.diagnosis.pending if one.unreadable), "which its list names")


@contextlib.contextmanager
def shadow(
    seen: Seen,
    applied: tuple[Migration, ...],
    machine: Machine,
    advance: Callable[[], None],
    before: Before = NOTHING,
) -> Iterator[Replayed]:
    """An ephemeral server with what the applied migrations build. Raises CannotAnalyse."""
    history = (*before.sql, *in_schema(seen.schema), *applied)
    installation = _installation(seen, applied, machine, before)
    with at_tip(history, machine, installation, sandbox_of(machine.require), advance) as base:
        yield base


def _installation(seen: Seen, applied: Sequence[Migration], machine: Machine, before: Before) -> Installation:
    """With the extensions that the live database has besides, if one of its version has them."""
    found = find_installations(machine.postgres)
    there = frozenset(each.path[0] for each in seen.catalog.of_kind(Kind.EXTENSION)) - before.provided
    whole = [one for one in found if one.major == seen.major and there <= one.extensions]
    with contextlib.suppress(CannotAnalyse):
        return server_with_all(applied, before, whole, seen.major)
    return server_with_all(applied, before, found, seen.major)


def _compared(seen: Seen, base: Replayed, policy: DriftPolicy) -> LiveDrift:
    built = catalog_of(base.cluster, DATABASE)
    installation = base.cluster.installation
    table = seen.table.rpartition(".")[2]
    terms = Terms(policy, table, installation.extensions, Role.MIGRATION.value, main_owner(seen.catalog, table))
    exact = installation.major == seen.major
    live = in_words_of(built, seen.catalog, exact)
    sides, notes = as_compared(built, live, terms)
    found = terms.gaps(*sides.told)
    difference = Difference(built, live, sides, found)
    to_migrations, to_live = closings(Shadow(base, terms, exact), difference) if found else (None, None)
    return LiveDrift(
        place=seen.place,
        layout="",
        directory="",
        commit="",
        history=History(None),
        gaps=each_once(found),
        reordered=column_orders(*sides.told),
        to_migrations=to_migrations,
        to_live=to_live,
        notes=notes,
    )


# ---------------------------------------------------------------- the history


def history_of(seen: Seen, migrations: Sequence[Migration]) -> History:
    """Pure."""
    found = seen.diagnosis
    order = {migration.id: place for place, migration in enumerate(migrations)}
    back = {entry.name for entry in seen.entries or () if entry.state is EntryState.ROLLED_BACK}
    pending = tuple(migration.id for migration in found.pending)

    def placed(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted(dict.fromkeys(names), key=lambda name: order.get(name, len(order))))

    return History(
        table=seen.table if seen.entries is not None else None,
        applied=placed([entry.name for entry in found.applied]),
        pending=pending,
        failed=placed([entry.name for entry in found.failed]),
        rolled_back=tuple(name for name in pending if name in back),
        edited=placed(found.edited),
        missing=placed(found.missing),
        out_of_order=placed(found.out_of_order),
        stamped=placed(found.stamped),
    )


def _of_history(history: History) -> Iterator[str]:
    for names, note in (
        (history.edited, "edited after running there, and replayed as the files are now: "),
        (history.missing, "applied there, and replayed without, as there is no file: "),
        (history.failed, "failed or still running there, and not replayed: "),
    ):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"{note}{', '.join(names[:_NAMED])}{more}"


def _of_versions(seen: Seen, base: Replayed) -> Iterator[str]:
    version, major = base.cluster.info.version, base.cluster.installation.major
    if major != seen.major:
        yield f"compared with PostgreSQL {version}: the live server's version, {seen.major}, is not on this machine"
