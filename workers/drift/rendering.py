"""Prisma's engine at work beside everything else: the DDL of both branches' schemas, one after another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from workers.drift.engine import render
from workers.drift.pins import Build
from workers.postgres.sandbox import Tier


@dataclass(frozen=True, slots=True)
class Rendering:
    """What the pull request declares, and what its base branch does. Both are waited for, and raise NotRendered."""

    _now: Future[str]
    _before: Future[str]

    @property
    def now(self) -> str:
        return self._now.result()

    @property
    def before(self) -> str:
        return self._before.result()


@contextlib.contextmanager
def rendering(
    build: Build, cache: Path, files: Mapping[str, str], before: Mapping[str, str], tier: Tier
) -> Iterator[Rendering]:
    """At work until the block ends. files, before: texts by path."""
    with ThreadPoolExecutor(1) as pool:  # the engine dies with its thread
        now = pool.submit(render, build, cache, files, tier)
        same = before in ({}, files)
        try:
            yield Rendering(now, now if same else pool.submit(render, build, cache, before, tier))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
