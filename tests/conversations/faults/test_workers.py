"""Workers are killed and told to stop in the middle of a review; the work goes on."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.conversations.conftest import Shop
from tests.conversations.faults.promise import assert_kept
from tests.conversations.faults.quick import has_server, job_of, kill, locks_end, settle, stop
from tests.conversations.faults.story import api, open_risky, opened, push_docs
from tests.town import Town

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_WRITES = [
    ("POST", "check-runs$"),
    pytest.param("PATCH", "check-runs/"),
    pytest.param("POST", "issues/"),
]


def _replaced(place: Town, *killed: int) -> None:
    """Another worker in the place of what is killed now, when the locks of the dead have ended."""
    kill(*killed)
    locks_end(place)
    place.start_worker()


@pytest.mark.parametrize(("method", "path"), _WRITES)
def test_killed_before_a_write_of_the_first_review(
    shop: Shop, worker: subprocess.Popen[bytes], method: str, path: str
) -> None:
    """Its last request arrives nevertheless."""
    gate = shop.town.github.pause(method, api(shop, path))
    pull = open_risky(shop)
    assert gate.reached.wait(30)
    killed = (worker.pid, job_of(worker))
    gate.open.set()
    _replaced(shop.town, *killed)
    settle(shop.town)
    assert_kept(shop, pull)


def test_killed_while_a_tick_is_drawn(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    pull = opened(shop)
    first, second, *_ = shop.open_items(pull)
    gate = shop.town.github.pause("PATCH", api(shop, "check-runs/"))
    shop.town.github.tick("ann", pull, first)
    assert gate.reached.wait(30)
    shop.town.github.tick("bob", pull, second)
    killed = (worker.pid, job_of(worker))
    gate.open.set()
    _replaced(shop.town, *killed)
    settle(shop.town)
    assert_kept(shop, pull, {first: "ann", second: "bob"})


def test_killed_while_a_command_is_answered(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    gate = shop.town.github.pause("POST", api(shop, "issues/.*/comments"))
    said = shop.town.github.comment("bob", pull, f"/migrate ack {item}\n/migrate status")
    assert gate.reached.wait(30)
    killed = (worker.pid, job_of(worker))
    gate.open.set()
    _replaced(shop.town, *killed)
    settle(shop.town)
    assert_kept(shop, pull, {item: "bob"})
    assert sorted(reaction.content for reaction in said.reactions) == ["eyes", "rocket"]


def test_the_job_alone_is_killed_while_its_server_runs(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    """As when the machine is out of memory: the worker lives, and goes on with it."""
    place = shop.town
    gate = place.github.pause("GET", f"^/{shop.repo.full_name}.git/info/refs")
    other = {"m0_seen_nowhere_else": f'CREATE INDEX "orders_{shop.repo.id}" ON "orders" ("total");\n'}
    place.github.push(shop.repo, "feature", shop.migrations(**other), by="ann")
    pull = place.github.open_pull(shop.repo, "feature", "ann")
    assert gate.reached.wait(30)
    job = job_of(worker)
    gate.open.set()
    place.until(lambda: has_server(job), "a database server runs")
    kill(job)
    locks_end(place)
    settle(place)
    assert worker.poll() is None
    assert_kept(shop, pull)


def test_the_worker_alone_is_killed(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    """The job goes on without it, and nothing is told twice by the worker that comes next."""
    gate = shop.town.github.pause("POST", api(shop, "issues/"))
    pull = open_risky(shop)
    assert gate.reached.wait(30)
    kill(worker.pid)
    shop.town.start_worker()
    gate.open.set()
    settle(shop.town)
    assert_kept(shop, pull)


def test_what_kills_every_worker_ends_in_a_check_that_says_so(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    github = shop.town.github
    pull = open_risky(shop)
    for _ in range(5):
        gate = github.pause("GET", f"^/{shop.repo.full_name}.git/info/refs")
        assert gate.reached.wait(30)
        github.hooks.settle()  # each delivery allows for all attempts again
        kill(job_of(worker))
        locks_end(shop.town)
        gate.open.set()
    settle(shop.town)
    assert shop.state(pull) == ("completed", "failure")
    assert "ended with its worker each time" in (shop.check(pull).summary or "")
    github.press("bob", shop.check(pull), "rerun")
    settle(shop.town)
    assert_kept(shop, pull)


def test_told_to_stop_a_worker_finishes_its_review(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    gate = shop.town.github.pause("PATCH", api(shop, "check-runs/"))
    pull = open_risky(shop)
    assert gate.reached.wait(30)
    worker.send_signal(signal.SIGTERM)
    gate.open.set()
    assert worker.wait(30) == 0
    assert_kept(shop, pull)


def test_what_waits_when_a_worker_stops_is_done_by_the_next(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    pull = opened(shop)
    item = shop.open_items(pull)[0]
    stop(worker)
    shop.town.github.tick("bob", pull, item)
    shop.town.github.hooks.settle()
    shop.town.start_worker()
    settle(shop.town)
    assert_kept(shop, pull, {item: "bob"})


@pytest.mark.campaign
def test_two_workers_and_everything_at_once(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    github = shop.town.github
    other = shop.town.start_worker()
    pulls = [opened(shop, f"feature-{number}") for number in range(2)]
    ticked: list[dict[str, str]] = [{}, {}]
    for item in shop.open_items(pulls[0]):
        for pull, known in zip(pulls, ticked, strict=True):
            github.tick("ann", pull, item)
            known[item] = "ann"
            push_docs(shop, f"{item}\n", pull.head_ref)
    github.comment("bob", pulls[0], "/migrate recheck")
    settle(shop.town)
    for pull, known in zip(pulls, ticked, strict=True):
        assert_kept(shop, pull, known)
    stop(other)
