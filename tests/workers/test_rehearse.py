"""Migrations rehearsed one after another: what carries over from one to the next, what must not, and what is proven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workers.changes import ColumnAdded
from workers.failing import failure
from workers.model import Migration, Transaction
from workers.object_changes import ObjectCreated, Trait, TraitChanged
from workers.policy import Policy, TablePolicy
from workers.postgres.limits import Limits
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation
from workers.rehearse import rehearse
from workers.rehearsed import Rehearsal
from workers.replay import Ground, replayed
from workers.ways_back import Grade
from workers.words import Name

Rehearse = Callable[..., Rehearsal]

BASE = """
CREATE TABLE users (id serial PRIMARY KEY, name text, email text, age int);
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, total int);
"""


@pytest.fixture
def rehearsed(installation: Installation, cache: Path) -> Rehearse:
    def call(
        *texts: str,
        limits: Limits = Limits(),  # noqa: B008  frozen
        transaction: Transaction = Transaction.STATEMENT,
        policy: Policy = Policy(),  # noqa: B008  frozen
        more: str = "",
    ) -> Rehearsal:
        ground = Ground(installation, strongest_tier(), limits, cache, 1 << 30, lambda: None)
        history = (Migration("0", "m/0.sql", BASE + more, Transaction.SIMPLE_QUERY),)
        added = [Migration(str(n), f"m/{n}.sql", text, transaction) for n, text in enumerate(texts, start=1)]
        with replayed(history, ground) as base:
            return rehearse(base, added, policy)

    return call


def test_nothing_to_rehearse(rehearsed: Rehearse) -> None:
    assert rehearsed().migrations == ()


def test_a_migration_without_statements(rehearsed: Rehearse) -> None:
    (one,) = rehearsed("-- nothing\n").migrations
    assert (one.observations, one.rejections, one.not_run) == ((), (), None)
    assert one.rollback is not None
    assert (one.rollback.sql, one.rollback.grade, one.rollback.proven) == ("", Grade.EXACT, True)


def test_the_next_stands_on_the_one_before(rehearsed: Rehearse) -> None:
    first, second, third, fourth = rehearsed(
        "ALTER TABLE users ADD COLUMN nick text;",
        "UPDATE users SET nick = name; ALTER TABLE users DROP COLUMN name;",
        "CREATE TABLE n (id int PRIMARY KEY, nick text); INSERT INTO n VALUES (1, 'x');",
        "INSERT INTO n VALUES (2, 'y');",
    ).migrations
    for one in (first, second, third, fourth):
        assert failure(one.observations) is None
        assert one.rollback is not None
        assert one.rollback.proven
    assert second.rollback is not None
    assert second.rollback.grade is Grade.LOSSY


def test_behind_a_failure_nothing_is_run(rehearsed: Rehearse) -> None:
    first, second, third = rehearsed("SELECT 1;", "ALTER TABLE nowhere ADD x int; SELECT 2;", "SELECT 3;").migrations
    assert first.not_run is None
    assert (failure(second.observations), second.observations[1], second.rollback) == (0, None, None)
    assert third.not_run == "Not run, because 2, which runs before it, did not come to its end."
    assert third.observations == (None,)


def test_what_a_statement_does_to_other_objects_than_tables(rehearsed: Rehearse) -> None:
    (one,) = rehearsed("CREATE VIEW v AS SELECT id FROM users; ALTER TABLE users SET (fillfactor = 70);").migrations
    assert [seen.facts.changes for seen in one.observations if seen] == [
        (ObjectCreated("view", Name("public", "v")),),
        (TraitChanged(Name("public", "users"), Trait.OPTIONS, "", "fillfactor=70"),),
    ]


def test_statements_were_seen_on_rows(rehearsed: Rehearse) -> None:
    (one,) = rehearsed("UPDATE users SET age = 1; SELECT 1;").migrations
    update = one.observations[0]
    assert update is not None
    (write,) = update.facts.writes
    assert write.table == Name("public", "users")
    assert write.updated == write.rows_before
    assert write.updated > 10


def test_rows_of_the_history_count_among_a_table_s_rows(rehearsed: Rehearse) -> None:
    """Deleting all of those is not deleting all rows."""
    _, second = rehearsed(
        "INSERT INTO users (id) VALUES (1000);"
        "INSERT INTO orders (id, user_id) SELECT g, 1000 FROM generate_series(1000, 1040) g;",
        "DO $$ BEGIN DELETE FROM orders WHERE id >= 1000; END $$;",
    ).migrations
    delete = second.observations[0]
    assert delete is not None
    (write,) = delete.facts.writes
    assert write.deleted == 41
    assert write.rows_before is not None
    assert write.rows_before > 50


def test_what_is_done_only_where_rows_do_not_object(rehearsed: Rehearse) -> None:
    sql = "ALTER TABLE users ALTER name SET NOT NULL"
    (one,) = rehearsed(
        f"DO $$ BEGIN {sql}; EXCEPTION WHEN others THEN NULL; END $$; CREATE TABLE n (id int);"
    ).migrations
    assert (one.rejections, one.doubtful) == ((), frozenset({0}))


def test_a_renamed_schema_is_known_to_the_next_migration(rehearsed: Rehearse) -> None:
    _, _, third = rehearsed(
        "CREATE SCHEMA a; CREATE TABLE a.t (id int);",
        "ALTER SCHEMA a RENAME TO b;",
        "ALTER TABLE b.t ADD COLUMN x int;",
    ).migrations
    added = third.observations[0]
    assert added is not None
    assert added.facts.changes == (ColumnAdded(Name("b", "t"), "x", "integer", False, False),)


def test_rows_that_are_allowed_and_refused(rehearsed: Rehearse) -> None:
    (one,) = rehearsed("ALTER TABLE users ALTER name SET NOT NULL; CREATE UNIQUE INDEX u ON users (email);").migrations
    assert failure(one.observations) is None
    nulls, duplicates = one.rejections
    assert (nulls.statement, nulls.table, nulls.error.sqlstate) == (0, Name("public", "users"), "23502")
    assert (duplicates.statement, duplicates.error.sqlstate) == (1, "23505")
    for rejection in one.rejections:
        assert rejection.preflight is not None
        assert rejection.preflight.path == "m/1.sql"
    assert one.rollback is not None
    assert one.rollback.proven


@pytest.mark.parametrize(
    ("between", "refused"),
    [
        ("UPDATE orders SET total = 1", 0),
        ("DO $$ BEGIN UPDATE users SET nick = name; END $$", 2),
    ],
)
def test_a_column_of_the_pull_request_is_empty_until_something_fills_it(
    rehearsed: Rehearse, between: str, refused: int
) -> None:
    add = "ALTER TABLE users ADD COLUMN nick text, ADD COLUMN boss int;"
    unique = "CREATE UNIQUE INDEX u ON users (nick); ALTER TABLE users ADD FOREIGN KEY (boss) REFERENCES orders;"
    *_, last = rehearsed(add, f"{between};", unique).migrations
    assert len(last.rejections) == refused


def test_rows_of_tables_that_the_pull_request_made_are_its_own(rehearsed: Rehearse) -> None:
    _, second = rehearsed("CREATE TABLE n (a int);", "ALTER TABLE n ALTER a SET NOT NULL;").migrations
    assert second.rejections == ()


def test_seeds_that_meet_our_keys_are_no_rejection(rehearsed: Rehearse) -> None:
    (one,) = rehearsed("INSERT INTO users (id, name) SELECT g, 'seed' FROM generate_series(-100, 100) g;").migrations
    assert (failure(one.observations), one.rejections) == (None, ())


def test_a_concurrent_build_that_fails_leaves_an_invalid_index(rehearsed: Rehearse) -> None:
    (one,) = rehearsed("CREATE UNIQUE INDEX CONCURRENTLY u ON users (email);").migrations
    (rejection,) = one.rejections
    assert (rejection.error.sqlstate, rejection.leaves_invalid) == ("23505", Name("public", "u"))


def _rejected(rehearsal: Rehearsal) -> list[tuple[int, str]]:
    (one,) = rehearsal.migrations
    assert failure(one.observations) is None
    return [(each.statement, each.error.sqlstate) for each in one.rejections]


def test_what_is_found_behind_a_rejection(rehearsed: Rehearse) -> None:
    """On the same rows: those of the table at fault, and those that need rows there."""
    text = "ALTER TABLE users ADD CHECK (age > 5); ALTER TABLE orders ALTER total SET NOT NULL;"
    assert _rejected(rehearsed(text)) == [(0, "23514"), (1, "23502")]


def test_behind_a_rejection_through_a_table_that_is_not_touched(rehearsed: Rehearse) -> None:
    """The parent of a parent was filled again, and rejected a second time."""
    items = "CREATE TABLE items (id serial PRIMARY KEY, order_id int NOT NULL REFERENCES orders, sku text NOT NULL);"
    unique = "ALTER TABLE users ADD UNIQUE (email); CREATE UNIQUE INDEX ON items (order_id, sku);"
    found = rehearsed(unique, more=items)
    assert _rejected(found) == [(0, "23505"), (1, "23505")]
    assert [each.preflight is not None for each in found.migrations[0].rejections] == [True, True]


def test_each_conversion_is_tried(rehearsed: Rehearse) -> None:
    table = "CREATE TABLE t (id serial PRIMARY KEY, a numeric, b bigint, c text);"
    text = (
        "ALTER TABLE t ALTER a TYPE int; ALTER TABLE t ALTER b TYPE int; ALTER TABLE t ALTER c TYPE int USING c::int;"
    )
    for transaction in (Transaction.STATEMENT, Transaction.FILE):
        found = _rejected(rehearsed(text, more=table, transaction=transaction))
        assert [statement for statement, _ in found] == [0, 1, 2]


def test_more_rejections_than_tries(rehearsed: Rehearse) -> None:
    text = "".join(f"ALTER TABLE t ALTER {column} SET NOT NULL;" for column in "abcdef")
    found = _rejected(rehearsed(text, more="CREATE TABLE t (a int, b int, c int, d int, e int, f int);"))
    assert found == [(number, "23502") for number in range(6)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The rows that the CHECK refuses are those that SET NOT NULL refuses.
        (
            "ALTER TABLE users ADD CONSTRAINT c CHECK (name IS NOT NULL) NOT VALID; ALTER TABLE users VALIDATE "
            "CONSTRAINT c; ALTER TABLE users ALTER name SET NOT NULL; ALTER TABLE users DROP CONSTRAINT c;",
            [(1, "23514")],
        ),
        # Without the index, there is nothing to make a constraint of.
        (
            "CREATE UNIQUE INDEX u ON users (email); ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX u;",
            [(0, "23505")],
        ),
        # What changes rows is not left out.
        ("UPDATE users SET id = 1; ALTER TABLE users ADD UNIQUE (email);", [(0, "23505")]),
    ],
)
def test_what_only_follows_from_a_rejection(rehearsed: Rehearse, text: str, expected: list[tuple[int, str]]) -> None:
    assert _rejected(rehearsed(text)) == expected


@pytest.mark.parametrize("transaction", list(Transaction))
def test_a_role_is_made_as_often_as_the_migration_is_played(rehearsed: Rehearse, transaction: Transaction) -> None:
    first, second = rehearsed(
        "CREATE ROLE app; GRANT SELECT ON users TO app;", "GRANT INSERT ON users TO app;", transaction=transaction
    ).migrations
    for one in (first, second):
        assert failure(one.observations) is None
        assert one.rollback is not None
        assert (one.rollback.proven, one.rollback.difference) == (True, ())


def test_settings_of_the_role_do_not_reach_the_next_play(rehearsed: Rehearse) -> None:
    first, second = rehearsed(
        "ALTER ROLE postgres SET search_path = 'nowhere'; UPDATE users SET age = 1;",
        "CREATE ROLE app; CREATE TABLE n (id int); ALTER TABLE n OWNER TO postgres; GRANT app TO postgres;",
    ).migrations
    for one in (first, second):
        assert failure(one.observations) is None
        assert one.rollback is not None
        assert one.rollback.difference == ()


def test_a_role_that_is_only_named_is_made_and_noted(rehearsed: Rehearse) -> None:
    found = rehearsed("GRANT SELECT ON users TO reader;")
    assert failure(found.migrations[0].observations) is None
    assert [note.partition(":")[0] for note in found.notes] == ["role reader"]


def test_an_update_of_a_new_column_is_undone_exactly(rehearsed: Rehearse) -> None:
    new, old = "ALTER TABLE users ADD n text; UPDATE users SET n = name;", "UPDATE users SET age = 0;"
    first, second = rehearsed(new, old).migrations
    assert first.rollback is not None
    assert second.rollback is not None
    assert (first.rollback.grade, second.rollback.grade) == (Grade.EXACT, Grade.LOSSY)


def test_temporary_tables_are_not_in_the_way_of_the_second_time(rehearsed: Rehearse) -> None:
    (one,) = rehearsed("CREATE TEMP TABLE x AS SELECT * FROM users; UPDATE users SET age = 1 WHERE false;").migrations
    assert one.rollback is not None
    assert one.rollback.difference == ()


def test_a_server_that_is_lost_on_empty_tables(rehearsed: Rehearse) -> None:
    loop = "BEGIN LOOP BEGIN PERFORM pg_sleep(9); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END"
    first, second = rehearsed(f"DO $$ {loop} $$;", "SELECT 1;", limits=Limits(statement_ms=200)).migrations
    seen = first.observations[0]
    assert seen is not None
    assert seen.error is not None
    assert seen.error.sqlstate == "57P01"
    assert second.not_run is not None


def test_a_session_that_is_lost_on_rows(rehearsed: Rehearse) -> None:
    wait = "CREATE FUNCTION w() RETURNS int LANGUAGE plpgsql AS $$ BEGIN LOOP BEGIN PERFORM pg_sleep(9); "
    wait += "EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;"
    found = rehearsed(f"{wait} UPDATE users SET age = w();", limits=Limits(statement_ms=200))
    (rejection,) = found.migrations[0].rejections
    assert (rejection.statement, rejection.error.sqlstate) == (1, "57P01")


def test_what_is_slow_is_measured_where_the_policy_tells_the_rows(rehearsed: Rehearse) -> None:
    orders = Name("public", "orders")
    text = "ALTER TABLE users ALTER age TYPE bigint; ALTER TABLE orders ALTER total TYPE bigint;"
    found = rehearsed("SELECT 1;", text, policy=Policy(tables=((orders, TablePolicy(12_000)),)))
    first, second = found.migrations
    assert first.estimates == ()
    (estimate,) = second.estimates
    assert (estimate.statement, estimate.table, estimate.rows) == (1, orders, 12_000)
