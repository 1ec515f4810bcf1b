"""REST: deployments and their statuses."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from tests.github import deployments, shapes_deployments
from tests.github.answers import body, paged, state
from tests.github.credentials import needs
from tests.github.refusals import find
from tests.github.state import Json, Repo

routes = Blueprint("deployments", __name__)
_FILTERS = ("sha", "ref", "task", "environment")


@routes.get("/deployments")
@needs("deployments:read")
def listed(repo: Repo) -> Any:
    """Newest first. A filter that says none is no filter."""
    wanted = {name: request.args[name] for name in _FILTERS if request.args.get(name, "none") != "none"}
    made = sorted(repo.deployments.values(), key=lambda one: one.id, reverse=True)
    found = [one for one in made if all(getattr(one, name) == value for name, value in wanted.items())]
    return paged(found, lambda one: shapes_deployments.deployment(state(), one))


@routes.post("/deployments")
@needs("deployments:write")
def create(repo: Repo) -> Any:
    made = deployments.create(state(), repo, body(), state().bot)
    return shapes_deployments.deployment(state(), made), 201


@routes.get("/deployments/<int:number>")
@needs("deployments:read")
def deployment(repo: Repo, number: int) -> Json:
    return shapes_deployments.deployment(state(), find(repo.deployments, number))


@routes.get("/deployments/<int:number>/statuses")
@needs("deployments:read")
def statuses(repo: Repo, number: int) -> Any:
    one = find(repo.deployments, number)
    return paged(one.statuses[::-1], lambda status: shapes_deployments.status(state(), one, status))


@routes.post("/deployments/<int:number>/statuses")
@needs("deployments:write")
def tell(repo: Repo, number: int) -> Any:
    one = find(repo.deployments, number)
    made = deployments.tell(state(), one, body(), state().bot)
    return shapes_deployments.status(state(), one, made), 201
