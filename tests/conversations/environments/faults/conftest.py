"""A town in quick time whose shops have a staging that is in use: its first migration is there, and rows may be."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.conversations.conftest import make_shop
from tests.conversations.environments.faults.scene import Scene
from tests.conversations.faults.quick import operates, quick_town, settle, start_operator
from tests.live_server import OWNER, PASSWORD, LiveServer, live_server
from tests.repositories import prisma
from tests.town import Town
from workers.environments.history import PRISMA
from workers.model import Migration, Transaction

SHOPS = 60  # that are configured; every test takes the next one
_NUMBERS = itertools.count(1)
_INIT = """CREATE TABLE "orders" ("id" serial PRIMARY KEY, "total" integer NOT NULL);
CREATE TABLE "marks" ("id" serial PRIMARY KEY);
"""
# One database, and what is different each time it is used: who is patient waits for a lock as long as a test takes.
_CONFIG = """
[repositories."acme/{name}".environments.staging]
kind = "staging"
url = "{url}"
timeouts = {{ lock_seconds = 60 }}
[repositories."acme/{name}".environments.hasty]
kind = "staging"
url = "{url}"
timeouts = {{ lock_seconds = 0.3, lock_attempts = 3 }}
[repositories."acme/{name}".environments.strict]
kind = "staging"
url = "{url}"
approvals = 1
force = ["write"]
[repositories."acme/{name}".environments.safe]
kind = "staging"
url = "{url}"
timeouts = {{ lock_seconds = 60 }}
backup = {{ method = "pg_dump", target = "{backups}" }}
"""


@dataclass(frozen=True)
class Estate:
    town: Town
    server: LiveServer
    folder: Path

    def operator(self) -> subprocess.Popen[bytes]:
        """The one that works, or a new one where it did not outlive the test before."""
        alive = (one for one in self.town.workers if one.poll() is None and operates(one))
        return next(alive, None) or start_operator(self.town)

    def site(self, files: dict[str, str | bytes | None] | None = None) -> Scene:
        """The next one. files: beside its first migration, which staging has."""
        name = f"site-{next(_NUMBERS)}"
        _migrate(self.server.create_database(f"{name}_staging"))
        shop = make_shop(self.town, {**prisma(m1_init=_INIT), **(files or {})}, name=name)
        return Scene(shop, self.server, name, self.folder / name)


def _migrate(url: str) -> None:
    first = Migration("m1_init", "prisma/migrations/m1_init/migration.sql", _INIT, Transaction.SIMPLE_QUERY)
    with psycopg.connect(url, autocommit=True) as connection:
        PRISMA.prepare(connection)
        row = PRISMA.begin(connection, first)
        connection.execute(_INIT)
        PRISMA.finish(connection, row)


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("estate")
    with live_server() as server:
        config = folder / "environments.toml"
        config.write_text("".join(_configured(server, f"site-{number + 1}", folder) for number in range(SHOPS)))
        with quick_town(folder, cache, MIGRATION_BOT_ENVIRONMENTS=str(config)) as running:
            yield Estate(running, server, folder)
            assert PASSWORD not in running.log.read_text("utf-8", "replace")


def _configured(server: LiveServer, name: str, folder: Path) -> str:
    return _CONFIG.format(name=name, url=server.url(OWNER, f"{name}_staging"), backups=folder / name)


@pytest.fixture
def operator(estate: Estate) -> subprocess.Popen[bytes]:
    return estate.operator()


@pytest.fixture
def site(estate: Estate, operator: subprocess.Popen[bytes]) -> Iterator[Scene]:
    yield from _used(estate, estate.site())


@pytest.fixture
def stepwise(estate: Estate, operator: subprocess.Popen[bytes]) -> Iterator[Scene]:
    """One whose runner sends a migration statement by statement."""
    yield from _used(estate, estate.site({"package.json": '{"devDependencies": {"prisma": "7.4.0"}}'}))


def _used(estate: Estate, site: Scene) -> Iterator[Scene]:
    """Afterwards all is well again, and nobody looks at its pull requests any more."""
    yield site
    estate.town.github.state.faults.clear()
    estate.town.github.take_away(site.shop.repo)
    settle(estate.town)
    assert not any(PASSWORD in one.body for one in site.shop.repo.comments.values())
