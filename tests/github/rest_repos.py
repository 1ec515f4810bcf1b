"""REST: a repository, its commits, who may do what in it, teams."""

from __future__ import annotations

import base64
from typing import Any

from flask import Blueprint, request

from tests.github import branches, shapes, shapes_git, shapes_pulls
from tests.github.answers import body, paged, state
from tests.github.bare import Bare
from tests.github.credentials import as_installation, needs, token
from tests.github.state import Json, Refused, Repo

routes = Blueprint("repository", __name__)
teams = Blueprint("teams", __name__, url_prefix="/api/v3")
_MOST_COMMITS = 250


@routes.get("")
@needs("metadata:read")
def repository(repo: Repo) -> Json:
    return shapes.full_repository(state(), repo)


@routes.get("/commits/<sha>")
@needs("contents:read")
def commit(repo: Repo, sha: str) -> Json:
    return shapes_git.commit(state(), repo, Bare(repo.directory).one(_commit(repo, sha)))


@routes.get("/commits/<sha>/pulls")
@needs("pull_requests:read")
def pulls_with(repo: Repo, sha: str) -> Any:
    """Merged and open ones that hold the commit."""
    bare, full = Bare(repo.directory), _commit(repo, sha)
    found = [
        pull
        for pull in repo.pulls.values()
        if (full == pull.merge_sha and pull.merged_at) or full in bare.shas(pull.head_sha, f"^{pull.base_sha}")
    ]
    return paged(found, lambda pull: shapes_pulls.pull(state(), pull))


@routes.get("/commits/<sha>/branches-where-head")
@needs("contents:read")
def branches_at(repo: Repo, sha: str) -> Any:
    lines = Bare(repo.directory).git("for-each-ref", "--format=%(refname:lstrip=2)", "--points-at", sha, "refs/heads")
    return paged(lines.splitlines(), lambda name: shapes_git.short_branch(state(), repo, name, sha))


@routes.get("/compare/<path:ends>")
@needs("contents:read")
def compare(repo: Repo, ends: str) -> Json:
    bare = Bare(repo.directory)
    base, head = (_commit(repo, end.rpartition(":")[2]) for end in ends.split("...", 1))
    common = bare.merge_base(base, head)
    if common is None:
        raise Refused(404, f"No common ancestor between {base} and {head}.")
    ahead, behind = bare.shas(head, f"^{base}"), bare.shas(base, f"^{head}")
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind", (False, False): "identical"}
    page = f"{state().url}/{repo.full_name}/compare/{ends}"
    commits = bare.log(head, f"^{base}")[:_MOST_COMMITS] if ahead else ()
    return {
        "url": shapes.api(state(), f"repos/{repo.full_name}/compare/{ends}"),
        **{f"{name}_url": page for name in ("html", "permalink", "diff", "patch")},
        "base_commit": shapes_git.commit(state(), repo, bare.one(base)),
        "merge_base_commit": shapes_git.commit(state(), repo, bare.one(common)),
        "status": status[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [shapes_git.commit(state(), repo, one) for one in commits],
        "files": [],
    }


@routes.get("/collaborators/<login>/permission")
@needs("metadata:read")
def permission(repo: Repo, login: str) -> Json:
    known = state().users.get(login.lower())
    if known is None:
        raise Refused(404, f"{login} is not a user")
    return shapes.permission(state(), repo, known)


@routes.get("/contents/<path:path>")
@needs("contents:read")
def contents(repo: Repo, path: str) -> Json:
    revision = request.args.get("ref") or repo.default_branch
    found = Bare(repo.directory).blob(_commit(repo, revision), path)
    if found is None:
        raise Refused(404, "Not Found")
    sha, data = found
    encoded = base64.encodebytes(data).decode()
    return {**_content(repo, path, sha), "size": len(data), "encoding": "base64", "content": encoded}


@routes.put("/contents/<path:path>")
@needs("contents:write")
def write_contents(repo: Repo, path: str) -> Any:
    wanted, bare = body(), Bare(repo.directory)
    branch = wanted.get("branch") or repo.default_branch
    parent = _commit(repo, f"refs/heads/{branch}")
    there = bare.blob(parent, path)
    if there and "sha" not in wanted:
        raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if there and wanted["sha"] != there[0]:
        raise Refused(409, f"{path} does not match {wanted['sha']}")
    made = bare.commit({path: base64.b64decode(wanted["content"])}, parent, wanted["message"])
    branches.move(state(), repo, branch, made, state().bot)
    sha, data = bare.blob(made, path) or ("", b"")
    written = {**_content(repo, path, sha), "size": len(data)}
    return {"content": written, "commit": shapes_git.git_commit(state(), repo, bare.one(made))}, 200 if there else 201


@teams.get("/orgs/<org>/teams/<slug>/memberships/<login>")
@as_installation
def membership(org: str, slug: str, login: str) -> Json:
    if "members" not in token().permissions:
        raise Refused(403, "Resource not accessible by integration")
    role = state().teams.get((org.lower(), slug), {}).get(login.lower())
    if role is None:
        raise Refused(404, "Not Found")
    url = shapes.api(state(), f"orgs/{org}/teams/{slug}/memberships/{login}")
    return {"url": url, "role": role, "state": "active"}


def _commit(repo: Repo, revision: str) -> str:
    """The commit of a SHA or a branch."""
    bare = Bare(repo.directory)
    found = bare.branch(revision) or bare.sha(revision)
    if found is None:
        raise Refused(404, f"No commit found for the ref {revision}")
    return found


def _content(repo: Repo, path: str, sha: str) -> Json:
    at = shapes.api(state(), f"repos/{repo.full_name}/contents/{path}")
    git = shapes.api(state(), f"repos/{repo.full_name}/git/blobs/{sha}")
    page = f"{state().url}/{repo.full_name}/blob/{repo.default_branch}/{path}"
    return {
        "type": "file",
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "url": at,
        "git_url": git,
        "html_url": page,
        "download_url": page,
        "_links": {"self": at, "git": git, "html": page},
    }
