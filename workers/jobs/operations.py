"""Does to an environment what a command asks, once: recorded before it begins, and never blindly repeated."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import Permanent
from bot.github import comments, pulls
from bot.github.client import Client
from bot.locks import Busy, lock
from bot.model import Operate, Refresh
from bot.queue import key
from bot.running import Runner, lock_key
from workers.environments import told
from workers.environments.model import Progress
from workers.environments.recover import recover
from workers.errors import Cancelled, Refused, Unreachable
from workers.jobs import attempts
from workers.jobs.acts import ACTS, Ending, Operation
from workers.jobs.admission import admitted, environments_of
from workers.jobs.attempts import Recorded
from workers.jobs.sources import source_of
from workers.jobs.tools import Tools, now
from workers.jobs.watching import Watching, shown
from workers.report.markup import prose
from workers.report.words import count

_BUSY_S = 3.0


def operate(tools: Tools, work: Operate) -> None:
    """Raises Retryable, Permanent; Busy while somebody else is at the environment."""
    repo = work.repo
    try:
        with lock(tools.redis, lock_key(repo.id, work.environment)):
            client = tools.app.client(repo, urgent=True)
            if comments.is_answered(client, work.comment):
                return
            tools.running.begin(repo.id, work.environment, Runner(key(work), work.act, work.login, work.number, now()))
            try:
                _answer(tools, client, work, _operated(tools, client, work))
            finally:
                tools.running.end(repo.id, work.environment)
    except Busy as busy:
        raise Busy(str(busy), _BUSY_S) from busy


def refuse(tools: Tools, work: Operate, why: str) -> None:
    """Tells that it could not be done. Raises what GitHub raises."""
    _answer(tools, tools.app.client(work.repo, urgent=True), work, Ending(False, f"❌ **{work.environment}**: {why}"))


def _answer(tools: Tools, client: Client, work: Operate, ending: Ending) -> None:
    comments.reply(client, work.number, work.comment, ending.text)
    if ending.touches:
        tools.queue.add(Refresh(work.repo, work.number, ending.touches))
    comments.conclude(client, work.comment, done=ending.done)


def _operated(tools: Tools, client: Client, work: Operate) -> Ending:
    if ended := _settled(tools, client, work):
        return ended
    admission = admitted(tools, client, work)
    if admission.refused:
        return Ending(False, refused_text(work.environment, admission.refused))
    reply = comments.reply(client, work.number, work.comment, told.progress(work.environment, work.act, {}))
    watching = Watching(lambda: tools.running.cancelled(work.repo.id, work.environment, key(work)))
    operation = Operation(tools, client, work, admission, reply.id, watching)

    def show(steps: Mapping[str, Progress]) -> None:
        comments.edit_reply(client, reply.id, work.comment, told.progress(work.environment, work.act, steps))

    with shown(watching, show):
        return _tried(operation)


def _tried(operation: Operation) -> Ending:
    """What is refused, out of reach or cancelled before any change is an ending like any other."""
    name = operation.work.environment
    try:
        return ACTS[operation.work.act](operation)
    except Refused as refused:
        return Ending(False, f"❌ **{name}**: {prose(str(refused), 3000)}")
    except Unreachable as away:
        return Ending(False, f"❌ **{name}**: {prose(str(away), 1000)} Nothing was changed.")
    except Cancelled as cancelled:
        return Ending(False, f"⏹️ **{name}**: {prose(str(cancelled))}. Nothing was changed.")


def refused_text(environment: str, reasons: tuple[str, ...]) -> str:
    """All the reasons, so that nobody has to find out one by one."""
    return f"❌ **{environment}**: refused.\n\n" + "".join(f"- {prose(reason)}\n" for reason in reasons)


# ---------------------------------------------------------------- what was left behind


def _settled(tools: Tools, client: Client, work: Operate) -> Ending | None:
    """Brings attempts to their end whose worker is gone: under the lock, nobody is at work on them. One of this very
    command is not begun again: how it ended is the answer."""
    ours = None
    for recorded in tuple(attempts.unfinished(client, work.environment)):
        ending = _recovered(tools, client, work, recorded)
        if recorded.attempt.key == key(work):
            ours = ending
    if ours is None and any(one.attempt.key == key(work) for one in attempts.records(client, work.environment)):
        return Ending(True, "This was done before; the deployment of this commit tells how it ended.")
    return ours


def _recovered(tools: Tools, client: Client, work: Operate, recorded: Recorded) -> Ending:
    attempt = recorded.attempt
    pull = pulls.pull(client, attempt.number)
    environment = next(one for one in environments_of(tools, client) if one.name == work.environment)
    order = source_of(tools, client, pull).order(environment)
    try:
        found = recover(order, attempt.migrations, tools.machine)
    except (Refused, Unreachable) as error:
        raise Permanent(f"how the attempt for {attempt.login} ended cannot be found out: {error}") from error
    wanted_there = attempt.act == "deploy"
    done = not (found.open if wanted_there else found.applied)
    said = f"{count(len(found.applied), 'migration')} of {len(attempt.migrations)} there"
    attempts.end(client, recorded, "success" if done else "failure", f"interrupted, and looked up: {said}")
    notes = "".join(f"- {prose(note)}\n" for note in found.notes)
    mark = "✅" if done else "❌"
    text = f"{mark} **{work.environment}**: the {attempt.act} for {attempt.login} was interrupted; {said}.\n\n{notes}"
    return Ending(done, text)
