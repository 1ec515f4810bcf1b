"""A live database with a history table and what its migrations have made, and what drift says of it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from tests.live_server import OWNER, PASSWORD, LiveServer
from tests.workers.environments.staging import machine
from workers.drift.live import LiveDrift
from workers.environments.live import live_drift
from workers.environments.model import Timeouts
from workers.environments.seen import named_by
from workers.model import Migration, MigrationSet, Transaction
from workers.policy import DriftPolicy, Policy

BASE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.age := 1; RETURN NEW; END $$;
CREATE TABLE users (
    id int PRIMARY KEY, name text NOT NULL, age int DEFAULT 7, mood mood, CONSTRAINT grown CHECK (age > 0)
);
CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, total numeric(10, 2), placed date);
CREATE INDEX orders_total ON orders (total);
CREATE VIEW names AS SELECT name FROM users;
CREATE TRIGGER touched BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON orders USING (total > 0);
"""


_HISTORY = """CREATE TABLE IF NOT EXISTS migration_bot_history (
    id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
    migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0)"""
_ROW = """INSERT INTO migration_bot_history (id, checksum, migration_name, finished_at, applied_steps_count)
VALUES (%s, %s, %s, CASE WHEN %s THEN now() END, %s)"""


def migration(id: str, text: str) -> Migration:
    return Migration(id, f"migrations/{id}.sql", text, Transaction.SIMPLE_QUERY)


FIRST, SECOND, THIRD = (
    migration("1_base", BASE),
    migration("2_email", "ALTER TABLE users ADD COLUMN email text;"),
    migration("3_notes", "CREATE TABLE notes (id int PRIMARY KEY);"),
)


@dataclass
class Shop:
    """url: of the owner. migrations: all that the repository has."""

    server: LiveServer
    url: str
    cache: Path
    migrations: tuple[Migration, ...] = (FIRST, SECOND)

    def run(self, *texts: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for text in texts:
                connection.execute(text.encode())

    def apply(self, *migrations: Migration) -> None:
        """As a runner would: run and written down."""
        for one in migrations:
            self.run(one.text)
            self.record(one)

    def record(self, one: Migration, *, finished: bool = True, steps: int = 1) -> None:
        """Written down, whatever was run. steps: 0 for one that is only stamped."""
        text = hashlib.sha256(one.text.encode()).hexdigest()
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_HISTORY)
            connection.execute(_ROW, (f"{one.id}", text, one.id, finished, steps))

    def take_back(self, id: str) -> None:
        """Written down as rolled back."""
        self.run(f"UPDATE migration_bot_history SET rolled_back_at = now() WHERE migration_name = '{id}'")

    def drift(self, policy: DriftPolicy | None = None, url: str = "", lock_ms: int = 2_000) -> LiveDrift:
        found = MigrationSet("plain", "migrations", "f" * 40, "f" * 40, self.migrations, ())
        environment = replace(named_by(url or self.url), timeouts=Timeouts(lock_ms=lock_ms))
        return live_drift(environment, found, Policy(drift=policy or DriftPolicy()), machine(self.cache))

    def called(self, role: str) -> str:
        """A new role with no more rights than everybody has; the URL as it."""
        with self.server.admin() as admin:
            admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        return self.url.replace(f"//{OWNER}:", f"//{role}:")


@dataclass
class Shops:
    server: LiveServer
    cache: Path
    number: int = 0

    def empty(self) -> Shop:
        """A new database, with nothing in it."""
        self.number += 1
        return Shop(self.server, self.server.create_database(f"shop_{self.number}"), self.cache)

    def open(self) -> Shop:
        """With all of its migrations."""
        shop = self.empty()
        shop.apply(*shop.migrations)
        return shop


@contextlib.contextmanager
def told(drift: LiveDrift) -> Iterator[set[tuple[str, str]]]:
    """What differs, with both ways to close it proven."""
    yield {(gap.kind.value, gap.object) for gap in drift.gaps}
    for closing in (drift.to_migrations, drift.to_live):
        assert closing is not None
        assert closing.proven, f"{closing.why_not}: {closing.sql}"
