"""Migrations reviewed on a real server, for their rewrites."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from workers.judge import judge
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.policy import Policy
from workers.postgres.cluster import DATABASE, Role
from workers.postgres.limits import Limits
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation
from workers.rehearse import rehearse
from workers.replay import Ground, Replayed, replayed
from workers.verdict import JudgedMigration, Report, Rewrite


@contextlib.contextmanager
def standing_on(setup: str, installation: Installation, cache: Path) -> Iterator[Replayed]:
    """A server with the schema; any number of reviews may begin there. Keeps no snapshot."""
    ground = Ground(installation, strongest_tier(), Limits(), cache, 0, lambda: None)
    with replayed((Migration("1", "1.sql", setup, Transaction.FILE),), ground) as base:
        yield base


def reviewed(base: Replayed, sql: str, transaction: Transaction, policy: Policy) -> Report:
    new = Migration("2", "2.sql", sql, transaction)
    changed = (ChangedMigration(Change.ADDED, None, new),)
    rehearsal = rehearse(base, (new,), policy)
    return judge(MigrationSet("plain", "", "a", "b", (), changed), rehearsal, policy)


def cleaned(base: Replayed) -> None:
    """For the next review on the same server."""
    with base.cluster.connect(Role.ADMIN, "template1") as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname NOT IN (%s, 'template1')", (DATABASE,))
        for (database,) in left.fetchall():
            base.cluster.drop_database(database)


def by_statement(migration: JudgedMigration) -> list[Rewrite | None]:
    """Each statement's rewrite."""
    found = ([finding.rewrite for finding in each.findings if finding.rewrite] for each in migration.statements)
    return [next(iter(rewrites), None) for rewrites in found]
