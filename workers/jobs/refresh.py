"""Brings a pull request's check and comment up to date: look, review, decide, then write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot import check, comment, record
from bot.checklist import Moment, decide, done_by_commands, questions, verdict
from bot.errors import NotFound
from bot.github import checks, comments, pulls, suggestions
from bot.github.client import Client
from bot.github.pulls import Pull
from bot.model import Refresh, Repo, Row, Section, Touch, Verdict
from bot.outcome import Outcome, Standing
from workers.jobs import landed, neighbours, on_copy
from workers.jobs.permission import granted
from workers.jobs.reviewing import outcome_of
from workers.jobs.tools import Tools, now, of_commit

# GitHub may not know yet what it just told us of (atlantis#1131): seconds between looks.
_PATIENCE = (1.0, 3.0, 7.0)
_COMMITS = 30  # of a pull request, newest first, that are searched for a record that nobody remembers


@dataclass(frozen=True, slots=True)
class Drawn:
    """What stands on GitHub after a refresh."""

    pull: Pull
    outcome: Outcome
    rows: tuple[Row, ...]


def refresh(tools: Tools, work: Refresh, touches: Sequence[Touch], urgent: bool = False) -> Drawn | None:
    """None for a pull request that is not open. The caller holds its lock. Raises Retryable, Permanent."""
    client = tools.app.client(work.repo, urgent)
    pull = pulls.pull(client, work.number, _PATIENCE)
    if pull.base_repo != client.repo.name:  # renamed since we were told, and git follows no redirect
        client = tools.app.client(replace(client.repo, name=pull.base_repo), urgent)
    if pull.state != "open":
        _closed(tools, client, pull)
        landed.follow(tools, client, pull, touches)
        return None
    _supersede(tools, client, pull)
    runs = checks.runs(client, pull.head_sha)
    if not runs:
        with of_commit(tools, client.repo, pull.head_sha):
            checks.ensure_check(client, check.queued(pull.head_sha), external_id(client.repo, pull.number))
    tools.memory.keep_announced(client.repo.id, pull.number, pull.head_sha)
    outcome = outcome_of(tools, client, pull)
    more = (neighbours.section(tools, client, pull, outcome), on_copy.section(tools, client, pull, outcome))
    outcome = replace(outcome, body="\n\n".join(filter(None, (outcome.body, *more))))
    before = _recorded(tools, client, pull, runs)
    drawn = Drawn(pull, outcome, _decided(client, pull, outcome, before, touches))
    _publish(tools, client, drawn)
    return drawn


def external_id(repo: Repo, number: int) -> str:
    """Names the pull request in a check run, as GitHub does not for forks."""
    return f"{repo.id}:{number}"


def fail(tools: Tools, work: Refresh, why: str) -> None:
    """Fails closed: the head's check says that there is no review, and why. Raises what GitHub raises."""
    client = tools.app.client(work.repo)
    pull = pulls.pull(client, work.number)
    if pull.state != "open":
        return
    with of_commit(tools, client.repo, pull.head_sha):
        runs = checks.runs(client, pull.head_sha)
        own = Section(pull.number, Verdict.FAILURE, _recorded(tools, client, pull, runs))
        wanted = check.failed(pull.head_sha, why, (own, *_others(runs, pull.number)))
        checks.ensure_check(client, wanted, external_id(client.repo, pull.number))
    tools.memory.keep_failed(client.repo.id, pull.number, pull.head_sha)


def _supersede(tools: Tools, client: Client, pull: Pull) -> None:
    last = tools.memory.announced(client.repo.id, pull.number)
    if last not in (None, pull.head_sha):
        _leave(tools, client, last)


def _leave(tools: Tools, client: Client, sha: str) -> None:
    """Nothing waits at a commit that a pull request no longer has as its head, and the others that have it do not wait
    for that one."""
    for run in checks.runs(client, sha):
        if run.status != "completed":
            checks.conclude(client, run)
    for other in pulls.pulls_of(client, sha):
        tools.queue.add(Refresh(client.repo, other.number))


# ---------------------------------------------------------------- decide


