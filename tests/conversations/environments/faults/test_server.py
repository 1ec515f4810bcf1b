"""The database's server goes away, or holds on to what a migration needs."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import DONE, INDEX, INDEXED, NOTE, NOTHING, UNDONE, after
from tests.live_server import OWNER

pytestmark = pytest.mark.campaign  # .ci/run has the time for it


def test_the_connection_is_cut_in_the_middle(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        site.cut()
        answer = site.end(said)
    assert "0 of 1 migration applied" in answer
    assert "nothing of it stays: pending again" in answer
    assert site.story(said) == UNDONE
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == after(UNDONE, DONE)


def test_the_connection_is_cut_between_two_statements_that_are_one_transaction_each(stepwise: Scene) -> None:
    site = stepwise
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        site.cut()
        answer = site.end(said)
    partly = replace(UNDONE, marks=1, history=(("m1_init", "applied"), ("m2_note", "failed")))
    assert "a part of it stays" in answer
    assert site.story(said) == partly
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "`/migrate status staging` tells the two ways out" in answer
    assert site.story(said) == partly


def test_the_connection_is_cut_between_a_statement_outside_a_transaction_and_its_row(site: Scene) -> None:
    """The index is there, and so the attempt ends well."""
    pull = site.shop.open(m2_index=INDEX)
    said = site.begin("ann", pull, "/migrate staging")
    with site.bookkeeping_waits():
        site.cut()
    answer = site.end(said)
    assert "it is all there, and only the history table did not say so; now it does" in answer
    assert site.story(said) == INDEXED
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "nothing is pending" in answer
    assert site.story(said) == INDEXED


def test_who_holds_the_lock_is_said(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding() as reports:
        said, answer = site.exchange("ann", pull, "/migrate hasty")
        assert f"waited for pid {reports.info.backend_pid} (reports, user {OWNER}, idle in transaction" in answer
        assert "3 tries, as locks were held" in answer
        assert "nothing of it stays: pending again" in answer
        assert site.story(said, "hasty") == UNDONE
    said, answer = site.exchange("ann", pull, "/migrate hasty")
    assert site.story(said, "hasty") == after(UNDONE, DONE)


def test_the_lock_is_given_back_while_it_is_tried_again(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate hasty")
        site.waiting(2)
    answer = site.end(said)
    assert "✅ applied" in answer
    assert "tries, as locks were held" in answer
    assert site.story(said, "hasty") == DONE


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_the_server_is_restarted_in_the_middle(site: Scene, how: signal.Signals) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        site.server.restart(how)
    answer = site.end(said)
    assert "nothing of it stays: pending again" in answer
    assert site.story(said) == UNDONE
    site.server.restart()
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert site.story(said) == after(UNDONE, DONE)


def test_the_server_is_away(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    site.server.stop()
    said, answer = site.exchange("ann", pull, "/migrate staging")
    site.server.start()
    assert "cannot be reached" in answer
    assert "Nothing was changed." in answer
    assert site.story(said) == NOTHING
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert site.story(said) == DONE


def test_the_server_goes_away_in_the_middle_for_long(site: Scene) -> None:
    """What is not known is not told: the record says that it goes on, until the next command finds out."""
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        site.server.stop()
    answer = site.end(said)
    site.server.start()
    assert "the next command finds out how it ended there: now, staging at" in answer
    unknown = replace(UNDONE, history=(("m1_init", "applied"), ("m2_note", "failed")), deployments=(("in_progress",),))
    assert site.story(said) == unknown
    second, answer = site.exchange("bob", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(second) == after(UNDONE, DONE)
    assert "the deploy for ann was interrupted: 0 of 1 migration there" in site.reply(said)
    assert site.story(said) == replace(after(UNDONE, DONE), reaction="confused")


def test_prismas_own_runner_is_at_work(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding("SELECT pg_advisory_lock(72707369)", "prisma") as prisma:
        said, answer = site.exchange("ann", pull, "/migrate staging")
        assert f"the lock of _prisma_migrations is held by pid {prisma.info.backend_pid} (prisma, user" in answer
        assert "waited 10 s for it" in answer
        assert site.story(said) == replace(NOTHING, left=("advisory lock",))
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert site.story(said) == DONE
