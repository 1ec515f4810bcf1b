"""People get in each other's way: each thing is done once, and everybody is told what came of theirs."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import DONE, INDEX, INDEXED, NOTE, NOTHING, UNDONE, after
from tests.conversations.faults.quick import operates, queued, start_operator, stop
from tests.github.state import Comment, Pull

pytestmark = pytest.mark.campaign  # .ci/run has the time for it


@contextlib.contextmanager
def one_behind_another(site: Scene) -> Iterator[tuple[Comment, Comment, Pull]]:
    """Two commands of two pull requests, and the second of these: the first command runs and waits for a lock, the
    second waits its turn."""
    pull = site.shop.open(m2_note=NOTE)
    theirs = site.shop.open("theirs", m3_paid='ALTER TABLE "orders" ADD COLUMN "paid" boolean;\n')
    with site.holding():
        first = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        second = site.begin("bob", theirs, "/migrate staging")
        site.town.until(lambda: "waits its turn" in site.reply(second), "the second waits")
        yield first, second, theirs


def test_two_at_once(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    other = start_operator(site.town)
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        first = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        second = site.begin("bob", pull, "/migrate staging")
        site.town.until(lambda: site.reply(second), "the second is answered")
        assert f"waits its turn: deploy for ann in #{pull.number} is running" in site.reply(second)
    assert "nothing is pending" in site.end(second)
    assert "1 migration applied" in site.reply(first)
    assert site.story(first) == DONE
    assert site.story(second) == DONE
    stop(other)


def test_two_at_once_on_two_pull_requests(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """Each applies its own."""
    other = start_operator(site.town)
    with one_behind_another(site) as (first, second, _):
        pass
    assert "1 migration applied" in site.end(second)
    assert "1 migration applied" in site.reply(first)
    both = replace(
        DONE,
        columns=(*DONE.columns, "paid"),
        history=(*DONE.history, ("m3_paid", "applied")),
        deployments=DONE.deployments * 2,
    )
    assert site.story(first) == both
    assert site.story(second) == replace(both, ticked=None)
    stop(other)


def test_they_come_to_it_in_the_order_in_which_they_asked(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    others = [start_operator(site.town) for _ in range(2)]
    columns = {name: f'ALTER TABLE "orders" ADD COLUMN "{name}" boolean;\n' for name in ("m2_a", "m4_b", "m3_c")}
    pulls = [site.shop.open(f"with-{name}", **{name: text}) for name, text in columns.items()]
    with site.holding():
        said = []
        for pull in pulls:
            said.append(site.begin("ann", pull, "/migrate staging"))
            site.town.until(lambda: site.reply(said[-1]), "it is taken in")
        site.waiting()
    assert ["1 migration applied" in site.end(one) for one in said] == [True, True, True]
    assert [name for name, _ in site.history("staging")] == ["m1_init", *columns]
    for other in others:
        stop(other)


def test_the_head_was_pushed_before_the_command_was_read(site: Scene) -> None:
    """And not reviewed yet: commands are read first."""
    pull = site.shop.open(m2_note=NOTE)
    for worker in [one for one in site.town.workers if one.poll() is None and not operates(one)]:
        stop(worker)
    site.town.github.push(site.shop.repo, "feature", site.shop.migrations(m3_more="SELECT 1;\n"), by="ann")
    said = site.begin("bob", pull, "/migrate staging")
    site.town.github.hooks.settle()
    site.town.start_worker()
    answer = site.end(said)
    assert f"The head is {pull.head_sha[:7]}, which was not reviewed by then. Wait for the check" in answer
    assert site.story(said) == NOTHING
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "2 migrations applied" in answer
    assert site.story(said) == replace(DONE, history=(*DONE.history, ("m3_more", "applied")))


def test_the_head_is_pushed_while_its_migration_runs(site: Scene) -> None:
    """What was asked for is applied; and the box of the new head is open."""
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("bob", pull, "/migrate staging")
        site.waiting()
        site.town.github.push(site.shop.repo, "feature", site.shop.migrations(m3_more="SELECT 1;\n"), by="ann")
    assert "1 migration applied" in site.end(said)
    assert site.story(said) == replace(DONE, ticked=False)
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == replace(
        DONE, history=(*DONE.history, ("m3_more", "applied")), deployments=DONE.deployments * 2
    )


def test_a_migration_that_waits_is_cancelled(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    with site.holding():
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting()
        reader = site.begin("rae", pull, "/migrate cancel staging")
        site.town.until(lambda: site.reply(reader), "the reader is answered")
        assert "Only whoever may write to the repository may change staging" in site.reply(reader)
        cancel = site.begin("bob", pull, "/migrate cancel staging")
        answer = site.end(said)
    assert "deploy for ann is told to stop" in site.reply(cancel)
    assert "0 of 1 migration applied. stopped on request in m2_note, of which nothing stays" in answer
    assert site.story(said) == UNDONE
    assert site.story(cancel) == replace(UNDONE, reaction="rocket")
    assert site.story(reader) == UNDONE
    _, answer = site.exchange("ann", pull, "/migrate cancel staging")
    assert "Nothing is running" in answer
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert site.story(said) == after(UNDONE, DONE)


def test_an_index_that_is_built_is_cancelled(site: Scene) -> None:
    """What it leaves behind is named, with the way to be rid of it."""
    pull = site.shop.open(m2_index=INDEX)
    with site.holding('LOCK TABLE "orders" IN ROW EXCLUSIVE MODE'):
        said = site.begin("ann", pull, "/migrate staging")
        site.waiting(locktype="virtualxid")
        site.begin("bob", pull, "/migrate cancel staging")
        answer = site.end(said)
    assert "which is not in use and is removed with: DROP INDEX CONCURRENTLY public.orders_total" in answer
    failed = replace(UNDONE, history=(("m1_init", "applied"), ("m2_index", "failed")), ticked=None)
    assert site.story(said) == failed
    site.execute("DROP INDEX CONCURRENTLY public.orders_total")
    site.exchange("bob", pull, "/migrate resolve staging m2_index --rolled-back")
    said, _ = site.exchange("bob", pull, "/migrate staging")
    undone = replace(failed, history=(("m1_init", "applied"), ("m2_index", "rolled back")))
    assert site.story(said) == after(undone, INDEXED)


def test_what_waits_for_another_is_cancelled(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    """Where it was asked for, and at once: what others have there goes on."""
    other = start_operator(site.town)
    with one_behind_another(site) as (first, second, theirs):
        cancel = site.begin("bob", theirs, "/migrate cancel staging")
        site.town.until(lambda: site.reactions(cancel) >= {"rocket"}, "it is cancelled")
        assert f"deploy for bob in #{theirs.number} is cancelled before it began" in site.reply(cancel)
        assert "deploy was cancelled before it began. Nothing was changed." in site.reply(second)
        assert "confused" in site.reactions(second)
    assert "1 migration applied" in site.end(first)
    assert "was cancelled before it began" in site.reply(second)
    assert site.story(first) == DONE
    assert site.story(second) == replace(DONE, ticked=None, reaction="confused")
    _, answer = site.exchange("bob", theirs, "/migrate staging")
    assert "1 migration applied" in answer
    stop(other)


def test_what_no_operator_has_taken_is_cancelled(site: Scene, operator: subprocess.Popen[bytes]) -> None:
    pull = site.shop.open(m2_note=NOTE)
    stop(operator)
    said = site.begin("ann", pull, "/migrate staging")
    site.town.until(lambda: f"operate:{said.id}" in queued(site.town), "it waits")
    reader, cancel = (site.begin(login, pull, "/migrate cancel staging") for login in ("rae", "bob"))
    site.town.until(lambda: site.reactions(cancel) >= {"rocket"}, "it is cancelled")
    assert "Only whoever may write" in site.reply(reader)
    assert "was cancelled before it began" in site.reply(said)
    assert "confused" in site.reactions(said)
    start_operator(site.town)
    assert "was cancelled before it began" in site.end(said)
    assert site.story(said) == NOTHING
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == DONE


@pytest.mark.parametrize(
    ("command", "stopped"),
    [
        ("/migrate staging", "before anything was applied"),
        pytest.param(
            "/migrate preflight staging", "while the pre-flight queries were asked", marks=pytest.mark.campaign
        ),
    ],
)
def test_a_pre_flight_query_that_waits_is_cancelled(site: Scene, command: str, stopped: str) -> None:
    pull = site.shop.open(m2_note=f'{NOTE}CREATE UNIQUE INDEX "orders_once" ON "orders" ("total");\n')
    with site.holding():
        said = site.begin("ann", pull, command)
        site.waiting()
        site.begin("bob", pull, "/migrate cancel staging")
        answer = site.end(said)
    assert f"stopped on request {stopped}. Nothing was changed." in answer
    assert site.story(said) == NOTHING
