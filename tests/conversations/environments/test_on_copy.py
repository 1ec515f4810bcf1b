"""What a migration takes on real data: measured on a copy, shown in the comment, once for what was reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.conversations.conftest import COLUMN, INDEX, INIT
from tests.conversations.environments.conftest import Estate, Site
from tests.conversations.environments.hands import by_hand, migration
from tests.github.faults import Answer, Fault
from tests.github.state import Pull
from tests.live_server import OWNER

_FIRST = migration("m1_init", INIT)
_WIDER = 'ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;\n'


def _rows(site: Site, database: str) -> None:
    with site.connect(database) as connection:
        connection.execute("INSERT INTO orders (total) SELECT n FROM generate_series(1, 1000) n")
        connection.execute("ANALYZE orders")


def _url(site: Site, database: str) -> str:
    return site.server.url(OWNER, f"{site.name}_{database}")


def _measured(site: Site, pull: Pull) -> list[str]:
    """The migrations in the table of the comment, in its order."""
    _, _, table = site.shop.body(pull).partition("Rehearsed on real data")
    return [line.partition("<br><code>")[2].partition("</code>")[0] for line in table.splitlines() if "<br>" in line]


# ---------------------------------------------------------------- a Neon branch


def _refusing(status: int) -> Fault:
    return Fault("POST", re.compile("^/branches$"), Answer(status, "not today"))


@pytest.fixture(scope="session")
def branched(estate: Estate) -> Site:
    site = estate.site("branched")
    by_hand(_url(site, "staging"), _FIRST)
    _rows(site, "staging")
    return site


@pytest.fixture
def well(estate: Estate) -> Iterator[Estate]:
    """Neon has no fault afterwards."""
    yield estate
    estate.neon.fails = False
    estate.neon.faults.clear()


def test_a_branch_of_the_database_once_for_what_was_reviewed(branched: Site, well: Estate) -> None:
    neon, shop = well.neon, branched.shop
    neon.faults.add(_refusing(500))
    pull = shop.open("wider", m2_wider=_WIDER)
    body = shop.body(pull)
    assert "Rehearsed on real data, a Neon branch of " in body
    assert "1,000 rows" in body
    assert "rewritten" in body
    assert _measured(branched, pull) == ["m2_wider"]
    assert neon.names() == {"main"}
    made = len(neon.sent("POST"))
    assert made == 2  # the first came to nothing
    well.town.github.push(shop.repo, "wider", {"README.md": "More.\n"}, by="ann")
    well.town.settle()
    shop.tick_all("bob", pull)
    assert (shop.body(pull).count("Rehearsed on real data"), len(neon.sent("POST"))) == (1, made)
    shop.push(pull, m3_note=COLUMN)
    assert (_measured(branched, pull), len(neon.sent("POST"))) == (["m2_wider", "m3_note"], made + 1)
    assert branched.history("staging") == [("m1_init", "applied")]


@pytest.mark.campaign
def test_a_fork_is_never_measured(branched: Site, well: Estate) -> None:
    made = len(well.neon.sent("POST"))
    github = well.town.github
    fork = github.fork(branched.shop.repo, "zoe")
    github.push(fork, "theirs", branched.shop.migrations(m2_theirs=_WIDER), by="zoe")
    pull = github.open_pull(branched.shop.repo, "theirs", "zoe", fork=fork)
    well.town.settle()
    assert "on real data" not in branched.shop.body(pull)
    branched.shop.say("ann", pull, "/migrate recheck")
    assert len(well.neon.sent("POST")) == made


@pytest.mark.campaign
@pytest.mark.parametrize("status", [0, 403])
def test_what_neon_cannot_do_is_a_sentence(branched: Site, well: Estate, status: int) -> None:
    """0: it begins, and its operation fails."""
    if status:
        well.neon.faults.add(_refusing(status))
    well.neon.fails = not status
    pull = branched.shop.open(f"failing-{status}", **{f"m2_failing_{status}": _WIDER})
    (said,) = [line for line in branched.shop.body(pull).splitlines() if "**On a copy of staging**" in line]
    told = "Neon's operation create_branch is failed."
    if status:
        told = "Neon answered POST /projects/shop/branches with 403: not today (the API key may not do this)."
    assert said == f"**On a copy of staging**: not measured: {told}"
    assert well.neon.names() == {"main"}
    assert branched.shop.state(pull)[0] == "completed"


# ---------------------------------------------------------------- a copy that the team provides


@pytest.mark.campaign
def test_a_copy_that_stands_elsewhere_gets_what_it_lacks(estate: Estate) -> None:
    """An older one, and later one that has everything."""
    site = estate.site("copied")
    by_hand(_url(site, "copy"), _FIRST)
    by_hand(_url(site, "staging"), _FIRST, migration("m2_note", COLUMN))
    site.town.github.push(site.shop.repo, "main", site.shop.migrations(m2_note=COLUMN), by="max")
    _rows(site, "copy")
    pull = site.shop.open(m3_index=INDEX)
    assert "the copy that is configured for staging" in site.shop.body(pull)
    assert _measured(site, pull) == ["m2_note", "m3_index"]
    assert site.ask("copy", "SELECT count(*) FROM pg_attribute WHERE attname = 'note'") == [(0,)]
    by_hand(_url(site, "copy"), migration("m2_note", COLUMN), migration("m3_index", INDEX))
    site.shop.say("ann", pull, "/migrate recheck")
    assert "not measured: it has all of the migrations already." in site.shop.body(pull)


@pytest.mark.campaign
def test_a_copy_without_a_history_stands_where_its_environment_does(estate: Estate) -> None:
    site = estate.site("copied")
    by_hand(_url(site, "staging"), _FIRST)
    with site.connect("copy") as connection:
        connection.execute(INIT)
        connection.execute(f"ALTER TABLE orders OWNER TO {OWNER}")
    pull = site.shop.open(m2_wider=_WIDER)
    assert _measured(site, pull) == ["m2_wider"]
