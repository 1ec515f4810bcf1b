"""Commits as GitHub writes them in JSON: for the git API, for the commits API, in events."""

from __future__ import annotations

from tests.github.bare import Commit, Signature
from tests.github.shapes import api, node_id
from tests.github.state import Json, Repo, State

_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def git_commit(state: State, repo: Repo, one: Commit) -> Json:
    """GET git/commits/SHA."""
    return {
        "sha": one.sha,
        "node_id": node_id("C", int(one.sha[:12], 16)),
        "url": _api(state, repo, f"git/commits/{one.sha}"),
        "html_url": _page(state, repo, one.sha),
        "author": _signature(one.author),
        "committer": _signature(one.committer),
        "tree": {"sha": one.tree, "url": _api(state, repo, f"git/trees/{one.tree}")},
        "message": one.message,
        "parents": _parents(state, repo, one, "git/commits"),
        "verification": _UNSIGNED,
    }


def commit(state: State, repo: Repo, one: Commit) -> Json:
    """GET commits/SHA, and in lists."""
    at = _api(state, repo, f"commits/{one.sha}")
    inner = git_commit(state, repo, one)
    same = ("sha", "node_id", "html_url")
    return {
        **{name: inner[name] for name in same},
        "url": at,
        "comments_url": f"{at}/comments",
        "commit": {
            **{name: inner[name] for name in ("author", "committer", "message", "tree", "url", "verification")},
            "comment_count": 0,
        },
        "author": None,
        "committer": None,
        "parents": _parents(state, repo, one, "commits"),
    }


def simple_commit(one: Commit) -> Json:
    """A head_commit of a suite or a merge group."""
    return {
        "id": one.sha,
        "tree_id": one.tree,
        "message": one.message,
        "timestamp": one.committer.date,
        "author": {"name": one.author.name, "email": one.author.email},
        "committer": {"name": one.committer.name, "email": one.committer.email},
    }


def ref(state: State, repo: Repo, name: str, sha: str) -> Json:
    """name: refs/heads/…"""
    return {
        "ref": name,
        "node_id": node_id("REF", repo.id),
        "url": _api(state, repo, f"git/{name}"),
        "object": {"type": "commit", "sha": sha, "url": _api(state, repo, f"git/commits/{sha}")},
    }


def short_branch(state: State, repo: Repo, name: str, sha: str) -> Json:
    """As a list of branches has it."""
    return {"name": name, "commit": {"sha": sha, "url": _api(state, repo, f"commits/{sha}")}, "protected": False}


def _api(state: State, repo: Repo, path: str) -> str:
    return api(state, f"repos/{repo.full_name}/{path}")


def _page(state: State, repo: Repo, sha: str) -> str:
    return f"{state.url}/{repo.full_name}/commit/{sha}"


def _parents(state: State, repo: Repo, one: Commit, folder: str) -> list[Json]:
    return [
        {"sha": sha, "url": _api(state, repo, f"{folder}/{sha}"), "html_url": _page(state, repo, sha)}
        for sha in one.parents
    ]


def _signature(one: Signature) -> Json:
    return {"name": one.name, "email": one.email, "date": one.date}
