"""Measures how fast a whole deployment reaches an empty live database, against psql doing the same in the same run.

    .venv/bin/python bench/deploy.py [--migrations 200] [--runs 7]

Goal: at most 1.2 times psql, which runs one script in one session: each file in a transaction of its own, with the same
bookkeeping. Prints one line; ends with 1 when the goal is missed."""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the server that the tests use

from bot.settings import read_settings
from tests.live_server import LiveServer, live_server
from workers.environments.deploy import Work, deploy
from workers.environments.model import Environment, EnvironmentKind, Progress
from workers.environments.order import Order
from workers.machine import machine_of
from workers.model import Migration, Transaction
from workers.policy import Policy
from workers.review import Machine

_GOAL = 1.2
_BOOK = """CREATE TABLE _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)"""
_BEGIN = "INSERT INTO _prisma_migrations (id, checksum, started_at, migration_name) VALUES"
_FINISH = "UPDATE _prisma_migrations SET applied_steps_count = applied_steps_count + 1, finished_at = now() WHERE id ="


class _Nobody:
    def tell(self, progress: Progress) -> None:
        pass

    def cancelled(self) -> bool:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the way of migrations to a live database.")
    parser.add_argument("--migrations", type=int, default=200)
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    migrations = tuple(_history(asked.migrations))
    machine = machine_of(read_settings(os.environ))
    with tempfile.TemporaryDirectory(prefix="migration-bot-bench-") as folder, live_server() as server:
        script = _script(migrations, Path(folder))
        _psql(server, script, "warm")
        pairs = []
        for run in range(asked.runs):
            order = _order(server.create_database(f"ours{run}"), migrations)
            pairs.append((_ours(order, machine), _psql(server, script, f"psql{run}")))
    ours, psql = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{len(migrations)} migrations {ours:6.0f} ms, psql {psql:.0f} ms: ratio {ratio:.2f} (goal {_GOAL:.2f})")
    return 0 if ratio <= _GOAL else 1


def _history(count: int) -> Iterator[Migration]:
    """As an application grows: tables, columns, indexes, foreign keys, now and then rows."""
    for number in range(count):
        table, kind = number // 4, number % 4
        text = _KINDS[kind].format(table=f"Table{table}", other=f"Table{max(0, table - 1)}", number=number)
        name = f"{20240101000000 + number}_step"
        yield Migration(name, f"prisma/migrations/{name}/migration.sql", text, Transaction.SIMPLE_QUERY)


_KINDS = (
    """-- CreateTable
CREATE TABLE "{table}" (
    "id" SERIAL NOT NULL,
    "email" TEXT NOT NULL,
    "name" VARCHAR(200),
    "balance" DECIMAL(65,30) NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "{table}_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "{table}_email_key" ON "{table}"("email");
""",
    """-- AlterTable
ALTER TABLE "{table}" ADD COLUMN     "parentId" INTEGER,
ADD COLUMN     "state" TEXT NOT NULL DEFAULT 'new';

-- AddForeignKey
ALTER TABLE "{table}" ADD CONSTRAINT "{table}_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "{other}"("id") \
ON DELETE SET NULL ON UPDATE CASCADE;
""",
    """-- CreateEnum
CREATE TYPE "Kind{number}" AS ENUM ('A', 'B', 'C');

-- AlterTable
ALTER TABLE "{table}" ADD COLUMN     "kind" "Kind{number}" NOT NULL DEFAULT 'A';
INSERT INTO "{table}" ("email", "name") SELECT n || '@example.org', 'name ' || n FROM generate_series(1, 20) AS n;
""",
    """-- CreateIndex
CREATE INDEX "{table}_state_createdAt_idx" ON "{table}"("state", "createdAt");
""",
)


def _order(url: str, migrations: tuple[Migration, ...]) -> Order:
    return Order(
        environment=Environment("acme/shop", "staging", EnvironmentKind.STAGING, url),
        layout="prisma",
        directory="prisma/migrations",
        policy=Policy(),
        migrations=migrations,
        own=frozenset(migration.id for migration in migrations),
        label="pr1",
        sha="",
    )


def _ours(order: Order, machine: Machine) -> float:
    """From connecting to the last row of the history table."""
    began = time.monotonic()
    done = deploy(order, Work(machine, _Nobody(), lambda pending: None))
    assert not done.stopped, done
    assert len(done.steps) == len(order.migrations)
    return (time.monotonic() - began) * 1000


def _row(migration: Migration) -> tuple[str, str]:
    checksum = hashlib.sha256(migration.text.encode()).hexdigest()
    return checksum[:36], checksum


def _script(migrations: Sequence[Migration], folder: Path) -> Path:
    """One that includes each file in a transaction of its own."""
    lines = [f"{_BOOK};"]
    for number, migration in enumerate(migrations):
        row, checksum = _row(migration)
        file = folder / f"{number}.sql"
        file.write_text(migration.text)
        lines += [
            f"{_BEGIN} ('{row}', '{checksum}', now(), '{migration.id}');",
            f"BEGIN;\n\\i {file}\n{_FINISH} '{row}';\nCOMMIT;",
        ]
    script = folder / "all.sql"
    script.write_text("\n".join(lines))
    return script


def _psql(server: LiveServer, script: Path, name: str) -> float:
    url = server.create_database(name)
    command = ("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script), url)
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
