"""What a platform provides before any migration runs, made when a migration turns out to need it: roles."""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg import sql

from workers.postgres.cluster import Cluster, Role

_UNDEFINED_OBJECT = "42704"

# Tables can be given to a role by one who may act as it, when it may create in their schema
# (https://www.postgresql.org/docs/current/sql-altertable.html).
_CREATE = "CREATE ROLE {role} NOLOGIN"
_JOIN = f"GRANT {{role}} TO {Role.MIGRATION.value}"
_GRANT = """
DO $do$ DECLARE s name; BEGIN
    FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', s, {name});
    END LOOP;
END $do$
"""

_ROLE = re.compile(r'^role "(.+)" does not exist$')


@dataclass(slots=True)
class Prelude:
    """For one cluster, to which roles belong. notes: what was done on the migrations' behalf, each once."""

    cluster: Cluster
    notes: tuple[str, ...] = ()

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes = (*self.notes, text)

    def remedied(self, sqlstate: str, message: str, database: str) -> bool:
        """Whether the error was a missing role, which exists now: the same SQL is worth another try."""
        missing = _ROLE.match(message) if sqlstate == _UNDEFINED_OBJECT else None
        if missing is None or not self.cluster.alive():
            return False
        with self.cluster.connect(Role.ADMIN, database) as connection:
            for statement in (_CREATE, _JOIN, _GRANT):
                connection.execute(sql.SQL(statement).format(role=sql.Identifier(missing[1]), name=missing[1]))
        self.note(f"role {missing[1]}: not made by any migration; created here, for what is granted and given to it")
        return True
