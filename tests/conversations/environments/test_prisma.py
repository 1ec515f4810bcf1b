"""The unmodified Prisma CLI and we agree on an environment: before, between and after, whoever did what there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conversations.conftest import COLUMN, INDEX, INIT
from tests.conversations.environments.conftest import Estate, Site
from tests.conversations.environments.hands import by_hand, migration
from tests.github.state import Pull
from tests.live_server import OWNER
from tests.prisma_cli import Completed, PrismaCli, available

pytestmark = pytest.mark.skipif(bool(available()), reason=available())

# The first part stays, the second meets a table that somebody made by hand.
_HALF = """BEGIN;
CREATE TABLE "tags" ("id" integer PRIMARY KEY);
COMMIT;
CREATE TABLE "notes" ("id" integer PRIMARY KEY);
"""
_MIGRATIONS = {"m1_init": INIT, "m2_note": COLUMN, "m3_index": INDEX, "m4_half": _HALF}


class Cli:
    """The CLI in the folder of a checkout, on staging."""

    def __init__(self, folder: Path, site: Site) -> None:
        self._cli = PrismaCli(folder)
        self._url = site.server.url(OWNER, f"{site.name}_staging")

    def has(self, *names: str) -> None:
        """Their files are there now, too."""
        self._cli.write(*(migration(name, _MIGRATIONS[name]) for name in names))

    def status(self) -> Completed:
        return self._cli.status(self._url)

    def deploy(self) -> Completed:
        return self._cli.deploy(self._url)

    def both(self) -> tuple[Completed, Completed]:
        """Status, and deploy where there is nothing to deploy: at once, as each takes its time to start."""
        asked = self._cli.start(self._url, "status")
        deployed = self.deploy()
        return self._cli.finish(asked), deployed


@pytest.fixture
def site(estate: Estate) -> Site:
    return estate.site()


@pytest.fixture
def cli(tmp_path: Path, site: Site) -> Cli:
    return Cli(tmp_path, site)


def _assert_all_there(found: tuple[Completed, Completed]) -> None:
    status, deployed = found
    assert (status.code, "Database schema is up to date" in status.output) == (0, True), status.output
    assert (deployed.code, "No pending migrations to apply" in deployed.output) == (0, True), deployed.output


def _landed(site: Site, pull: Pull) -> str:
    (body,) = [one.body for one in site.town.github.bot_comments(pull) if "migration-bot:landed" in one.body]
    return body


@pytest.mark.campaign
def test_each_goes_on_from_the_other(site: Site, cli: Cli) -> None:
    pull = site.shop.open("note", m2_note=COLUMN)
    cli.has("m1_init", "m2_note")
    assert "2 migrations applied" in site.say("ann", pull, "/migrate staging")
    _assert_all_there(cli.both())
    site.town.github.merge("ann", pull)

    pull = site.shop.open("index", m3_index=INDEX)
    cli.has("m3_index")
    assert cli.deploy().code == 0
    assert "nothing is pending" in site.say("ann", pull, "/migrate staging")
    site.shop.tick_all("bob", pull)
    site.town.github.merge("ann", pull)
    site.town.settle()
    assert "UTC, by other hands" in _landed(site, pull)

    assert "rolled back" in site.say("ann", pull, "/migrate rollback staging")
    status = cli.status()
    assert (status.code, "m3_index" in status.output, "m2_note" in status.output) == (1, True, False), status.output
    assert cli.deploy().code == 0
    assert "3 migrations applied, 0 pending" in site.say("ann", pull, "/migrate status staging")


@pytest.mark.campaign
def test_what_failed_for_one_has_failed_for_the_other(site: Site, cli: Cli) -> None:
    pull = site.shop.open("half", m4_half=_HALF)
    cli.has("m1_init", "m4_half")
    by_hand(site.server.url(OWNER, f"{site.name}_staging"), migration("m1_init", INIT))
    with site.connect("staging") as connection:
        connection.execute(f"CREATE TABLE notes (); ALTER TABLE notes OWNER TO {OWNER}")
    assert "a part of it stays" in site.say("ann", pull, "/migrate staging")
    status, deployed = cli.both()
    assert (status.code, "m4_half" in status.output) == (1, True), status.output
    assert (deployed.code, "P3009" in deployed.output, "m4_half" in deployed.output) == (1, True, True)
    assert "to be resolved first" in site.say("ann", pull, "/migrate staging")

    with site.connect("staging") as connection:
        connection.execute("DROP TABLE tags")
        connection.execute("DROP TABLE notes")
    assert "is marked as rolled-back" in site.say("ann", pull, "/migrate resolve staging m4_half --rolled-back")
    assert cli.deploy().code == 0
    assert "nothing is pending" in site.say("ann", pull, "/migrate staging")
