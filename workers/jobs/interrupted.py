"""Brings to an end what was begun in an environment by a process that is gone: the database tells how it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.errors import NotYet, Permanent
from bot.github import comments, pulls
from bot.github.client import Client
from bot.model import Operate, Touch
from bot.running import Ending
from workers.environments import told
from workers.environments.model import Environment
from workers.environments.order import Order
from workers.environments.recover import Recovered, recover
from workers.errors import Refused, Unreachable
from workers.jobs import attempts
from workers.jobs.acts import on_staging
from workers.jobs.admission import environments_of
from workers.jobs.attempts import Attempt, Recorded
from workers.jobs.sources import source_of
from workers.jobs.telling import tell
from workers.jobs.tools import Tools
from workers.report.markup import prose
from workers.report.words import count

_ROLLBACK = "rollback"
_MARKS = {True: "✅", False: "❌"}
_SOONEST_S, _LONGEST_S = 5.0, 86_400.0
_UNTOUCHED = "interrupted before anything was changed"


def settled(tools: Tools, client: Client, work: Operate) -> Ending | None:
    """Ends the attempts that nobody ended: under the environment's lock, nobody is at work on them. How an earlier one
    of this very command ended is the answer, as it is not begun again; None where there is none. Raises NotYet while it
    cannot be found out; Retryable, Permanent."""
    for recorded in tuple(attempts.unfinished(client, work.environment)):
        if recorded.attempt.comment != work.comment:
            ending = _found_out(tools, client, work, recorded)
            tell(tools, client, _theirs(work, recorded), ending)
    own = attempts.of(client, work)
    if own is None or attempts.told_last(client, own) is None:
        return None
    return _found_out(tools, client, work, own)


def _theirs(work: Operate, recorded: Recorded) -> Operate:
    """The command that an attempt was for, as far as it matters for its answer."""
    attempt, at = recorded.attempt, recorded.deployment.created_at
    return replace(work, number=attempt.number, comment=attempt.comment, login=attempt.login, act=attempt.act, at=at)


# ---------------------------------------------------------------- how it ended


def _found_out(tools: Tools, client: Client, work: Operate, recorded: Recorded) -> Ending:
    """What its record says of it where that came so far, else what the database says."""
    attempt, last = recorded.attempt, attempts.told_last(client, recorded)
    if last is None:
        return Ending(False, f"❌ {_head(work, attempt)} was {_UNTOUCHED}.", headline=_UNTOUCHED)
    environment = next(one for one in environments_of(tools, client) if one.name == work.environment)
    try:
        order, back = _order(tools, client, work, attempt, environment), attempt.act == _ROLLBACK
        found = recover(order, attempt.migrations, tools.machine, back=back)
    except (Refused, Unreachable) as error:
        raise _not_yet(client, work, attempt, error) from error
    touches = _touches(_theirs(work, recorded), environment, recorded, found)
    reasons = told.reasons(attempt.put_aside, attempt.because)
    if last.over:
        done = last.state == "success"
        line = f"{_MARKS[done]} **{work.environment}**: {prose(last.description)}"
        return Ending(done, f"{line}\n\n{reasons}".strip(), touches, last.description)
    done = not found.applied if attempt.act == _ROLLBACK else len(found.applied) == len(attempt.migrations)
    said = _said(attempt, found)
    notes = "".join(f"- {prose(note)}\n" for note in found.notes)
    head = f"{_MARKS[done]} {_head(work, attempt)} was interrupted: {prose(said)}."
    text = "\n\n".join(part for part in (head, notes, reasons, _way(work, attempt, found)) if part)
    return Ending(done, text, touches, f"interrupted, and looked up: {said}")


def _order(tools: Tools, client: Client, work: Operate, attempt: Attempt, environment: Environment) -> Order:
    """Of what was to be applied. Where its pull request has no migrations any more, those of another will do: with any,
    the history table can be read."""
    try:
        return source_of(tools, client, pulls.pull(client, attempt.number)).order(environment)
    except Permanent:
        return source_of(tools, client, pulls.pull(client, work.number)).order(environment)


def _not_yet(client: Client, work: Operate, attempt: Attempt, error: Exception) -> NotYet | Permanent:
    """Less and less often, and for a day."""
    said = f"how the {attempt.act} for {attempt.login} ended cannot be found out: {error}"
    age_s = (datetime.now(UTC) - datetime.fromisoformat(work.at)).total_seconds()
    if age_s > _LONGEST_S:
        return Permanent(said)
    comments.reply(client, work.number, work.comment, f"⏳ **{work.environment}**: {prose(said)}. It is tried again.")
    return NotYet(said, max(_SOONEST_S, age_s / 10))


def _touches(work: Operate, environment: Environment, recorded: Recorded, found: Recovered) -> tuple[Touch, ...]:
    """work: the attempt's own."""
    went = recorded.attempt.act == _ROLLBACK and not found.applied
    if not (went or found.has_own):
        return ()
    return on_staging(work, environment, recorded.deployment.sha, there=found.has_own)


# ---------------------------------------------------------------- what is said


def _head(work: Operate, attempt: Attempt) -> str:
    return f"**{work.environment}**: the {attempt.act} for {attempt.login}"


def _said(attempt: Attempt, found: Recovered) -> str:
    if attempt.act == _ROLLBACK:
        return f"{attempt.migrations[0]} is {'still applied' if found.applied else 'rolled back'}"
    return f"{len(found.applied)} of {count(len(attempt.migrations), 'migration')} there"


def _way(work: Operate, attempt: Attempt, found: Recovered) -> str:
    if found.failed:
        return f"`/migrate status {work.environment}` tells the two ways out."
    if attempt.act == _ROLLBACK or len(found.applied) == len(attempt.migrations):
        return ""
    return f"`/migrate {work.environment}` applies the rest."
