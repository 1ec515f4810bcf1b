"""What reaches an environment without the bot: another runner, or somebody at a prompt."""

from __future__ import annotations

import psycopg

from workers.environments.history import PRISMA
from workers.model import Migration, Transaction


def migration(name: str, text: str) -> Migration:
    return Migration(name, f"prisma/migrations/{name}/migration.sql", text, Transaction.SIMPLE_QUERY)


def by_hand(url: str, *migrations: Migration) -> None:
    """Applies them and writes them down, as Prisma's own runner does."""
    with psycopg.connect(url, autocommit=True) as connection:
        PRISMA.prepare(connection)
        for one in migrations:
            row = PRISMA.begin(connection, one)
            connection.execute(one.text.encode())
            PRISMA.finish(connection, row)
