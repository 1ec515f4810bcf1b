"""Rules about what makes others wait. What they must not say comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.rules.build import DO, HOT, ORDERS, SMALL, USERS, found, lock, messages, one, placed, step
from workers.changes import (
    CatalogChange,
    ColumnAdded,
    ColumnTypeChanged,
    ConstraintAdded,
    ConstraintKind,
    DefaultChanged,
    IndexCreated,
    NotNullSet,
    TableCreated,
    TableDropped,
)
from workers.facts import Build, Facts, Lock, Scan, Write
from workers.model import Level, Transaction
from workers.object_changes import ObjectCreated, ObjectDropped
from workers.policy_file import parse_policy
from workers.rules import (
    all_rows_updated,
    blocking_work,
    concurrently_under_timeout,
    constraint_not_enforced,
    constraint_validated_at_once,
    hash_index,
    hot_table_lock,
    index_not_concurrent,
    index_too_wide,
    invalid_index_kept,
    lock_held_through_work,
    no_lock_timeout,
    not_null_set,
    table_locked,
    table_rewritten,
)
from workers.rules.rule import Step
from workers.sql.split import split
from workers.verdict import Finding
from workers.words import LockMode, Name

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


@pytest.mark.parametrize(
    ("changes", "instead"),
    [
        (
            (ColumnTypeChanged(ORDERS, "a", "integer", "bigint"), ColumnTypeChanged(ORDERS, "b", "integer", "bigint")),
            " Add a column of the new type, fill it in batches, and swap the two in a later release.",
        ),
        (
            (ColumnAdded(ORDERS, "a", "uuid", True, True),),
            " Add it without the default, SET DEFAULT in another statement, and fill the rows in batches.",
        ),
    ],
)
def test_a_rewrite_s_way_out_is_that_of_its_cause(changes: tuple[CatalogChange, ...], instead: str) -> None:
    message = one(table_rewritten.RULE, step(DO, replace(REWRITE, changes=changes))).message
    assert message.endswith(instead)
    assert message.count("Changing") <= 1


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


def test_a_partitioned_table_refuses_concurrently() -> None:
    finding = one(index_not_concurrent.RULE, step("CREATE UNIQUE INDEX i ON readings (a)", INDEXED))
    assert finding.object == "public.readings"
    assert finding.message == (
        "i is built from all rows of all partitions of public.readings under a SHARE lock, which blocks writes. CREATE "
        "UNIQUE INDEX ON ONLY public.readings first, then CREATE UNIQUE INDEX CONCURRENTLY on each partition and ALTER "
        "INDEX … ATTACH PARTITION: no write waits."
    )


def test_a_unique_index_stays_unique() -> None:
    made = replace(INDEXED, changes=(replace(CREATED, unique=True),))
    assert "CREATE UNIQUE INDEX CONCURRENTLY blocks" in one(index_not_concurrent.RULE, step(DO, made)).message


def test_nobody_writes_to_a_materialized_view() -> None:
    made = step("CREATE INDEX i ON orders (a)", INDEXED, views=frozenset({ORDERS}))
    assert found(index_not_concurrent.RULE, made) == []


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


def _referring() -> Facts:
    change = ConstraintAdded(ORDERS, "c", ConstraintKind.FOREIGN_KEY, True, "", USERS)
    return Facts(locks=(lock(ORDERS, LockMode.SHARE_ROW_EXCLUSIVE),), changes=(change,))


@pytest.mark.parametrize(("created", "told"), [(frozenset[Name](), True), (frozenset({USERS}), False)])
def test_a_foreign_key_is_checked_though_no_scan_was_seen_and_names_an_old_parent(
    created: frozenset[Name], told: bool
) -> None:
    facts = _referring()
    (message,) = messages(constraint_validated_at_once.RULE, step(DO, facts, created=created))
    assert ("public.users cannot be written meanwhile either" in message) is told


def test_a_table_is_not_told_twice_as_its_own_parent() -> None:
    change = ConstraintAdded(ORDERS, "c", ConstraintKind.FOREIGN_KEY, True, "", ORDERS)
    (message,) = messages(constraint_validated_at_once.RULE, step(DO, replace(_referring(), changes=(change,))))
    assert "meanwhile" not in message


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ((), "public.users cannot be written meanwhile either."),
        ((lock(USERS, LockMode.ACCESS_EXCLUSIVE),), "public.users can be neither read nor written meanwhile."),
    ],
)
def test_a_parent_is_under_what_the_transaction_has_taken_before(held: tuple[Lock, ...], told: str) -> None:
    facts = replace(_referring(), locks=(*_referring().locks, lock(USERS, LockMode.SHARE_ROW_EXCLUSIVE)))
    (message,) = messages(constraint_validated_at_once.RULE, step(DO, facts, held=held))
    assert told in message


ADDED = "ALTER TABLE orders ADD COLUMN user_id bigint; "


@pytest.mark.parametrize(
    ("before", "default", "in_one"),
    [
        ("", False, False),
        (ADDED, True, False),
        (ADDED + "UPDATE orders SET user_id = 1; ", False, False),
        (ADDED + "INSERT INTO orders (user_id) VALUES (1); ", False, False),
        (ADDED + "DO $$ BEGIN UPDATE orders SET user_id = 1; END $$; ", False, False),
        (ADDED + "UPDATE users SET name = ''; ", False, True),
        (ADDED, False, True),
    ],
)
def test_a_key_on_a_column_that_is_still_empty_can_come_with_it(before: str, default: bool, in_one: bool) -> None:
    key = "ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (user_id) REFERENCES users (id)"
    earlier = (ColumnAdded(ORDERS, "user_id", "bigint", False, default),) if before else ()
    made = step(key, _referring(), earlier=earlier)
    text = replace(made.migration, text=before + key)
    made = placed(replace(made, migration=text, index=len(split(before).statements)))
    (message,) = messages(constraint_validated_at_once.RULE, made)
    assert ("ADD COLUMN … REFERENCES public.users" in message) is in_one


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
    assert small.startswith("a of public.orders becomes NOT NULL: every row is read, and one NULL makes it fail; code")


@pytest.mark.parametrize(
    ("earlier", "told"),
    [
        ((), "code that writes NULL fails from then on."),
        ((ColumnAdded(ORDERS, "a", "integer", False, True),), "code that writes NULL fails from then on."),
        (
            (ColumnAdded(ORDERS, "a", "integer", False, False), DefaultChanged(ORDERS, "a", "0")),
            "code that writes NULL fails from then on.",
        ),
        (
            (ColumnAdded(ORDERS, "a", "integer", False, False),),
            "code that does not set the column can no longer insert.",
        ),
    ],
)
def test_code_does_not_know_a_column_that_is_new(earlier: tuple[CatalogChange, ...], told: str) -> None:
    assert told in one(not_null_set.RULE, step(DO, SET, earlier=earlier)).message


def test_names_in_the_way_to_not_null_can_be_copied() -> None:
    odd = replace(SET, changes=(NotNullSet(ORDERS, "eMail"),))
    (message,) = messages(not_null_set.RULE, step(DO, odd))
    assert 'ADD CHECK ("eMail" IS NOT NULL) NOT VALID' in message


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
    (bare,) = messages(blocking_work.RULE, step("ALTER TABLE orders ALTER a TYPE oid", READ))
    assert "No form of it lets others write meanwhile" in bare
    (key,) = messages(blocking_work.RULE, step("ALTER TABLE orders ADD PRIMARY KEY (a)", READ))
    assert "let ADD PRIMARY KEY USING INDEX take it over" in key
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


@pytest.mark.parametrize("timeout", ["'2s'", "5000", "'1500ms'"])
def test_a_short_lock_timeout_keeps_the_wait_short(timeout: str) -> None:
    made = step(DO, Facts(locks=(EXCLUSIVE,)), policy=HOT, settings={"lock_timeout": timeout})
    assert found(hot_table_lock.RULE, made) == []


@pytest.mark.parametrize(
    ("sql", "settings", "way"),
    [
        (DO, {}, "SET lock_timeout to a second or two, and try again when it runs out."),
        (DO, {"lock_timeout": "0"}, "SET lock_timeout to a second or two, and try again when it runs out."),
        (DO, {"lock_timeout": "'1min'"}, "a lock_timeout of '1min' lets them wait so long; a second or two is enough."),
        ("DROP INDEX i", {}, "DROP INDEX CONCURRENTLY does not block, and has to run outside a transaction."),
        (
            "ALTER TABLE orders DETACH PARTITION p",
            {},
            "ALTER TABLE … DETACH PARTITION CONCURRENTLY does not block, and has to run outside a transaction.",
        ),
    ],
)
def test_the_way_out_of_a_strong_lock(sql: str, settings: dict[str, str], way: str) -> None:
    made = step(sql, Facts(locks=(EXCLUSIVE,)), policy=HOT, settings=settings)
    assert one(hot_table_lock.RULE, made).message.endswith(f"wait behind it: {way}")


# ---------------------------------------------------------------- lock-held-through-work

ELSEWHERE = Facts(scans=(Scan(USERS, 1),), locks=(lock(USERS, LockMode.ROW_EXCLUSIVE),))


def last(sql: str, facts: Facts | None = None, **more: object) -> Step:
    """The last statement of a file."""
    *before, statement = sql.split("; ")
    made = step(statement, facts, **more)
    return placed(made, migration=replace(made.migration, text=sql), index=len(before))


@pytest.mark.parametrize(
    "made",
    [
        step(DO, ELSEWHERE),
        step(DO, ELSEWHERE, held=(GENTLE,)),
        step(DO, replace(ELSEWHERE, scans=()), held=(EXCLUSIVE,)),
        step(DO, replace(ELSEWHERE, scans=(Scan(ORDERS, 1),)), held=(EXCLUSIVE,)),
        step(DO, ELSEWHERE, held=(EXCLUSIVE,), earlier=(TableDropped(ORDERS),)),
        step("DELETE FROM users WHERE name = 'a'", ELSEWHERE, held=(EXCLUSIVE,)),
        step(DO, ELSEWHERE, held=(EXCLUSIVE,), created=NEW),
        step(DO, ELSEWHERE, held=(EXCLUSIVE,), created=frozenset({USERS})),
        step(DO, ELSEWHERE, held=(EXCLUSIVE,), policy=SMALL),
        step(DO, ELSEWHERE, held=(EXCLUSIVE,), policy=parse_policy("tables: {users: {rows: 9}}")),
        step(
            DO,
            ELSEWHERE,
            held=(EXCLUSIVE,),
            found=(Finding("index-not-concurrent", Level.RISKY, "p", 1, "public.users", ""),),
        ),
        step(
            DO,
            ELSEWHERE,
            held=(EXCLUSIVE,),
            found=(Finding("blocking-work", Level.RISKY, "p", 1, "public.orders", ""),),
        ),
        step(DO, ELSEWHERE, held=(EXCLUSIVE,), earlier=(ObjectCreated("view", ORDERS),)),
        step(DO, ELSEWHERE, held=(EXCLUSIVE,), earlier=(ObjectDropped("view", ORDERS),)),
        last("CREATE VIEW orders AS SELECT 1; DROP VIEW orders; DO ''", ELSEWHERE, held=(EXCLUSIVE,)),
    ],
)
def test_work_that_keeps_no_other_table_locked(made: Step) -> None:
    assert found(lock_held_through_work.RULE, made) == []


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"transaction": Transaction.FILE}, "into a migration of its own"),
        ({"transaction": Transaction.SIMPLE_QUERY}, "into a migration of its own"),
        ({"transaction": Transaction.STATEMENT}, "behind the COMMIT"),
    ],
)
def test_work_under_a_lock_on_another_table(more: dict[str, Transaction], where: str) -> None:
    finding = one(
        lock_held_through_work.RULE,
        step("INSERT INTO t SELECT 1", ELSEWHERE, held=(EXCLUSIVE,), in_transaction=True, **more),
    )
    assert finding.object == "public.orders"
    assert finding.message == (
        "INSERT goes through all rows of public.users, while the transaction holds an ACCESS EXCLUSIVE lock, which "
        f"blocks reads and writes, on public.orders: all that time they wait. Put the slow part {where}."
    )


def test_a_hot_table_matters_though_it_is_small() -> None:
    policy = parse_policy("tables: {orders: {rows: 10, hot: true}}")
    made = step(DO, ELSEWHERE, held=(SHARE,), policy=policy)
    assert found(lock_held_through_work.RULE, made) == [("public.orders", "risky")]


# ---------------------------------------------------------------- table-locked, no-lock-timeout


@pytest.mark.parametrize(
    "made",
    [
        step("LOCK TABLE orders IN ROW EXCLUSIVE MODE"),
        step("LOCK TABLE orders NOWAIT"),
        step("LOCK TABLE orders", settings={"lock_timeout": "'3s'"}),
        *harmless(step("LOCK TABLE orders"))[:2],
        step("LOCK TABLE orders", policy=SMALL),
    ],
)
def test_a_table_that_is_locked_gently_or_briefly(made: Step) -> None:
    assert found(table_locked.RULE, made) == []


def test_tables_are_locked() -> None:
    assert found(table_locked.RULE, step("LOCK orders, users IN SHARE MODE", settings={"lock_timeout": "0"})) == [
        ("public.orders", "risky"),
        ("public.users", "risky"),
    ]


LOCKED = Facts(locks=(EXCLUSIVE,))


@pytest.mark.parametrize(
    "made",
    [
        step(DO, Facts(locks=(GENTLE,))),
        step(DO, LOCKED, settings={"lock_timeout": "'10s'"}),
        step(DO, LOCKED, held=(EXCLUSIVE,)),
        step(DO, LOCKED, earlier=(ColumnAdded(USERS, "a", "text", False, False),)),
        step("ALTER TABLE orders DETACH PARTITION p CONCURRENTLY", LOCKED),
        *harmless(step(DO, LOCKED)),
    ],
)
def test_a_lock_that_waits_briefly_or_was_told(made: Step) -> None:
    assert found(no_lock_timeout.RULE, made) == []


@pytest.mark.parametrize("settings", [{}, {"lock_timeout": "0"}, {"lock_timeout": ""}, {"statement_timeout": "'2s'"}])
def test_a_lock_without_a_timeout(settings: dict[str, str]) -> None:
    made = step(DO, LOCKED, settings=settings, earlier=(CREATED,))
    assert found(no_lock_timeout.RULE, made) == [("public.orders", "risky")]


# ---------------------------------------------------------------- invalid-index-kept, concurrently-under-timeout

KEPT = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders (a)"


@pytest.mark.parametrize(
    "made",
    [
        step("CREATE INDEX CONCURRENTLY i ON orders (a)"),
        step("CREATE INDEX IF NOT EXISTS i ON orders (a)"),
        step(KEPT, created=NEW),
        step(KEPT, in_transaction=True),
        last(f"DROP INDEX CONCURRENTLY IF EXISTS i; {KEPT}"),
    ],
)
def test_no_invalid_index_is_taken_for_the_wanted_one(made: Step) -> None:
    assert found(invalid_index_kept.RULE, made) == []


@pytest.mark.parametrize("made", [step(KEPT), step(KEPT, policy=SMALL), last(f"DROP INDEX IF EXISTS j; {KEPT}")])
def test_an_invalid_index_would_be_kept(made: Step) -> None:
    assert found(invalid_index_kept.RULE, made) == [("public.orders", "safe")]


@pytest.mark.parametrize(
    ("manner", "where"),
    [
        (Transaction.STATEMENT, " before it, and"),
        (Transaction.SIMPLE_QUERY, " in a migration of its own before this one, and"),
        (Transaction.FILE, " in a migration of its own before this one, and"),
    ],
)
def test_the_drop_goes_where_the_runner_lets_it(manner: Transaction, where: str) -> None:
    message = one(invalid_index_kept.RULE, step(KEPT, transaction=manner)).message
    assert f"DROP INDEX CONCURRENTLY IF EXISTS i{where} leave out IF NOT EXISTS." in message.replace('"', "")


def test_an_invalid_unique_index_keeps_nothing_out() -> None:
    made = step("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON orders (a)")
    assert found(invalid_index_kept.RULE, made) == [("public.orders", "risky")]


ALONE = "CREATE INDEX CONCURRENTLY i ON orders (a)"
CAUTIOUS = {"lock_timeout": "'2s'"}


@pytest.mark.parametrize(
    "made",
    [
        step(ALONE, Facts(locks=(GENTLE,))),
        step(ALONE, Facts(locks=(GENTLE,)), settings={"lock_timeout": "0", "statement_timeout": ""}),
        step(ALONE, Facts(locks=(GENTLE,)), settings={"statement_timeout": "'2h'"}),
        step(ALONE, Facts(locks=(GENTLE,)), settings={"lock_timeout": "$1"}),
        step(ALONE, Facts(locks=(GENTLE,)), settings=CAUTIOUS, in_transaction=True),
        step(ALONE, Facts(locks=(GENTLE,)), settings=CAUTIOUS, policy=SMALL),
        step("REFRESH MATERIALIZED VIEW CONCURRENTLY v", settings=CAUTIOUS),
        step("CREATE INDEX i ON orders (a)", Facts(locks=(SHARE,)), settings=CAUTIOUS),
    ],
)
def test_concurrently_without_a_timeout_or_what_may_be_stopped(made: Step) -> None:
    assert found(concurrently_under_timeout.RULE, made) == []


@pytest.mark.parametrize(
    ("sql", "leaves"),
    [
        (ALONE, "leaves an invalid index behind"),
        ("DROP INDEX CONCURRENTLY i", "leaves an invalid index behind"),
        ("REINDEX INDEX CONCURRENTLY i", "leaves an invalid index behind"),
        ("ALTER TABLE orders DETACH PARTITION p CONCURRENTLY", "leaves the partition half detached"),
    ],
)
def test_concurrently_under_a_timeout(sql: str, leaves: str) -> None:
    settings = {"lock_timeout": "'2s'", "statement_timeout": "30000"}
    (message,) = messages(concurrently_under_timeout.RULE, step(sql, Facts(locks=(GENTLE,)), settings=settings))
    assert "runs with lock_timeout 2s and statement_timeout 30000." in message
    assert leaves in message
    assert message.endswith("SET lock_timeout = 0; SET statement_timeout = 0; before it, and back behind it.")


# ---------------------------------------------------------------- what an index is, whatever it takes to build


@pytest.mark.parametrize(
    ("sql", "wide", "hashed"),
    [
        ("CREATE INDEX i ON orders (a, b, c)", False, False),
        ("CREATE INDEX i ON orders (a, b, c, d)", True, False),
        ("CREATE UNIQUE INDEX i ON orders (a, b, c, d)", False, False),
        ("CREATE INDEX i ON orders USING gin (a, b, c, d)", False, False),
        ("CREATE INDEX i ON orders USING hash (a)", False, True),
    ],
)
def test_wide_and_hashed_indexes(sql: str, wide: bool, hashed: bool) -> None:
    made = step(sql, created=NEW)
    assert [bool(found(rule.RULE, made)) for rule in (index_too_wide, hash_index)] == [wide, hashed]


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("ALTER TABLE orders ADD CHECK (a > 0) NOT VALID", None),
        ("ALTER TABLE orders ALTER CONSTRAINT c DEFERRABLE", None),
        ("ALTER TABLE orders ADD CHECK (a > 0) NOT ENFORCED", "risky"),
        ("ALTER TABLE orders ADD COLUMN b integer CHECK (b > 0) NOT ENFORCED", "risky"),
        ("ALTER TABLE orders ALTER CONSTRAINT c NOT ENFORCED", "risky"),
        ("CREATE TABLE orders (a integer CHECK (a > 0) NOT ENFORCED)", "safe"),
    ],
)
def test_constraints_that_keep_nothing_out(sql: str, level: str | None) -> None:
    made = step(sql, created=NEW if level == "safe" else frozenset())
    assert found(constraint_not_enforced.RULE, made) == ([("public.orders", level)] if level else [])
