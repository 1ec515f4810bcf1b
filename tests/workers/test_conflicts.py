"""What two pull requests both change, found from what their migrations did together."""

from __future__ import annotations

from workers.changes import (
    CatalogChange,
    ColumnAdded,
    ColumnTypeChanged,
    ConstraintAdded,
    ConstraintKind,
    DefaultChanged,
    IndexDropped,
    TableRenamed,
)
from workers.conflicts import Conflict, conflicts, same_numbers
from workers.facts import Facts
from workers.model import Change, ChangedMigration, Level, Migration, MigrationSet, Statement, Transaction
from workers.object_changes import ObjectDropped
from workers.verdict import JudgedMigration, JudgedStatement, Report
from workers.words import Name

ORDERS, INDEX = Name("public", "orders"), Name("public", "orders_total")
_TYPE = ColumnTypeChanged(ORDERS, "total", "integer", "bigint")
_DEFAULT = DefaultChanged(ORDERS, "total", "0")
_OWNERS = {"m/1.sql": frozenset({1}), "m/2.sql": frozenset({2})}


def _report(first: CatalogChange, second: CatalogChange) -> Report:
    def migration(path: str, change: CatalogChange) -> JudgedMigration:
        statement = JudgedStatement(Statement("", "", 0, 1, 1), "", Level.SAFE, Facts(changes=(change,)), None)
        return JudgedMigration(path, path, Change.ADDED, Level.SAFE, (statement,))

    return Report(Level.SAFE, "plain", "", "", None, (migration("m/1.sql", first), migration("m/2.sql", second)))


def test_different_columns_are_no_conflict() -> None:
    other = ColumnAdded(ORDERS, "currency", "text", not_null=False, has_default=False)
    assert conflicts(_report(_TYPE, other), _OWNERS) == ()


def test_one_pull_request_may_change_a_thing_twice() -> None:
    assert conflicts(_report(_TYPE, _DEFAULT), dict.fromkeys(_OWNERS, frozenset({1}))) == ()


def test_a_file_that_both_have_is_nobodys_conflict() -> None:
    assert conflicts(_report(_TYPE, _DEFAULT), dict.fromkeys(_OWNERS, frozenset({1, 2}))) == ()


def test_a_file_that_nobody_has_is_nobodys_conflict() -> None:
    assert conflicts(_report(_TYPE, _DEFAULT), {}) == ()


def test_one_column_changed_by_two() -> None:
    assert conflicts(_report(_TYPE, _DEFAULT), _OWNERS) == (Conflict("public.orders.total", (1, 2)),)


def test_a_table_renamed_by_one_and_a_part_of_it_changed_by_the_other() -> None:
    renamed = TableRenamed(ORDERS, Name("public", "purchases"))
    assert conflicts(_report(renamed, _TYPE), _OWNERS) == (Conflict("public.orders.total", (1, 2)),)


def test_an_index_dropped_by_two() -> None:
    gone = IndexDropped(INDEX, ORDERS)
    assert conflicts(_report(gone, gone), _OWNERS) == (Conflict("public.orders_total", (1, 2)),)


def test_a_constraint_of_one_name_added_by_two() -> None:
    check = ConstraintAdded(ORDERS, "positive", ConstraintKind.CHECK, True, "CHECK (total > 0)")
    assert conflicts(_report(check, check), _OWNERS) == (Conflict("public.orders.positive", (1, 2)),)


def test_a_view_dropped_by_two() -> None:
    gone = ObjectDropped("view", Name("public", "open_orders"))
    assert conflicts(_report(gone, gone), _OWNERS) == (Conflict("public.open_orders", (1, 2)),)


def _added(layout: str, *names: str) -> MigrationSet:
    migrations = (Migration(name, f"m/{name}.sql", "", Transaction.FILE) for name in names)
    changed = tuple(ChangedMigration(Change.ADDED, None, migration) for migration in migrations)
    return MigrationSet(layout, "m", "", "", (), changed)


_FOUR = {
    "m/02_a.sql": frozenset({1}),
    "m/2_b.sql": frozenset({2}),
    "m/3_c.sql": frozenset({2}),
    "m/4_d.sql": frozenset(),
}


def test_different_numbers_are_none_twice() -> None:
    assert list(same_numbers([_added("plain", "02_a", "3_c")], _FOUR)) == []


def test_a_number_that_two_have() -> None:
    assert list(same_numbers([_added("plain", "02_a", "2_b", "3_c")], _FOUR)) == [Conflict("2", (1, 2))]


def test_one_pull_request_may_have_a_number_twice() -> None:
    assert list(same_numbers([_added("plain", "02_a", "2_b")], dict.fromkeys(_FOUR, frozenset({1})))) == []


def test_where_names_count_a_number_is_no_conflict() -> None:
    assert list(same_numbers([_added("prisma", "02_a", "2_b")], _FOUR)) == []
