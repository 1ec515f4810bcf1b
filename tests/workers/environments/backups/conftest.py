"""A team's server with data, and what a backup of it is taken with."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.live_server import LiveServer, live_server
from tests.workers.environments.staging import machine
from workers.environments.backups.backup import Backup
from workers.environments.backups.programs import find_programs
from workers.environments.model import BackupMethod, BackupPlan, Environment, EnvironmentKind, Progress
from workers.errors import Refused
from workers.review import Machine

SHOP = """
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, total int);
CREATE TABLE notes (text text);
CREATE TABLE visits (id int, day int) PARTITION BY RANGE (day);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (1) TO (100);
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 100) i;
INSERT INTO orders (user_id, total) SELECT i % 100 + 1, i FROM generate_series(1, 1000) i;
INSERT INTO visits SELECT i, i % 50 + 1 FROM generate_series(1, 10) i;
"""


@dataclass
class Watching:
    """Remembers what it is told. at: called with each progress."""

    at: Callable[[Progress], object] = lambda progress: None
    stop: bool = False
    told: list[Progress] = field(default_factory=list)

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)
        self.at(progress)

    def cancelled(self) -> bool:
        return self.stop


@dataclass
class Team:
    """Makes databases and environments of them."""

    server: LiveServer
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def database(self, *texts: str) -> str:
        """The URL of a new one in which the owner ran the texts."""
        url = self.server.create_database(f"backup_{next(self.numbers)}")
        self.run(url, *texts)
        return url

    def run(self, url: str, *texts: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for text in texts:
                connection.execute(text.encode())

    def admin(self, url: str, *texts: str) -> None:
        with self.server.admin(url.rpartition("/")[2]) as connection:
            for text in texts:
                connection.execute(text.encode())

    def count(self, url: str, table: str) -> int:
        with psycopg.connect(url) as connection:
            found = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            assert found is not None
            return int(found[0])


def environment(url: str, target: str | Path, jobs: int = 1, sample: int = 3) -> Environment:
    plan = BackupPlan(BackupMethod.DUMP, str(target), jobs=jobs, sample=sample)
    return Environment("acme/shop", "staging", EnvironmentKind.STAGING, url, backup=plan)


def restored(backup: Backup, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As a person would, by the commands of the comment."""
    script = "set -e\n" + "\n".join(backup.restore)
    return subprocess.run(
        ["/bin/sh", "-c", script], env={**os.environ, "DATABASE_URL": url}, cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="session")
def team() -> Iterator[Team]:
    with live_server() as server:
        try:
            find_programs(None, server.installation.major)
        except Refused as none:
            pytest.skip(str(none))
        yield Team(server)


@pytest.fixture
def ground(cache: Path) -> Machine:
    return machine(cache)


@pytest.fixture(scope="session")
def shop(team: Team) -> str:
    """The URL of a database that nobody changes."""
    return team.database(SHOP)


@pytest.fixture
def watching() -> Watching:
    return Watching()
