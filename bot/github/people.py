"""What a person may do here, asked live: a payload's author_association is not a permission."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from bot.errors import NotFound
from bot.github.client import Client
from bot.github.reading import Text, read

_ROLES = {"admin": True, "maintain": True, "write": True, "triage": False, "read": False, "none": False}


@dataclass(frozen=True, slots=True)
class _Permission:
    permission: Text
    role_name: Text = ""

    @property
    def writes(self) -> bool:
        """An organization's own roles have names of their own; `permission` then says what they are built on
        (https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user)."""
        return _ROLES.get(self.role_name, self.permission in ("admin", "write"))


@dataclass(frozen=True, slots=True)
class _Membership:
    state: str


def may_write(client: Client, login: str) -> bool:
    """Whether a person can push to the repository. False for who is unknown to GitHub."""
    try:
        told = client.get(f"collaborators/{quote(login, safe='')}/permission")
    except NotFound:
        return False
    return read(_Permission, told, "permission").writes


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
