"""Environments of a repository with several projects: each has the migrations of one of them, and of no other."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import COLUMN
from tests.conversations.environments.conftest import Estate, Site
from tests.github.state import Pull
from tests.repositories import prisma
from tests.town import Town

_BILLS = "CREATE TABLE bills (id int PRIMARY KEY);\n"
_PAID = "ALTER TABLE bills ADD COLUMN paid boolean;\n"


def _billing(**migrations: str) -> dict[str, str | bytes | None]:
    return {f"services/billing/{path}": text for path, text in prisma(**migrations).items()}


def _opened(site: Site, *files: dict[str, str | bytes | None]) -> Pull:
    github = site.town.github
    github.push(site.shop.repo, "main", _billing(b1_bills=_BILLS), by="bob")
    github.push(site.shop.repo, "feature", {path: text for each in files for path, text in each.items()}, by="ann")
    pull = github.open_pull(site.shop.repo, "feature", "ann")
    site.town.settle()
    return pull


def _landed(town: Town, pull: Pull) -> str:
    (body,) = [one.body for one in town.github.bot_comments(pull) if "migration-bot:landed" in one.body]
    return body


@pytest.mark.campaign
def test_each_environment_gets_its_own(estate: Estate) -> None:
    site = estate.site("parted")
    pull = _opened(site, site.shop.migrations(m2_note=COLUMN), _billing(b2_paid=_PAID))
    assert "2 migrations applied" in site.say("ann", pull, "/migrate staging")
    assert [name for name, _ in site.history("staging")] == ["m1_init", "m2_note"]
    assert site.history("copy") == []
    assert "0 migrations applied, 2 pending" in site.say("ann", pull, "/migrate status billing")
    assert "2 migrations applied" in site.say("ann", pull, "/migrate billing")
    assert [name for name, _ in site.history("copy")] == ["b1_bills", "b2_paid"]

    said = site.say("ann", pull, "/migrate loose")
    assert "migrations of 2 projects here (prisma/migrations, services/billing/prisma/migrations)" in said
    assert "set path of loose in the environments' file" in said
    assert site.history("production") == []

    site.town.github.merge("ann", pull)
    site.town.settle()
    body = _landed(site.town, pull)
    assert body.count("- [x] **staging** is migrated") == body.count("- [x] **billing** is migrated") == 1
    assert "- [ ] **loose** is migrated" in body


@pytest.mark.campaign
def test_a_project_that_is_not_changed_is_not_deployed_by_mistake(estate: Estate) -> None:
    site = estate.site("parted")
    pull = _opened(site, site.shop.migrations(m2_note=COLUMN))
    assert "0 migrations applied, 1 pending" in site.say("ann", pull, "/migrate status billing")
    assert "1 migration applied" in site.say("ann", pull, "/migrate billing")
    assert [name for name, _ in site.history("copy")] == ["b1_bills"]
    site.town.github.merge("ann", pull)
    site.town.settle()
    assert "billing" not in _landed(site.town, pull)


@pytest.mark.campaign
def test_a_path_that_leads_nowhere(estate: Estate) -> None:
    site = estate.site("parted")
    pull = site.shop.open(m2_note=COLUMN)
    assert "billing has one, and its path services/billing names" in site.say("ann", pull, "/migrate billing")
    assert "0 migrations applied, 2 pending" in site.say("ann", pull, "/migrate status staging")
