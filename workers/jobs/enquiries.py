"""Answers commands about environments that need no waiting, and hands the others to the operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.github import comments
from bot.github.client import Client
from bot.locks import Busy, lock
from bot.model import Operate
from bot.running import lock_key
from workers.environments import told
from workers.environments.gate import Act
from workers.environments.order import forecast, looking
from workers.environments.recover import seen_of
from workers.environments.remnants import end_remnants
from workers.errors import Refused, Unreachable
from workers.jobs.admission import Admission, admitted, barred, case_of
from workers.jobs.cancelling import asked_by, meant_by, stop
from workers.jobs.operations import refused_text
from workers.jobs.tools import Tools
from workers.report.markup import prose
from workers.report.words import visible


@dataclass(frozen=True, slots=True)
class Answer:
    """done: whether the command did what it asks, None where an operator will tell. reply: Markdown, "" where the
    reaction says it all."""

    done: bool | None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class _Enquiry:
    tools: Tools
    client: Client
    work: Operate
    admission: Admission


def enquire(tools: Tools, client: Client, work: Operate) -> Answer:
    """Raises Retryable, Permanent."""
    meant = meant_by(tools, client, work) if work.act == Act.CANCEL else ()
    case = case_of(tools, client, work, asked_by(meant))
    if refused := barred(case):
        return Answer(False, refused_text(work.environment, refused))
    if work.act == Act.CANCEL:
        return _cancel(tools, client, work, meant)
    admission = admitted(tools, client, case)
    if admission.refused:
        return Answer(False, refused_text(work.environment, admission.refused))
    answer = _ANSWERS.get(work.act, _hand_over)
    try:
        return answer(_Enquiry(tools, client, work, admission))
    except (Refused, Unreachable) as error:
        if isinstance(error, Unreachable):
            tools.metrics.count("connection_failures", repository=work.repo.name, environment=work.environment)
        return Answer(False, f"❌ **{work.environment}**: {prose(str(error), 1000)}")


def _hand_over(enquiry: _Enquiry) -> Answer:
    """What is said of waiting is written first: it must not take the place of what an operator says."""
    tools, client, work = enquiry.tools, enquiry.client, enquiry.work
    runner = tools.running.now(work.repo.id, work.environment)
    earlier = next((one for one in tools.running.asked(work.repo.id, work.environment) if one != work), None)
    if earlier:
        runs = f"is running since {runner.at[11:16]} UTC" if runner else "was asked for before"
        waits = f"{earlier.act} for {earlier.login} in #{earlier.number} {runs}"
        text = f"⏳ **{work.environment}**: waits its turn: {waits}."
        comments.reply(client, work.number, work.comment, text)
    tools.queue.add(work)
    return Answer(None)


def _status(enquiry: _Enquiry) -> Answer:
    order, machine = enquiry.admission.order, enquiry.tools.machine
    with looking(order) as desk:
        truths = {entry: seen_of(desk, entry, machine) for entry in desk.diagnosis.failed}
        return Answer(True, told.status(order.environment, desk.diagnosis, truths))


def _plan(enquiry: _Enquiry) -> Answer:
    order = enquiry.admission.order
    with looking(order) as desk:
        report = forecast(desk, enquiry.tools.machine)
        return Answer(True, told.plan(order.environment, desk.diagnosis, report, order.own))


def _cancel(tools: Tools, client: Client, work: Operate, meant: tuple[Operate, ...]) -> Answer:
    """Reads nothing of the pull request, which may have become unreadable since."""
    if not meant:
        return Answer(False, f"Nothing is running on **{work.environment}**, and nothing waits there.")
    return Answer(True, "\n\n".join(stop(tools, client, one) for one in meant))


def _unlock(enquiry: _Enquiry) -> Answer:
    """What is alive is cancelled, not unlocked. What is left of the dead: our own record, and sessions of ours that the
    server still keeps."""
    tools, work = enquiry.tools, enquiry.work
    try:
        with lock(tools.redis, lock_key(work.repo.id, work.environment)):
            tools.running.end(work.repo.id, work.environment)
            lines = end_remnants(enquiry.admission.order)
    except Busy:
        runner = tools.running.now(work.repo.id, work.environment)
        who = f"{runner.act} for {runner.login} in #{runner.number}" if runner else "somebody"
        at_work = f"**{work.environment}** is at work: {who}. `/migrate cancel {work.environment}` stops it."
        return Answer(False, at_work)
    shown = "".join(f"- {visible(line)}\n" for line in lines)
    return Answer(True, f"🔓 **{work.environment}** is free on our side.\n\n{shown}")


_ANSWERS: Mapping[str, Callable[[_Enquiry], Answer]] = {
    "status": _status,
    "plan": _plan,
    "unlock": _unlock,
}
