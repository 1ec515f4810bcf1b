"""The town of these tests, where hours pass in no time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.conftest import Shop, make_shop
from tests.conversations.faults.quick import quick_town, settle
from tests.town import Town

pytest.register_assert_rewrite("tests.conversations.faults.promise")


@pytest.fixture(scope="session")
def a_town(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Town]:
    with quick_town(tmp_path_factory.mktemp("quick"), cache) as running:
        yield running


@pytest.fixture
def worker(a_town: Town) -> subprocess.Popen[bytes]:
    """The one that works, or a new one where it did not outlive the test before."""
    alive = [one for one in a_town.workers if one.poll() is None]
    return alive[0] if alive else a_town.start_worker()


@pytest.fixture
def shop(a_town: Town, worker: subprocess.Popen[bytes]) -> Iterator[Shop]:
    """Afterwards all is well again, and nobody looks at its pull requests any more."""
    made = make_shop(a_town)
    yield made
    a_town.github.state.faults.clear()
    a_town.github.take_away(made.repo)
    settle(a_town)
