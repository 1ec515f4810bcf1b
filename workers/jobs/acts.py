"""What can be asked of an environment, one function for each: each ends in what is said about it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.checklist import OPERATOR
from bot.comment import LIMIT_BYTES
from bot.github.client import Client
from bot.model import Operate, Touch
from bot.queue import key
from bot.running import Ending
from workers.environments import told
from workers.environments.back import roll_back
from workers.environments.deploy import Work, deploy
from workers.environments.keeping import back_up, prune
from workers.environments.model import Environment, EnvironmentKind
from workers.environments.order import Desk, forecast, looking, working
from workers.environments.questions import asked
from workers.errors import CannotAnalyse, Refused
from workers.jobs import attempts
from workers.jobs.admission import Admission
from workers.jobs.attempts import Attempt
from workers.jobs.measuring import Measuring
from workers.jobs.spare import spared
from workers.jobs.tips import compared, meant_as
from workers.jobs.tools import Tools, now
from workers.jobs.watching import Watching
from workers.model import Migration
from workers.report.drift_comment import drift_comment
from workers.report.markup import prose
from workers.verdict import Report

_MARKER_BYTES = 200  # what stands before an answer
_REASON_CHARS = 1000  # of a reason, in the record


@dataclass(frozen=True, slots=True)
class Operation:
    """A command that may be done. reply: the id of our answer."""

    tools: Tools
    client: Client
    work: Operate
    admission: Admission
    reply: int
    watching: Watching

    @property
    def measuring(self) -> Measuring:
        return Measuring(self.tools.metrics, self.admission.order.environment, self.work.act)

    def begin(self, migrations: tuple[str, ...]) -> None:
        """Writes the record, before the first change."""
        work, environment = self.work, self.admission.order.environment
        log = f"{self.tools.github.url}/{self.client.repo.name}/pull/{work.number}#issuecomment-{self.reply}"
        aside, because = self.admission.put_aside, work.because[:_REASON_CHARS]
        attempt = Attempt(work.comment, work.act, work.login, work.number, migrations, log, aside, because)
        production = environment.kind is EnvironmentKind.PRODUCTION
        attempts.begin(self.client, work, attempt, self.admission.pull.head_sha, production)

    def touch(self, kind: str, because: str, *, ticked: bool = True) -> tuple[Touch, ...]:
        """For the open pull request's items of a kind."""
        return touched(self.work, self.admission.pull.head_sha, kind, because, ticked=ticked)


def touched(work: Operate, sha: str, kind: str, because: str, *, ticked: bool = True) -> tuple[Touch, ...]:
    """For the items of a kind, as long as the commit is the head."""
    return (Touch(kind, ticked, OPERATOR, now(), f"operation {work.comment}", because, sha),)


def on_staging(work: Operate, environment: Environment, sha: str, *, there: bool) -> tuple[Touch, ...]:
    """The item that a staging sees to, and no other environment. there: whether it has all that the pull request
    brings, or has it no more."""
    if environment.kind is not EnvironmentKind.STAGING:
        return ()
    because = f"{'on' if there else 'rolled back on'} {environment.name}, for {work.login}"
    return touched(work, sha, "staging", because, ticked=there)


# ---------------------------------------------------------------- what can be asked


def _work(operation: Operation) -> Work:
    backed_up = functools.partial(spared, operation.tools.running, key(operation.work))
    return Work(operation.tools.machine, operation.watching, operation.begin, backed_up)


def _deploy(operation: Operation) -> Ending:
    order = operation.admission.order
    if "--dry-run" in operation.work.flags:
        return _preflight(operation)
    done = deploy(order, _work(operation))
    operation.measuring.deployed(done)
    text = told.deployed(order.environment, done)
    if reasons := told.reasons(operation.admission.put_aside, operation.work.because):
        text = f"{text}\n\n{reasons}"
    if not done.stopped:
        text += "".join(f"\n\n{prose(line)}" for line in prune(order.environment))
    sha = operation.admission.pull.head_sha
    touches = on_staging(operation.work, order.environment, sha, there=True) if done.has_own else ()
    return Ending(not done.stopped, text, touches, "" if done.unknown else told.headline(done))


