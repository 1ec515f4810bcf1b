"""What a job works with: the App's client, the queue, what is remembered, and this machine."""

from __future__ import annotations

import functools
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import redis

from bot.errors import BadSetting
from bot.github.client import App
from bot.locks import lock
from bot.memory import Memory
from bot.metrics import Metrics
from bot.model import Repo
from bot.queue import Queue
from bot.running import Running
from bot.settings import GitHubSettings, Settings
from bot.store import connect
from workers.environments.config import Environments, read_environments
from workers.errors import InputError
from workers.machine import machine_of
from workers.review import Machine

_SHA_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Tools:
    """One set for each process."""

    settings: Settings
    github: GitHubSettings
    redis: redis.Redis
    app: App
    queue: Queue
    memory: Memory
    metrics: Metrics
    running: Running
    machine: Machine
    environments: Environments


@functools.cache
def tools_of(settings: Settings) -> Tools:
    """Raises BadSetting where the App is not set up."""
    if settings.github is None:
        raise BadSetting("MIGRATION_BOT_GITHUB_APP_ID is not set, and the worker needs it")
    connection = connect(settings.redis_url)
    return Tools(
        settings=settings,
        github=settings.github,
        redis=connection,
        app=App(settings.github, connection),
        queue=Queue(connection),
        memory=Memory(connection),
        metrics=Metrics(connection),
        running=Running(connection),
        machine=machine_of(settings),
        environments=_environments(settings),
    )


def _environments(settings: Settings) -> Environments:
    try:
        return read_environments(settings.environments, os.environ)
    except InputError as wrong:
        raise BadSetting(str(wrong)) from wrong


def of_commit(tools: Tools, repo: Repo, sha: str) -> AbstractContextManager[object]:
    """The lock of a commit's check, which two pull requests may share."""
    return lock(tools.redis, f"sha:{repo.id}:{sha}", wait_s=_SHA_WAIT_S)


def now() -> str:
    """The time as GitHub writes it: 2026-01-31T12:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
