"""Operators are killed, and another one takes over: it finds out the truth, and repeats nothing."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import DONE, INDEX, INDEXED, NOTE, READING, UNDONE, after
from tests.conversations.faults.quick import frozen, job_of, kill, locks_end, put_off, start_operator
from tests.conversations.faults.story import api
from tests.github.faults import broken_connection
from tests.town import Town

pytestmark = pytest.mark.campaign  # .ci/run has the time for it


def _replaced(place: Town, *killed: int) -> None:
    """Another one in the place of what is killed now, when the locks of the dead have ended."""
    kill(*killed)
    locks_end(place)
    start_operator(place)


@contextlib.contextmanager
def _hanging(place: Town, operator: subprocess.Popen[bytes]) -> Iterator[None]:
    """Its job hangs until the end of the block, and another one is in its place."""
    job = job_of(operator)
    kill(operator.pid)
    operator.wait()  # whose end would end what hangs already
    with frozen(job):
        _replaced(place)
        yield


def test_while_a_migration_runs(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """The server hears that nobody listens to its session any more, whatever that waits for."""
    pull = site.shop.open(m2_note=NOTE)
    with site.holding(READING):
        said = site.begin("ann", pull, "/migrate strict --force because the shop is down")
        site.waiting()
        _replaced(site.town, operator.pid, job_of(operator))
        answer = site.end(said)
    assert "nothing of it is there; it is pending again" in answer
    assert "put aside by --force: strict wants an approval of the head by others" in answer
    assert "because the shop is down" in answer
    assert site.story(said, "strict") == UNDONE


def test_while_its_session_lives_on(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """Nothing is done before that has ended."""
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        with _hanging(site.town, operator):
            site.town.until(lambda: "cannot be found out" in site.reply(said), "it was looked for the attempt")
            assert "held by pid" in site.reply(said)
            assert "migration-bot: deploy" in site.reply(said)
            second = site.begin("bob", pull, "/migrate staging")
            site.town.until(lambda: "waits its turn" in site.reply(second), "it waits for that")
            cancel = site.begin("bob", pull, "/migrate cancel staging")
            site.town.until(lambda: site.reactions(cancel) >= {"rocket"}, "it is cancelled")
    answer = site.end(said)
    assert "the deploy for ann was interrupted: 0 of 1 migration there" in answer
    assert "nothing of it is there; it is pending again" in answer
    assert "`/migrate staging` applies the rest" in answer
    assert "was cancelled before it began" in site.reply(second)
    assert site.story(said) == UNDONE
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == after(UNDONE, DONE)


def test_what_is_left_of_the_dead_is_unlocked(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding(READING):
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        with _hanging(site.town, operator):
            site.town.until(lambda: f"operate:{said.id}" in put_off(site.town), "it is put off")
            unlock = site.begin("bob", pull, "/migrate unlock staging")
            site.town.until(lambda: site.reactions(unlock) >= {"rocket"}, "it is unlocked")
        assert "(migration-bot: deploy), which nobody of us is behind any more" in site.reply(unlock)
        answer = site.end(said)
    assert "nothing of it is there; it is pending again" in answer
    assert site.story(said) == UNDONE


def test_between_a_statement_outside_a_transaction_and_its_row(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_index=INDEX)
    said = site.begin("ann", pull, "/migrate staging")
    with site.bookkeeping_waits():
        _replaced(site.town, operator.pid, job_of(operator))
        site.cut()
    answer = site.end(said)
    assert "the deploy for ann was interrupted: 1 of 1 migration there" in answer
    assert "it is all there, and only the history table did not say so; now it does" in answer
    assert site.story(said) == INDEXED
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "nothing is pending" in answer
    assert site.story(said) == INDEXED


def test_while_an_index_is_built_that_then_is_not_valid(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_index=INDEX)
    with site.holding('LOCK TABLE "orders" IN ROW EXCLUSIVE MODE'):
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        _replaced(site.town, operator.pid, job_of(operator))
        site.cut()
    answer = site.end(said)
    failed = replace(UNDONE, history=(("m1_init", "applied"), ("m2_index", "failed")), ticked=None)
    assert "`/migrate status staging` tells the two ways out" in answer
    assert site.story(said) == failed
    said, answer = site.exchange("bob", pull, "/migrate status staging")
    assert "DROP INDEX" in answer
    with site.connect("staging") as connection:
        connection.execute("DROP INDEX orders_total")
    site.exchange("bob", pull, "/migrate resolve staging m2_index --rolled-back")
    said, answer = site.exchange("bob", pull, "/migrate staging")
    undone = replace(failed, history=(("m1_init", "applied"), ("m2_index", "rolled back")))
    assert site.story(said) == after(undone, INDEXED)


def test_the_file_is_changed_before_anybody_finds_out(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """What was begun is not what the file says now: people have to say what became of it."""
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        kill(operator.pid, job_of(operator))
        site.town.github.push(site.shop.repo, "feature", site.shop.migrations(m2_note=INDEX), by="ann")
        site.cut()
    _replaced(site.town)
    assert "its file has changed since it was begun" in site.end(said)
    assert site.story(said) == replace(UNDONE, history=(("m1_init", "applied"), ("m2_note", "failed")), ticked=None)


def test_while_the_backup_runs(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """Nothing was begun: it starts over."""
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate safe")
        site.waiting()
        _replaced(site.town, operator.pid, job_of(operator))
    answer = site.end(said)
    assert "1 migration applied" in answer
    assert "💾 Backup" in answer
    assert site.story(said, "safe") == DONE
    assert len(_dumps(site.backups)) == 1


def _dumps(target: Path) -> list[Path]:
    """What there is, but for what describes it."""
    return [one for one in target.rglob("*") if one.is_file() and one.suffix != ".json"]


@pytest.mark.parametrize("arrives", [True, False])
def test_when_all_is_applied_and_not_told(site: Scene, operator: subprocess.Popen[bytes], arrives: bool) -> None:
    """arrives: whether its last request does nevertheless."""
    github = site.town.github
    pull = site.shop.open(m2_note=NOTE)
    statuses = api(site.shop, "deployments/.*/statuses")
    gate = github.pause("POST", statuses, after=1)
    if not arrives:
        github.fail("POST", statuses, broken_connection(), after=1)
    said = site.begin("ann", pull, "/migrate staging")
    assert gate.reached.wait(30)
    killed = (operator.pid, job_of(operator))
    gate.open.set()
    _replaced(site.town, *killed)
    answer = site.end(said)
    assert "1 migration applied" in answer
    assert site.story(said) == DONE
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "nothing is pending" in answer
    assert site.story(said) == DONE


def test_the_operator_alone_while_its_job_lives_on(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """Another one is told to do the same, and waits."""
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        kill(operator.pid)
        start_operator(site.town)
    answer = site.end(said)
    assert "1 migration applied" in answer
    assert site.story(said) == DONE


def test_while_a_migration_is_rolled_back(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_note=NOTE)
    site.exchange("ann", pull, "/migrate staging")
    with site.holding(READING):
        said = site.begin("ann", pull, "/migrate rollback staging --lossy because it is a test")
        site.waiting()
        _replaced(site.town, operator.pid, job_of(operator))
        site.cut("migration-bot: rollback")
    answer = site.end(said)
    assert "the rollback for ann was interrupted: m2_note is still applied" in answer
    kept = replace(DONE, deployments=(("in_progress", "success"), ("in_progress", "failure")), reaction="confused")
    assert site.story(said) == kept
    said, answer = site.exchange("ann", pull, "/migrate rollback staging --lossy because it is a test")
    assert "rolled back" in answer
    assert site.story(said) == replace(
        kept,
        columns=("id", "total"),
        history=(("m1_init", "applied"), ("m2_note", "rolled back")),
        deployments=(*kept.deployments, ("in_progress", "success")),
        ticked=False,
        reaction="rocket",
    )
