"""GitHub fails while an environment is changed: nothing without a record, nothing twice, and told when it is well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import DONE, NOTE, NOTHING, UNDONE, after
from tests.conversations.faults.quick import settle
from tests.conversations.faults.story import api
from tests.github.faults import Answer, Effect, lost_response, refusal, server_error

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_OFTEN = 1000
_RECORD, _STATUS, _REPLY = ("POST", "deployments$"), ("POST", "deployments/.*/statuses$"), ("PATCH", "issues/comments")


@pytest.mark.parametrize(
    ("write", "effect"),
    [
        (_RECORD, lost_response()),
        (_STATUS, server_error()),
        pytest.param(_RECORD, server_error(), marks=pytest.mark.campaign),
    ],
)
def test_the_record_cannot_be_written_at_once(site: Scene, write: tuple[str, str], effect: Effect) -> None:
    method, path = write
    pull = site.shop.open(m2_note=NOTE)
    site.town.github.fail(method, api(site.shop, path), effect)
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == DONE


def test_whether_the_record_was_written_is_not_known(site: Scene) -> None:
    """It says that it was begun: so the database is asked, and nothing is done that might be done already."""
    pull = site.shop.open(m2_note=NOTE)
    site.town.github.fail(_STATUS[0], api(site.shop, _STATUS[1]), lost_response())
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "the deploy for ann was interrupted: 0 of 1 migration there" in answer
    begun = replace(NOTHING, deployments=UNDONE.deployments)
    assert site.story(said) == begun
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert site.story(said) == after(begun, DONE)


@pytest.mark.parametrize(
    ("method", "effect"), [("POST", server_error()), ("*", refusal(403, "Resource not accessible by integration"))]
)
def test_the_record_cannot_be_written_at_all(site: Scene, method: str, effect: Answer) -> None:
    pull = site.shop.open(m2_note=NOTE)
    site.town.github.fail(method, api(site.shop, "deployments"), effect, times=_OFTEN)
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert str(effect.status) in answer
    assert site.story(said) == NOTHING
    site.town.github.state.faults.clear()
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert site.story(said) == DONE


@pytest.mark.parametrize(
    ("method", "path", "before"), [(*_STATUS, 1), pytest.param(*_REPLY, 0, marks=pytest.mark.campaign)]
)
def test_the_end_cannot_be_told_at_once(site: Scene, method: str, path: str, before: int) -> None:
    """What was done is told as it was, when it can be."""
    pull = site.shop.open(m2_note=NOTE)
    site.town.github.fail(method, api(site.shop, path), server_error(), times=3, after=before)
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == DONE


@pytest.mark.parametrize(
    ("method", "path", "before"), [(*_STATUS, 1), pytest.param(*_REPLY, 0, marks=pytest.mark.campaign)]
)
def test_the_end_cannot_be_told_at_all(site: Scene, method: str, path: str, before: int) -> None:
    """Until the next command, which is told its own end."""
    pull = site.shop.open(m2_note=NOTE)
    site.town.github.fail(method, api(site.shop, path), server_error(), times=_OFTEN, after=before)
    first = site.begin("ann", pull, "/migrate staging")
    settle(site.town)
    assert site.history("staging") == list(DONE.history)
    site.town.github.state.faults.clear()
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "nothing is pending" in answer
    assert "✅" in site.reply(first)
    assert site.story(first) == DONE
    assert site.story(said) == DONE


def test_progress_cannot_be_shown(site: Scene) -> None:
    github = site.town.github
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        site.town.until(lambda: "waits for a lock held by pid" in site.reply(said), "progress is shown")
        github.fail("PATCH", api(site.shop, "issues/comments"), server_error(), times=2)
        site.town.until(lambda: not github.state.faults.waiting, "progress could not be shown")
    assert "1 migration applied" in site.end(said)
    assert site.story(said) == DONE
