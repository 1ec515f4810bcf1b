"""What a platform provides before any migration runs, made when a migration turns out to need it: roles."""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg import sql

from workers.postgres.cluster import Cluster, Role

_UNDEFINED_OBJECT = "42704"
_ROLE = re.compile(r'^role "(.+)" does not exist$')


@dataclass(slots=True)
class Prelude:
    """For one cluster, to which roles belong. notes: what was done on the migrations' behalf, each once."""

    cluster: Cluster
    notes: tuple[str, ...] = ()

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes = (*self.notes, text)

    def remedied(self, sqlstate: str, message: str) -> bool:
        """Whether the error was a missing role, which exists now: the same SQL is worth another try."""
        missing = _ROLE.match(message) if sqlstate == _UNDEFINED_OBJECT else None
        if missing is None or not self.cluster.alive():
            return False
        with self.cluster.connect(Role.ADMIN, "template1") as connection:
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(missing[1])))
        self.note(f"role {missing[1]}: not made by any migration; created here, without rights")
        return True
