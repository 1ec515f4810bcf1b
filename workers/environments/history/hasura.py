"""Hasura's bookkeeping, read only: JSON in hdb_catalog.hdb_version, before 2.0 the table hdb_catalog.schema_migrations
(https://github.com/hasura/graphql-engine/blob/master/cli/internal/statestore/statestore.go). Hasura keeps it in its
metadata database, which need not be the one that is migrated: then it is not found here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from workers.environments.history.book import Reader
from workers.environments.history.place import BOOLEAN, NUMBER, OTHER, Connection, Table, execute, find
from workers.environments.model import Entry
from workers.errors import Refused
from workers.migrations import BY_NAME
from workers.model import Migration

_SCHEMA, _DEFAULT = "hdb_catalog", "default"
_STATE = Table("Hasura", "hdb_version", {"cli_state": OTHER}, schema=_SCHEMA, reach=0)
_OLD = Table("Hasura", "schema_migrations", {"version": NUMBER, "dirty": BOOLEAN}, schema=_SCHEMA, reach=0)


@dataclass(frozen=True, slots=True)
class HasuraReader(Reader):
    """The older table counts where the newer place has no migrations."""

    name: str = _STATE.shown

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        state, old = find(c, _STATE) if _has_state(c) else None, find(c, _OLD)
        if state is None and old is None:
            return None
        versions = None
        if state is not None:
            rows = execute(c, sql.SQL("SELECT cli_state FROM {table}").format(table=state.place)).fetchall()
            versions = _versions(rows[0][0] if rows else {}, migrations)
        if old is not None and versions is None:
            versions = dict(execute(c, sql.SQL("SELECT version, dirty FROM {table}").format(table=old.place)))
        versions = versions or {}
        ids = {BY_NAME["hasura"].version(one.id): one.id for one in migrations}
        return tuple(
            Entry(str(version), ids.get(str(version), str(version)), "", None, failed=versions[version])
            for version in sorted(versions)
        )

    def same(self, entry: Entry, migration: Migration) -> bool:
        return True


def _has_state(c: Connection) -> bool:
    """Before 1.3 a table of that name had none."""
    plain = find(c, Table(_STATE.runner, _STATE.name, {}, _SCHEMA, 0))
    return plain is not None and "cli_state" in plain.columns


def _versions(state: object, migrations: Sequence[Migration]) -> Mapping[int, bool] | None:
    """By version, whether it is dirty; None where no database has any. Of the one that the migrations' folder is called
    after, else of default."""
    kept = state.get("migrations") if isinstance(state, dict) else None
    if not kept:
        return None
    if not isinstance(kept, dict):
        raise Refused(f"{_STATE.shown}: cli_state has migrations that are no object")
    folder = migrations[0].path.split("/")[-3:-2] if migrations else []
    database = folder[0] if folder and folder[0] in kept else _DEFAULT
    own = kept.get(database, {})
    if not isinstance(own, dict) or not all(key.isdecimal() and isinstance(dirty, bool) for key, dirty in own.items()):
        raise Refused(f"{_STATE.shown}: what cli_state has of the database {database} are no versions")
    return {int(version): dirty for version, dirty in own.items()}


HASURA = HasuraReader()
