"""Copies of an environment's real data: a Neon branch that is gone afterwards, or what the team provides."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

import psycopg

from workers.environments.address import Address, read_url, with_schema
from workers.environments.connection import connect
from workers.environments.model import Environment, Progress, RehearseOn, Watch
from workers.environments.neon.branches import NewBranch, branches_of
from workers.environments.neon.client import PACE, Pace
from workers.errors import InputError, Refused

_GRACE = timedelta(hours=1)  # beyond the longest rehearsal, until Neon itself removes the branch


@contextlib.contextmanager
def copied(environment: Environment, watch: Watch, pace: Pace = PACE) -> Iterator[str]:
    """The direct URL of a copy of the real data, with its password. Raises Refused, Unreachable, Cancelled."""
    match environment.rehearse_on:
        case RehearseOn.NOTHING:
            raise Refused(f"{environment.name} has no copy to rehearse on in the bot's configuration")
        case RehearseOn.URL:
            yield _provided(environment)
        case RehearseOn.NEON:
            with _branch(environment, watch, pace) as url:
                yield url
        case _:
            assert_never(environment.rehearse_on)


def words(environment: Environment) -> str:
    """What the copy is, for people."""
    if environment.neon and environment.rehearse_on is RehearseOn.NEON:
        return f"a Neon branch of `{environment.neon.branch}`"
    return f"the copy that is configured for {environment.name}"


def refuse_itself(environment: Environment, copy: psycopg.Connection[Any]) -> None:
    """One database has many addresses, but its advisory locks are its own
    (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS): who can take one on the copy while
    the environment holds it is elsewhere. Raises Refused, Unreachable."""
    key = (secrets.randbits(62),)
    with contextlib.closing(connect(environment, "rehearsal")) as real:
        real.execute("select pg_catalog.pg_advisory_lock(%s)", key)
        free = copy.execute("select pg_catalog.pg_try_advisory_lock(%s)", key).fetchone()
    if free is None or not free[0]:
        raise _itself(environment)
    copy.execute("select pg_catalog.pg_advisory_unlock(%s)", key)


def _provided(environment: Environment) -> str:
    if environment.copy_url is None:
        raise Refused(f"{environment.name} has no copy_url in the bot's configuration")
    copy = _place(_address(environment.copy_url, environment))
    for url in (environment.url, environment.pooled_url):
        if url is not None and _place(_address(url, environment)) == copy:
            raise _itself(environment)
    return environment.copy_url


def _itself(environment: Environment) -> Refused:
    return Refused(f"the copy_url of {environment.name} is {environment.name} itself; a rehearsal needs a copy")


@contextlib.contextmanager
def _branch(environment: Environment, watch: Watch, pace: Pace) -> Iterator[str]:
    address, now = _address(environment.url, environment), datetime.now(UTC)
    name = f"rehearse-{now:%Y%m%d-%H%M}-{secrets.token_hex(2)}"
    expires_at = now + timedelta(milliseconds=environment.timeouts.total_ms) + _GRACE
    watch.tell(Progress("rehearsal", f"Neon branch {name}"))
    with branches_of(environment, watch, pace) as branches:
        parent = branches.own(branches.all())
        branch = branches.create(NewBranch(name, parent, expires_at, compute=True))
        try:
            yield with_schema(branches.uri(branch, address.database, address.user), address.schema)
        finally:
            branches.give_up(branch)


def _address(url: str, environment: Environment) -> Address:
    try:
        return read_url(url)
    except InputError as error:
        raise Refused(f"{environment.name}: {error}") from None


def _place(address: Address) -> tuple[str, int, str]:
    return "" if address.local else address.host.lower(), address.port, address.database
