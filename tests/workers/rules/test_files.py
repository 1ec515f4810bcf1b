"""Rules about the set of files: numbers and names. What they must not say comes first."""

from __future__ import annotations

import pytest

from workers.model import Change, ChangedMigration, Fault, Migration, MigrationSet, Transaction
from workers.rules import migration_list_stale, migration_number_taken, vague_name
from workers.rules.rule import HistoryRule


def migration(name: str) -> Migration:
    return Migration(name, f"m/{name}.sql", "SELECT 1;", Transaction.FILE)


def told(rule: HistoryRule, *new: ChangedMigration, merged: tuple[str, ...] = (), layout: str = "plain") -> list[str]:
    """The migrations that a rule finds something about."""
    history = tuple(migration(name) for name in merged)
    return [finding.object for finding in rule.check(MigrationSet(layout, "m", "a", "b", history, new))]


def added(name: str, out_of_order: bool = False) -> ChangedMigration:
    return ChangedMigration(Change.ADDED, None, migration(name), out_of_order)


# ---------------------------------------------------------------- migration-number-taken


def test_each_has_a_number_of_its_own() -> None:
    assert told(migration_number_taken.RULE, added("3_c"), added("04_d"), merged=("1_a", "2_b")) == []


def test_the_runner_knows_names() -> None:
    assert told(migration_number_taken.RULE, added("2_c"), merged=("1_a", "2_b"), layout="prisma") == []
    assert told(migration_number_taken.RULE, added("20240102_c"), merged=("20240101_a", "20240101_b")) == []


def test_a_number_is_told_once() -> None:
    late = added("2_a", out_of_order=True)
    edited = ChangedMigration(Change.EDITED, migration("2_b"), migration("2_b"))
    assert told(migration_number_taken.RULE, late, edited, merged=("1_a", "2_b")) == []


def test_a_number_of_a_merged_migration() -> None:
    assert told(migration_number_taken.RULE, added("0002_c"), merged=("1_a", "2_b")) == ["0002_c"]


def test_two_new_migrations_with_one_number() -> None:
    assert told(migration_number_taken.RULE, added("3_c"), added("3_d"), merged=("1_a",)) == ["3_d"]


# ---------------------------------------------------------------- migration-list-stale


STALE = Fault("m/atlas.sum", 4, "3_c", "atlas.sum does not have 3_c.sql.")


def stale(*new: ChangedMigration, faults: tuple[Fault, ...] = (STALE,)) -> list[tuple[str, int | None, str | None]]:
    found = MigrationSet("atlas", "m", "a", "b", (migration("2_b"),), new, faults=faults)
    return [(finding.path, finding.line, finding.object) for finding in migration_list_stale.RULE.check(found)]


def test_a_list_that_goes_with_the_migrations() -> None:
    assert stale(added("3_c"), faults=()) == []


def test_what_comes_too_late_is_told_as_that_alone() -> None:
    assert stale(added("3_c", out_of_order=True)) == []


def test_a_list_that_was_left_behind() -> None:
    assert stale(added("3_c")) == [("m/atlas.sum", 4, "3_c")]
    assert stale(added("4_d", out_of_order=True)) == [("m/atlas.sum", 4, "3_c")]


# ---------------------------------------------------------------- vague-name


@pytest.mark.parametrize(
    "name",
    [
        "20240101120000_init",
        "2_add_country_to_orders",
        "3_fix_rounding",
        "4-orders",
        "V5__DropUsers",
        "m/6_index_events.sql",
    ],
)
def test_a_name_that_says_something(name: str) -> None:
    assert told(vague_name.RULE, added(name)) == []


@pytest.mark.parametrize(
    "name", ["20240101120000_update", "2_new_migration_2", "3_fix-test", "0004", "5_WIP", "m/6_NewMigration.sql"]
)
def test_a_name_that_says_nothing(name: str) -> None:
    assert told(vague_name.RULE, added(name)) == [name]


def test_a_merged_name_cannot_be_changed() -> None:
    edited = ChangedMigration(Change.EDITED, migration("2_update"), migration("2_update"))
    assert told(vague_name.RULE, edited, merged=("2_update",)) == []
