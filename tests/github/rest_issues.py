"""REST: issues, pull requests among them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from tests.github import issues, shapes_issues
from tests.github.answers import body, paged, state
from tests.github.credentials import needs
from tests.github.state import Issue, Json, Pull, Refused, Repo

routes = Blueprint("issues", __name__)


@routes.get("/issues")
@needs("issues:read")
def listed(repo: Repo) -> Any:
    """Newest first, unless told otherwise."""
    asked = {name: request.args.get(name, "") for name in ("state", "creator", "sort", "direction")}
    every: list[Pull | Issue] = [*repo.pulls.values(), *(repo.issues.values() if repo.has_issues else ())]
    found = [one for one in every if asked["state"] == "all" or one.state == (asked["state"] or "open")]
    found = [one for one in found if asked["creator"].lower() in ("", one.author.login.lower())]
    key = "updated_at" if asked["sort"] == "updated" else "created_at"
    found.sort(key=lambda one: (getattr(one, key), one.number), reverse=asked["direction"] != "asc")
    return paged(found, lambda one: shapes_issues.any_issue(state(), one))


@routes.post("/issues")
@needs("issues:write")
def create(repo: Repo) -> Any:
    return shapes_issues.issue(state(), issues.create(state(), repo, state().bot, body())), 201


@routes.get("/issues/<int:number>")
@needs("issues:read", "pull_requests:read")
def issue(repo: Repo, number: int) -> Json:
    return shapes_issues.any_issue(state(), issues.numbered(repo, number))


@routes.patch("/issues/<int:number>")
@needs("issues:write")
def change(repo: Repo, number: int) -> Json:
    one = issues.numbered(repo, number)
    if isinstance(one, Pull):
        raise Refused(501, "the stand-in changes pull requests under /pulls only")
    issues.change(state(), one, state().bot, body())
    return shapes_issues.issue(state(), one)