def _preflight(operation: Operation) -> Ending:
    order = operation.admission.order
    with looking(order) as desk:
        report = forecast(desk, operation.tools.machine)
        plan = told.plan(order.environment, desk.diagnosis, report, order.own)
        if not isinstance(report, Report):
            return Ending(False, plan)
        answers = asked(desk.connection, report.preflight, operation.watching)
    passed = all(answer.passed is not False for answer in answers)
    text = told.preflight(order.environment.name, answers)
    if operation.work.act == "deploy":
        text = f"{plan}\n\n{text}"
    production = order.environment.kind is EnvironmentKind.PRODUCTION
    because = f"asked on {order.environment.name}, for {operation.work.login}"
    return Ending(passed, text, operation.touch("preflight", because) if passed and production else ())


def _drift(operation: Operation) -> Ending:
    """Against what the pull request would leave merged, as `status` has it."""
    order, watching = operation.admission.order, operation.watching
    try:
        found = compared(operation.tools, operation.client, order.environment, meant_as(order), watching.replaying)
    except CannotAnalyse as why:
        raise Refused(str(why)) from why
    return Ending(True, drift_comment(found, order.environment.name, LIMIT_BYTES - _MARKER_BYTES))


def _backup(operation: Operation) -> Ending:
    environment = operation.admission.order.environment
    taken = back_up(environment, operation.admission.order.label, operation.tools.machine, operation.watching)
    if taken is None:
        raise Refused("no backup is configured for it")
    operation.measuring.backed_up(taken)
    text = told.backed_up(environment.name, taken)
    text += "".join(f"\n\n{prose(line)}" for line in prune(environment))
    production = environment.kind is EnvironmentKind.PRODUCTION
    because = f"{taken.name}, for {operation.work.login}"
    return Ending(True, text, operation.touch("backup", because) if production else ())


def _rollback(operation: Operation) -> Ending:
    order, work = operation.admission.order, operation.work
    wanted = work.arguments[0] if work.arguments else None
    undone = roll_back(order, wanted, "--lossy" in work.flags, _work(operation))
    text = told.undone(order.environment, undone, work.because)
    own = undone.done and undone.migration in order.own
    touches = on_staging(work, order.environment, operation.admission.pull.head_sha, there=False) if own else ()
    return Ending(undone.done, text, touches, "" if undone.unknown else told.undone_headline(undone))


def _resolve(operation: Operation) -> Ending:
    order, work = operation.admission.order, operation.work
    name, flags = work.arguments[0], set(work.flags)
    migration = next((one for one in order.migrations if one.id == name), None)
    if len(flags) != 1:
        raise Refused("say one of the two: --applied after finishing it by hand, --rolled-back after undoing it")
    if migration is None:
        raise Refused(f"there is no migration `{name}` in this commit")
    with working(order, "resolve") as desk:
        said = _as_applied(desk, migration) if "--applied" in flags else _as_rolled_back(desk, migration)
    return Ending(True, f"✅ **{work.environment}**: {prose(f'`{name}` {said}')}.")


def _as_applied(desk: Desk, migration: Migration) -> str:
    """What is then so; or is so already, as where somebody began this and could not tell."""
    applied, failed = _names(desk)
    if migration.id in failed or migration.id not in applied:
        desk.book.stamp(desk.connection, migration, desk.order.migrations)
    return "is marked as applied"


def _as_rolled_back(desk: Desk, migration: Migration) -> str:
    """As with the other."""
    applied, failed = _names(desk)
    if migration.id not in applied | failed:
        return "is pending, and not marked as failed"
    desk.book.clear(desk.connection, migration, desk.order.migrations)
    return "is marked as rolled-back"


def _names(desk: Desk) -> tuple[frozenset[str], frozenset[str]]:
    """Of what is applied, and of what has failed."""
    diagnosis = desk.diagnosis
    return frozenset(one.name for one in diagnosis.applied), frozenset(one.name for one in diagnosis.failed)


ACTS: Mapping[str, Callable[[Operation], Ending]] = {
    "deploy": _deploy,
    "preflight": _preflight,
    "drift": _drift,
    "backup": _backup,
    "rollback": _rollback,
    "resolve": _resolve,
}
