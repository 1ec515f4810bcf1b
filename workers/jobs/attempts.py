"""The record of what was begun in an environment: a GitHub Deployment, written before the first change is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.github import deployments
from bot.github.client import Client
from bot.github.deployments import Deployment, Status, Wanted
from bot.model import Operate
from bot.queue import key


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a deployment's payload says. comment: the command's. migrations: those that were to be applied, in order, or
    the one to be rolled back. log: the address of our answer to the command. put_aside: the rules that --force put
    aside, sentences. because: the reason that was given."""

    comment: int
    act: str
    login: str
    number: int
    migrations: tuple[str, ...]
    log: str
    put_aside: tuple[str, ...] = ()
    because: str = ""

    @property
    def description(self) -> str:
        """In a line."""
        why = f", because {self.because}" if self.because else ""
        return f"{self.act} for {self.login}, pull request {self.number}{why}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An attempt as GitHub keeps it."""

    deployment: Deployment
    attempt: Attempt


def begin(client: Client, work: Operate, attempt: Attempt, sha: str, production: bool) -> None:
    """Writes the record, and that it is in progress. Raises what GitHub raises: then nothing must be changed."""
    wanted = Wanted(
        sha=sha,
        environment=work.environment,
        payload=asdict(attempt),
        description=attempt.description,
        production=production,
        key=key(work),
    )
    deployment = deployments.create(client, wanted)
    deployments.tell(client, deployment, "in_progress", f"{len(attempt.migrations)} to go", attempt.log)


def end(client: Client, recorded: Recorded, *, done: bool, description: str) -> None:
    """Told twice, it is told once."""
    state = "success" if done else "failure"
    deployments.tell(client, recorded.deployment, state, description, recorded.attempt.log)


def told_last(client: Client, recorded: Recorded) -> Status | None:
    """None for one that never began: its record was not finished, and that comes before the first change."""
    return next(iter(deployments.statuses(client, recorded.deployment)), None)


def unfinished(client: Client, environment: str) -> Iterator[Recorded]:
    """Ours that nobody brought to an end, the newest first."""
    for recorded in records(client, environment):
        last = told_last(client, recorded)
        if last is not None and last.over:
            return  # they come one after another, under a lock
        yield recorded


def of(client: Client, work: Operate) -> Recorded | None:
    """The record of a command, if it came so far."""
    for recorded in records(client, work.environment):
        if recorded.attempt.comment == work.comment:
            return recorded
        if recorded.deployment.created_at < work.at:
            return None
    return None


def has_begun(client: Client, work: Operate) -> bool:
    """Whether a command may have changed something: its record is whole."""
    recorded = of(client, work)
    return recorded is not None and told_last(client, recorded) is not None


def records(client: Client, environment: str) -> Iterator[Recorded]:
    """All attempts of ours, the newest first."""
    for deployment in deployments.find(client, environment):
        if attempt := _read(deployment.payload):
            yield Recorded(deployment, attempt)


def _read(payload: Mapping[str, Any]) -> Attempt | None:
    """None for what another version wrote."""
    try:
        return Attempt(
            comment=int(payload["comment"]),
            act=str(payload["act"]),
            login=str(payload["login"]),
            number=int(payload["number"]),
            migrations=tuple(str(one) for one in payload["migrations"]),
            log=str(payload["log"]),
            put_aside=tuple(str(one) for one in payload.get("put_aside", ())),
            because=str(payload.get("because", "")),
        )
    except (ValueError, TypeError, KeyError):
        return None
