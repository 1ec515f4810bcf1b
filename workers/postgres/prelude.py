"""What a platform provides before any migration runs, made when a migration turns out to need it: roles, databases."""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg import sql

from workers.postgres.cluster import Cluster, Role

_UNDEFINED_OBJECT = "42704"
_UNDEFINED_DATABASE = "3D000"
_EMPTY = "template1"
_MOST_DATABASES = 3  # of 7 MB each

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
_DATABASE = re.compile(r'^database "(.+)" does not exist$')


@dataclass(slots=True)
class Prelude:
    """For one cluster, to which roles belong. notes: what was done on the migrations' behalf, each once."""

    cluster: Cluster
    notes: tuple[str, ...] = ()

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes = (*self.notes, text)

    def remedied(self, sqlstate: str, message: str, database: str) -> bool:
        """Whether the error was a missing role or database, which exists now: the same SQL is worth another try."""
        if not self.cluster.alive():
            return False
        if sqlstate == _UNDEFINED_DATABASE and (missing := _DATABASE.match(message)):
            return self._make_database(missing[1])
        if sqlstate == _UNDEFINED_OBJECT and (missing := _ROLE.match(message)):
            self._make_role(missing[1], database)
            return True
        return False

    def _make_database(self, name: str) -> bool:
        if sum(note.startswith("database ") for note in self.notes) >= _MOST_DATABASES:
            return False
        self.cluster.create_database(name, _EMPTY)
        self.note(f"database {name}: has another name here; an empty one was made, for what is granted and set there")
        return True

    def _make_role(self, name: str, database: str) -> None:
        with self.cluster.connect(Role.ADMIN, database) as connection:
            for statement in (_CREATE, _JOIN, _GRANT):
                connection.execute(sql.SQL(statement).format(role=sql.Identifier(name), name=name))
        self.note(f"role {name}: not made by any migration; created here, for what is granted and given to it")
