"""A comparison that its operator did not outlive is made again: it has changed nothing."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import NOTE, NOTHING
from tests.conversations.faults.quick import job_of, kill, locks_end, start_operator

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_HISTORY = 'LOCK TABLE "_prisma_migrations"'


def test_the_operator_is_killed(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding(_HISTORY):
        said = site.begin("ann", pull, "/migrate drift staging")
        site.waiting()
        kill(operator.pid, job_of(operator))
        site.cut("migration-bot: drift")
    locks_end(site.town)
    start_operator(site.town)
    assert "✅ **staging**: The database is what its migrations build. 1 migration applied" in site.end(said)
    assert site.story(said) == replace(NOTHING, reaction="rocket")


def test_somebody_holds_the_history_table(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding(_HISTORY):
        said, answer = site.exchange("ann", pull, "/migrate drift hasty")
    assert "a table is under an ACCESS EXCLUSIVE lock, waited 300 ms for it" in answer
    assert site.story(said) == NOTHING


def test_it_is_cancelled(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding(_HISTORY):
        said = site.begin("ann", pull, "/migrate drift staging")
        site.waiting()
        stopping = site.begin("bob", pull, "/migrate cancel staging")
        site.town.until(lambda: site.reactions(stopping) >= {"rocket"}, "it is told to stop")
    assert "⏹️ **staging**: stopped on request while the migrations were replayed" in site.end(said)
