"""A migration that has been played, and the fresh places in which it can be played again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg

from workers.model import Migration, Script, SqlError
from workers.policy import Policy
from workers.postgres.cluster import Role
from workers.postgres.prelude import Prelude
from workers.postgres.roles import Roles
from workers.postgres.rows import fill
from workers.postgres.session import Session
from workers.preflight.rejections import Ask
from workers.remedies import Open, Place
from workers.replay import apply_whole
from workers.rollback.proof import States
from workers.stand import Stage, Stand
from workers.words import Name


@dataclass(frozen=True, slots=True)
class Played:
    """A migration that passed on empty tables. empty: columns that the pull request has added before, and nothing has
    filled: code that does comes later."""

    migration: Migration
    script: Script
    roles: Roles
    policy: Policy = field(default_factory=Policy)
    empty: frozenset[tuple[Name, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Done:
    """A migration that has just been played on a stage. reader: sees what was committed."""

    stand: Stand
    stage: Stage
    reader: psycopg.Connection
    played: Played


@dataclass(frozen=True, slots=True)
class Retrial:
    """A migration that came to its end, to be played again. states: around it; place: a fresh one, before it."""

    stand: Stand
    played: Played
    states: States
    place: Open


@contextlib.contextmanager
def place(stand: Stand, played: Played, ask: Ask) -> Iterator[Place]:
    """A fresh clone with the rows that the migration passed on, before it."""
    with (
        stand.stage() as stage,
        stand.cluster.connect(Role.MIGRATION, stage.database) as reader,
    ):
        filled(reader, ask)
        yield Place(stage.session, reader)
    stand.drop(stage.database)
    played.roles.put_aside()


def filled(reader: psycopg.Connection, ask: Ask) -> frozenset[Name]:
    """The tables that hold rows of ours now, beside those that migrations have put there."""
    if not ask.tables:
        return frozenset()
    found = fill(reader, sorted(ask.tables), required=ask.required, empty=ask.empty)
    return frozenset(table.table for table in found.tables if table.inserted)


def play_again(stand: Stand, played: Played, session: Session) -> SqlError | None:
    """Applies the migration without looking, on a session that was opened with the roles put aside: their settings
    reach one that begins. Its error, or None."""
    return apply_whole(session, played.migration, Prelude(stand.cluster))
