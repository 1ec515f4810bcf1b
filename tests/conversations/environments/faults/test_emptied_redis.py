"""Redis loses everything while an environment is changed: what the database and GitHub know is enough."""

from __future__ import annotations

import subprocess

import pytest

from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import DONE, NOTE, UNDONE, after
from tests.conversations.faults.quick import job_of, kill, start_operator, stop
from tests.town import Town

pytestmark = pytest.mark.campaign  # .ci/run has the time for it


def _lose(place: Town) -> None:
    place.redis.stop()
    place.redis.start()


def test_while_a_migration_runs(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """Another operator is told to do the same, finds it at work, and waits for its end."""
    other = start_operator(site.town)
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        _lose(site.town)
        site.town.until(lambda: "cannot be found out" in site.reply(said), "another one was told to do the same")
    site.town.until(lambda: site.reactions(said) >= {"rocket"}, "it is answered")
    assert "1 migration applied" in site.end(said)
    assert site.story(said) == DONE
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "nothing is pending" in answer
    assert site.story(said) == DONE
    stop(other)


def test_together_with_the_operator(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        kill(operator.pid, job_of(operator))
        _lose(site.town)
        site.cut()
    start_operator(site.town)
    site.town.until(lambda: site.reactions(said) >= {"confused"}, "it is answered")
    answer = site.end(said)
    assert "the deploy for ann was interrupted: 0 of 1 migration there" in answer
    assert site.story(said) == UNDONE
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert site.story(said) == after(UNDONE, DONE)
