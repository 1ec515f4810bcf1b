"""The shop's staging and production: a live server on which what is merged is applied, with a few rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from demo import shop
from tests.live_server import LiveServer, live_server
from workers.environments.history import PRISMA
from workers.model import Migration, Transaction

STAGING, PRODUCTION = "staging", "production"
_ROWS = """INSERT INTO "Product" ("sku", "name", "description", "priceCents")
VALUES ('MUG', 'Mug', 'Holds coffee.', 900), ('TEE', 'T-shirt', NULL, 1900);"""
_WORDS = """UPDATE "Product" SET "description" = 'Worn by everybody.' WHERE "description" IS NULL;"""
_CONFIG = """
[repositories."{repository}".environments.staging]
kind = "staging"
url = "{staging}"

[repositories."{repository}".environments.production]
kind = "production"
url = "{production}"
who = ["@acme/dba"]
approvals = 0

[repositories."{repository}".environments.production.backup]
method = "pg_dump"
target = "{backups}"
"""


@dataclass(frozen=True, slots=True)
class Live:
    """config: the file that MIGRATION_BOT_ENVIRONMENTS names."""

    server: LiveServer
    config: Path

    def describe_products(self) -> None:
        """What keeps a description from being required is gone, in both."""
        for environment in (STAGING, PRODUCTION):
            with self.server.admin(environment) as connection:
                connection.execute(_WORDS)


@contextlib.contextmanager
def running_live(folder: Path) -> Iterator[Live]:
    """Until the block ends. folder: for the configuration and the backups."""
    with live_server() as server:
        urls = {name: server.create_database(name) for name in (STAGING, PRODUCTION)}
        for url in urls.values():
            with psycopg.connect(url, autocommit=True) as connection:
                _migrate(connection)
                connection.execute(_ROWS)
        config = folder / "environments.toml"
        config.touch(0o600)
        config.write_text(_CONFIG.format(repository=shop.NAME, backups=folder / "backups", **urls))
        yield Live(server, config)


def _migrate(connection: psycopg.Connection) -> None:
    """As the team's own deployment has done so far."""
    PRISMA.prepare(connection)
    for path, text in shop.merged_migrations():
        migration = Migration(path.split("/")[-2], path, text, Transaction.SIMPLE_QUERY)
        row = PRISMA.begin(connection, migration)
        connection.execute(text.encode())
        PRISMA.finish(connection, row)
