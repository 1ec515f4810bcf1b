"""The rollback of an applied migration, prepared against a live database and run there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from tests.conversations.environments.hands import by_hand
from tests.live_server import live_server
from tests.workers.environments.staging import BASE, HISTORY, Staging, Stagings, machine, migration
from workers.environments import undo as undoing
from workers.environments.apply import Applied, Fate, Site
from workers.environments.back import roll_back
from workers.environments.deploy import Work
from workers.environments.expected import Expected, Setting, rehearsed
from workers.environments.history import PRISMA
from workers.environments.model import Entry, Environment, EnvironmentKind, Progress, Timeouts
from workers.environments.order import Order, forecast, looking
from workers.environments.undo import Undo, explain, in_order_applied, prepare_undo, run_undo, undoable
from workers.errors import CannotAnalyse, Refused, Unreachable
from workers.model import Migration, Transaction
from workers.policy import Policy
from workers.postgres.catalog import read_catalog
from workers.rehearsed import RehearsedMigration
from workers.review import Machine
from workers.rollback.comparison import compare
from workers.verdict import Report
from workers.ways_back import Grade, Rollback, UndoStep

ADDED = "ALTER TABLE users ADD COLUMN nick text; CREATE TABLE tags (id int PRIMARY KEY)"


@pytest.fixture(scope="module")
def stagings(cache: Path) -> Iterator[Stagings]:
    with live_server() as server:
        with server.admin() as admin:
            admin.execute("CREATE ROLE metabase")
        yield Stagings(server, cache)


class Nobody:
    """Looks on."""

    def tell(self, progress: Progress) -> None: ...

    def cancelled(self) -> bool:
        return False


def prepared(staging: Staging, text: str) -> Undo:
    return prepare_undo(staging.connection, HISTORY, migration(text), staging.machine)


def run(staging: Staging, undo: Undo, finish: Callable[[], None] = lambda: None) -> Applied:
    def another(purpose: str) -> psycopg.Connection:
        return psycopg.connect(staging.url, autocommit=True, application_name=purpose)

    return run_undo(Site(staging.connection, another, Timeouts(lock_ms=100), Nobody()), undo, finish)


# ---------------------------------------------------------------- which one


def entries(*names: str) -> tuple[Entry, ...]:
    first = datetime(2025, 1, 1, tzinfo=UTC)
    return tuple(Entry(name, name, "", first + timedelta(days=day)) for day, name in enumerate(names))


def test_the_newest_is_undone_first() -> None:
    order = ("a", "b", "c")
    assert undoable(entries("a", "b"), order, None) == "b"
    assert undoable(entries("a", "b", "c"), order, "c") == "c"
    for applied, wanted, why in (
        ((), None, "no migration is applied there"),
        (entries("a"), "b", "`b` is not applied there"),
        (entries("a", "b", "c"), "a", "`a` is not the newest: first `c`, `b` would have to be rolled back"),
        (entries("a", "gone"), None, "`gone` is applied there, but has no file here to tell what it did"),
    ):
        with pytest.raises(Refused) as refused:
            undoable(applied, order, wanted)
        assert str(refused.value) == why


def test_the_newest_is_what_came_last_whatever_it_is_called() -> None:
    late = entries("a", "c", "b")
    stamped = tuple(dataclasses.replace(one, started_at=late[0].started_at) for one in late)
    assert in_order_applied(late, ("a", "b", "c")) == ("a", "c", "b")
    assert in_order_applied(stamped, ("a", "b", "c")) == ("a", "b", "c")
    assert undoable(late, ("a", "b", "c"), None) == "b"
    twice = (*late, *entries("a", "c"))
    assert in_order_applied(twice, ("a", "b", "c")) == ("a", "c", "b")
    assert undoable(twice, ("a", "b", "c"), None) == "b"


def order_of(url: str, *migrations: Migration) -> Order:
    environment = Environment("acme/shop", "staging", EnvironmentKind.STAGING, url)
    return Order(environment, "prisma", "m", Policy(), migrations, frozenset(), "pr1", "c0ffee")


def test_what_is_there_is_played_again_as_it_came(stagings: Stagings) -> None:
    """Whatever it is called: the environment got a migration late on which an earlier name stands."""
    first, second, pending = (
        Migration(name, f"m/{name}/migration.sql", text, Transaction.SIMPLE_QUERY)
        for name, text in (
            ("3_tags", "CREATE TABLE tags (id int)"),
            ("2_note", "ALTER TABLE tags ADD note text"),
            ("4_more", "ALTER TABLE tags ADD more int"),
        )
    )
    url = stagings.empty()
    by_hand(url, *HISTORY, first, second)
    order = order_of(url, *HISTORY, second, first, pending)
    with looking(order) as desk:
        assert [one.id for one in desk.applied] == ["1_base", "3_tags", "2_note"]
        assert isinstance(forecast(desk, machine(stagings.cache)), Report)
    undone = roll_back(order, None, False, Work(machine(stagings.cache), Nobody(), lambda _: None))
    assert (undone.migration, undone.done) == ("2_note", True)


# ---------------------------------------------------------------- there and back


def test_a_migration_without_statements(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        undo = prepared(staging, "-- nothing\n")
        assert (undo.sql, undo.grade, undo.proven, undo.reasons, undo.problems) == ("", Grade.EXACT, True, (), ())
        assert explain(undo) == ("nothing changes in the schema",)
        assert run(staging, undo).fate is Fate.APPLIED


CASES = {
    "columns and tables": ADDED,
    "rename": "ALTER TABLE users RENAME name TO full_name; ALTER TABLE orders RENAME TO purchases",
    "index": "CREATE UNIQUE INDEX users_name ON users (lower(name)); DROP INDEX orders_total",
    "type": "ALTER TABLE users ALTER age TYPE bigint, ALTER age SET DEFAULT 3, ALTER name SET NOT NULL",
    "enum": "CREATE TYPE size AS ENUM ('s', 'm'); ALTER TABLE users ADD COLUMN size size",
    "enum value": "ALTER TYPE mood ADD VALUE 'happy'",
    "view": "CREATE VIEW grown AS SELECT id, name FROM users WHERE age > 17; GRANT SELECT ON grown TO metabase",
    "DO": "DO $$ BEGIN CREATE TABLE t (id int); ALTER TABLE t ADD CHECK (id > 0); END $$",
}


@pytest.mark.parametrize("name", CASES)
def test_a_rollback_leads_back(stagings: Stagings, name: str) -> None:
    with stagings.staging() as staging:
        before = read_catalog(staging.connection)
        staging.run(CASES[name])
        undo = prepared(staging, CASES[name])
        told = "The rollback fails once rows use a value that enum public.mood has only with the migration: happy"
        reasons = (told,) if name == "enum value" else ()
        assert (undo.grade, undo.proven, undo.reasons, undo.problems) == (Grade.EXACT, True, reasons, ())
        finished: list[str] = []
        applied = run(staging, undo, lambda: finished.append(CASES[name]))
        assert (applied.fate, applied.error, finished) == (Fate.APPLIED, None, [CASES[name]])
        assert compare(before, read_catalog(staging.connection)) == ()
        staging.run(CASES[name])  # it is pending again


ASIDE = "DROP INDEX CONCURRENTLY orders_total; CREATE INDEX CONCURRENTLY ages ON users (age); CREATE TABLE t (id int)"


@pytest.mark.parametrize("text", [ASIDE, "CREATE INDEX CONCURRENTLY ages ON users (age)"])
def test_indexes_of_tables_in_use_go_and_come_aside(stagings: Stagings, text: str) -> None:
    with stagings.staging() as staging:
        before = read_catalog(staging.connection)
        staging.run(*text.split("; "))
        undo = prepare_undo(staging.connection, HISTORY, migration(text, Transaction.STATEMENT), staging.machine)
        assert (undo.grade, undo.proven, undo.problems, undo.whole) == (Grade.EXACT, True, (), False)
        finished: list[bool] = []

        def finish() -> None:
            finished.append(staging.connection.info.transaction_status is TransactionStatus.INTRANS)

        applied = run(staging, undo, finish)
        assert (applied.fate, applied.error, finished) == (Fate.APPLIED, None, [True])
        assert compare(before, read_catalog(staging.connection)) == ()


def test_what_went_aside_before_a_failure_is_told(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        staging.run(*ASIDE.split("; "))
        one = migration(ASIDE, Transaction.STATEMENT)
        undo = prepare_undo(staging.connection, HISTORY, one, staging.machine)

        def finish() -> None:
            raise Refused("no bookkeeping today")

        applied = run(staging, undo, finish)
        assert applied.error is not None
        assert (applied.fate, applied.error.message) == (Fate.PARTLY, "no bookkeeping today")
        again = prepare_undo(staging.connection, HISTORY, one, staging.machine)
        assert "index public.ages is not there" in again.problems


UNCHECKED = "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey"


def test_rows_are_checked_in_the_last_transaction(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        before = read_catalog(staging.connection)
        staging.run(UNCHECKED)
        undo = prepared(staging, UNCHECKED)
        assert (undo.grade, undo.proven, undo.problems, undo.whole) == (Grade.EXACT, True, (), False)
        applied = run(staging, undo)
        assert (applied.fate, applied.error) == (Fate.APPLIED, None)
        assert compare(before, read_catalog(staging.connection)) == ()


def test_rows_in_the_way_of_the_last_check_leave_it_to_a_person(stagings: Stagings) -> None:
    with stagings.staging(UNCHECKED, "INSERT INTO orders (user_id) VALUES (77)") as staging:
        undo = prepared(staging, UNCHECKED)
        finished: list[bool] = []
        applied = run(staging, undo, lambda: finished.append(True))
        assert applied.error is not None
        assert (applied.fate, applied.error.sqlstate, finished) == (Fate.PARTLY, "23503", [])
        valid = "SELECT convalidated FROM pg_constraint WHERE conname = 'orders_user_id_fkey'"
        assert staging.connection.execute(valid).fetchall() == [(False,)]


def test_rows_written_before_come_back_with_it(stagings: Stagings) -> None:
    with stagings.staging("INSERT INTO users (name, age) VALUES ('Ann', 30)") as staging:
        staging.run(CASES["type"], CASES["rename"])
        text = f"{CASES['type']}; {CASES['rename']}"
        assert run(staging, prepared(staging, text)).fate is Fate.APPLIED
        assert staging.connection.execute("SELECT name, age FROM users").fetchall() == [("Ann", 30)]


def test_what_is_dropped_does_not_come_back(stagings: Stagings) -> None:
    text = "ALTER TABLE users DROP age; DROP TABLE orders"
    with stagings.staging(text) as staging:
        undo = prepared(staging, text)
        assert (undo.grade, undo.proven, undo.problems) == (Grade.LOSSY, True, ())
        assert explain(undo) == (
            "table public.orders comes back",
            "column public.users.age comes back",
            *undo.reasons,
        )
        assert "The values of column public.users.age were dropped with it; it comes back without them" in undo.reasons


def test_a_migration_for_rows_is_only_written_down_as_undone(stagings: Stagings) -> None:
    text = "UPDATE users SET age = 1"
    with stagings.staging(text) as staging:
        undo = prepared(staging, text)
        assert (undo.sql, undo.grade, undo.problems) == ("", Grade.LOSSY, ())
        assert undo.reasons == ("Rows of table public.users were updated; their former values are gone",)
        finished: list[int] = []
        assert run(staging, undo, lambda: finished.append(1)).fate is Fate.APPLIED
        assert finished == [1]


def test_what_was_written_since_counts_as_lost(stagings: Stagings) -> None:
    text = f"{ADDED}; ALTER TABLE users ADD COLUMN vip boolean NOT NULL DEFAULT false, ADD COLUMN at date DEFAULT now()"
    with stagings.staging("INSERT INTO users DEFAULT VALUES", text) as staging:
        untouched = prepared(staging, text)
        assert untouched.grade is Grade.LOSSY  # the moment in `at`
        assert untouched.reasons == ("column public.users.at holds values, which go with it",)
        staging.run("UPDATE users SET vip = true, nick = 'Ann', at = NULL; INSERT INTO tags VALUES (1)")
        assert sorted(prepared(staging, text).reasons) == [
            "column public.users.nick holds values, which go with it",
            "column public.users.vip holds values, which go with it",
            "table public.tags holds rows, which go with it",
        ]


def test_what_cannot_be_read_may_be_lost(stagings: Stagings) -> None:
    with stagings.staging(ADDED) as staging, staging.server.admin(staging.connection.info.dbname) as admin:
        admin.execute("ALTER TABLE tags OWNER TO postgres")
        undo = prepared(staging, ADDED)
        assert (undo.grade, undo.reasons) == (Grade.LOSSY, ("table public.tags may hold rows, which go with it",))


def test_a_schema_of_its_own(stagings: Stagings) -> None:
    """As ?schema=shop in a Prisma URL: not the tables of the same name in public."""
    with stagings.staging("CREATE SCHEMA shop; SET search_path TO shop", HISTORY[0].text) as staging:
        before = read_catalog(staging.connection)
        staging.run(ADDED)
        undo = prepared(staging, ADDED)
        assert (undo.problems, explain(undo)) == ((), ("table shop.tags goes", "column shop.users.nick goes"))
        assert run(staging, undo).fate is Fate.APPLIED
        assert compare(before, read_catalog(staging.connection)) == ()


@pytest.mark.campaign
def test_another_version_is_told(stagings: Stagings) -> None:
    with stagings.staging(ADDED) as staging:
        undo = prepared(staging, ADDED)
    setting = dataclasses.replace(undo.expected.setting, major=14)
    other = dataclasses.replace(undo, expected=dataclasses.replace(undo.expected, setting=setting))
    told = f"it was proven on PostgreSQL {undo.expected.server_major}, and the environment runs 14"
    assert explain(other) == (*explain(undo), told)


# ---------------------------------------------------------------- refused


def test_what_is_not_applied_is_not_undone(stagings: Stagings) -> None:
    with stagings.staging() as staging:
        undo = prepared(staging, ADDED)
        assert undo.problems == ("table public.tags is not there", "column public.users.nick is not there")
        with pytest.raises(Refused) as refused:
            run(staging, undo)
        assert str(refused.value) == (
            "`2_next` is not rolled back: table public.tags is not there; column public.users.nick is not there"
        )


def test_another_schema_than_was_proven_is_refused(stagings: Stagings) -> None:
    text = f"{ADDED}; ALTER TABLE users ALTER age SET NOT NULL; ALTER TYPE mood ADD VALUE 'happy'"
    with stagings.staging(text) as staging:
        staging.run("ALTER TABLE users ALTER age TYPE bigint; ALTER TYPE mood ADD VALUE 'odd'")
        staging.run("ALTER TABLE users ALTER nick TYPE varchar(9)")
        assert sorted(prepared(staging, text).problems) == [
            "column public.users.age, type: expected integer, is bigint",
            "column public.users.nick, type: expected text, is character varying(9)",
            "enum public.mood, labels: expected sad, ok, happy, is sad, ok, happy, odd",
        ]


DEPENDANTS = {
    "CREATE VIEW live AS SELECT nick FROM users": (
        "view public.live, which no migration has made, stands on column public.users.nick"
    ),
    "CREATE INDEX live ON users (nick)": (
        "index public.live, which no migration has made, would fall with column public.users.nick"
    ),
    "ALTER TABLE tags ADD COLUMN live int": (
        "column public.tags.live, which no migration has made, would fall with table public.tags"
    ),
    "CREATE TABLE live (tag int REFERENCES tags)": (
        "constraint public.live.live_tag_fkey, which no migration has made, stands on column public.tags.id"
    ),
    "CREATE FUNCTION live() RETURNS SETOF tags LANGUAGE sql AS 'SELECT * FROM tags'": (
        "function public.live(), which no migration has made, stands on table public.tags"
    ),
}


@pytest.mark.campaign
@pytest.mark.parametrize("live", DEPENDANTS)
def test_what_stands_on_it_only_there_is_named(stagings: Stagings, live: str) -> None:
    with stagings.staging(ADDED, live) as staging:
        assert prepared(staging, ADDED).problems == (DEPENDANTS[live],)


@pytest.mark.campaign
def test_what_holds_a_type_only_there_is_named(stagings: Stagings) -> None:
    text = "ALTER TABLE users ALTER age TYPE bigint"
    with stagings.staging(
        text, "CREATE VIEW live AS SELECT age FROM users; CREATE INDEX age ON users (age)"
    ) as staging:
        assert prepared(staging, text).problems == (
            "view public.live, which no migration has made, stands on column public.users.age, whose type changes",
        )


def test_a_view_may_stand_on_a_column_that_only_gets_its_name_back(stagings: Stagings) -> None:
    text = "ALTER TABLE users RENAME name TO full_name"
    with stagings.staging(text, "CREATE VIEW live AS SELECT full_name FROM users") as staging:
        undo = prepared(staging, text)
        assert undo.problems == ()
        assert explain(undo) == ("column public.users.full_name is called name again",)
        assert run(staging, undo).fate is Fate.APPLIED


def test_grants_that_would_be_lost_are_named(stagings: Stagings) -> None:
    text = "CREATE VIEW ages AS SELECT age FROM users"
    changed = f"DROP VIEW ages; ALTER TABLE users ALTER age TYPE bigint; {text}"
    with stagings.staging(text, changed, "GRANT SELECT ON ages TO metabase") as staging:
        history = (*HISTORY, dataclasses.replace(migration(text), id="1b"))
        undo = prepare_undo(staging.connection, history, migration(changed), staging.machine)
    assert undo.problems == (
        "view public.ages is made again without the grant SELECT TO metabase, which no migration has given",
    )


def test_what_cannot_be_undone_is_refused(stagings: Stagings, monkeypatch: pytest.MonkeyPatch) -> None:
    def irreversible(setting: Setting, there: Machine) -> tuple[Expected, RehearsedMigration]:
        expected, one = rehearsed(setting, there)
        undo = Rollback("", Grade.IRREVERSIBLE, proven=False, reasons=("type public.t was dropped.",))
        return expected, dataclasses.replace(one, rollback=undo)

    monkeypatch.setattr(undoing, "rehearsed", irreversible)
    with stagings.staging(ADDED) as staging:
        undo = prepared(staging, ADDED)
    assert undo.grade is Grade.IRREVERSIBLE
    assert undo.problems == ("it cannot be undone: type public.t was dropped",)


def test_what_cannot_be_rehearsed_is_refused(stagings: Stagings) -> None:
    """A superuser has brought it there, and people have resolved it."""
    one = migration("CREATE EVENT TRIGGER guard ON sql_drop EXECUTE FUNCTION guard()")
    guard = "CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
    url = stagings.empty()
    history = dataclasses.replace(HISTORY[0], text=f"{BASE}; {guard}")
    by_hand(url, history)
    with psycopg.connect(url, autocommit=True) as connection, stagings.server.admin(connection.info.dbname) as admin:
        admin.execute(one.text.encode())
        PRISMA.stamp(connection, one, ())
    begun: list[tuple[str, ...]] = []
    with pytest.raises(Refused) as refused:
        roll_back(order_of(url, history, one), None, True, Work(machine(stagings.cache), Nobody(), begun.append))
    assert str(refused.value) == (
        "`2_next` is not rolled back: its rollback cannot be proven: m/2_next/migration.sql:1: fails on an ephemeral "
        'server: permission denied to create event trigger "guard" (42501)'
    )
    assert begun == []


def test_what_would_be_lost_is_said(stagings: Stagings) -> None:
    """That, and not what comes and goes."""
    one, url = migration("ALTER TABLE users DROP age"), stagings.empty()
    by_hand(url, *HISTORY, one)
    with pytest.raises(Refused) as refused:
        roll_back(order_of(url, *HISTORY, one), None, False, Work(machine(stagings.cache), Nobody(), lambda _: None))
    assert str(refused.value) == (
        "rolling back `2_next` loses data: The values of column public.users.age were dropped with it; it comes back "
        "without them; Columns of table public.users come back behind the others, not in their former place: age. "
        "`--lossy because …` says that this is meant"
    )


def test_a_migration_that_fails_on_its_history(stagings: Stagings) -> None:
    with stagings.staging() as staging, pytest.raises(CannotAnalyse):
        prepared(staging, "ALTER TABLE nowhere ADD x int")


def test_a_connection_that_is_lost(stagings: Stagings) -> None:
    with stagings.staging(ADDED) as staging:
        with stagings.server.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (staging.connection.info.backend_pid,))
        with pytest.raises(Unreachable):
            prepared(staging, ADDED)


# ---------------------------------------------------------------- it fails, or is wrong


def test_rows_that_do_not_fit_back_leave_everything_as_it_was(stagings: Stagings) -> None:
    text = "ALTER TABLE users ALTER age TYPE bigint"
    with stagings.staging(text, "INSERT INTO users (age) VALUES (5000000000)") as staging:
        undo = prepared(staging, text)
        before = read_catalog(staging.connection)
        applied = run(staging, undo)
        assert applied.fate is Fate.ROLLED_BACK
        assert applied.error is not None
        assert applied.error.sqlstate == "22003"
        assert compare(before, read_catalog(staging.connection)) == ()


def test_a_wrong_result_is_taken_back(stagings: Stagings) -> None:
    with stagings.staging(ADDED) as staging:
        wrong = dataclasses.replace(prepared(staging, ADDED), steps=(UndoStep("DROP TABLE tags;"),))
        before = read_catalog(staging.connection)
        finished: list[int] = []
        applied = run(staging, wrong, lambda: finished.append(1))
        assert (applied.fate, applied.error and applied.error.message) == (
            Fate.ROLLED_BACK,
            "the rollback of `2_next` did not lead back to the schema before it: column public.users.nick is there",
        )
        assert finished == []
        assert compare(before, read_catalog(staging.connection)) == ()
        assert not staging.connection.broken


def test_bookkeeping_that_fails_takes_it_back(stagings: Stagings) -> None:
    def finish() -> None:
        raise Refused("somebody else has written there")

    with stagings.staging(ADDED) as staging:
        before = read_catalog(staging.connection)
        applied = run(staging, prepared(staging, ADDED), finish)
        assert (applied.fate, applied.error and applied.error.message) == (
            Fate.ROLLED_BACK,
            "somebody else has written there",
        )
        assert compare(before, read_catalog(staging.connection)) == ()
