"""The backup that comes first is a Neon branch: Neon may be busy for a while; where it fails, nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from psycopg.rows import scalar_row

from tests.conversations.conftest import COLUMN, INIT
from tests.conversations.environments.conftest import Estate, Site
from tests.conversations.environments.hands import by_hand, migration
from tests.github.faults import Answer, Fault
from tests.github.state import Pull
from tests.live_server import OWNER

_BRANCHES = re.compile("^/branches$")
_BEFORE = [("m1_init", "applied")]
_DONE = [*_BEFORE, ("m2_note", "applied")]
_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum"


@pytest.fixture
def forked(estate: Estate) -> Iterator[Site]:
    """Its database is a branch of the project, which is afterwards as it was."""
    neon, site = estate.neon, estate.site("forked")
    by_hand(site.server.url(OWNER, f"{site.name}_staging"), migration("m1_init", INIT))
    before = dict(neon.branches)
    neon.found(site.name, f"{site.name}_staging")
    yield site
    neon.branches, neon.fails = before, False
    neon.faults.clear()
    neon.requests.clear()


def _told(site: Site, pull: Pull) -> str:
    """What /migrate staging is answered; Neon is asked again for a minute."""
    town = site.town
    town.github.comment("ann", pull, "/migrate staging")
    town.until(town.idle, "Neon is no longer asked", timeout_s=120)
    return site.replies(pull)[-1]


def _backup(estate: Estate, site: Site, said: str) -> list[str]:
    """The columns of orders in the one backup there is, which the answer names."""
    (backup,) = [branch for branch in estate.neon.branches.values() if branch.parent]
    assert f"💾 Backup <code>{backup.name}</code> in <code>Neon project shop, branch {backup.id}</code>" in said
    with site.server.admin(backup.physical) as connection, connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(_COLUMNS).fetchall()


@pytest.mark.campaign
def test_neon_is_busy_and_then_at_its_limit(estate: Estate, forked: Site) -> None:
    pull = forked.shop.open(m2_note=COLUMN)
    estate.neon.faults.add(Fault("POST", _BRANCHES, Answer(423, "running operations")))
    estate.neon.faults.add(Fault("POST", _BRANCHES, Answer(429, "slow down", {"Retry-After": "1"}), after=1))
    said = _told(forked, pull)
    assert [status for method, _, status in estate.neon.requests if method == "POST"] == [423, 429, 201]
    assert "1 migration applied" in said
    assert _backup(estate, forked, said) == ["id", "total"]
    assert forked.history("staging") == _DONE
    assert forked.states("staging") == [["in_progress", "success"]]


@pytest.mark.campaign
@pytest.mark.parametrize("status", [0, pytest.param(500, marks=pytest.mark.campaign)])
def test_neon_makes_no_branch(estate: Estate, forked: Site, status: int) -> None:
    """0: it begins, and its operation fails."""
    pull = forked.shop.open(m2_note=COLUMN)
    estate.neon.fails = not status
    told = "Neon's operation create_branch is failed"
    if status:
        estate.neon.faults.add(Fault("POST", _BRANCHES, Answer(status, "not today"), times=100))
        told = f"Neon answered POST /projects/shop/branches with {status}: not today, 7 times"
    assert f"❌ **staging**: {told}. Nothing was changed." in _told(forked, pull)
    assert [branch.name for branch in estate.neon.branches.values() if branch.parent] == []
    assert forked.history("staging") == _BEFORE
    assert forked.states("staging") == []
    estate.neon.fails = False
    estate.neon.faults.clear()
    assert _backup(estate, forked, _told(forked, pull)) == ["id", "total"]
    assert forked.history("staging") == _DONE
