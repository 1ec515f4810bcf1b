"""Rules about what makes others wait. What they must not say comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.rules.build import HOT, ORDERS, SMALL, USERS, found, lock, messages, one, step
from workers.changes import (
    CatalogChange,
    ColumnAdded,
    ColumnTypeChanged,
    ConstraintAdded,
    ConstraintKind,
    IndexCreated,
    NotNullSet,
    TableCreated,
    TableDropped,
)
from workers.facts import Build, Facts, Lock, Scan, Write
from workers.model import Level
from workers.policy_file import parse_policy
from workers.rules import (
    all_rows_updated,
    blocking_work,
    constraint_validated_at_once,
    hot_table_lock,
    index_not_concurrent,
    not_null_set,
    table_rewritten,
)
from workers.rules.rule import Step
from workers.verdict import Finding
from workers.words import LockMode, Name

DO = "DO $$ BEGIN PERFORM 1; END $$"
EXCLUSIVE = lock(ORDERS, LockMode.ACCESS_EXCLUSIVE)
SHARE = lock(ORDERS, LockMode.SHARE)
GENTLE = lock(ORDERS, LockMode.SHARE_UPDATE_EXCLUSIVE)
WRITING = lock(ORDERS, LockMode.ROW_EXCLUSIVE)
INDEX = Name("public", "i")
NEW = frozenset({ORDERS})
LARGE = parse_policy("tables: {orders: {rows: 10001}}")


def harmless(made: Step) -> list[Step]:
    """The same step on a table that is new, in each way that can be known, and on one that is small."""
    return [
        replace(made, facts=replace(made.facts, new_tables=NEW)),
        replace(made, created=NEW),
        replace(made, facts=replace(made.facts, changes=(TableCreated(ORDERS), *made.facts.changes))),
        replace(made, policy=SMALL),
    ]


# ---------------------------------------------------------------- table-rewritten

REWRITE = Facts(locks=(EXCLUSIVE,), rewrites=(ORDERS,), builds=(Build(Name("public", "orders_pkey"), ORDERS, True),))


def test_no_rewrite_no_alarm() -> None:
    typed = ColumnTypeChanged(ORDERS, "code", "character varying(20)", "character varying(50)")
    assert found(table_rewritten.RULE, step(DO, Facts(locks=(EXCLUSIVE,), changes=(typed,)))) == []


@pytest.mark.parametrize("made", harmless(step(DO, REWRITE)))
def test_a_new_or_small_table_may_be_rewritten(made: Step) -> None:
    assert found(table_rewritten.RULE, made) == []


def test_truncate_and_drop_copy_nothing() -> None:
    assert found(table_rewritten.RULE, step("TRUNCATE orders", replace(REWRITE, truncated=(ORDERS,)))) == []
    assert found(table_rewritten.RULE, step(DO, replace(REWRITE, changes=(TableDropped(ORDERS),)))) == []


@pytest.mark.parametrize("policy", [LARGE, HOT])
def test_a_table_that_is_not_known_to_be_small(policy: object) -> None:
    assert found(table_rewritten.RULE, step(DO, REWRITE, policy=policy)) == [("public.orders", "risky")]


@pytest.mark.parametrize(
    ("sql", "changes", "cause"),
    [
        (DO, (ColumnTypeChanged(ORDERS, "a", "integer", "bigint"),), "Changing a from integer to bigint rewrites"),
        (DO, (ColumnTypeChanged(ORDERS, "a", None, "bigint"),), "Changing a to bigint rewrites, unless"),
        (DO, (ColumnAdded(ORDERS, "a", "uuid", True, True),), "Adding a, whose value has to be computed"),
        ("ALTER TABLE orders SET LOGGED", (), "ALTER TABLE … SET LOGGED rewrites"),
        ("VACUUM FULL orders", (), "VACUUM FULL rewrites"),
        ("CLUSTER orders", (), "CLUSTER rewrites"),
        (DO, (), "DO rewrites"),
    ],
)
def test_a_rewrite_names_its_cause(sql: str, changes: tuple[CatalogChange, ...], cause: str) -> None:
    assert one(table_rewritten.RULE, step(sql, replace(REWRITE, changes=changes))).message.startswith(cause)


# ---------------------------------------------------------------- index-not-concurrent

CREATED = IndexCreated(INDEX, ORDERS, unique=False, valid=True, constraint=False)
INDEXED = Facts(locks=(SHARE,), builds=(Build(INDEX, ORDERS, False),), changes=(CREATED,))


@pytest.mark.parametrize("made", harmless(step(DO, INDEXED)))
def test_a_new_or_small_table_may_be_indexed(made: Step) -> None:
    assert found(index_not_concurrent.RULE, made) == []


@pytest.mark.parametrize(
    "facts",
    [
        replace(INDEXED, locks=(GENTLE,)),
        replace(INDEXED, builds=()),
        replace(INDEXED, builds=(Build(INDEX, ORDERS, True),)),
        replace(INDEXED, changes=(replace(CREATED, constraint=True),)),
    ],
)
def test_concurrently_on_only_reindex_and_constraints_are_no_plain_builds(facts: Facts) -> None:
    assert found(index_not_concurrent.RULE, step(DO, facts)) == []


def test_an_index_is_built() -> None:
    assert found(index_not_concurrent.RULE, step(DO, INDEXED)) == [("public.orders", "risky")]


def test_an_index_under_a_lock_of_an_earlier_statement() -> None:
    finding = one(index_not_concurrent.RULE, step(DO, replace(INDEXED, locks=(GENTLE,)), held=(EXCLUSIVE,)))
    assert "under an ACCESS EXCLUSIVE lock, which blocks reads and writes" in finding.message


def test_an_index_on_many_partitions_is_one_finding() -> None:
    parts = [Name("public", f"p{number}") for number in range(3)]
    indexes = [Name("public", f"p{number}_i") for number in range(3)]
    facts = Facts(
        locks=tuple(lock(part, LockMode.SHARE) for part in parts),
        builds=tuple(Build(index, part, False) for index, part in zip(indexes, parts, strict=True)),
        changes=tuple(
            IndexCreated(index, part, False, True, False) for index, part in zip(indexes, parts, strict=True)
        ),
    )
    assert "all rows of public.p0 and 2 more under" in one(index_not_concurrent.RULE, step(DO, facts)).message


# ---------------------------------------------------------------- constraint-validated-at-once


def constrained(kind: ConstraintKind, **more: object) -> Facts:
    change = ConstraintAdded(ORDERS, "c", kind, validated=True, definition="", references=None)
    index = IndexCreated(Name("public", "c"), ORDERS, True, True, constraint=True)
    indexed = kind in (ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION, ConstraintKind.PRIMARY_KEY)
    facts = Facts(
        locks=(EXCLUSIVE,),
        scans=(Scan(ORDERS, 1),),
        builds=(Build(index.index, ORDERS, False),) if indexed else (),
        changes=(change, index) if indexed else (change,),
    )
    return replace(facts, **more)  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize("kind", [ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY, ConstraintKind.UNIQUE])
def test_a_new_or_small_table_may_be_constrained(kind: ConstraintKind) -> None:
    made = step(DO, constrained(kind))
    assert [found(constraint_validated_at_once.RULE, each) for each in harmless(made)] == [[], [], [], []]


@pytest.mark.parametrize(
    "facts",
    [
        constrained(ConstraintKind.CHECK, locks=(GENTLE,)),
        constrained(ConstraintKind.CHECK, scans=()),
        constrained(
            ConstraintKind.CHECK, changes=(ConstraintAdded(ORDERS, "c", ConstraintKind.CHECK, False, "NOT VALID"),)
        ),
        constrained(
            ConstraintKind.UNIQUE,
            changes=(ConstraintAdded(ORDERS, "c", ConstraintKind.UNIQUE, True, "", using_index=True),),
            builds=(),
        ),
        constrained(
            ConstraintKind.FOREIGN_KEY,
            scans=(),
            changes=(
                ColumnAdded(ORDERS, "user_id", "bigint", False, False),
                ConstraintAdded(ORDERS, "c", ConstraintKind.FOREIGN_KEY, True, "", USERS),
            ),
        ),
        constrained(ConstraintKind.PRIMARY_KEY),
        constrained(ConstraintKind.NOT_NULL),
    ],
)
def test_constraints_that_wait_for_nothing_or_belong_to_another_rule(facts: Facts) -> None:
    assert found(constraint_validated_at_once.RULE, step(DO, facts)) == []


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        (ConstraintKind.CHECK, "Add it NOT VALID"),
        (ConstraintKind.FOREIGN_KEY, "Add it NOT VALID"),
        (ConstraintKind.UNIQUE, "UNIQUE USING INDEX"),
        (ConstraintKind.EXCLUSION, "maintenance window"),
    ],
)
def test_a_constraint_is_checked_at_once(kind: ConstraintKind, way: str) -> None:
    finding = one(constraint_validated_at_once.RULE, step(DO, constrained(kind)))
    assert (finding.object, finding.level) == ("public.orders.c", Level.RISKY)
    assert way in finding.message


@pytest.mark.parametrize(("created", "told"), [(frozenset[Name](), True), (frozenset({USERS}), False)])
def test_a_foreign_key_is_checked_though_no_scan_was_seen_and_names_an_old_parent(
    created: frozenset[Name], told: bool
) -> None:
    change = ConstraintAdded(ORDERS, "c", ConstraintKind.FOREIGN_KEY, True, "", USERS)
    facts = Facts(locks=(lock(ORDERS, LockMode.SHARE_ROW_EXCLUSIVE),), changes=(change,))
    (message,) = messages(constraint_validated_at_once.RULE, step(DO, facts, created=created))
    assert ("public.users cannot be written meanwhile either" in message) is told


# ---------------------------------------------------------------- not-null-set

SET = Facts(locks=(EXCLUSIVE,), scans=(Scan(ORDERS, 1),), changes=(NotNullSet(ORDERS, "a"),))


@pytest.mark.parametrize("made", harmless(step(DO, SET))[:-1])
def test_a_new_table_may_become_not_null(made: Step) -> None:
    assert found(not_null_set.RULE, made) == []


def test_a_proven_column_is_not_read() -> None:
    assert found(not_null_set.RULE, step(DO, replace(SET, scans=()))) == []


def test_a_primary_keys_not_null_is_told_there() -> None:
    told = Finding("primary-key-changed", Level.HIGH_RISK, "p", 1, "public.orders", "")
    assert found(not_null_set.RULE, step(DO, SET, found=(told,))) == []


def test_not_null_is_a_demand_on_the_rows_of_a_small_table_too() -> None:
    assert found(not_null_set.RULE, step(DO, SET)) == [("public.orders.a", "risky")]
    (small,) = messages(not_null_set.RULE, step(DO, SET, policy=SMALL))
    assert small.startswith("a of public.orders becomes NOT NULL: every row is read, and one NULL makes it fail.")


def test_a_rewrite_reads_the_rows_too() -> None:
    assert len(found(not_null_set.RULE, step(DO, replace(SET, scans=(), rewrites=(ORDERS,))))) == 1


# ---------------------------------------------------------------- all-rows-updated


@pytest.mark.parametrize(
    "made",
    [
        step("UPDATE orders SET a = 1 WHERE id = 1", Facts(writes=(Write(ORDERS, updated=9, rows_before=9),))),
        step(DO, Facts(writes=(Write(ORDERS, updated=8, rows_before=9),))),
        step(DO, Facts(writes=(Write(ORDERS, rows_before=0),))),
        *harmless(step("UPDATE orders SET a = 1")),
    ],
)
def test_some_rows_are_updated(made: Step) -> None:
    assert found(all_rows_updated.RULE, made) == []


@pytest.mark.parametrize(
    "made", [step("UPDATE orders SET a = 1"), step(DO, Facts(writes=(Write(ORDERS, updated=9, rows_before=9),)))]
)
def test_all_rows_are_updated(made: Step) -> None:
    assert found(all_rows_updated.RULE, made) == [("public.orders", "risky")]


def test_an_update_tells_of_the_lock_it_prolongs() -> None:
    (message,) = messages(all_rows_updated.RULE, step("UPDATE orders SET a = 1", held=(EXCLUSIVE,)))
    assert "An earlier statement of the transaction holds an ACCESS EXCLUSIVE lock" in message


# ---------------------------------------------------------------- blocking-work

READ = Facts(locks=(EXCLUSIVE,), scans=(Scan(ORDERS, 1),))


@pytest.mark.parametrize("made", harmless(step(DO, READ)))
def test_work_on_a_new_or_small_table(made: Step) -> None:
    assert found(blocking_work.RULE, made) == []


@pytest.mark.parametrize("weak", [GENTLE, WRITING, lock(ORDERS, LockMode.ROW_SHARE)])
def test_work_that_blocks_nobody(weak: Lock) -> None:
    assert found(blocking_work.RULE, step(DO, replace(READ, locks=(weak,)))) == []


def test_a_lock_without_work() -> None:
    assert found(blocking_work.RULE, step(DO, Facts(locks=(EXCLUSIVE,)))) == []


def test_work_that_was_told() -> None:
    told = Finding("not-null-set", Level.RISKY, "p", 1, "public.orders.a", "")
    assert found(blocking_work.RULE, step(DO, READ, found=(told,))) == []


def test_a_parent_is_only_looked_up() -> None:
    change = ConstraintAdded(USERS, "c", ConstraintKind.FOREIGN_KEY, True, "", ORDERS)
    assert found(blocking_work.RULE, step(DO, replace(READ, changes=(change,)), created=frozenset({USERS}))) == []


def test_truncating_and_dropping_read_nothing() -> None:
    assert found(blocking_work.RULE, step(DO, replace(READ, truncated=(ORDERS,)))) == []
    assert found(blocking_work.RULE, step(DO, replace(READ, changes=(TableDropped(ORDERS),)))) == []


def test_a_drop_of_a_column_does_not_hide_the_work() -> None:
    told = Finding("column-dropped", Level.HIGH_RISK, "p", 1, "public.orders.a", "")
    assert found(blocking_work.RULE, step(DO, READ, found=(told,))) == [("public.orders", "risky")]


def test_work_under_the_statements_own_lock_and_under_one_held() -> None:
    (own,) = messages(blocking_work.RULE, step("REINDEX TABLE orders", READ))
    assert own.startswith("REINDEX TABLE goes through all rows of public.orders under an ACCESS EXCLUSIVE lock, which")
    carried = replace(READ, locks=(lock(ORDERS, LockMode.ACCESS_EXCLUSIVE, carried=True),))
    for made in (step(DO, carried), step(DO, replace(READ, locks=(WRITING,)), held=(EXCLUSIVE,))):
        (message,) = messages(blocking_work.RULE, made)
        assert "blocks reads and writes, held since an earlier statement of the transaction." in message


# ---------------------------------------------------------------- hot-table-lock


@pytest.mark.parametrize(
    "made",
    [
        step(DO, Facts(locks=(EXCLUSIVE,))),
        step(DO, Facts(locks=(GENTLE, WRITING)), policy=HOT),
        step(DO, Facts(locks=(EXCLUSIVE,)), policy=HOT, created=NEW),
        step(DO, Facts(locks=(EXCLUSIVE,)), policy=HOT, held=(EXCLUSIVE,)),
        step(DO, Facts(locks=(replace(EXCLUSIVE, carried=True),)), policy=HOT),
        step(DO, Facts(locks=(EXCLUSIVE,), changes=(TableDropped(ORDERS),)), policy=HOT),
        step(
            DO,
            Facts(locks=(EXCLUSIVE,)),
            policy=HOT,
            found=(Finding("blocking-work", Level.RISKY, "p", 1, "public.orders", ""),),
        ),
    ],
)
def test_a_brief_lock_on_a_table_that_is_not_hot_or_was_told(made: Step) -> None:
    assert found(hot_table_lock.RULE, made) == []


@pytest.mark.parametrize("mode", [LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE])
def test_a_strong_lock_on_a_hot_table_of_any_size(mode: LockMode) -> None:
    policy = parse_policy("tables: {orders: {hot: true, rows: 10}}")
    assert found(hot_table_lock.RULE, step(DO, Facts(locks=(lock(ORDERS, mode),)), policy=policy)) == [
        ("public.orders", "risky")
    ]


def test_a_stronger_lock_than_the_one_held_is_told() -> None:
    assert len(found(hot_table_lock.RULE, step(DO, Facts(locks=(EXCLUSIVE,)), policy=HOT, held=(SHARE,)))) == 1
