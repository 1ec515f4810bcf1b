from __future__ import annotations

import pytest

from bot.errors import Forbidden
from bot.github.client import Client
from bot.github.people import in_team, may_write, role
from tests.bot.github.scripted import Answer, Scripted
from tests.github.state import Repo
from tests.github.world import World


def test_nobody(here: Client) -> None:
    assert (role(here, "nobody"), may_write(here, "nobody")) == ("none", False)


@pytest.mark.parametrize(
    ("name", "may"),
    [("none", False), ("read", False), ("triage", False), ("write", True), ("maintain", True), ("admin", True)],
)
def test_roles(name: str, may: bool, world: World, shop: Repo, here: Client) -> None:
    world.allow(shop, "ann", name)
    assert (role(here, "ann"), may_write(here, "ann")) == (name, may)


def test_it_is_asked_each_time(world: World, shop: Repo, here: Client) -> None:
    world.allow(shop, "ann", "write")
    assert may_write(here, "ann")
    world.allow(shop, "ann", "read")
    assert not may_write(here, "ann")


@pytest.mark.parametrize(
    ("permission", "meant"),
    [("read", "read"), ("write", "write"), ("admin", "admin"), (None, "none"), ("of next year", "none")],
)
def test_an_organizations_own_role(permission: str | None, meant: str, client: Client, github: Scripted) -> None:
    told = {"permission": permission, "role_name": "dba"}
    for login in ("dependabot%5Bbot%5D", "dependabot[bot]"):
        github.on("GET", f"/repos/octo/shop/collaborators/{login}/permission", Answer(json=told))
    assert role(client, "dependabot[bot]") == meant
    assert may_write(client, "dependabot[bot]") is (meant in ("write", "admin"))


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
