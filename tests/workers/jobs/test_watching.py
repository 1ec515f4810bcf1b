"""What is told of a replay while it runs, and where it can be stopped."""

from __future__ import annotations

import pytest

from workers.environments.model import Progress
from workers.errors import Cancelled
from workers.jobs.watching import Watching


def test_migrations_are_counted() -> None:
    watching = Watching(lambda: False)
    with watching.replaying(2) as advance:
        assert watching.steps() == {}
        advance()
        advance()
    assert watching.steps() == {"replay": Progress("replay", "what is applied there, on an ephemeral server", 2, 2)}


def test_it_stops_between_two() -> None:
    with Watching(lambda: True).replaying(2) as advance, pytest.raises(Cancelled, match="while the migrations were"):
        advance()
