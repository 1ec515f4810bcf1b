"""What is asked of an environment without changing it, and how the answers read."""

from __future__ import annotations

import contextlib
import re

import psycopg
import pytest

from tests.conversations.conftest import COLUMN, INDEX, INIT
from tests.conversations.environments.conftest import Estate, Site
from tests.conversations.environments.hands import by_hand, migration
from tests.live_server import OWNER
from workers.environments.history import PRISMA
from workers.report.words import size


@pytest.mark.parametrize(
    ("total_bytes", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 kB"), (53_000, "51.8 kB"), (3 << 20, "3.0 MB"), (5 << 30, "5.0 GB")],
)
def test_sizes(total_bytes: int, expected: str) -> None:
    assert size(total_bytes) == expected


@pytest.mark.campaign
def test_a_plan_says_what_others_brought(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN, m3_index=INDEX)
    by_hand(site.server.url(OWNER, f"{site.name}_staging"), migration("m1_init", INIT))
    said = site.say("ann", pull, "/migrate plan staging")
    assert "2 migrations would be applied, in this order. Backup first: pg_dump." in said
    said = site.say("ann", pull, "/migrate plan production")
    rows = [line for line in said.splitlines() if line.startswith("| <code>")]
    assert [("(merged before)" in row, "m1_init" in row) for row in rows] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    assert site.history("production") == []


def test_a_backup_says_how_large_it_is_and_how_it_comes_back(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    by_hand(site.server.url(OWNER, f"{site.name}_staging"), migration("m1_init", INIT))
    said = site.say("ann", pull, "/migrate backup staging")
    assert "✅ **staging**: it is backed up." in said
    assert re.search(r", \d+\.\d kB, taken in ", said)
    assert "pg_restore" in said


def test_there_is_no_backup_where_none_is_configured(estate: Estate) -> None:
    site = estate.site("copied")
    pull = site.shop.open(m2_note=COLUMN)
    assert "❌ **staging**: no backup is configured for it" in site.say("ann", pull, "/migrate backup staging")


def test_unlock_ends_what_is_ours_and_names_what_is_not(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    url = site.server.url(OWNER, f"{site.name}_staging")
    for application, expected in (("migration-bot: deploy", "ended pid "), ("psql", "holds the lock of ")):
        with contextlib.closing(psycopg.connect(url, autocommit=True, application_name=application)) as other:
            other.execute("SELECT pg_advisory_lock(%s)", (PRISMA.lock_key(other),))
            pid = other.info.backend_pid
            said = site.say("ann", pull, "/migrate unlock staging")
            assert expected in said
            assert f"pid {pid} ({application})" in said
    assert "nobody holds the lock of" in site.say("ann", pull, "/migrate unlock staging")
