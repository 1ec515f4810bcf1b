"""Finds the one history that a path names: in a repository at a commit, or in a folder outside of git."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workers.audit.folder import Folder
from workers.errors import InputError
from workers.gather import Between, gather
from workers.migrations import LAYOUTS
from workers.model import MigrationSet
from workers.policy import Policy
from workers.projects import Tree, Wanted, projects, read_tree
from workers.reading import read_policy
from workers.repository import Repository, open_repository

_NOT_GIT = "not in a git repository"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asks for. path: of a migrations folder, or of one that holds a single project; from the root of
    `repository` where that is named, else as the machine has it. fresh: whatever an earlier run has found."""

    path: str
    repository: Path | None = None
    revision: str | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A history, and the policy beside it."""

    migrations: MigrationSet
    policy: Policy


def find(asked: Asked) -> Found:
    """Raises InputError: no such folder or revision, no migrations, or those of several projects."""
    repository, path = _opened(asked)
    commit = repository.commit(asked.revision or "HEAD")
    policy = read_policy(repository, commit)
    tree = read_tree(repository, commit)
    wanted = _wanted(tree, path, policy, asked.path)
    (migrations,) = gather(repository, Between(commit, commit, commit), (wanted,))
    return Found(migrations, policy.of(migrations.directory))


def _opened(asked: Asked) -> tuple[Repository, str]:
    """The repository, and the path from its root; "" is the root itself."""
    if asked.repository is not None:
        path = asked.path.strip("/")
        return open_repository(asked.repository), "" if path == "." else path
    folder = Path(asked.path).resolve()
    try:
        repository = open_repository(folder)
    except InputError as none:
        if asked.revision or _NOT_GIT not in str(none):
            raise
        return Folder(folder), folder.name
    return repository, repository.prefix()


def _wanted(tree: Tree, path: str, policy: Policy, asked: str) -> Wanted:
    prefix = f"{path}/" if path else ""
    found = (project.directory for project in projects(tree, Wanted(policy.layout)))
    below = sorted(directory for directory in found if directory == path or directory.startswith(prefix))
    for named in (path, policy.directory):
        if named in below:
            below = [named]
            break
    if len(below) > 1:
        raise InputError(f"{asked} holds the migrations of {len(below)} projects: {', '.join(below)}; name one of them")
    if below:
        told = policy.of(below[0])
        return Wanted(told.layout, below[0], told.transaction)
    if projects(tree, Wanted(policy.layout, path)):  # under a name that is no sign of migrations
        return Wanted(policy.layout, path, policy.transaction)
    at = f"at {tree.commit[:12]} " if tree.commit else ""
    raise InputError(f"{asked}: no migrations found {at}(looked for {', '.join(each.name for each in LAYOUTS)})")
