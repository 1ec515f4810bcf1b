"""A database with a replayed history, on a live server, for the tests of what is found and undone there."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from tests.live_server import OWNER, LiveServer
from workers.environments.expected import Setting, setting_of
from workers.model import Migration, Transaction
from workers.postgres.limits import Limits
from workers.postgres.sandbox import strongest_tier
from workers.review import Machine

BASE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE users (id serial PRIMARY KEY, name text, age int, mood mood);
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, total int);
CREATE INDEX orders_total ON orders (total);
"""
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
HISTORY = (Migration("1_base", "m/1_base/migration.sql", BASE, Transaction.SIMPLE_QUERY),)


def machine(cache: Path) -> Machine:
    return Machine(cache, Limits(), 1 << 30, strongest_tier())


def migration(text: str, transaction: Transaction = Transaction.SIMPLE_QUERY) -> Migration:
    return Migration("2_next", "m/2_next/migration.sql", text, transaction)


@dataclass(frozen=True)
class Staging:
    """connection: as the owner, no superuser. url holds the password."""

    server: LiveServer
    url: str
    connection: psycopg.Connection
    machine: Machine

    def run(self, *texts: str) -> None:
        for text in texts:
            self.connection.execute(text.encode())

    def setting(self, one: Migration) -> Setting:
        return setting_of(self.connection, HISTORY, one)


def emptied(server: LiveServer) -> str:
    """The URL of one database for many tests, empty again: faster than a new one each time."""
    name = "emptied"
    with contextlib.closing(psycopg.connect(server.url("postgres", "postgres"), autocommit=True)) as c:
        there = c.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
    url = server.create_database(name) if there is None else server.url(OWNER, name)
    with contextlib.closing(psycopg.connect(server.url("postgres", name), autocommit=True)) as c:
        for (schema,) in c.execute(_SCHEMAS).fetchall():
            c.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        c.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        c.execute("GRANT USAGE ON SCHEMA public TO public")
    return url


@dataclass
class Stagings:
    """Makes them, each in a database of its own."""

    server: LiveServer
    cache: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextlib.contextmanager
    def staging(self, *texts: str) -> Iterator[Staging]:
        """With the history replayed, and then the given texts."""
        url = self.empty()
        with psycopg.connect(url, autocommit=True) as connection:
            found = Staging(self.server, url, connection, machine(self.cache))
            found.run(BASE, *texts)
            yield found

    def empty(self) -> str:
        """The URL of a new database."""
        return self.server.create_database(f"staging_{next(self.numbers)}")
