"""GitHub's record of what ran on an environment: deployments of ours, and what is told of each as it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.github.client import Client
from bot.github.reading import Text, at, read

TASK = "migrate"
_INACTIVE = "inactive"
_GOING_ON = ("queued", "pending", "in_progress")
_MOST_CHARS = 140  # of a description, https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status


def _payload(told: object) -> object:
    """What we wrote; another's may be any JSON, or a text."""
    return told if isinstance(told, dict) else {}


@dataclass(frozen=True, slots=True)
class Deployment:
    """One of ours. payload: as it was written. created_at: UTC, 2026-01-31T12:00:00Z."""

    id: int
    sha: str
    environment: str
    task: str
    created_at: str
    payload: Annotated[Mapping[str, Any], BeforeValidator(_payload)]
    login: Annotated[str, at("creator", "login")] = ""
    app_id: Annotated[int | None, at("performed_via_github_app", "id")] = None

    @property
    def key(self) -> str:
        """What it was made for, in the words of who made it."""
        return str(self.payload.get("key", ""))


@dataclass(frozen=True, slots=True)
class Status:
    """state: queued, pending, in_progress, success, failure, error or inactive. told_at: UTC, as created_at."""

    id: int
    state: str
    told_at: Annotated[str, at("created_at")]
    description: Text = ""
    log_url: Text = ""

    @property
    def over(self) -> bool:
        """Whether the deployment came to its end. GitHub itself calls one inactive that had succeeded, when another in
        its environment does (https://docs.github.com/en/rest/deployments/deployments#inactive-deployments)."""
        return self.state not in _GOING_ON


@dataclass(frozen=True, slots=True)
class Wanted:
    """sha: full. description: plain text, cut at 140 characters. production: whether people use it. key: says what the
    deployment is for, and is another one for another attempt. payload: more to keep with it, plain JSON values."""

    sha: str
    environment: str
    description: str
    production: bool
    key: str
    payload: Mapping[str, Any]
    task: str = TASK


def find(client: Client, environment: str | None, sha: str | None = None, task: str = TASK) -> Iterator[Deployment]:
    """Ours, the newest first, read as they are wanted. environment: None for all; its case counts."""
    own = f"{client.app.slug()}[bot]"
    told = client.pages("deployments", environment=environment, sha=sha, task=task)
    for one in (read(Deployment, found, "deployment") for found in told):
        # GitHub's answers name no App for what an App's installation made, but its own login, which no person can have:
        # they have no brackets. The App stands there for a person who acts through it.
        if one.login == own and one.app_id in (None, client.app_id):
            yield one


def create(client: Client, wanted: Wanted) -> Deployment:
    """The one deployment with the key, made where there is none: after a lost reply it may be called again. The commit
    is neither merged with anything nor held against its checks, whatever GitHub would do unasked
    (https://docs.github.com/en/rest/deployments/deployments#create-a-deployment)."""
    known = find(client, wanted.environment, wanted.sha, wanted.task)
    found = next((one for one in known if one.key == wanted.key), None)
    return found or read(Deployment, client.post("deployments", _told(wanted)), "new deployment")


def statuses(client: Client, deployment: Deployment) -> tuple[Status, ...]:
    """All that was told of one, the newest first."""
    told = client.pages(f"deployments/{deployment.id}/statuses")
    found = (read(Status, one, "deployment status") for one in told)
    return tuple(sorted(found, key=lambda one: one.id, reverse=True))


def tell(client: Client, deployment: Deployment, state: str, description: str, log_url: str = "") -> None:
    """Adds a status, unless it was told last. state: as in Status. description: plain text, cut at 140 characters.
    log_url: absolute. Others' deployments stay active: an application that was deployed to the environment still runs
    there, and what an earlier deployment migrated is still migrated."""
    wanted = (state, description[:_MOST_CHARS], log_url)
    own = (one for one in statuses(client, deployment) if state == _INACTIVE or one.state != _INACTIVE)
    last = next(own, None)
    if last and (last.state, last.description, last.log_url) == wanted:
        return
    link = {"log_url": log_url} if log_url else {}
    path = f"deployments/{deployment.id}/statuses"
    client.post(path, {"state": state, "description": wanted[1], **link, "auto_inactive": False})


def _told(wanted: Wanted) -> Mapping[str, Any]:
    return {
        "ref": wanted.sha,
        "environment": wanted.environment,
        "task": wanted.task,
        "description": wanted.description[:_MOST_CHARS],
        "payload": {**wanted.payload, "key": wanted.key},
        "production_environment": wanted.production,
        "transient_environment": False,
        "auto_merge": False,
        "required_contexts": [],
    }
