"""Roles belong to the server, not to a database: what one play of a migration makes would be in the way of the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from workers.postgres.cluster import Cluster, Role

_MAKES_ROLES = re.compile(r"\bcreate\s+(?:role|user|group)\b", re.I)
_LIST = "SELECT rolname FROM pg_roles WHERE oid >= 16384"
_ASIDE = "migration_bot_aside_"


@dataclass(slots=True)
class Roles:
    """For the plays of one migration. known: the roles before it; None when it makes none."""

    cluster: Cluster
    known: frozenset[str] | None

    @classmethod
    def before(cls, cluster: Cluster, migration: str) -> Roles:
        """To be asked for before the migration, given its text, is first played."""
        return cls(cluster, _list(cluster) if _MAKES_ROLES.search(migration) else None)

    def put_aside(self) -> Mapping[str, str]:
        """Gives the roles made since then other names; what they own and may do stays. The names by the new ones."""
        if self.known is None or not self.cluster.alive():
            return {}
        now = _list(self.cluster)
        number = sum(name.startswith(_ASIDE) for name in now)
        made = sorted(name for name in now - self.known if not name.startswith(_ASIDE))
        aside = {f"{_ASIDE}{number + index}": name for index, name in enumerate(made)}
        self._rename({name: other for other, name in aside.items()})
        return aside

    def bring_back(self, aside: Mapping[str, str]) -> None:
        """The names return to those that had them at a `put_aside`; whoever has them now is put aside."""
        if aside and self.cluster.alive():
            self.put_aside()
            self._rename(aside)

    def _rename(self, names: Mapping[str, str]) -> None:
        with self.cluster.connect(Role.ADMIN, "template1") as connection:
            for name, new in names.items():
                rename = sql.SQL("ALTER ROLE {} RENAME TO {}")
                connection.execute(rename.format(sql.Identifier(name), sql.Identifier(new)))


def _list(cluster: Cluster) -> frozenset[str]:
    with cluster.connect(Role.ADMIN, "template1") as connection:
        return frozenset(name for (name,) in connection.execute(_LIST))
