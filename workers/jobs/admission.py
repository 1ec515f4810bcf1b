"""Decides who may do what to an environment, on what GitHub and the databases say at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot import record
from bot.errors import Permanent
from bot.github import checks, people, pulls, reviews
from bot.github.checks import Run
from bot.github.client import Client
from bot.github.pulls import Pull
from bot.model import Operate
from workers.environments import gate
from workers.environments.gate import Act, Person, Situation, Wish
from workers.environments.model import Environment
from workers.environments.order import Order, looking
from workers.errors import Refused, Unreachable
from workers.jobs.permission import in_team
from workers.jobs.sources import source_of
from workers.jobs.tools import Tools

_DRY_RUN = "--dry-run"


@dataclass(frozen=True, slots=True)
class Admission:
    """refused: every reason, plain sentences. put_aside: what --force puts aside."""

    pull: Pull
    order: Order
    refused: tuple[str, ...]
    put_aside: tuple[str, ...]


def environments_of(tools: Tools, client: Client) -> tuple[Environment, ...]:
    """The repository's own, and no other's."""
    return tools.environments.of(client.repo.name, client.repo.id)


@dataclass(frozen=True, slots=True)
class Case:
    """Who asks what of which environment, in which pull request, and when (UTC, 2026-01-31T12:00:00Z). situation: as
    far as the pull request itself tells."""

    pull: Pull
    environment: Environment
    person: Person
    wish: Wish
    at: str
    situation: Situation


def case_of(tools: Tools, client: Client, work: Operate, asked_by: str = "") -> Case:
    """Everything is asked anew. asked_by: see Situation. Raises Retryable, Permanent."""
    environment = next((one for one in environments_of(tools, client) if one.name == work.environment), None)
    if environment is None:
        raise Permanent(f"There is no environment {work.environment} any more.")
    pull, wish = pulls.pull(client, work.number), wish_of(work)
    situation = Situation(
        from_fork=pull.from_fork,
        is_open=pull.state == "open",
        merged=pull.merged,
        reviewed_sha="",
        head_sha=pull.head_sha,
        verdict="",
        approvals=0,
        migrated=frozenset(),
        asked_by=asked_by,
        now=datetime.now(UTC),
    )
    person = _person(client, work.login, gate.teams_asked(environment, wish))
    return Case(pull, environment, person, wish, work.at, situation)


def barred(case: Case) -> tuple[str, ...]:
    """The reasons for which nobody has to look further: who may do nothing makes nothing be read."""
    return gate.barred(case.environment, case.person, case.situation, case.wish)


def admitted(tools: Tools, client: Client, case: Case) -> Admission:
    """What else it takes is asked now. Raises Retryable, Permanent."""
    pull = case.pull
    source = source_of(tools, client, pull)
    order = source.order(case.environment)
    rules = order.environment.rules
    runs = checks.runs(client, pull.head_sha)
    situation = replace(
        case.situation,
        reviewed_sha=_reviewed(runs, case),
        verdict=_verdict(runs, pull),
        approvals=_approvals(client, pull) if rules.approvals else 0,
        migrated=frozenset(
            one.name for one in environments_of(tools, client) if one.name in rules.after and _has(source.order(one))
        ),
    )
    refused = gate.refusals(order.environment, case.person, situation, case.wish)
    return Admission(pull, order, refused, gate.overridden(order.environment, situation, case.wish))


def wish_of(work: Operate) -> Wish:
    """The command in the words of the rules."""
    act = Act.DRY_RUN if work.act == Act.DEPLOY and _DRY_RUN in work.flags else Act(work.act)
    return Wish(act, "--force" in work.flags, "--lossy" in work.flags, work.because)


def _person(client: Client, login: str, teams: Iterable[str]) -> Person:
    return Person(login, people.role(client, login), frozenset(team for team in teams if in_team(client, team, login)))


def _verdict(runs: Sequence[Run], pull: Pull) -> str:
    """What our newest check of the head says of the pull request. runs: of the head, the newest first."""
    for run in runs:
        if run.status == "completed" and (section := record.section_of(pull.number, record.parse(run.text))):
            return section.verdict.value
    return ""


def _approvals(client: Client, pull: Pull) -> int:
    """None, while somebody who may write asks for changes."""
    found = reviews.approvals(client, pull.number, pull.head_sha, pull.author)
    if any(people.may_write(client, login) for login in found.against):
        return 0
    return sum(people.may_write(client, login) for login in found.by)


def _reviewed(runs: Sequence[Run], case: Case) -> str:
    """The commit that was reviewed and that the author of the command can have seen: "" where the head came later. A
    comment does not say which one it is about; our first check of a commit tells when that came."""
    began = [run.started_at for run in runs if run.started_at]
    return case.pull.head_sha if began and min(began) <= case.at else ""


def _has(order: Order) -> bool:
    """Whether an environment has it, as it is now. One that cannot be asked has not, as far as we can tell."""
    try:
        with looking(order) as desk:
            return desk.has_own
    except (Refused, Unreachable):
        return False
