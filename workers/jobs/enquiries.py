"""Answers commands about environments that need no waiting, and hands the others to the operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.github import comments
from bot.github.client import Client
from bot.model import Operate
from bot.queue import key
from bot.running import Runner, lock_key
from bot.store import PREFIX
from workers.environments import told
from workers.environments.gate import Act
from workers.environments.order import forecast, looking
from workers.environments.recover import seen_of
from workers.environments.remnants import end_remnants
from workers.errors import Refused, Unreachable
from workers.jobs.admission import Admission, admitted, barred
from workers.jobs.operations import refused_text
from workers.jobs.tools import Tools
from workers.report.markup import prose
from workers.report.words import visible


@dataclass(frozen=True, slots=True)
class Said:
    """done: None where an operator will say how it ends."""

    done: bool | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Enquiry:
    tools: Tools
    client: Client
    work: Operate
    admission: Admission


def enquire(tools: Tools, client: Client, work: Operate) -> Said:
    """Raises Retryable, Permanent."""
    runner = tools.running.now(work.repo.id, work.environment)
    refused = barred(tools, client, work, runner.login if runner else "")
    if refused:
        return Said(False, refused_text(work.environment, refused))
    if work.act == Act.CANCEL:
        return _cancel(tools, work, runner)
    admission = admitted(tools, client, work)
    if admission.refused:
        return Said(False, refused_text(work.environment, admission.refused))
    answer = _ANSWERS.get(work.act, _hand_over)
    try:
        return answer(_Enquiry(tools, client, work, admission))
    except (Refused, Unreachable) as error:
        return Said(False, f"❌ **{work.environment}**: {prose(str(error), 1000)}")


def _hand_over(enquiry: _Enquiry) -> Said:
    """What is said of waiting is written first: it must not take the place of what an operator says."""
    tools, client, work = enquiry.tools, enquiry.client, enquiry.work
    runner = tools.running.now(work.repo.id, work.environment)
    if runner and runner.key != key(work):
        waits = f"{runner.act} for {runner.login} in #{runner.number} is running since {runner.at[11:16]} UTC"
        text = f"⏳ **{work.environment}**: waits its turn: {waits}."
        comments.reply(client, work.number, work.comment, text)
    tools.queue.add(work)
    return Said(None)


def _status(enquiry: _Enquiry) -> Said:
    order, machine = enquiry.admission.order, enquiry.tools.machine
    with looking(order) as desk:
        truths = {entry: seen_of(desk, entry, machine) for entry in desk.diagnosis.failed}
        return Said(True, told.status(order.environment, desk.diagnosis, truths))


def _plan(enquiry: _Enquiry) -> Said:
    order = enquiry.admission.order
    with looking(order) as desk:
        report = forecast(desk, enquiry.tools.machine)
        return Said(True, told.plan(order.environment, desk.diagnosis, report, order.own))


def _cancel(tools: Tools, work: Operate, runner: Runner | None) -> Said:
    """Reads nothing of the pull request, which may have become unreadable since."""
    if runner is None:
        return Said(False, f"Nothing is running on **{work.environment}**.")
    tools.running.cancel(work.repo.id, work.environment, runner.key)
    return Said(True, f"⏹️ **{work.environment}**: {runner.act} for {runner.login} is told to stop.")


def _unlock(enquiry: _Enquiry) -> Said:
    """What is alive is cancelled, not unlocked. What is left of the dead: our own record, and sessions of ours that the
    server still keeps."""
    tools, work = enquiry.tools, enquiry.work
    runner = tools.running.now(work.repo.id, work.environment)
    if tools.redis.exists(f"{PREFIX}lock:{lock_key(work.repo.id, work.environment)}"):
        who = f"{runner.act} for {runner.login} in #{runner.number}" if runner else "somebody"
        return Said(False, f"**{work.environment}** is at work: {who}. `/migrate cancel {work.environment}` stops it.")
    tools.running.end(work.repo.id, work.environment)
    lines = end_remnants(enquiry.admission.order)
    shown = "".join(f"- {visible(line)}\n" for line in lines)
    return Said(True, f"🔓 **{work.environment}** is free on our side.\n\n{shown}")


_ANSWERS: Mapping[str, Callable[[_Enquiry], Said]] = {
    "status": _status,
    "plan": _plan,
    "unlock": _unlock,
}
