"""All who can tell whether a schema is back: none may say so where pg_dump finds a difference."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from workers.postgres.cluster import Cluster, Role
from workers.postgres.dump import schema_dump
from workers.postgres.imprint import Imprint, imprint, untouched
from workers.postgres.past import Past
from workers.rollback.dumps import dumps_differ


@dataclass(frozen=True, slots=True)
class Witnesses:
    """dumped, printed and past: all of one moment. past: None where nothing may look back."""

    server: Cluster
    connection: psycopg.Connection[tuple[object, ...]]
    dumped: str
    printed: Imprint
    past: Past | None

    def dump(self) -> str:
        """The schema as it is now, by pg_dump. The others must not call it the former one if it is not."""
        text = schema_dump(self.server, self.connection.info.dbname)
        assert text == self.dumped or not untouched(self.connection, self.printed)
        assert not self.past or not self.past.is_back(self.connection) or dumps_differ(self.dumped, text) == ()
        return text


@contextlib.contextmanager
def witnesses(server: Cluster, connection: psycopg.Connection[tuple[object, ...]], text: str) -> Iterator[Witnesses]:
    """text: of the migration. What it does CONCURRENTLY would wait for whoever looks back."""
    database = connection.info.dbname
    with server.connect(Role.OBSERVER, database) as behind:
        dumped, printed = schema_dump(server, database), imprint(connection)
        past = None if "CONCURRENTLY" in text else Past(behind)
        yield Witnesses(server, connection, dumped, printed, past)
