"""Pull requests as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from bot.github.client import Client
from bot.github.reading import Text, at, read


@dataclass(frozen=True, slots=True)
class Pull:
    """author: "" for a deleted account. head_repo: owner/name, None when the fork is gone. base_sha: the base branch
    when the head was last pushed, not now. default_branch: the repository's. updated_at, merged_at: UTC,
    2026-01-31T12:00:00Z; merged_at is "" for what is not merged. merge_commit_sha: of what is merged, the commit that
    brought it into the base branch: a merge, the squashed one or the last of a rebase; else a test merge, or nothing
    (https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request)."""

    number: int
    state: str
    head_sha: Annotated[str, at("head", "sha")]
    head_ref: Annotated[str, at("head", "ref")]
    base_ref: Annotated[str, at("base", "ref")]
    base_sha: Annotated[str, at("base", "sha")]
    base_repo: Annotated[str, at("base", "repo", "full_name")]
    updated_at: str
    default_branch: Annotated[str, at("base", "repo", "default_branch")]
    author: Annotated[str, at("user", "login")] = ""
    head_repo: Annotated[str | None, at("head", "repo", "full_name")] = None
    title: Text = ""
    merged_at: Text = ""
    merge_commit_sha: str | None = None

    @property
    def merged(self) -> bool:
        """GitHub's own `merged` is missing where pull requests are listed."""
        return bool(self.merged_at)

    @property
    def from_fork(self) -> bool:
        """Also when the repository it came from is gone: there is nowhere to commit to."""
        return self.head_repo != self.base_repo


def pull(client: Client, number: int, patience: Sequence[float] = ()) -> Pull:
    """One pull request. patience: see Rest.get. Raises NotFound."""
    return read(Pull, client.get(f"pulls/{number}", patience=patience), f"pull request {number}")


def open_pulls(client: Client, base: str | None = None) -> tuple[Pull, ...]:
    """All open ones, into one branch if it is named. In the order they were opened in, which no event changes while
    the pages are read."""
    told = client.pages("pulls", state="open", base=base, sort="created", direction="asc")
    return tuple(read(Pull, one, "pull request") for one in told)


def pulls_of(client: Client, sha: str) -> tuple[Pull, ...]:
    """Open ones whose head is a commit. By their list: /commits/{sha}/pulls leaves out those from forks
    (https://github.com/google/go-github/issues/2241)."""
    return tuple(one for one in open_pulls(client) if one.head_sha == sha)


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    message: Annotated[str, at("commit", "message")]


def commits(client: Client, number: int) -> tuple[str, ...]:
    """The SHAs of a pull request's commits, the newest first. GitHub tells of the first 250 only."""
    told = client.pages(f"pulls/{number}/commits")
    return tuple(read(Commit, one, "commit").sha for one in told)[::-1]


def between(client: Client, base: str, head: str) -> tuple[Commit, ...]:
    """The commits that head has and base has not, the oldest first. Raises NotFound as merge_base does."""
    told = client.pages(_comparison(base, head), "commits")
    return tuple(read(Commit, one, "commit") for one in told)


def merge_base(client: Client, base: str, head: str) -> str:
    """The SHA of the best common ancestor. Raises NotFound when there is none, or one of the two is not there."""
    return read(_Comparison, client.get(_comparison(base, head), per_page=1), "comparison").merge_base


def _comparison(base: str, head: str) -> str:
    return f"compare/{quote(base, safe='')}...{quote(head, safe='')}"


@dataclass(frozen=True, slots=True)
class _Comparison:
    merge_base: Annotated[str, at("merge_base_commit", "sha")]
