"""Which event goes to whom, with what every payload holds."""

from __future__ import annotations

from tests.github import shapes
from tests.github.state import Installation, Json, Repo, State, User

# An app gets an event when it asked for it and may read what it is about. What is not here, everybody gets
# (https://docs.github.com/en/webhooks/webhook-events-and-payloads).
_PERMISSION = {
    "pull_request": "pull_requests",
    "issue_comment": "issues",
    "check_run": "checks",
    "check_suite": "checks",
    "push": "contents",
    "merge_group": "merge_queues",
    "repository": "metadata",
}
# Whoever may write checks gets these unasked.
_UNASKED = ("check_run", "check_suite")


def emit(state: State, repo: Repo, event: str, sender: User, payload: Json) -> None:
    """Sends an event of a repository to the app, if it is installed there and gets such events."""
    installation = state.installation_of(repo)
    if installation is None or not _gets(installation, event):
        return
    organization = {"organization": _organization(state, repo.owner)} if repo.owner.type == "Organization" else {}
    whole = {
        **payload,
        "repository": shapes.repository(state, repo),
        **organization,
        "sender": shapes.user(state, sender),
        "installation": {"id": installation.id, "node_id": shapes.node_id("INS", installation.id)},
    }
    state.hooks.send(event, whole, installation.id, repo.id)


def emit_installation(state: State, installation: Installation, event: str, payload: Json) -> None:
    """installation.* and installation_repositories.*, which every app gets."""
    whole = {
        **payload,
        "installation": shapes.installation(state, installation),
        "sender": shapes.user(state, state.owner),
    }
    state.hooks.send(event, whole, installation.id, None)


def _gets(installation: Installation, event: str) -> bool:
    needed = _PERMISSION.get(event)
    asked = event in installation.events or event in _UNASKED
    return asked and (needed is None or needed in installation.permissions)


def _organization(state: State, owner: User) -> Json:
    at = shapes.api(state, f"orgs/{owner.login}")
    links = ("repos", "events", "hooks", "issues")
    return {
        "login": owner.login,
        "id": owner.id,
        "node_id": shapes.node_id("O", owner.id),
        "url": at,
        **{f"{name}_url": f"{at}/{name}" for name in links},
        "members_url": f"{at}/members{{/member}}",
        "public_members_url": f"{at}/public_members{{/member}}",
        "avatar_url": f"{state.url}/avatars/u/{owner.id}?v=4",
        "description": "",
    }
