"""Roles and their settings belong to the server, not to a database: what one play of a migration makes of them would be
in the way of the next."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from workers.postgres.cluster import Cluster, Role

_CHANGES_ROLES = re.compile(r"\b(?:create|alter)\s+(?:role|user|group)\b", re.I)
_LIST = "SELECT rolname FROM pg_roles WHERE oid >= 16384"
# As the catalog has them: ALTER ROLE … SET would quote a list of schemas as one name
# (https://www.postgresql.org/docs/current/catalog-pg-db-role-setting.html).
_SETTINGS = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = %s::regrole AND setdatabase = 0"
_UNSET = "DELETE FROM pg_db_role_setting WHERE setrole = %s::regrole AND setdatabase = 0"
_SET = "INSERT INTO pg_db_role_setting (setdatabase, setrole, setconfig) VALUES (0, %s::regrole, %s)"
_ASIDE = "migration_bot_aside_"


@dataclass(slots=True)
class Roles:
    """For the plays of one migration. known: the roles before it; None when it changes none. settings: of the role that
    migrations run as."""

    cluster: Cluster
    known: frozenset[str] | None = None
    settings: tuple[str, ...] = ()  # search_path=a, b

    @classmethod
    def before(cls, cluster: Cluster, migration: str) -> Roles:
        """To be asked for before the migration, given its text, is first played."""
        if not _CHANGES_ROLES.search(migration):
            return cls(cluster)
        with cluster.connect(Role.ADMIN, "template1") as connection:
            settings = tuple(
                setting for (found,) in connection.execute(_SETTINGS, (Role.MIGRATION.value,)) for setting in found
            )
            return cls(cluster, _list(connection), settings)

    def put_aside(self) -> Mapping[str, str]:
        """Gives the roles made since then other names, and returns their names by the new ones; what they own and may
        do stays. Brings the settings back."""
        if self.known is None or not self.cluster.alive():
            return {}
        with self.cluster.connect(Role.ADMIN, "template1") as connection:
            now = _list(connection)
            made = sorted(name for name in now - self.known if not name.startswith(_ASIDE))
            free = (name for number in itertools.count() if (name := f"{_ASIDE}{number}") not in now)
            aside = dict(zip(free, made, strict=False))
            _rename(connection, {name: other for other, name in aside.items()})
            self._reset(connection)
        return aside

    def bring_back(self, aside: Mapping[str, str]) -> None:
        """The names return to those that had them at a `put_aside`; whoever has them now is put aside."""
        if aside and self.cluster.alive():
            self.put_aside()
            with self.cluster.connect(Role.ADMIN, "template1") as connection:
                _rename(connection, aside)

    def _reset(self, connection: psycopg.Connection) -> None:
        connection.execute(_UNSET, (Role.MIGRATION.value,))
        if self.settings:
            connection.execute(_SET, (Role.MIGRATION.value, list(self.settings)))


def _rename(connection: psycopg.Connection, names: Mapping[str, str]) -> None:
    for name, new in names.items():
        rename = sql.SQL("ALTER ROLE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(name), sql.Identifier(new)))


def _list(connection: psycopg.Connection) -> frozenset[str]:
    return frozenset(name for (name,) in connection.execute(_LIST))
