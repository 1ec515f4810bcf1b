"""What the stand-in GitHub knows: plain records behind one lock."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.github.credentials import Token
    from tests.github.deployments import Deployment
    from tests.github.faults import Faults
    from tests.github.hooks import Hooks
    from tests.github.reviews import Review

Json = dict[str, Any]
ROLES = ("none", "read", "triage", "write", "maintain", "admin")  # each can do what the ones before it can


class Refused(Exception):
    """GitHub says no. errors: what is wrong with which field."""

    def __init__(self, status: int, message: str, errors: tuple[Json, ...] = ()) -> None:
        super().__init__(f"{status}: {message} {errors or ''}".strip())
        self.status, self.message, self.errors = status, message, errors


@dataclass(eq=False, slots=True)
class User:
    id: int
    login: str
    type: str = "User"  # User, Bot or Organization


@dataclass(eq=False, repr=False, slots=True)
class Repo:
    """directory: its bare git repository. roles: what each login may do. required: the check its branches wait for.
    old_names: what it was called before; they redirect."""

    id: int
    owner: User
    name: str
    directory: Path
    default_branch: str = "main"
    fork_of: Repo | None = None
    roles: dict[str, str] = field(default_factory=dict)
    required: str = "migrations"
    old_names: set[str] = field(default_factory=set)
    archived: bool = False
    has_issues: bool = True
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)  # without the pull requests, which GitHub counts among them
    deleted_issues: set[int] = field(default_factory=set)
    comments: dict[int, Comment] = field(default_factory=dict)
    review_comments: dict[int, ReviewComment] = field(default_factory=dict)
    suites: dict[int, Suite] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    reviews: dict[int, Review] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def may(self, login: str, role: str) -> bool:
        return ROLES.index(self.roles.get(login, "none")) >= ROLES.index(role)


@dataclass(eq=False, repr=False, slots=True)
class Pull:
    """base_sha stands still while only the base branch moves, as GitHub's base.sha does. merge_sha: the test merge, or
    after merging the merge. unknown_reads: how many reads of it still answer that mergeable is being worked out."""

    id: int
    number: int
    repo: Repo
    head_repo: Repo
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    author: User
    title: str
    body: str = ""
    draft: bool = False
    state: str = "open"
    mergeable: bool | None = None
    merge_sha: str | None = None
    unknown_reads: int = 0
    merged_at: datetime | None = None
    merged_by: User | None = None
    closed_at: datetime | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_fork(self) -> bool:
        return self.head_repo is not self.repo


@dataclass(eq=False, repr=False, slots=True)
class Issue:
    """One that is no pull request. reason: completed, not_planned or duplicate; reopened."""

    id: int
    number: int
    repo: Repo
    author: User
    title: str
    body: str = ""
    by_app: bool = False
    state: str = "open"
    reason: str | None = None
    closed_at: datetime | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False, slots=True)
class Reaction:
    id: int
    user: User
    content: str
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False, repr=False, slots=True)
class Comment:
    """pull: or an issue."""

    id: int
    pull: Pull | Issue
    user: User
    body: str
    by_app: bool = False
    reactions: list[Reaction] = field(default_factory=list)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False, repr=False, slots=True)
class ReviewComment:
    """On lines of a file in the diff, both included. replies_to: another one's id."""

    id: int
    pull: Pull
    user: User
    body: str
    path: str
    line: int
    start_line: int | None
    commit_id: str
    replies_to: int | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False, repr=False, slots=True)
class Suite:
    """branch: None for a fork's commits. reset: asked for again, and no run was written since."""

    id: int
    repo: Repo
    head_sha: str
    app_id: int
    branch: str | None = None
    before: str | None = None
    reset: bool = False
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False, repr=False, slots=True)
class Run:
    id: int
    suite: Suite
    name: str
    status: str = "queued"
    conclusion: str | None = None
    external_id: str = ""
    details_url: str = ""
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Json] = field(default_factory=list)
    actions: list[Json] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    completed_at: datetime | None = None


@dataclass(eq=False, repr=False, slots=True)
class Installation:
    """repos: ids. permissions: as in the manifest: name → read or write."""

    id: int
    account: User
    permissions: dict[str, str]
    events: tuple[str, ...]
    repos: set[int] = field(default_factory=set)
    suspended_at: datetime | None = None
    limit: int = 15_000  # an organization's on Enterprise Cloud; elsewhere it is 5 000
    used: int = 0
    resets_at: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(hours=1))
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(eq=False, repr=False, slots=True)
class Group:
    """A merge group: its branch holds the merges of its pull requests, in order. reason: why it is gone."""

    repo: Repo
    pulls: tuple[Pull, ...]
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One that reached the API or git. at: seconds since the epoch, when it came. path: without /api/v3. by: app,
    installation ID or nobody. status: what was answered, 0 for a cut."""

    at: float
    method: str
    path: str
    by: str
    status: int
    query: str = ""
    body: str = ""


@dataclass(eq=False, repr=False)
class State:
    """Everything, of one GitHub with one app on it. Whoever reads or changes it holds the lock."""

    url: str
    root: Path
    app_id: int
    slug: str
    public_key: str
    owner: User
    bot: User
    hooks: Hooks
    faults: Faults
    permissions: dict[str, str]
    events: tuple[str, ...]
    lock: threading.RLock = field(default_factory=threading.RLock)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))
    users: dict[str, User] = field(default_factory=dict)
    repos: dict[int, Repo] = field(default_factory=dict)
    teams: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # (org, slug) → login → role
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def next_id(self) -> int:
        return next(self.ids)

    def user(self, login: str) -> User:
        """Raises KeyError for nobody."""
        return self.users[login.lower()]

    def installation_of(self, repo: Repo) -> Installation | None:
        """The one that has it and is not suspended."""
        return next((one for one in self.installations.values() if repo.id in one.repos and not one.suspended_at), None)

    def named(self, full_name: str) -> Repo | None:
        wanted = full_name.lower()
        return next((repo for repo in self.repos.values() if repo.full_name.lower() == wanted), None)

    def formerly(self, full_name: str) -> Repo | None:
        return next((repo for repo in self.repos.values() if full_name.lower() in repo.old_names), None)


def now() -> datetime:
    return datetime.now(UTC)


def stamp(at: datetime | None) -> str | None:
    """As GitHub writes times: UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
