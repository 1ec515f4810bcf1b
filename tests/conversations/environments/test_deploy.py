"""To staging, production and back: what then stands in the database, its history, the deployments and comments."""

from __future__ import annotations

import pytest
import redis

from bot.metrics import samples
from tests.conversations.conftest import COLUMN, INDEX
from tests.conversations.environments.conftest import Estate, Site


def test_staging_gets_what_is_pending_and_the_box_ticks_itself(site: Site) -> None:
    pull = site.shop.open(m2_index=INDEX)
    (staging,) = [item for item in site.shop.open_items(pull) if "Staging" in site.shop.line(pull, item)]
    said = site.say("ann", pull, "/migrate staging")
    assert "2 migrations applied" in said
    assert site.history("staging") == [("m1_init", "applied"), ("m2_index", "applied")]
    assert site.states("staging") == [["in_progress", "success"]]
    assert "on staging, for ann" in site.shop.line(pull, staging)
    assert staging not in site.shop.open_items(pull)


def test_a_second_time_there_is_nothing_to_do(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    site.say("ann", pull, "/migrate staging")
    assert "nothing is pending" in site.say("bob", pull, "/migrate staging")
    assert site.states("staging") == [["in_progress", "success"]]


def test_a_dry_run_changes_nothing(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    said = site.say("ann", pull, "/migrate staging --dry-run")
    assert "2 migrations would be applied" in said
    assert site.history("staging") == []
    assert site.states("staging") == []


def test_a_reader_gets_nowhere(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    assert "refused" in site.say("rae", pull, "/migrate staging")
    assert site.history("staging") == []


def test_reset_is_refused_whoever_types_it(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    assert "is refused" in site.say("max", pull, "/migrate reset production --force because I may")


def test_the_whole_path(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    assert "comes after staging" in site.say("max", pull, "/migrate production")
    site.say("ann", pull, "/migrate staging")
    site.town.github.merge("ann", pull)
    site.town.settle()
    said = site.say("max", pull, "/migrate production")
    assert "2 migrations applied" in said, said
    assert site.history("production") == [("m1_init", "applied"), ("m2_note", "applied")]
    assert "1 migration" not in said
    said = site.say("max", pull, "/migrate rollback production --lossy because it was too early")
    assert "rolled back" in said, said
    assert site.history("production") == [("m1_init", "applied"), ("m2_note", "rolled back")]
    assert site.ask("production", "SELECT count(*) FROM pg_attribute WHERE attname = 'note'") == [(0,)]


def test_what_is_done_is_counted(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    site.say("ann", pull, "/migrate staging")
    told = _counted(site, "staging")
    assert told["operations"] == 1
    assert told["backups"] == 1
    assert told["failed_migrations"] == 0
    assert told["backup_bytes"] > 0
    assert "operation_running_seconds" not in told


@pytest.mark.campaign
def test_what_cannot_be_reached_is_counted(estate: Estate) -> None:
    """Also where somebody only wants to look."""
    site = estate.site("astray")
    pull = site.shop.open(m2_note=COLUMN)
    for command in ("/migrate nowhere", "/migrate status nowhere"):
        assert "cannot be reached" in site.say("ann", pull, command)
    assert _counted(site, "nowhere")["connection_failures"] == 2
    assert _counted(site, "staging")["connection_failures"] == 0


def _counted(site: Site, environment: str) -> dict[str, float]:
    with redis.Redis.from_url(site.town.redis.url) as connection:
        place = (site.shop.repo.full_name, environment)
        return {one.name: one.value for one in samples(connection) if one.labels[:2] == place and not one.part}


@pytest.mark.campaign
def test_a_schema_of_the_roles_own_name_is_not_where_prisma_looks(site: Site) -> None:
    with site.connect("staging") as connection:
        connection.execute("CREATE SCHEMA shop_owner AUTHORIZATION shop_owner")
    pull = site.shop.open(m2_note=COLUMN)
    assert "2 migrations applied" in site.say("ann", pull, "/migrate staging")
    assert site.ask(
        "staging", "SELECT schemaname FROM pg_tables WHERE tablename IN ('orders', '_prisma_migrations')"
    ) == [
        ("public",),
        ("public",),
    ]


@pytest.mark.campaign
def test_what_was_edited_since_is_not_there(site: Site) -> None:
    pull = site.shop.open(m2_index=INDEX)
    site.say("ann", pull, "/migrate staging")
    (staging,) = [item for item in site.shop.boxes(pull) if "Staging" in site.shop.line(pull, item)]
    site.shop.push(pull, m2_index=f"{INDEX}SELECT 1;\n")
    said = site.say("ann", pull, "/migrate staging")
    assert "nothing is pending" in said
    assert "m2_index was edited since it was applied there" in said
    assert [item for item in site.shop.open_items(pull) if "Staging" in site.shop.line(pull, item)] not in (
        [],
        [staging],
    )


@pytest.mark.campaign
def test_what_fails_in_the_rehearsal_is_not_tried(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    site.say("ann", pull, "/migrate staging")
    wrong = site.shop.open("wrong", m2_note=COLUMN, m3_wrong='ALTER TABLE "order" ADD COLUMN "x" text;\n')
    said = site.say("ann", wrong, "/migrate staging")
    assert "m3_wrong/migration.sql line 1 fails in the rehearsal" in said
    assert site.history("staging") == [("m1_init", "applied"), ("m2_note", "applied")]
    assert site.states("staging") == [["in_progress", "success"]]
