"""Deployments and their statuses as GitHub writes them in JSON."""

from __future__ import annotations

from tests.github.deployments import Deployment, Status
from tests.github.shapes import api, node_id, user
from tests.github.state import Json, State, stamp

# What an app's installation made has the app's login as its creator, and no app here; the answers for Vercel's and
# Railway's deployments are like that. It is there for what a person does through an app.
_BY_NO_APP = {"performed_via_github_app": None}


def deployment(state: State, one: Deployment) -> Json:
    at = _at(state, one)
    return {
        "url": at,
        "id": one.id,
        "node_id": node_id("DE", one.id),
        "task": one.task,
        "original_environment": one.environment,
        "environment": one.environment,
        "description": one.description,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "statuses_url": f"{at}/statuses",
        "repository_url": api(state, f"repos/{one.repo.full_name}"),
        "creator": user(state, one.creator),
        "sha": one.sha,
        "ref": one.ref,
        "payload": one.payload,
        "transient_environment": one.transient,
        "production_environment": one.production,
        **_BY_NO_APP,
    }


def status(state: State, of: Deployment, one: Status) -> Json:
    at = _at(state, of)
    return {
        "url": f"{at}/statuses/{one.id}",
        "id": one.id,
        "node_id": node_id("DES", one.id),
        "state": one.state,
        "creator": user(state, one.creator),
        "description": one.description,
        "environment": of.environment,
        "target_url": one.log_url,
        "log_url": one.log_url,
        "environment_url": one.environment_url,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "deployment_url": at,
        "repository_url": api(state, f"repos/{of.repo.full_name}"),
        **_BY_NO_APP,
    }


def _at(state: State, one: Deployment) -> str:
    return api(state, f"repos/{one.repo.full_name}/deployments/{one.id}")
