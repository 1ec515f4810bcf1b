"""Does to an environment what a command asks, once: recorded before it begins, and never blindly repeated."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

from bot.errors import Permanent, Retryable
from bot.github import comments
from bot.github.client import Client
from bot.locks import Busy, lock
from bot.model import Operate
from bot.queue import key
from bot.running import Ending, Runner, lock_key
from workers.environments import told
from workers.environments.model import Progress
from workers.errors import Cancelled, Refused, Unreachable
from workers.jobs import attempts
from workers.jobs.acts import ACTS, Operation
from workers.jobs.admission import admitted, case_of
from workers.jobs.cancelling import called_off
from workers.jobs.interrupted import settled
from workers.jobs.telling import tell
from workers.jobs.tools import Tools, now
from workers.jobs.watching import Watching, shown
from workers.report.markup import prose

_BUSY_S = 3.0


def operate(tools: Tools, work: Operate) -> None:
    """Raises Retryable, Permanent; Busy while somebody else is at the environment, or has asked for it before."""
    repo = work.repo
    if not tools.running.is_next(repo.id, work.environment, key(work)):  # whoever looks first when it is free
        raise Busy(f"{key(work)} waits for an earlier command", _BUSY_S)
    try:
        with lock(tools.redis, lock_key(repo.id, work.environment)):
            client = tools.app.client(repo, urgent=True)
            tools.running.begin(repo.id, work.environment, Runner(key(work), work.act, work.login, work.number, now()))
            try:
                if comments.is_answered(client, work.comment):
                    _say_again(tools, client, work)
                else:
                    tell(tools, client, work, _ended(tools, client, work))
                tools.running.conclude(repo.id, key(work))
            finally:
                with contextlib.suppress(Retryable):  # without the lock, it counts for nothing
                    tools.running.end(repo.id, work.environment)
    except Busy as busy:
        raise Busy(str(busy), _BUSY_S) from busy


def refuse(tools: Tools, work: Operate, why: str) -> None:
    """Tells that it could not be done; or how it ended, where only that could not be told. Raises what GitHub
    raises."""
    client = tools.app.client(work.repo, urgent=True)
    begun = "\n\nIt had begun; how it ended is found out by the next command." if _has_begun(client, work) else ""
    given_up = Ending(False, f"❌ **{work.environment}**: {why}{begun}")
    tell(tools, client, work, tools.running.kept(key(work)) or given_up)


def _has_begun(client: Client, work: Operate) -> bool:
    """As far as GitHub tells."""
    with contextlib.suppress(Retryable, Permanent):
        return attempts.has_begun(client, work)
    return False


def _say_again(tools: Tools, client: Client, work: Operate) -> None:
    """Where Redis lost the lock there may have been two at it, of which one still said that it waits for the other."""
    if ending := tools.running.kept(key(work)):
        comments.reply(client, work.number, work.comment, ending.text)


def _ended(tools: Tools, client: Client, work: Operate) -> Ending:
    """Kept until it is told: what an attempt to tell it again would find out in the database is less than this."""
    ending = (
        tools.running.kept(key(work))
        or called_off(tools, client, work)
        or settled(tools, client, work)
        or _operated(tools, client, work)
    )
    with contextlib.suppress(Retryable):
        tools.running.keep(key(work), ending)
    return ending


def _operated(tools: Tools, client: Client, work: Operate) -> Ending:
    admission = admitted(tools, client, case_of(tools, client, work))
    if admission.refused:
        return Ending(False, refused_text(work.environment, admission.refused), headline="refused")
    reply = comments.reply(client, work.number, work.comment, told.progress(work.environment, work.act, {}))
    watching = Watching(lambda: tools.running.cancelled(work.repo.id, key(work)))
    operation = Operation(tools, client, work, admission, reply.id, watching)

    def show(steps: Mapping[str, Progress]) -> None:
        comments.edit_reply(client, reply.id, work.comment, told.progress(work.environment, work.act, steps))

    with shown(watching, show):
        return _measured(operation)


def _measured(operation: Operation) -> Ending:
    began = time.monotonic()
    with operation.measuring.running():
        ending = _tried(operation)
    operation.measuring.ended(ending, began)
    return ending


def _tried(operation: Operation) -> Ending:
    """What is refused, out of reach or cancelled before any change is an ending like any other."""
    name = operation.work.environment
    try:
        return ACTS[operation.work.act](operation)
    except Refused as refused:
        operation.measuring.stopped(operation.watching.last())
        return Ending(False, f"❌ **{name}**: {prose(str(refused), 3000)}", headline=str(refused))
    except Unreachable as away:
        operation.measuring.unreachable()
        operation.measuring.stopped(operation.watching.last())
        said = prose(str(away).removesuffix("."), 1000)
        return Ending(False, f"❌ **{name}**: {said}. Nothing was changed.", headline=str(away))
    except Cancelled as cancelled:
        return Ending(False, f"⏹️ **{name}**: {prose(str(cancelled))}. Nothing was changed.", headline=str(cancelled))


def refused_text(environment: str, reasons: tuple[str, ...]) -> str:
    """All the reasons, so that nobody has to find out one by one."""
    return f"❌ **{environment}**: refused.\n\n" + "".join(f"- {prose(reason)}\n" for reason in reasons)
