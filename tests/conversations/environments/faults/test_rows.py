"""What stands in the database is not what the migrations need: it is said before anything is changed, or resolved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import DONE, NOTE, NOTHING, UNDONE, after

pytestmark = pytest.mark.campaign  # .ci/run has the time for it

_STRICT = f'{NOTE}CREATE UNIQUE INDEX "orders_once" ON "orders" ("total");\n'
# What no pre-flight query asks.
_FAILS_WITH_ROWS = NOTE.replace(
    "CREATE INDEX",
    "DO $$ BEGIN IF EXISTS (SELECT FROM \"orders\") THEN RAISE 'too many'; END IF; END $$;\nCREATE INDEX",
)


def test_rows_that_would_break_it(site: Scene) -> None:
    pull = site.shop.open(m2_note=_STRICT)
    site.execute("INSERT INTO orders (total) VALUES (5), (5), (7)")
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "m2_note/migration.sql line 4 would fail on the rows there" in answer
    assert site.story(said) == NOTHING
    site.execute("DELETE FROM orders WHERE id = 2")
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == DONE


def test_a_migration_fails_as_a_whole(site: Scene) -> None:
    """Nothing of it stays, so that nothing has to be resolved."""
    pull = site.shop.open(m2_note=_FAILS_WITH_ROWS)
    site.execute("INSERT INTO orders (total) VALUES (5)")
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "line 3: too many (P0001)" in answer
    assert site.story(said) == UNDONE
    site.execute("DELETE FROM orders")
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert site.story(said) == after(UNDONE, DONE)


_PARTLY = replace(UNDONE, columns=DONE.columns, marks=1, history=(("m1_init", "applied"), ("m2_note", "failed")))


def test_a_migration_that_failed_partly_is_undone(stepwise: Scene) -> None:
    site = stepwise
    pull = site.shop.open(m2_note=_FAILS_WITH_ROWS)
    site.execute("INSERT INTO orders (total) VALUES (5)")
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "a part of it stays" in answer
    assert site.story(said) == _PARTLY
    _, answer = site.exchange("bob", pull, "/migrate status staging")
    assert "`m2_note` was begun and did not end." in answer
    assert "Either bring the rest there by hand, then `/migrate resolve staging m2_note --applied`." in answer
    assert 'ALTER TABLE "public"."orders" DROP COLUMN "note";' in answer
    site.execute('ALTER TABLE "public"."orders" DROP COLUMN "note"; DELETE FROM marks; DELETE FROM orders')
    said, answer = site.exchange("bob", pull, "/migrate resolve staging m2_note --rolled-back")
    assert site.story(said) == replace(UNDONE, reaction="rocket")
    said, answer = site.exchange("bob", pull, "/migrate resolve staging m2_note --rolled-back")
    assert "✅ **staging**: `m2_note` is pending, and not marked as failed." in answer
    assert site.story(said) == replace(UNDONE, reaction="rocket")
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert site.story(said) == after(UNDONE, DONE)


@pytest.mark.campaign
def test_a_migration_that_failed_partly_is_finished(stepwise: Scene) -> None:
    site = stepwise
    pull = site.shop.open(m2_note=_FAILS_WITH_ROWS)
    site.execute("INSERT INTO orders (total) VALUES (5)")
    site.exchange("ann", pull, "/migrate staging")
    site.execute('CREATE INDEX "orders_total" ON "orders" ("total")')
    said, answer = site.exchange("bob", pull, "/migrate resolve staging m2_note --applied")
    history = (("m1_init", "applied"), ("m2_note", "applied"), ("m2_note", "rolled back"))
    settled = replace(_PARTLY, history=history, reaction="rocket")
    assert site.story(said) == settled
    said, answer = site.exchange("bob", pull, "/migrate resolve staging m2_note --applied")
    assert "✅ **staging**: `m2_note` is marked as applied." in answer
    assert site.story(said) == settled
    said, answer = site.exchange("bob", pull, "/migrate staging")
    assert "nothing is pending" in answer
    assert site.story(said) == replace(settled, ticked=True)


def test_a_database_whose_history_nobody_knows(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    site.execute("DROP TABLE _prisma_migrations")
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "has tables (marks …) and no _prisma_migrations" in answer
    assert "P3005" in answer
    assert site.story(said) == replace(NOTHING, history=())
    said, answer = site.exchange("ann", pull, "/migrate resolve staging m1_init --applied")
    assert site.story(said) == replace(NOTHING, reaction="rocket")
    said, answer = site.exchange("ann", pull, "/migrate staging")
    assert "1 migration applied" in answer
    assert site.story(said) == DONE
