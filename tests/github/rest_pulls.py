"""REST: pull requests, their comments, reactions to those."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request

from tests.github import comments, issues, shapes_git, shapes_pulls
from tests.github.answers import body, paged, state
from tests.github.bare import Bare
from tests.github.credentials import needs
from tests.github.refusals import find
from tests.github.state import Json, Pull, Refused, Repo

routes = Blueprint("pulls", __name__)
# A comment on a pull request is an issue's comment: either permission will do.
_READ = ("issues:read", "pull_requests:read")
_WRITE = ("issues:write", "pull_requests:write")
_OLDEST = "1970-01-01T00:00:00Z"


@routes.get("/pulls")
@needs("pull_requests:read")
def pulls(repo: Repo) -> Any:
    wanted = {name: request.args.get(name, "") for name in ("state", "head", "base", "sort", "direction")}
    key = "updated_at" if wanted["sort"] == "updated" else "created_at"
    newest_first = (wanted["direction"] or ("asc" if wanted["sort"] else "desc")) == "desc"
    found = [one for one in repo.pulls.values() if _is_wanted(one, wanted)]
    found.sort(key=lambda one: (getattr(one, key), one.number), reverse=newest_first)
    return paged(found, lambda one: shapes_pulls.pull(state(), one))


@routes.get("/pulls/<int:number>")
@needs("pull_requests:read")
def pull(repo: Repo, number: int) -> Json:
    one = find(repo.pulls, number)
    answer = shapes_pulls.full_pull(state(), one)
    one.unknown_reads = max(one.unknown_reads - 1, 0)
    if request.headers.get("X-GitHub-Api-Version") == "2026-03-10":
        # https://docs.github.com/en/rest/about-the-rest-api/breaking-changes
        answer = {name: value for name, value in answer.items() if name not in ("merge_commit_sha", "assignee")}
    return answer


@routes.get("/pulls/<int:number>/commits")
@needs("pull_requests:read")
def commits(repo: Repo, number: int) -> Any:
    one = find(repo.pulls, number)
    found = Bare(repo.directory).log(one.head_sha, f"^{one.base_sha}")[:250]
    return paged(found, lambda commit: shapes_git.commit(state(), repo, commit))


@routes.get("/pulls/<int:number>/reviews")
@needs("pull_requests:read")
def reviews(repo: Repo, number: int) -> Any:
    one = find(repo.pulls, number)
    found = sorted((review for review in repo.reviews.values() if review.pull is one), key=lambda review: review.id)
    return paged(found, lambda review: shapes_pulls.review(state(), review))


@routes.get("/pulls/<int:number>/comments")
@needs("pull_requests:read")
def review_comments(repo: Repo, number: int) -> Any:
    one = find(repo.pulls, number)
    found = [comment for comment in repo.review_comments.values() if comment.pull is one]
    return paged(found, lambda comment: shapes_pulls.review_comment(state(), comment))


@routes.post("/pulls/<int:number>/comments")
@needs("pull_requests:write")
def create_review_comment(repo: Repo, number: int) -> Any:
    made = comments.create_on_lines(state(), find(repo.pulls, number), state().bot, body())
    return shapes_pulls.review_comment(state(), made), 201


@routes.delete("/pulls/comments/<int:number>")
@needs("pull_requests:write")
def delete_review_comment(repo: Repo, number: int) -> Any:
    find(repo.review_comments, number)
    del repo.review_comments[number]
    return "", 204


@routes.get("/issues/<int:number>/comments")
@needs(*_READ)
def comments_of(repo: Repo, number: int) -> Any:
    one = issues.numbered(repo, number)
    since = datetime.fromisoformat(request.args.get("since", _OLDEST)).astimezone(UTC)
    found = [comment for comment in repo.comments.values() if comment.pull is one and comment.updated_at >= since]
    return paged(sorted(found, key=lambda comment: comment.id), lambda item: shapes_pulls.comment(state(), item))


@routes.post("/issues/<int:number>/comments")
@needs(*_WRITE)
def create_comment(repo: Repo, number: int) -> Any:
    made = comments.create(state(), issues.numbered(repo, number), state().bot, body().get("body", ""))
    return shapes_pulls.comment(state(), made), 201


@routes.get("/issues/comments/<int:number>")
@needs(*_READ)
def comment(repo: Repo, number: int) -> Json:
    return shapes_pulls.comment(state(), find(repo.comments, number))


@routes.patch("/issues/comments/<int:number>")
@needs(*_WRITE)
def edit_comment(repo: Repo, number: int) -> Json:
    one = find(repo.comments, number)
    comments.edit(state(), one, state().bot, body().get("body", ""))
    return shapes_pulls.comment(state(), one)


@routes.delete("/issues/comments/<int:number>")
@needs(*_WRITE)
def delete_comment(repo: Repo, number: int) -> Any:
    comments.delete(state(), find(repo.comments, number), state().bot)
    return "", 204


@routes.get("/issues/comments/<int:number>/reactions")
@needs(*_READ)
def reactions(repo: Repo, number: int) -> Any:
    wanted = request.args.get("content")
    found = [one for one in find(repo.comments, number).reactions if wanted in (None, one.content)]
    return paged(found, lambda one: shapes_pulls.reaction(state(), one))


@routes.post("/issues/comments/<int:number>/reactions")
@needs(*_WRITE)
def react(repo: Repo, number: int) -> Any:
    one, new = comments.react(state(), find(repo.comments, number), state().bot, body().get("content"))
    return shapes_pulls.reaction(state(), one), 201 if new else 200


@routes.delete("/issues/comments/<int:number>/reactions/<int:reaction>")
@needs(*_WRITE)
def take_back(repo: Repo, number: int, reaction: int) -> Any:
    one = find(repo.comments, number)
    found = [other for other in one.reactions if other.id == reaction]
    if not found:
        raise Refused(404, "Not Found")
    one.reactions.remove(found[0])
    return "", 204


def _is_wanted(one: Pull, wanted: dict[str, str]) -> bool:
    head = f"{one.head_repo.owner.login}:{one.head_ref}"
    in_state = wanted["state"] == "all" or one.state == (wanted["state"] or "open")
    return in_state and wanted["head"] in ("", head) and wanted["base"] in ("", one.base_ref)
