"""What a pull request has for an environment: all migrations of its commit, and which of them it brings itself."""

from __future__ import annotations

import functools
from collections.abc import Set
from dataclasses import dataclass, replace

from bot.errors import Permanent
from bot.github.client import Client
from bot.github.pulls import Pull, merge_base
from workers.environments.gate import stricter
from workers.environments.model import Environment
from workers.environments.order import Order, as_its_runner_sees_it
from workers.errors import InputError, NoMigrations
from workers.gather import Between, gather
from workers.jobs.reviewing import opened
from workers.jobs.tools import Tools
from workers.migrations import Project
from workers.mirror import Commits, Copy, as_it_would_merge
from workers.model import MigrationSet
from workers.policy import Policy
from workers.projects import Wanted, projects, read_tree
from workers.reading import read_policy, wanted
from workers.repository import Repository


@dataclass(frozen=True, slots=True)
class Share:
    """What a pull request has of one project. policy: says how the migrations are read and judged. own: what the pull
    request changes. all: the commit's migrations, as a history without any change."""

    policy: Policy
    own: MigrationSet
    all: MigrationSet


@dataclass(frozen=True, slots=True)
class Source:
    """rules: the policies, as they are now, that say what environments ask for. shares: of the projects that the pull
    request changes, or of the largest. others: of those that environments name beside them."""

    pull: Pull
    rules: tuple[Policy, ...]
    shares: tuple[Share, ...]
    others: tuple[Share, ...] = ()

    def share(self, environment: Environment) -> Share:
        """Of the project that is deployed there. Raises Permanent where nobody can tell which one it is."""
        path = environment.path
        if path is None:
            found, told = self.shares, f"nothing says which of them {environment.name} has"
        else:
            found = tuple(share for share in (*self.shares, *self.others) if _is_in(share.all.directory, path))
            told = f"{environment.name} has one, and its path {path or '.'} names no single one of them"
        if len(found) != 1:
            folders = ", ".join(share.all.directory for share in found) or "none"
            raise Permanent(
                f"There are migrations of {len(found)} projects here ({folders}), and {told}: set path of "
                f"{environment.name} in the environments' file to one of these folders."
            )
        return found[0]

    def concerns(self, environment: Environment) -> bool:
        """Whether what the pull request changes may be deployed there."""
        path = environment.path
        return path is None or any(_is_in(share.all.directory, path) for share in self.shares)

    def order(self, environment: Environment) -> Order:
        """For an environment, whose rules the policies may make stricter. Raises Permanent."""
        share = self.share(environment)
        everything = share.all
        return Order(
            environment=as_its_runner_sees_it(functools.reduce(stricter, self.rules, environment), everything.layout),
            layout=everything.layout,
            directory=everything.directory,
            policy=share.policy,
            migrations=everything.history,
            own=frozenset(one.id for one in share.own.added),
            label=f"pr{self.pull.number}",
            sha=everything.head,
        )


def source_of(tools: Tools, client: Client, pull: Pull) -> Source:
    """As it would merge; as it was merged, once it is. Raises Permanent where there is nothing to read, Retryable."""
    named = tuple(one.path for one in tools.environments.of(client.repo.name, client.repo.id) if one.path is not None)
    with opened(tools, client) as copy:
        try:
            commits, places = _merged(copy, client, pull) if pull.merged else _open(copy, client, pull)
            return copy.whole(lambda: _read(copy, pull, commits, replace(places, named=named)))
        except NoMigrations:
            raise Permanent("The pull request has no migrations.") from None
        except InputError as error:
            raise Permanent(f"The migrations cannot be read: {error}") from error


def _open(copy: Copy, client: Client, pull: Pull) -> tuple[Commits, _Places]:
    commits = as_it_would_merge(
        copy, pull.number, pull.head_sha, pull.base_ref, lambda base, head: merge_base(client, base, head)
    )
    tips = _tips(copy, {pull.default_branch} - {pull.base_ref})
    return commits, _Places(commits.head, commits.base, (commits.base, *tips))


def _merged(copy: Copy, client: Client, pull: Pull) -> tuple[Commits, _Places]:
    """Squashed or rebased, its commits are others; what it changed is told by its head and where that forked off."""
    merge = pull.merge_commit_sha
    assert merge is not None
    fork = merge_base(client, pull.base_sha, pull.head_sha)
    copy.fetch((fork, pull.head_sha, merge))
    commits = Commits(fork, pull.head_sha, fork, merged=False)
    return commits, _Places(merge, merge, _tips(copy, {pull.default_branch, pull.base_ref}))


def _tips(copy: Copy, branches: Set[str]) -> tuple[str, ...]:
    """Of those that are still there."""
    return tuple(copy.heads(tuple(f"refs/heads/{name}" for name in branches)).values())


@dataclass(frozen=True, slots=True)
class _Places:
    """Commits. whole: has all the migrations. layout: whose policy says how to read them. rules: whose policies say
    what environments ask for: the base branch's, and the default branch's, as whoever opens a pull request chooses what
    it is based on. named: folders of the projects that environments name."""

    whole: str
    layout: str
    rules: tuple[str, ...]
    named: tuple[str, ...] = ()


def _read(copy: Copy, pull: Pull, commits: Commits, places: _Places) -> Source:
    """A pull request's own policy says nothing about itself."""
    repository = copy.repository
    policy = read_policy(repository, places.layout)
    between = Between(commits.base, commits.head, commits.fork)

    own = gather(repository, between, wanted(policy))
    if unreadable := next((one.why_not for one in own if one.why_not), ""):
        raise InputError(unreadable)
    shares = tuple(Share(policy.of(one.directory), one, _whole(repository, one, policy, places)) for one in own)
    tree = read_tree(repository, places.whole)
    found = [project for one in wanted(policy) for project in projects(tree, one)] if places.named else []
    beside = [one for one in found if one.directory not in {share.all.directory for share in shares}]
    named = [one for one in beside if any(_is_in(one.directory, path) for path in places.named)]
    others = [(policy.of(one.directory), _whole(repository, one, policy, places)) for one in named]
    rules = tuple(read_policy(repository, commit) for commit in places.rules)
    return Source(pull, rules, shares, tuple(Share(told, whole, whole) for told, whole in others))


def _whole(repository: Repository, project: Project | MigrationSet, policy: Policy, places: _Places) -> MigrationSet:
    commit, told = places.whole, policy.of(project.directory)
    there = Wanted(project.layout, project.directory, told.transaction, told.runner)
    (everything,) = gather(repository, Between(commit, commit, commit), (there,))
    return everything


def _is_in(directory: str, path: str) -> bool:
    return f"{directory}/".startswith(f"{path}/") or path == ""
