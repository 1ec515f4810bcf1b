"""Deployments and their statuses, with what GitHub does unasked: it merges, waits for checks, makes others inactive.

Events of them go to apps that ask for them, which ours does not: https://docs.github.com/en/rest/deployments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.github import branches, shapes_checks
from tests.github.bare import Bare
from tests.github.refusals import invalid
from tests.github.state import Json, Refused, Repo, State, User, now

_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_MOST_CHARACTERS = 140


@dataclass(eq=False, repr=False, slots=True)
class Status:
    id: int
    state: str
    creator: User
    description: str = ""
    log_url: str = ""
    environment_url: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False, repr=False, slots=True)
class Deployment:
    """ref: what was asked for; sha: its commit at that time. statuses: oldest first."""

    id: int
    repo: Repo
    creator: User
    ref: str
    sha: str
    environment: str
    task: str = "deploy"
    payload: Any = field(default_factory=dict)
    description: str | None = None
    transient: bool = False
    production: bool = False
    statuses: list[Status] = field(default_factory=list)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))


def create(state: State, repo: Repo, wanted: Json, creator: User) -> Deployment:
    """Raises Refused, also with 202: the default branch was merged into the ref then, and nothing deployed."""
    ref = wanted.get("ref")
    if not isinstance(ref, str) or not ref:
        raise Refused(422, "Invalid request.\n\nref wasn't supplied.")
    sha = Bare(repo.directory).branch(ref) or Bare(repo.directory).sha(ref)
    if sha is None:
        raise Refused(422, f"No ref found for: {ref}")
    if wanted.get("auto_merge", True):
        _catch_up(state, repo, (ref, sha), creator)
    _check_contexts(repo, (ref, sha), wanted.get("required_contexts"))
    environment = wanted.get("environment") or "production"
    made = Deployment(
        state.next_id(),
        repo,
        creator,
        ref,
        sha,
        environment,
        wanted.get("task") or "deploy",
        wanted.get("payload") or {},
        wanted.get("description") or None,
        wanted.get("transient_environment", False),
        wanted.get("production_environment", environment == "production"),
    )
    repo.deployments[made.id] = made
    return made


def tell(state: State, deployment: Deployment, wanted: Json, creator: User) -> Status:
    """A status. One of success makes earlier ones of the environment inactive, unless told not to."""
    _check_status(wanted)
    description, log_url, url = (wanted.get(name) or "" for name in ("description", "log_url", "environment_url"))
    made = Status(state.next_id(), wanted["state"], creator, description, log_url, url)
    deployment.statuses.append(made)
    deployment.updated_at = now()
    if made.state == "success" and wanted.get("auto_inactive", True):
        for one in deployment.repo.deployments.values():
            if one.id < deployment.id and _gives_way(one, deployment.environment):
                one.statuses.append(Status(state.next_id(), "inactive", creator))
    return made


def _gives_way(one: Deployment, environment: str) -> bool:
    """Whatever its task is, and whoever made it
    (https://docs.github.com/en/rest/deployments/deployments#inactive-deployments)."""
    succeeded = bool(one.statuses) and one.statuses[-1].state == "success"
    return succeeded and one.environment == environment and not one.transient and not one.production


def _catch_up(state: State, repo: Repo, at: tuple[str, str], sender: User) -> None:
    """auto_merge. A SHA cannot be moved, so it conflicts (https://github.com/simplytestme/website/issues/130)."""
    (ref, sha), bare, default = at, Bare(repo.directory), repo.default_branch
    tip = bare.branch(default) or ""
    if bare.is_ancestor(tip, sha):
        return
    merged = bare.merge(sha, tip, f"Merge {default} into {ref}") if bare.branch(ref) else None
    if merged is None:
        raise Refused(409, f"Conflict merging {default} into {ref}.")
    branches.move(state, repo, ref, merged, sender)
    raise Refused(202, f"Auto-merged {default} into {ref} on deployment.")


def _check_contexts(repo: Repo, at: tuple[str, str], wanted: list[str] | None) -> None:
    """required_contexts: all that there are unless told, and only success will do
    (https://github.com/drevops/vortex/issues/1903, https://github.com/sbb-design-systems/sbb-angular/pull/2447)."""
    ref, sha = at
    there = {
        run.name: run.conclusion or "pending"
        for suite in repo.suites.values()
        if suite.head_sha == sha
        for run in shapes_checks.latest(shapes_checks.runs_of(suite))
    }
    contexts = there if wanted is None else {name: there.get(name, "pending") for name in wanted}
    if any(standing != "success" for standing in contexts.values()):
        told = [{"context": name, "state": standing} for name, standing in contexts.items()]
        error = {"contexts": told, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}
        raise Refused(409, f"Conflict: Commit status checks failed for {ref}.", (error,))


def _check_status(wanted: Json) -> None:
    standing = wanted.get("state")
    if standing not in _STATES:
        raise invalid("DeploymentStatus", "state", f"{standing} is not one of {_STATES}")
    if len(wanted.get("description") or "") > _MOST_CHARACTERS:
        message = f"description is too long (maximum is {_MOST_CHARACTERS} characters)"
        raise invalid("DeploymentStatus", "description", message)
    for name in ("log_url", "environment_url"):
        if not (wanted.get(name) or "https://").startswith(("http://", "https://")):
            raise invalid("DeploymentStatus", name, f"{name} must use http(s) scheme")
