"""A pull request's outcome: its commits are fetched, its change gathered, and reviewed unless it was before."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from bot.errors import Permanent, Retryable
from bot.github.client import Client
from bot.github.pulls import Pull, merge_base
from bot.outcome import Outcome, Standing
from workers.errors import CannotAnalyse, FetchFailed, Gone, InputError, NoMigrations
from workers.jobs.present import NO_MIGRATIONS, not_reviewed, present
from workers.jobs.tools import Tools
from workers.mirror import Commits, Copy, Mirror, MirrorLimits, as_it_would_merge
from workers.reading import Asked, Gathered, fingerprint, gathered, standing
from workers.review import review_gathered


def outcome_of(tools: Tools, client: Client, pull: Pull) -> Outcome:
    """What a review of the pull request as it would merge comes to. Raises Retryable and Permanent."""
    with opened(tools, client) as copy:
        commits = as_it_would_merge(
            copy,
            pull.number,
            pull.head_sha,
            pull.base_ref,
            lambda base, head: merge_base(client, base, head),
        )
        try:
            found = gathered_from(copy, commits)
            if not any(one.touched for one in found):
                return NO_MIGRATIONS
            return _reviewed(tools, client.repo.id, pull, found)
        except NoMigrations:
            return NO_MIGRATIONS
        except (InputError, CannotAnalyse) as error:
            return not_reviewed(str(error))


def gathered_from(copy: Copy, commits: Commits) -> tuple[Gathered, ...]:
    """What the commits change, read from the copy. Raises InputError."""
    asked = Asked(copy.directory, commits.base, commits.head, fork=commits.fork)
    return copy.whole(lambda: gathered(asked))


def history_of(tools: Tools, client: Client, branch: str) -> str:
    """A digest of all that a branch's migrations and policy are, "" for a branch without any. Raises Retryable,
    Permanent."""
    with opened(tools, client) as copy:
        ref = f"refs/heads/{branch}"
        tip = copy.heads((ref,)).get(ref)
        if tip is None:
            return ""
        try:
            return copy.whole(lambda: standing(copy.repository, tip))
        except InputError as error:
            return hashlib.sha256(str(error).encode()).hexdigest()


@contextlib.contextmanager
def opened(tools: Tools, client: Client) -> Iterator[Copy]:
    """The repository's copy on this machine, by its id, which a rename leaves alone. Raises Retryable, Permanent."""
    host = urlsplit(tools.github.url).netloc.replace(":", "_")
    folder = tools.machine.cache / "mirrors" / host / str(client.repo.id)
    limits = MirrorLimits(tools.settings.mirror_mb << 20, tools.settings.mirror_ms)
    mirror = Mirror(folder, f"{tools.github.url}/{client.repo.name}.git", limits)
    try:
        with mirror.opened(client.token()) as copy:
            yield copy
    except FetchFailed as failed:
        # A commit that is gone was pushed away: what is there now is another question.
        if failed.retryable or isinstance(failed, Gone):
            raise Retryable(str(failed)) from failed
        raise Permanent(str(failed)) from failed


def _reviewed(tools: Tools, repo: int, pull: Pull, found: Sequence[Gathered]) -> Outcome:
    """The same migrations on the same history under the same policy come to the same: a tick needs no server."""
    seen = fingerprint(found)
    known = tools.memory.outcome(seen.whole)
    if known is None:
        report = review_gathered(found, tools.machine)
        tools.metrics.observe("review_seconds", report.timing.total_ms / 1000, level=report.level.word)
        known = present(report, found[0].policy)
        if known.standing is Standing.FAILED:  # as nothing of a review that fails as a whole is remembered
            return known
        tools.memory.keep_outcome(seen.whole, known)
    tools.memory.keep_reviewed(repo, pull.number, seen.whole)
    tools.memory.keep_migrations(repo, pull.number, seen.migrations)
    return known
