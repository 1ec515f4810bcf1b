"""Commits files to a branch without a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from bot.errors import Conflict
from bot.github.client import Client
from bot.github.reading import at, read


@dataclass(frozen=True, slots=True)
class _Ref:
    sha: Annotated[str, at("object", "sha")]


@dataclass(frozen=True, slots=True)
class _Commit:
    sha: str
    tree: Annotated[str, at("tree", "sha")]


@dataclass(frozen=True, slots=True)
class _Tree:
    sha: str


def commit_files(client: Client, branch: str, expected_head: str, files: Mapping[str, str], message: str) -> str:
    """One commit with the texts of files on top of a branch; its SHA, or expected_head when they say so already.
    Raises Conflict when the branch has moved, before or meanwhile, or does not take the commit: it is never forced."""
    ref = f"heads/{quote(branch)}"
    head = read(_Ref, client.get(f"git/ref/{ref}"), f"branch {branch}").sha
    if head != expected_head:
        raise Conflict(f"{branch} is at {head}, not at {expected_head}")
    base = read(_Commit, client.get(f"git/commits/{expected_head}"), "commit").tree
    # With the text in place of a blob's SHA, GitHub writes the blobs itself: one write for all of them.
    entries = [{"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in files.items()]
    tree = read(_Tree, client.post("git/trees", {"base_tree": base, "tree": entries}), "tree").sha
    if tree == base:
        return expected_head
    told = client.post("git/commits", {"message": message, "tree": tree, "parents": [expected_head]})
    commit = read(_Commit, told, "commit").sha
    client.patch(f"git/refs/{ref}", {"sha": commit, "force": False})
    return commit
