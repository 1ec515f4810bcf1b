"""A town with an operator, and a live server on which every shop has a staging and a production of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import tuple_row

from tests.conversations.conftest import Shop, make_shop
from tests.conversations.environments.configured import CONFIGURED, configured
from tests.github.state import Comment, Issue, Pull
from tests.live_server import OWNER, LiveServer, live_server
from tests.neon.server import neon
from tests.neon.world import Project
from tests.town import Town, town

_DATABASES = ("staging", "production", "copy")


@dataclass(frozen=True)
class Site:
    """A shop with environments. max maintains it."""

    shop: Shop
    server: LiveServer
    name: str
    backups: Path

    @property
    def town(self) -> Town:
        return self.shop.town

    def connect(self, environment: str) -> psycopg.Connection[Any]:
        """As a superuser, in autocommit."""
        return self.server.admin(f"{self.name}_{environment}")

    def ask(self, environment: str, query: str) -> list[tuple[Any, ...]]:
        with self.connect(environment) as connection, connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(query.encode()).fetchall()

    def history(self, environment: str) -> list[tuple[str, str]]:
        """(name, state) of the rows of _prisma_migrations, in their order; none without the table."""
        if self.ask(environment, "SELECT to_regclass('_prisma_migrations')") == [(None,)]:
            return []
        return [
            (str(name), str(state))
            for name, state in self.ask(
                environment,
                "SELECT migration_name, CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled back' "
                "WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END FROM _prisma_migrations ORDER BY started_at",
            )
        ]

    def replies(self, pull: Pull | Issue) -> list[str]:
        """Our answers, the oldest first."""
        return [one.body for one in self.town.github.bot_comments(pull) if "migration-bot:reply" in one.body]

    def say(self, login: str, pull: Pull, body: str) -> str:
        """What it is answered; the newest answer."""
        self.shop.say(login, pull, body)
        return self.replies(pull)[-1]

    def reactions(self, comment: Comment) -> set[str]:
        return {reaction.content for reaction in comment.reactions}

    def states(self, environment: str) -> list[list[str]]:
        """Of the deployments there, the oldest first, each with what was told of it, the first first."""
        deployments = self.town.github.deployments(self.shop.repo)
        return [[status.state for status in one.statuses] for one in deployments if one.environment == environment]


@dataclass(frozen=True)
class Estate:
    """neon: where the shops that are called branched have their branches."""

    town: Town
    server: LiveServer
    backups: Path
    neon: Project
    left: Mapping[str, Iterator[str]]

    def site(self, kind: str = "site") -> Site:
        """The next one that is configured so (see configured.py), with empty databases."""
        name = next(self.left[kind])
        for database in _DATABASES:
            self.server.create_database(f"{name}_{database}")
        return Site(make_shop(self.town, name=name), self.server, name, self.backups)


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("estate")
    names = {kind: [f"{kind}-{number + 1}" for number in range(count)] for kind, (count, _) in CONFIGURED.items()}
    with live_server() as server, neon(server, "branched-1_staging") as (api, project):

        def text(kind: str, name: str) -> str:
            urls = {database: server.url(OWNER, f"{name}_{database}") for database in _DATABASES}
            return configured(kind, name, urls, backups=folder / "backups", neon=api.url)

        config = folder / "environments.toml"
        config.write_text("".join(text(kind, name) for kind in names for name in names[kind]))
        with town(folder, cache, MIGRATION_BOT_ENVIRONMENTS=str(config)) as running:
            running.start_operator()
            left = {kind: iter(names[kind]) for kind in names}
            yield Estate(running, server, folder / "backups", project, left)


@pytest.fixture
def site(estate: Estate) -> Iterator[Site]:
    yield estate.site()
    estate.town.github.state.faults.clear()
    estate.town.settle()
