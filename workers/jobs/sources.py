"""What a pull request has for an environment: all migrations of its commit, and which of them it brings itself."""

from __future__ import annotations

import functools
from collections.abc import Set
from dataclasses import dataclass

from bot.errors import Permanent
from bot.github.client import Client
from bot.github.pulls import Pull, merge_base
from workers.environments.gate import stricter
from workers.environments.model import Environment
from workers.environments.order import Order, as_its_runner_sees_it
from workers.errors import InputError, NoMigrations
from workers.gather import Wanted, gather
from workers.jobs.reviewing import opened
from workers.jobs.tools import Tools
from workers.mirror import Commits, Copy, as_it_would_merge
from workers.model import MigrationSet
from workers.policy import Policy
from workers.review import read_policy


@dataclass(frozen=True, slots=True)
class Source:
    """policy: says how the migrations are read and judged. rules: the policies, as they are now, that say what
    environments ask for. own: what the pull request changes. all: the commit's migrations, as a history without any
    change."""

    pull: Pull
    policy: Policy
    rules: tuple[Policy, ...]
    own: MigrationSet
    all: MigrationSet

    def order(self, environment: Environment) -> Order:
        """For an environment, whose rules the policies may make stricter."""
        return Order(
            environment=as_its_runner_sees_it(functools.reduce(stricter, self.rules, environment), self.all.layout),
            layout=self.all.layout,
            directory=self.all.directory,
            policy=self.policy,
            migrations=self.all.history,
            own=frozenset(one.id for one in self.own.added),
            label=f"pr{self.pull.number}",
            sha=self.all.head,
        )


def source_of(tools: Tools, client: Client, pull: Pull) -> Source:
    """As it would merge; as it was merged, once it is. Raises Permanent where there is nothing to read, Retryable."""
    with opened(tools, client) as copy:
        try:
            return _merged(copy, client, pull) if pull.merged else _open(copy, client, pull)
        except NoMigrations:
            raise Permanent("The pull request has no migrations.") from None
        except InputError as error:
            raise Permanent(f"The migrations cannot be read: {error}") from error


def _open(copy: Copy, client: Client, pull: Pull) -> Source:
    commits = as_it_would_merge(
        copy, pull.number, pull.head_sha, pull.base_ref, lambda base, head: merge_base(client, base, head)
    )
    places = _Places(commits.head, commits.base, (commits.base, *_tips(copy, {pull.default_branch} - {pull.base_ref})))
    return copy.whole(lambda: _read(copy, pull, commits, places))


def _merged(copy: Copy, client: Client, pull: Pull) -> Source:
    """Squashed or rebased, its commits are others; what it changed is told by its head and where that forked off."""
    merge = pull.merge_commit_sha
    assert merge is not None
    fork = merge_base(client, pull.base_sha, pull.head_sha)
    copy.fetch((fork, pull.head_sha, merge))
    commits = Commits(fork, pull.head_sha, fork, merged=False)
    places = _Places(merge, merge, _tips(copy, {pull.default_branch, pull.base_ref}))
    return copy.whole(lambda: _read(copy, pull, commits, places))


def _tips(copy: Copy, branches: Set[str]) -> tuple[str, ...]:
    """Of those that are still there."""
    return tuple(copy.heads(tuple(f"refs/heads/{name}" for name in branches)).values())


@dataclass(frozen=True, slots=True)
class _Places:
    """Commits. whole: has all the migrations. layout: whose policy says how to read them. rules: whose policies say
    what environments ask for: the base branch's, and the default branch's, as whoever opens a pull request chooses what
    it is based on."""

    whole: str
    layout: str
    rules: tuple[str, ...]


def _read(copy: Copy, pull: Pull, commits: Commits, places: _Places) -> Source:
    """A pull request's own policy says nothing about itself."""
    repository = copy.repository
    policy = read_policy(repository, places.layout)
    wanted = Wanted(policy.layout, policy.directory, policy.transaction)
    own = gather(repository, commits.base, commits.head, wanted, commits.fork)
    there = Wanted(own.layout, own.directory, policy.transaction)
    everything = gather(repository, places.whole, places.whole, there, places.whole)
    rules = tuple(read_policy(repository, commit) for commit in places.rules)
    return Source(pull, policy, rules, own, everything)
