"""What one migration makes of an environment's schema: read on an ephemeral server, where its history was replayed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.beforehand import NOTHING, Before
from workers.catalog import Catalog
from workers.errors import CannotAnalyse
from workers.extensions import server_with_all
from workers.model import Migration, SqlError, Transaction
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Role
from workers.postgres.connections import DATABASE
from workers.postgres.prelude import Prelude
from workers.postgres.roles import Roles
from workers.postgres.sandbox import sandbox_of
from workers.postgres.servers import find_installations
from workers.postgres.session import Session
from workers.rehearse import rehearse
from workers.rehearsed import RehearsedMigration
from workers.replay import Replayed, apply
from workers.review import Machine, at_tip
from workers.rollback.names import ident

PUBLIC = "public"
_COPY = "expected"  # the database that the migration is applied in; the history's own stays as it is


@dataclass(frozen=True, slots=True)
class Setting:
    """One migration in one environment. history: what was applied there before it, in that order. major: of the live
    server. schema: where names without a schema are looked for there. before: what was there before all of it."""

    history: tuple[Migration, ...]
    migration: Migration
    major: int
    schema: str = PUBLIC
    before: Before = NOTHING


def setting_of(
    c: psycopg.Connection[Any], history: Sequence[Migration], migration: Migration, before: Before = NOTHING
) -> Setting:
    """As the live database has it. Raises psycopg.Error."""
    with c.cursor(row_factory=tuple_row) as cursor:
        (found,) = cursor.execute("SELECT current_schema()::text").fetchone() or (None,)
    return Setting(tuple(history), migration, c.info.server_version // 10_000, found or PUBLIC, before)


@dataclass(frozen=True, slots=True)
class Expected:
    """The schema before the migration and after it. server_major: of the ephemeral server. notes: what was not as it is
    in the environment, sentences."""

    setting: Setting
    before: Catalog
    after: Catalog
    server_major: int
    notes: tuple[str, ...] = ()


def expected(
    history: Sequence[Migration], migration: Migration, machine: Machine, major: int, schema: str = PUBLIC
) -> Expected:
    """On a server of the given major version, or the nearest newer that this machine has. Raises CannotAnalyse, with
    file and line where a migration fails."""
    setting = Setting(tuple(history), migration, major, schema)
    with ground(setting, machine) as base:
        return both_states(setting, base)


def rehearsed(setting: Setting, machine: Machine) -> tuple[Expected, RehearsedMigration]:
    """The same, and with it the rollback and its proof. Raises CannotAnalyse."""
    with ground(setting, machine) as base:
        found = both_states(setting, base)
        (one,) = rehearse(base, (setting.migration,)).migrations
        return found, one


def ground(setting: Setting, machine: Machine) -> AbstractContextManager[Replayed]:
    """An ephemeral server at the end of the history. Raises CannotAnalyse, also for what psycopg raises inside."""
    tier = sandbox_of(machine.require)
    before, everything = setting.before, (*setting.history, setting.migration)
    installation = server_with_all(everything, before, find_installations(machine.postgres), setting.major)
    return at_tip((*before.sql, *in_schema(setting.schema), *setting.history), machine, installation, tier)


def in_schema(schema: str) -> tuple[Migration, ...]:
    """Where the environment's search_path begins with a schema of its own: for all that follows the same."""
    if schema == PUBLIC:
        return ()
    path = f"{ident(schema)}, {PUBLIC}"
    text = (
        f"CREATE SCHEMA IF NOT EXISTS {ident(schema)}; SET search_path TO {path};"
        f" ALTER ROLE CURRENT_USER SET search_path TO {path};"
    )
    return (Migration("", "(the search_path)", text, Transaction.SIMPLE_QUERY),)


class _Provided(Prelude):
    """What the migration turns out to need is made where the history is: then it is there before the migration, too."""

    def remedied(self, sqlstate: str, message: str, database: str) -> bool:
        return super().remedied(sqlstate, message, DATABASE)


def both_states(setting: Setting, base: Replayed) -> Expected:
    """The history's own database stays as it is. Raises CannotAnalyse."""
    prelude = _Provided(base.cluster, base.prelude.notes)
    while True:
        known = prelude.notes
        with base.cluster.connect(Role.MIGRATION) as reader:
            before = read_catalog(reader)
        after = _applied(setting.migration, prelude)
        if prelude.notes == known:
            break
    if not isinstance(after, Catalog):
        path, line = setting.migration.path, after.line or 1
        raise CannotAnalyse(f"{path}:{line}: fails on an ephemeral server: {after.message} ({after.sqlstate})")
    return Expected(setting, before, after, base.cluster.installation.major, _notes(setting, base, prelude))


def _applied(migration: Migration, prelude: Prelude) -> Catalog | SqlError:
    """In a database of its own, dropped after."""
    cluster = prelude.cluster
    roles = Roles.before(cluster, migration.text)
    cluster.create_database(_COPY)
    with Session(cluster, database=_COPY) as session:
        error = apply(session, migration, prelude)
    if error is None:
        with cluster.connect(Role.MIGRATION, _COPY) as reader:
            after = read_catalog(reader)
    roles.put_aside()
    cluster.drop_database(_COPY)
    return error or after


def _notes(setting: Setting, base: Replayed, prelude: Prelude) -> tuple[str, ...]:
    version, major = base.cluster.info.version, base.cluster.installation.major
    if major == setting.major:
        return prelude.notes
    other = f"compared with PostgreSQL {version}: the environment's version, {setting.major}, is not on this machine"
    return (other, *prelude.notes)
