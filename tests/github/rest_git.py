"""REST: git's own objects and refs."""

from __future__ import annotations

import base64
import subprocess
from typing import Any

from flask import Blueprint

from tests.github import branches, shapes, shapes_git
from tests.github.answers import body, state
from tests.github.bare import Bare
from tests.github.credentials import needs
from tests.github.state import Json, Refused, Repo

routes = Blueprint("git", __name__)


@routes.get("/git/ref/heads/<path:branch>")
@needs("contents:read")
def ref(repo: Repo, branch: str) -> Json:
    return shapes_git.ref(state(), repo, f"refs/heads/{branch}", _branch(repo, branch))


@routes.post("/git/refs")
@needs("contents:write")
def create_ref(repo: Repo) -> Any:
    wanted, bare = body(), Bare(repo.directory)
    name, sha = wanted["ref"], wanted["sha"]
    if bare.sha(name):
        raise Refused(422, "Reference already exists")
    if bare.sha(sha) != sha:
        raise Refused(422, "Object does not exist")
    branches.move(state(), repo, name.removeprefix("refs/heads/"), sha, state().bot)
    return shapes_git.ref(state(), repo, name, sha), 201


@routes.patch("/git/refs/heads/<path:branch>")
@needs("contents:write")
def update_ref(repo: Repo, branch: str) -> Json:
    wanted, bare = body(), Bare(repo.directory)
    before, sha = _branch(repo, branch), wanted["sha"]
    if bare.sha(sha) != sha:
        raise Refused(422, "Object does not exist")
    if not wanted.get("force") and not bare.is_ancestor(before, sha):
        raise Refused(422, "Update is not a fast forward")
    branches.move(state(), repo, branch, sha, state().bot)
    return shapes_git.ref(state(), repo, f"refs/heads/{branch}", sha)


@routes.delete("/git/refs/heads/<path:branch>")
@needs("contents:write")
def delete_ref(repo: Repo, branch: str) -> Any:
    _branch(repo, branch)
    branches.move(state(), repo, branch, None, state().bot)
    return "", 204


@routes.get("/git/commits/<sha>")
@needs("contents:read")
def commit(repo: Repo, sha: str) -> Json:
    bare = Bare(repo.directory)
    if bare.sha(sha) != sha:
        raise Refused(404, "Not Found")
    return shapes_git.git_commit(state(), repo, bare.one(sha))


@routes.post("/git/commits")
@needs("contents:write")
def create_commit(repo: Repo) -> Any:
    wanted, bare = body(), Bare(repo.directory)
    parents = [argument for parent in wanted.get("parents", []) for argument in ("-p", parent)]
    signature = wanted.get("author") or {"name": state().bot.login, "email": f"{state().bot.login}@example.org"}
    environment = {f"GIT_AUTHOR_{key.upper()}": value for key, value in signature.items()}
    message = wanted["message"].encode()
    try:
        sha = bare.raw("commit-tree", wanted["tree"], *parents, stdin=message, environment=environment).decode().strip()
    except subprocess.CalledProcessError:
        raise Refused(422, "Tree SHA does not exist or a parent does not") from None
    return shapes_git.git_commit(state(), repo, bare.one(sha)), 201


@routes.post("/git/blobs")
@needs("contents:write")
def create_blob(repo: Repo) -> Any:
    wanted = body()
    content = wanted["content"]
    data = base64.b64decode(content) if wanted.get("encoding") == "base64" else content.encode()
    sha = Bare(repo.directory).git("hash-object", "-w", "--stdin", stdin=data)
    return {"sha": sha, "url": _url(repo, f"blobs/{sha}")}, 201


@routes.get("/git/blobs/<sha>")
@needs("contents:read")
def blob(repo: Repo, sha: str) -> Json:
    try:
        data = Bare(repo.directory).raw("cat-file", "blob", sha)
    except subprocess.CalledProcessError:
        raise Refused(404, "Not Found") from None
    content = base64.encodebytes(data).decode()
    return {
        "sha": sha,
        "node_id": shapes.node_id("B", repo.id),
        "size": len(data),
        "url": _url(repo, f"blobs/{sha}"),
        "content": content,
        "encoding": "base64",
    }


@routes.post("/git/trees")
@needs("contents:write")
def create_tree(repo: Repo) -> Any:
    """base_tree with the entries over it; an entry whose sha is null is deleted."""
    wanted, bare = body(), Bare(repo.directory)
    index = {"GIT_INDEX_FILE": str(repo.directory / f"index-{state().next_id()}")}
    try:
        if wanted.get("base_tree"):
            bare.raw("read-tree", wanted["base_tree"], environment=index)
        lines = [_index_line(bare, entry) for entry in wanted["tree"]]
        bare.raw("update-index", "--index-info", stdin="".join(lines).encode(), environment=index)
        sha = bare.raw("write-tree", environment=index).decode().strip()
    except subprocess.CalledProcessError:
        raise Refused(422, "GitRPC::BadObjectState") from None
    return _tree(repo, sha), 201


@routes.get("/git/trees/<sha>")
@needs("contents:read")
def tree(repo: Repo, sha: str) -> Json:
    if not Bare(repo.directory).asks("cat-file", "-e", f"{sha}^{{tree}}"):
        raise Refused(404, "Not Found")
    return _tree(repo, sha)


def _index_line(bare: Bare, entry: Json) -> str:
    """https://git-scm.com/docs/git-update-index#_using_index_info"""
    if "content" in entry:
        entry = {**entry, "sha": bare.git("hash-object", "-w", "--stdin", stdin=entry["content"].encode())}
    if entry["sha"] is None:
        return f"0 {'0' * 40}\t{entry['path']}\n"
    return f"{entry['mode']} {entry['sha']}\t{entry['path']}\n"


def _tree(repo: Repo, sha: str) -> Json:
    rows = [line.split(maxsplit=3) for line in Bare(repo.directory).git("ls-tree", sha).splitlines()]
    entries = [{"mode": mode, "type": kind, "sha": one, "path": path} for mode, kind, one, path in rows]
    return {"sha": sha, "url": _url(repo, f"trees/{sha}"), "tree": entries, "truncated": False}


def _branch(repo: Repo, branch: str) -> str:
    found = Bare(repo.directory).branch(branch)
    if found is None:
        raise Refused(404, "Not Found")
    return found


def _url(repo: Repo, path: str) -> str:
    return shapes.api(state(), f"repos/{repo.full_name}/git/{path}")