def _decided(
    client: Client, pull: Pull, outcome: Outcome, before: Sequence[Row], touches: Sequence[Touch]
) -> tuple[Row, ...]:
    if outcome.standing is not Standing.REVIEWED:
        return tuple(before) if outcome.standing is Standing.FAILED else ()
    allowed = granted(client, pull, questions(outcome.items, touches))
    told = done_by_commands(outcome.items, touches, pull.head_sha)
    return decide(outcome.items, before, told, allowed, Moment(now(), pull.head_sha))


# ---------------------------------------------------------------- what is recorded


def _recorded(tools: Tools, client: Client, pull: Pull, runs: Iterable[checks.Run]) -> tuple[Row, ...]:
    """The rows of the newest run that has some of this pull request: of the head, of the run that is remembered, of an
    older commit."""
    found = _rows(runs, pull.number)
    if found is None and (run := tools.memory.run(client.repo.id, pull.number)):
        found = _rows(_run(client, run), pull.number)
    if found is None:
        for sha in pulls.commits(client, pull.number)[1:_COMMITS]:
            found = _rows(checks.runs(client, sha), pull.number)
            if found is not None:
                break
    return found or ()


def _run(client: Client, run: int) -> tuple[checks.Run, ...]:
    try:
        return (checks.run(client, run),)
    except NotFound:
        return ()


def _rows(runs: Iterable[checks.Run], number: int) -> tuple[Row, ...] | None:
    for run in runs:
        section = record.section_of(number, record.parse(run.text))
        if section:
            return section.rows
    return None


def _others(runs: Sequence[checks.Run], number: int) -> tuple[Section, ...]:
    """What the newest run that says anything says of other pull requests with the same head."""
    sections = next((found for run in runs if (found := record.parse(run.text))), ())
    return tuple(section for section in sections if section.number != number)


# ---------------------------------------------------------------- publish


def _publish(tools: Tools, client: Client, drawn: Drawn) -> None:
    """The check run first: it is the record, and the comment only its view."""
    repo, number, sha = client.repo, drawn.pull.number, drawn.pull.head_sha
    failed = drawn.outcome.standing is Standing.FAILED
    own = Section(number, Verdict.FAILURE if failed else verdict(drawn.rows), drawn.rows)
    with of_commit(tools, repo, sha):
        sharing = {pull.number for pull in pulls.pulls_of(client, sha)} - {number}
        others = tuple(one for one in _others(checks.runs(client, sha), number) if one.number in sharing)
        awaited = sharing - {one.number for one in others}
        wanted = check.concluded(sha, drawn.outcome, own, others, awaited)
        run = checks.ensure_check(client, wanted, external_id(repo, number))
    tools.memory.keep_run(repo.id, number, run.id)
    for waiting in awaited:
        tools.queue.add(Refresh(repo, waiting))
    _comment(tools, client, drawn)
    _suggest(tools, client, drawn)
    if not awaited:
        tools.memory.keep_concluded(repo.id, number, sha)


def _comment(tools: Tools, client: Client, drawn: Drawn) -> None:
    """Only where there is something to say: no comment on a pull request without migrations, and none only to tell
    that there is no review, as the check does."""
    telling = drawn.outcome.standing is Standing.REVIEWED or drawn.outcome.body
    repo, number = client.repo, drawn.pull.number
    known = tools.memory.comment(repo.id, number)
    if not telling and known is None:
        found = comments.find(client, number)
        if not found:
            return
        known = found[0].id
    body = comment.draw(drawn.outcome, drawn.rows)
    written = comments.ensure_comment(client, number, known, body)
    tools.memory.keep_comment(repo.id, number, written.id)


def _suggest(tools: Tools, client: Client, drawn: Drawn) -> None:
    """Asks GitHub only where there are some, or were."""
    repo, number, wanted = client.repo.id, drawn.pull.number, drawn.outcome.suggestions
    told = hashlib.sha256(repr(wanted).encode()).hexdigest() if wanted else ""
    if told != tools.memory.suggested(repo, number):
        suggestions.ensure_suggestions(client, number, drawn.pull.head_sha, wanted)
        tools.memory.keep_suggested(repo, number, told)


def _closed(tools: Tools, client: Client, pull: Pull) -> None:
    _leave(tools, client, pull.head_sha)
    neighbours.leave(tools, client, pull.number)
    tools.memory.forget(client.repo.id, pull.number)
