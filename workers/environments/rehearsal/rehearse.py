"""Rehearses pending migrations on a copy of an environment's real data."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

import psycopg

from workers.environments.connection import connect
from workers.environments.model import Environment, RehearseOn, Watch
from workers.environments.neon.client import PACE, Pace
from workers.environments.rehearsal.copies import copied, refuse_itself, words
from workers.environments.rehearsal.minder import Minder, TimeUp
from workers.environments.rehearsal.on_copy import OnCopy
from workers.environments.rehearsal.plans import Plan, can_be_one, plan_of
from workers.environments.rehearsal.trial import REFUSED_IN_ONE, Ground, Trial
from workers.errors import Unreachable
from workers.model import Migration

_LIMITS = (
    "select pg_catalog.set_config('lock_timeout', %s, false), pg_catalog.set_config('statement_timeout', %s, false)"
)


def rehearse_on_copy(
    environment: Environment,
    migrations: Sequence[Migration],
    watch: Watch,
    pace: Pace = PACE,
) -> OnCopy:
    """Runs the migrations on the copy, in their order, up to the first that fails. A Neon branch is gone afterwards. A
    copy that the team provides is left as it was where all can run in one transaction; otherwise it is migrated, but
    no history table says so. Raises Refused, Unreachable, Cancelled."""
    began = time.monotonic()
    plans = [plan_of(migration) for migration in migrations]
    stays = environment.rehearse_on is RehearseOn.URL
    try:
        with copied(environment, watch, pace) as url, _ground(environment, url, watch) as ground:
            if stays:
                refuse_itself(environment, ground.connection)
            trial, stopped = _tried(ground, plans, in_one=stays and can_be_one(plans))
    except psycopg.Error as error:
        told = type(error).__name__
    else:
        planned = sum(len(plan.statements) for plan in plans)
        took_ms, left_migrated = (time.monotonic() - began) * 1000, stays and trial.committed
        return OnCopy(words(environment), tuple(trial.measured), planned, took_ms, left_migrated, stopped)
    raise Unreachable(f"{words(environment)} does not answer ({told})")


def _tried(ground: Ground, plans: Sequence[Plan], *, in_one: bool) -> tuple[Trial, str]:
    """The run, and why it stopped. What turns out not to run in one transaction is run anew."""
    trial = Trial(ground, plans, in_one=in_one)
    try:
        trial.run()
    except TimeUp:
        return trial, "it took longer than the environment's total_ms allows"
    error = trial.measured[-1].error if trial.measured else None
    if in_one and error and error.sqlstate in REFUSED_IN_ONE:
        return _tried(ground, plans, in_one=False)
    return trial, ""


@contextlib.contextmanager
def _ground(environment: Environment, url: str, watch: Watch) -> Iterator[Ground]:
    timeouts = environment.timeouts
    with contextlib.closing(connect(environment, "rehearsal", url)) as connection:
        connection.prepare_threshold = None  # a migration may DISCARD ALL
        connection.execute(_LIMITS, (str(timeouts.lock_ms), str(timeouts.statement_ms)))
        with contextlib.closing(connect(environment, "rehearsal", url)) as side:
            yield Ground(connection, side, Minder(watch, timeouts.total_ms))
