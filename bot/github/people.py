"""What a person may do here, asked live: a payload's author_association is not a permission."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from bot.errors import NotFound
from bot.github.client import Client
from bot.github.reading import Text, read

ROLES = ("none", "read", "triage", "write", "maintain", "admin")  # each may do what the ones before it may


@dataclass(frozen=True, slots=True)
class _Permission:
    permission: Text
    role_name: Text = ""


@dataclass(frozen=True, slots=True)
class _Membership:
    state: str


def role(client: Client, login: str) -> str:
    """One of ROLES; "none" also for who is unknown to GitHub. An organization's own roles have names of their own:
    `permission` then says what they are built on, and knows neither triage nor maintain
    (https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user)."""
    try:
        told = read(_Permission, client.get(f"collaborators/{quote(login, safe='')}/permission"), "permission")
    except NotFound:
        return "none"
    return next((name for name in (told.role_name, told.permission) if name in ROLES), "none")


def may_write(client: Client, login: str) -> bool:
    """Whether a person can push to the repository."""
    return ROLES.index(role(client, login)) >= ROLES.index("write")


def in_team(client: Client, team: str, login: str) -> bool:
    """Whether a person is in @org/team, or in a team below it. False also for a team that does not exist. Raises
    Forbidden when the App lacks members: read."""
    organization, _, slug = team.removeprefix("@").partition("/")
    path = f"/orgs/{quote(organization, safe='')}/teams/{quote(slug, safe='')}/memberships/{quote(login, safe='')}"
    try:
        told = client.get(path)
    except NotFound:
        return False
    return read(_Membership, told, "membership").state == "active"
