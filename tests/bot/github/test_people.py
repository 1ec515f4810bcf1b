from __future__ import annotations

import pytest

from bot.errors import Forbidden
from bot.github.client import Client
from bot.github.people import in_team, may_write
from tests.bot.github.scripted import Answer, Scripted
from tests.github.state import Repo
from tests.github.world import World


def test_nobody(here: Client) -> None:
    assert not may_write(here, "nobody")


@pytest.mark.parametrize(
    ("role", "may"),
    [("none", False), ("read", False), ("triage", False), ("write", True), ("maintain", True), ("admin", True)],
)
def test_roles(role: str, may: bool, world: World, shop: Repo, here: Client) -> None:
    world.allow(shop, "ann", role)
    assert may_write(here, "ann") is may


def test_it_is_asked_each_time(world: World, shop: Repo, here: Client) -> None:
    world.allow(shop, "ann", "write")
    assert may_write(here, "ann")
    world.allow(shop, "ann", "read")
    assert not may_write(here, "ann")


@pytest.mark.parametrize(("permission", "may"), [("read", False), ("write", True), ("admin", True), (None, False)])
def test_an_organizations_own_role(permission: str | None, may: bool, client: Client, github: Scripted) -> None:
    told = {"permission": permission, "role_name": "dba"}
    github.on("GET", "/repos/octo/shop/collaborators/dependabot%5Bbot%5D/permission", Answer(json=told))
    github.on("GET", "/repos/octo/shop/collaborators/dependabot[bot]/permission", Answer(json=told))
    assert may_write(client, "dependabot[bot]") is may


def test_teams(world: World, shop: Repo, here: Client) -> None:
    world.add_user("ben")
    world.add_team("acme", "dba", "ann")
    asked = [("@acme/dba", "ann"), ("@acme/dba", "ben"), ("@acme/none", "ann"), ("@acme/dba", "../x")]
    assert [in_team(here, team, login) for team, login in asked] == [True, False, False, False]


def test_who_was_only_invited(client: Client, github: Scripted) -> None:
    github.on("GET", "/orgs/octo/teams/dba/memberships/ann", Answer(json={"state": "pending"}))
    assert not in_team(client, "@octo/dba", "ann")


def test_teams_that_we_may_not_see(world: World, shop: Repo, here: Client) -> None:
    world.accept_permissions(world.installation(shop), members="none")
    with pytest.raises(Forbidden, match="Resource not accessible by integration; the App needs the permission"):
        in_team(here, "@acme/dba", "ann")
