"""What a live database says about a migration of which nobody knows whether it was applied."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from tests.live_server import live_server
from tests.workers.environments.staging import HISTORY, Staging, Stagings, machine, migration
from workers.environments.expected import Expected, expected
from workers.environments.failed import explain_failed
from workers.environments.model import Entry
from workers.environments.stops import find_out
from workers.environments.truth import Standing, Truth, live_state
from workers.errors import CannotAnalyse, Unreachable
from workers.model import Migration, Transaction
from workers.postgres.servers import find_installations

STEPS = "ALTER TABLE users ADD COLUMN nick text;\nCREATE TABLE tags (id int);\nDROP TABLE orders;\n"


@pytest.fixture(scope="module")
def stagings(cache: Path) -> Iterator[Stagings]:
    with live_server() as server:
        with server.admin() as admin:
            admin.execute("CREATE ROLE metabase; CREATE ROLE app_reader")
        yield Stagings(server, cache)


def seen(staging: Staging, one: Migration) -> Truth:
    return live_state(staging.connection, wanted(staging, one))


def wanted(staging: Staging, one: Migration) -> Expected:
    major = staging.connection.info.server_version // 10_000
    return expected(HISTORY, one, staging.machine, major)


# ---------------------------------------------------------------- as before, as after


def test_nothing_was_applied(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        truth = seen(staging, migration(STEPS))
    assert (truth.standing, truth.sentences, truth.done) == (Standing.NOT_APPLIED, (), ())
    assert truth.missing == (
        "table public.orders is still there",
        "table public.tags is not there",
        "column public.users.nick is not there",
    )


def test_all_was_applied(stagings: Stagings) -> None:
    with stagings.staging(STEPS) as staging:
        truth = seen(staging, migration(STEPS))
    assert (truth.standing, truth.sentences, truth.missing) == (Standing.APPLIED, (), ())


def test_a_migration_for_rows_cannot_be_seen(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        for text in ("", "UPDATE users SET age = 1", "CREATE TABLE IF NOT EXISTS users ()"):
            truth = seen(staging, migration(text))
            assert truth == Truth(Standing.UNCLEAR, odd=("it changes rows only, if anything; the schema cannot tell",))


CHANGES = {
    "rename of a column": "ALTER TABLE users RENAME name TO full_name",
    "rename of a table": "ALTER TABLE users RENAME TO people",
    "enum value": "ALTER TYPE mood ADD VALUE 'happy' BEFORE 'ok'",
    "type of a column": "ALTER TABLE users ALTER age TYPE bigint",
    "not null": "ALTER TABLE users ALTER age SET NOT NULL",
    "default": "ALTER TABLE users ALTER age SET DEFAULT 3",
    "constraint": "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17) NOT VALID",
    "index": "CREATE UNIQUE INDEX CONCURRENTLY users_name ON users (lower(name)) WHERE age > 3",
    "dropped index": "DROP INDEX orders_total",
    "view": 'CREATE VIEW grown AS SELECT id, name AS "Name" FROM users WHERE age > 17',
    "function": "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
    "grant": "GRANT SELECT ON users TO app_reader",
    "column grant": "GRANT UPDATE (name) ON users TO app_reader",
    "revoke": "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION g() FROM PUBLIC",
    "default privileges": "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app_reader",
    "comment": "COMMENT ON TABLE users IS 'who'",
    "row security": "ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON users USING (id = 1)",
    "partitions": "CREATE TABLE p (k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
    "extension": "CREATE EXTENSION citext; ALTER TABLE users ADD COLUMN mail citext",
    "DO": "DO $$ BEGIN ALTER TABLE users ADD COLUMN x uuid DEFAULT gen_random_uuid(); END $$",
}


@pytest.mark.campaign
@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_is_seen_before_and_after(stagings: Stagings, name: str) -> None:
    one = migration(CHANGES[name], Transaction.STATEMENT)
    with stagings.staging() as staging:
        before = wanted(staging, one)
        assert live_state(staging.connection, before).standing is Standing.NOT_APPLIED
        staging.run(CHANGES[name])
        after = live_state(staging.connection, before)
        assert (after.standing, after.missing, after.odd) == (Standing.APPLIED, (), ())


@pytest.mark.campaign
@pytest.mark.parametrize("major", sorted({one.major for one in find_installations()}))
def test_the_ephemeral_server_may_be_of_another_version(stagings: Stagings, major: int) -> None:
    text = ";\n".join(text for name, text in CHANGES.items() if not name.startswith(("rename", "index", "extension")))
    one = migration(text)
    with stagings.staging() as staging:
        before = expected(HISTORY, one, staging.machine, major)
        live_major = staging.connection.info.server_version // 10_000
        assert before.server_major == major
        assert live_state(staging.connection, before).standing is Standing.NOT_APPLIED
        staging.run(text)
        after = live_state(staging.connection, before)
        assert (after.standing, after.odd, after.missing) == (Standing.APPLIED, (), ())
        other = expected(HISTORY, one, staging.machine, 12)
        assert other.server_major >= 12
        assert "compared with PostgreSQL" in other.notes[0]
        assert not [note for note in before.notes if "compared with" in note] or live_major != major


# ---------------------------------------------------------------- drift elsewhere


DRIFT = """
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY);
CREATE SCHEMA audit; CREATE TABLE audit.log (id int, what text);
ALTER TABLE users ADD COLUMN by_hand text;
CREATE INDEX by_hand ON users (by_hand);
ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.01);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO metabase;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO metabase;
COMMENT ON TABLE users IS 'seen by the auditors';
CREATE EXTENSION citext;
"""


def test_drift_elsewhere_does_not_matter(stagings: Stagings) -> None:
    text = "ALTER TABLE users ADD nick text; CREATE TABLE tags (id int PRIMARY KEY); GRANT SELECT ON tags TO app_reader"
    with stagings.staging(DRIFT) as staging:
        before = wanted(staging, migration(text))
        assert live_state(staging.connection, before).standing is Standing.NOT_APPLIED
        staging.run(text, "COMMENT ON TABLE tags IS 'x'; ALTER TABLE tags SET (fillfactor = 70)")
        with staging.server.admin(staging.connection.info.dbname) as admin:
            admin.execute("ALTER TABLE tags OWNER TO metabase")
        assert live_state(staging.connection, before).standing is Standing.APPLIED


def test_columns_may_stand_in_another_order(stagings: Stagings) -> None:
    text = "CREATE TABLE t (a int, b int NOT NULL, c text DEFAULT 'x')"
    with stagings.staging("CREATE TABLE t (c text DEFAULT 'x', b int NOT NULL, a int)") as staging:
        assert seen(staging, migration(text)).standing is Standing.APPLIED


def test_a_schema_of_its_own(stagings: Stagings, cache: Path) -> None:
    """As ?schema=shop in a Prisma URL."""
    text = "CREATE VIEW grown AS SELECT u.id FROM users u WHERE mood = 'ok'; ALTER TABLE users ADD COLUMN at text"
    with stagings.staging("CREATE SCHEMA shop; SET search_path TO shop", HISTORY[0].text) as staging:
        setting = staging.setting(migration(text))
        assert setting.schema == "shop"
        before = expected(HISTORY, setting.migration, machine(cache), setting.major, setting.schema)
        assert live_state(staging.connection, before).standing is Standing.NOT_APPLIED
        staging.run(text)
        assert live_state(staging.connection, before).standing is Standing.APPLIED
        assert staging.connection.execute("SHOW search_path").fetchone() == ("shop",)


# ---------------------------------------------------------------- partly, unclear


def test_some_of_it_is_there(stagings: Stagings) -> None:
    one = migration(STEPS, Transaction.STATEMENT)
    with stagings.staging(*STEPS.splitlines()[:2]) as staging:
        truth = seen(staging, one)
        closer = find_out(staging.connection, staging.setting(one), staging.machine)
    assert truth.standing is Standing.PARTLY
    assert truth.done == ("table public.tags is there", "column public.users.nick is there")
    assert truth.missing == ("table public.orders is still there",)
    assert (closer.standing, closer.next_line) == (Standing.PARTLY, 3)
    assert closer.undo_sql == 'ALTER TABLE "public"."users" DROP COLUMN "nick";\nDROP TABLE "public"."tags";\n'


def test_a_state_that_is_only_on_the_way(stagings: Stagings) -> None:
    """It is neither as before nor as after, and yet known."""
    text = "ALTER TABLE users ADD COLUMN n int;\nALTER TABLE users ALTER n TYPE bigint;\nALTER TABLE users DROP age"
    one = migration(text, Transaction.STATEMENT)
    with stagings.staging(text.splitlines()[0]) as staging:
        truth = seen(staging, one)
        closer = find_out(staging.connection, staging.setting(one), staging.machine)
    assert truth.standing is Standing.UNCLEAR
    assert truth.odd == ("column public.users.n, type: expected bigint, is integer",)
    assert (closer.standing, closer.next_line, closer.odd) == (Standing.PARTLY, 2, ())
    assert closer.undo_sql == 'ALTER TABLE "public"."users" DROP COLUMN "n";\n'


def test_an_index_that_is_not_valid(stagings: Stagings) -> None:
    text = "CREATE UNIQUE INDEX CONCURRENTLY users_age ON users (age)"
    one = migration(text, Transaction.STATEMENT)
    with stagings.staging("INSERT INTO users (age) VALUES (1), (1)") as staging:
        with pytest.raises(psycopg.errors.UniqueViolation):
            staging.run(text)
        closer = find_out(staging.connection, staging.setting(one), staging.machine)
    assert (closer.standing, closer.done) == (
        Standing.PARTLY,
        ("index public.users_age is there, but not valid",),
    )
    assert closer.undo_sql == 'DROP INDEX "public"."users_age";\n'


def test_a_constraint_that_is_not_validated(stagings: Stagings) -> None:
    text = "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17)"
    with stagings.staging(f"{text} NOT VALID") as staging:
        truth = seen(staging, migration(text))
    assert (truth.standing, truth.done) == (
        Standing.PARTLY,
        ("constraint public.users.adult is there, but not valid",),
    )


def test_something_else_under_the_name(stagings: Stagings) -> None:
    with stagings.staging("ALTER TABLE users ADD COLUMN nick int, ALTER age TYPE numeric") as staging:
        one = migration("ALTER TABLE users ADD COLUMN nick text, ALTER age TYPE bigint")
        truth = find_out(staging.connection, staging.setting(one), staging.machine)
    assert (truth.standing, truth.next_line, truth.undo_sql) == (Standing.UNCLEAR, 0, "")
    assert truth.odd == (
        "column public.users.age, type: expected bigint or, before, integer; is numeric",
        "column public.users.nick, type: expected text, is integer",
    )


def test_what_it_alters_is_missing(stagings: Stagings) -> None:
    with stagings.staging("ALTER TABLE users DROP age") as staging:
        truth = seen(staging, migration("ALTER TABLE users ALTER age SET NOT NULL"))
    assert (truth.standing, truth.odd) == (Standing.UNCLEAR, ("column public.users.age is missing",))


# ---------------------------------------------------------------- rows beside the schema


BACKFILL = "ALTER TABLE users ADD COLUMN nick text;\nUPDATE users SET nick = name"


def test_a_last_statement_for_rows_is_in_the_transaction(stagings: Stagings) -> None:
    with stagings.staging(BACKFILL) as staging:
        for text in (BACKFILL, f"BEGIN;\n{BACKFILL};\nCOMMIT"):
            runner = Transaction.SIMPLE_QUERY if text == BACKFILL else Transaction.STATEMENT
            assert seen(staging, migration(text, runner)).standing is Standing.APPLIED


def test_a_last_statement_for_rows_by_itself_may_be_missing(stagings: Stagings) -> None:
    one = migration(BACKFILL, Transaction.STATEMENT)
    with stagings.staging(BACKFILL.splitlines()[0]) as staging:
        truths = (seen(staging, one), find_out(staging.connection, staging.setting(one), staging.machine))
    for truth in truths:
        assert truth.standing is Standing.UNCLEAR
        assert truth.odd == ("whether line 2 (UPDATE) was run cannot be seen in the schema",)
    assert truths[1].undo_sql == 'ALTER TABLE "public"."users" DROP COLUMN "nick";\n'


def test_a_first_statement_for_rows_may_have_been_run(stagings: Stagings) -> None:
    one = migration("SET lock_timeout = '1s';\nDELETE FROM orders;\nDROP TABLE orders", Transaction.STATEMENT)
    with stagings.staging() as staging:
        for truth in (seen(staging, one), find_out(staging.connection, staging.setting(one), staging.machine)):
            assert truth.standing is Standing.UNCLEAR
            assert truth.odd == ("whether line 2 (DELETE) was run cannot be seen in the schema",)


def test_a_block_of_code_at_the_end_is_found_out_by_playing_it(stagings: Stagings) -> None:
    text = "ALTER TABLE users ADD COLUMN nick text;\nDO $$ BEGIN CREATE TABLE tags (); END $$"
    one = migration(text, Transaction.STATEMENT)
    with stagings.staging(text) as staging:
        assert seen(staging, one).standing is Standing.UNCLEAR
        assert find_out(staging.connection, staging.setting(one), staging.machine).standing is Standing.APPLIED


# ---------------------------------------------------------------- the connection, and what fails


def test_it_looks_and_leaves_everything_as_it_was(stagings: Stagings) -> None:
    with stagings.staging("SET search_path TO audit, public; SET DateStyle TO 'SQL'") as staging:
        seen(staging, migration(STEPS))
        assert staging.connection.info.transaction_status is TransactionStatus.IDLE
        assert staging.connection.execute("SHOW search_path").fetchone() == ("audit, public",)
        assert staging.connection.execute("SHOW DateStyle").fetchone() == ("SQL, MDY",)


def test_inside_a_transaction_it_sees_what_that_has_done(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        one = migration(STEPS)
        with staging.connection.transaction(force_rollback=True):
            staging.run(STEPS)
            assert seen(staging, one).standing is Standing.APPLIED
        assert seen(staging, one).standing is Standing.NOT_APPLIED


def test_a_migration_that_fails_on_its_history(stagings: Stagings) -> None:
    with stagings.staging() as staging, pytest.raises(CannotAnalyse) as failed:
        wanted(staging, migration("\nALTER TABLE users ADD x nowhere"))
    assert str(failed.value) == (
        'm/2_next/migration.sql:2: fails on an ephemeral server: type "nowhere" does not exist (42704)'
    )


def test_a_connection_that_is_lost(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        before = wanted(staging, migration(STEPS))
        with stagings.server.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (staging.connection.info.backend_pid,))
        with pytest.raises(Unreachable) as lost:
            live_state(staging.connection, before)
    assert str(lost.value).startswith("the database's catalog could not be read: ")


# ---------------------------------------------------------------- explained


def entry() -> Entry:
    return Entry("r", "2_next", "", datetime(2025, 1, 1, tzinfo=UTC))


def test_a_failed_migration_is_explained_with_the_way_that_fits() -> None:
    begun = "`2_next` was begun and did not end."
    assert explain_failed("staging", entry(), Truth(Standing.APPLIED)) == (
        begun,
        "All of it is in the database; only its row in the history table is not finished.",
        "`/migrate resolve staging 2_next --applied` says so in the history table.",
    )
    assert explain_failed("staging", entry(), Truth(Standing.NOT_APPLIED)) == (
        begun,
        "Nothing of it is in the database.",
        "`/migrate resolve staging 2_next --rolled-back` makes it pending again; "
        "correct it first if its own error ended it.",
    )
    part = Truth(Standing.PARTLY, ("table a is there",), ("table b is not there",), (), 7, "DROP TABLE a;\n")
    assert explain_failed("staging", entry(), part) == (
        begun,
        "A part of it is in the database.",
        "Table a is there.",
        "Table b is not there.",
        "Either run the rest, from line 7 on, by hand, then `/migrate resolve staging 2_next --applied`.",
        "Or undo what is there with the SQL below, then `/migrate resolve staging 2_next --rolled-back`, "
        "and it is pending again.",
        "DROP TABLE a;\n",
    )
