"""One migration on a live server: in each form, with success and with all that can go wrong on the way."""

from __future__ import annotations

import contextlib
import itertools
import re
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
import pytest

from tests.live_server import LiveServer, live_server
from tests.workers.environments.cutting_proxy import CuttingProxy
from workers.environments.apply import Applied, Fate, Site, apply_migration, lock_timeouts_ms
from workers.environments.model import Progress, Timeouts
from workers.errors import Cancelled, Refused, Unreachable
from workers.model import Migration, SqlError, Transaction

FILE, MESSAGE, STATEMENT = Transaction.FILE, Transaction.SIMPLE_QUERY, Transaction.STATEMENT
QUICK = Timeouts(connect_ms=1_000, lock_ms=500, lock_attempts=2)
STEP = "2_next"
_PATIENCE_S = 20.0
_numbers = itertools.count()

# Whoever commits an insert into it waits for the advisory lock 1.
SLOW_COMMIT = """
CREATE TABLE slow (id int);
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'begin perform pg_advisory_xact_lock(1); return null; end';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server("deadlock_timeout=100ms") as running:
        yield running


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@dataclass
class Looker:
    """A watch. on: called with each progress; wants_end: asked whether it is cancelled, until it is."""

    on: Callable[[Progress], None] = lambda progress: None
    wants_end: Callable[[], bool] = lambda: False
    told: list[Progress] = field(default_factory=list)
    ended: bool = False

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)
        self.on(progress)

    def cancelled(self) -> bool:
        self.ended = self.ended or self.wants_end()
        return self.ended


@dataclass
class Live:
    """A database with the tables t and book, and the session that migrations are applied in."""

    server: LiveServer
    url: str
    connection: psycopg.Connection
    admin: psycopg.Connection  # of the same database
    looker: Looker = field(default_factory=Looker)
    timeouts: Timeouts = QUICK

    def apply(self, text: str, transaction: Transaction = MESSAGE, finish: Callable[[], None] | None = None) -> Applied:
        site = Site(self.connection, lambda purpose: opened(self.url), self.timeouts, self.looker)
        migration = Migration(STEP, f"m/{STEP}/migration.sql", text, transaction)
        return apply_migration(site, migration, finish or self.finish)

    def finish(self) -> None:
        self.connection.execute("INSERT INTO public.book VALUES ('done', pg_current_xact_id())")

    def told(self) -> tuple[list[str], int]:
        """All tables but those two, and how many rows are in the book."""
        rows = self.admin.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
        ).fetchall()
        book = self.admin.execute("select count(*) from book").fetchone()
        assert book is not None
        return [name for (name,) in rows if name not in ("t", "book")], book[0]

    def sessions(self, condition: str) -> bool:
        """Whether the migrations' session is in such a state."""
        pid = self.connection.info.backend_pid
        found = self.admin.execute(f"select from pg_stat_activity where pid = {pid} and {condition}".encode())
        return found.rowcount == 1

    def works(self) -> bool:
        return self.sessions("wait_event = 'PgSleep'")

    def waits(self) -> bool:
        return self.sessions("wait_event_type = 'Lock'")

    def terminate(self) -> None:
        self.admin.execute("select pg_terminate_backend(%s)", (self.connection.info.backend_pid,))


def opened(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=5)


@pytest.fixture
def live(server: LiveServer) -> Iterator[Live]:
    name = f"live{next(_numbers)}"
    url = server.create_database(name)
    with opened(url) as connection, server.admin(name) as admin:
        connection.execute("CREATE TABLE t (id int, name text)")
        connection.execute("CREATE TABLE book (what text, xid xid8)")
        connection.execute("INSERT INTO t SELECT n, 'secret ' || n FROM generate_series(1, 3) AS n")
        live = Live(server, url, connection, admin)
        yield live
        live.connection.close()


@contextlib.contextmanager
def locked(live: Live, sql: str = "LOCK TABLE t IN ACCESS SHARE MODE") -> Iterator[psycopg.Connection]:
    """Another session with an open transaction."""
    with psycopg.connect(live.url, application_name="psql") as other:
        other.execute(sql.encode())
        yield other


@contextlib.contextmanager
def once(condition: Callable[[], object], act: Callable[[], object]) -> Iterator[None]:
    """Does something from another thread as soon as something is so."""

    def run() -> None:
        wait_until(condition)
        act()

    with ThreadPoolExecutor() as pool:
        running = pool.submit(run)
        yield
        running.result()


def at(pattern: str, act: Callable[[], object]) -> Callable[[Progress], None]:
    """Does something when progress says so."""

    def on(progress: Progress) -> None:
        if re.search(pattern, progress.detail):
            act()

    return on


def brief(applied: Applied) -> tuple[Fate, int, int]:
    return applied.fate, applied.statements_done, applied.statements


def sqlstate(applied: Applied) -> str:
    assert applied.error is not None
    return applied.error.sqlstate


# ---------------------------------------------------------------- it goes well


@pytest.mark.parametrize("transaction", Transaction)
def test_an_empty_file_is_applied(live: Live, transaction: Transaction) -> None:
    applied = live.apply("-- nothing\n", transaction)
    assert brief(applied) == (Fate.APPLIED, 0, 0)
    assert (applied.error, applied.attempts, applied.waited_ms, applied.blockers) == (None, 1, 0, ())
    assert live.told() == ([], 1)
    assert live.looker.told == []


@pytest.mark.parametrize("transaction", Transaction)
def test_two_statements(live: Live, transaction: Transaction) -> None:
    assert brief(live.apply("CREATE TABLE a ();\nCREATE TABLE b ();\n", transaction)) == (Fate.APPLIED, 2, 2)
    assert live.told() == (["a", "b"], 1)


@pytest.mark.parametrize(
    ("text", "transaction"),
    [
        ("CREATE TABLE a (); CREATE TABLE z ();", FILE),
        ("CREATE TABLE a (); CREATE TABLE z ();", MESSAGE),
        ("CREATE TABLE z ()", MESSAGE),
        ("CREATE TABLE a (); CREATE TABLE z ();", STATEMENT),
        *(("BEGIN; CREATE TABLE a (); CREATE TABLE z (); COMMIT;", transaction) for transaction in Transaction),
    ],
)
def test_the_bookkeeping_is_in_the_transaction_of_the_last_statement(
    live: Live, text: str, transaction: Transaction
) -> None:
    assert live.apply(text, transaction).fate is Fate.APPLIED
    same = live.admin.execute(
        "select c.xmin::text = book.xid::text from book, pg_class as c where c.relname = 'z'"
    ).fetchall()
    assert same == [(True,)]


@pytest.mark.parametrize(
    ("text", "transaction"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (id)", MESSAGE),
        ("CREATE INDEX CONCURRENTLY i ON t (id); VACUUM t", STATEMENT),
        ("VACUUM FULL t", MESSAGE),
        ("CREATE TABLE a (); BEGIN; CREATE TABLE b (); COMMIT; CREATE TABLE c ()", MESSAGE),
        ("DO $$BEGIN INSERT INTO t VALUES (9); COMMIT; END$$", MESSAGE),
        ("DO $$BEGIN INSERT INTO t VALUES (9); COMMIT; END$$; SELECT 1", STATEMENT),
    ],
)
def test_what_no_transaction_of_ours_can_hold(live: Live, text: str, transaction: Transaction) -> None:
    applied = live.apply(text, transaction)
    assert (applied.fate, applied.error, applied.statements_done) == (Fate.APPLIED, None, applied.statements)
    assert live.told()[1] == 1


def test_copy_data(live: Live) -> None:
    text = f"\\restrict x\nCOPY t FROM stdin;\n{'7' * 5}\tseven\n\\.\nCOPY t TO stdout;\n\\unrestrict x\n"
    assert brief(live.apply(text, FILE)) == (Fate.APPLIED, 2, 2)
    assert live.admin.execute("select name from t where id = 77777").fetchall() == [("seven",)]


@pytest.mark.parametrize("transaction", [MESSAGE, STATEMENT])
def test_copy_without_data(live: Live, transaction: Transaction) -> None:
    applied = live.apply("CREATE TABLE a ();\nCOPY t FROM stdin;", transaction)
    assert applied.error == SqlError("57014", "COPY from stdin failed: no data follows the COPY statement", 2)
    assert live.told() == (["a"] if transaction is STATEMENT else [], 0)


def test_large_answers_are_not_kept(live: Live) -> None:
    before_kb = peak_kb()
    text = "SELECT repeat('x', 1000) FROM generate_series(1, 300000); COPY (SELECT generate_series(1, 99999)) TO stdout"
    assert live.apply(text).fate is Fate.APPLIED
    assert peak_kb() - before_kb < 30_000


def peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_large_file(live: Live) -> None:
    values = ",\n".join(f"({n}, '{'é' * 50}')" for n in range(50_000))
    assert live.apply(f"INSERT INTO t VALUES {values}; SELECT 1").fate is Fate.APPLIED
    rows = "".join(f"{n}\t{'é' * 50}\n" for n in range(50_000))
    assert live.apply(f"COPY t FROM stdin;\n{rows}\\.\n", FILE).fate is Fate.APPLIED
    assert live.admin.execute("select count(*) from t").fetchone() == (100_003,)


# ---------------------------------------------------------------- the same as its runner


def as_runner(url: str, text: str, transaction: Transaction) -> str | None:
    """What psql -1 and Prisma's engines send, in one session; the SQLSTATE it ends with."""
    messages = {
        FILE: ["BEGIN", text, "COMMIT"],
        MESSAGE: [text],
        STATEMENT: [statement for statement in text.split(";") if statement.strip()],
    }
    with contextlib.closing(opened(url)) as connection:
        for message in messages[transaction]:
            try:
                connection.execute(message.encode())
            except psycopg.Error as error:
                return error.sqlstate
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            return "25001"  # all of it is lost with the session
    return None


@pytest.mark.parametrize("transaction", Transaction)
@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE a (); SELECT 1/0; CREATE TABLE b ()",
        "CREATE TABLE a (); SELEC 1",
        "CREATE TABLE a (); BEGIN; CREATE TABLE b (); COMMIT; CREATE TABLE c (); SELECT 1/0",
        "BEGIN; CREATE TABLE a (); SELECT 1/0; COMMIT",
        "BEGIN; CREATE TABLE a (); ROLLBACK; CREATE TABLE b ()",
        "BEGIN ISOLATION LEVEL SERIALIZABLE; CREATE TABLE a (); COMMIT",
        "CREATE TABLE a (); SAVEPOINT s; CREATE TABLE b (); ROLLBACK TO s",
        "LOCK TABLE t",
        "LOCK TABLE t; CREATE TABLE a ()",
        "DECLARE c CURSOR FOR SELECT 1",
        "CREATE TYPE e AS ENUM ('x'); CREATE TABLE a (e e); ALTER TYPE e ADD VALUE 'y'; INSERT INTO a VALUES ('y')",
        "CREATE TABLE a (); CREATE INDEX CONCURRENTLY i ON t (id)",
        "CREATE INDEX CONCURRENTLY i ON t (id)",
        "CREATE TABLE a (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1), (1)",
        "SET search_path = pg_temp; CREATE TABLE hidden ()",
        "SET lock_timeout = '7s'; CREATE TABLE a ()",
        "COMMIT",
        "CREATE TABLE a (); BEGIN; CREATE TABLE b ()",
    ],
)
def test_what_the_runner_does(live: Live, server: LiveServer, text: str, transaction: Transaction) -> None:
    applied = live.apply(text, transaction, lambda: None)
    ours = None if applied.error is None else applied.error.sqlstate
    ours_left = live.told()[0]
    name = f"runner{next(_numbers)}"
    url = server.create_database(name)
    with opened(url) as connection:
        connection.execute("CREATE TABLE t (id int, name text)")
        connection.execute("CREATE TABLE book (what text, xid xid8)")
    runner_s = as_runner(url, text, transaction)
    with server.admin(name) as admin:
        assert (ours, ours_left) == (runner_s, Live(server, url, live.connection, admin).told()[0])
    if ours is None:
        assert applied.fate is Fate.APPLIED
    else:
        assert applied.fate is (Fate.PARTLY if ours_left else Fate.ROLLED_BACK)


def test_the_session_keeps_what_the_file_sets_and_nothing_of_ours(live: Live) -> None:
    def settings() -> tuple[str, ...]:
        names = ("lock_timeout", "statement_timeout", "search_path")
        return tuple(live.connection.execute(f"show {name}".encode()).fetchall()[0][0] for name in names)

    live.timeouts = Timeouts(statement_ms=5_000)
    for text in ("SELECT 1", "SELECT 1; SELECT 2", "VACUUM t", "SELECT 1/0", "VACUUM nothing"):
        for transaction in Transaction:
            live.apply(text, transaction)
    assert settings() == ("0", "0", '"$user", public')
    live.apply("SET search_path = pg_catalog; SET lock_timeout = '3s'")
    assert settings() == ("3s", "0", "pg_catalog")
    live.apply("SET statement_timeout = '4s'; SELECT 1", STATEMENT)
    assert settings() == ("3s", "4s", "pg_catalog")


# ---------------------------------------------------------------- it fails


@pytest.mark.parametrize("transaction", [FILE, MESSAGE])
def test_nothing_stays_of_what_is_one_transaction(live: Live, transaction: Transaction) -> None:
    applied = live.apply("CREATE TABLE a ();\n\nINSERT INTO t\nVALUES ('x');\n", transaction)
    assert brief(applied) == (Fate.ROLLED_BACK, 0, 2)
    assert applied.error == SqlError("22P02", 'invalid input syntax for type integer: "x"', 4)
    assert live.told() == ([], 0)


def test_a_statement_s_line_where_the_error_has_no_position(live: Live) -> None:
    text = "SELECT 1;\n\nCREATE UNIQUE INDEX i\nON t ((1));\n"
    for transaction in Transaction:
        error = live.apply(text, transaction).error
        assert error == SqlError("23505", 'could not create unique index "i"', 3)  # DETAIL would have the row's value


def test_values_of_rows_are_not_told(live: Live) -> None:
    error = live.apply("ALTER TABLE t ALTER name TYPE int USING name::int").error
    assert error == SqlError("22P02", 'invalid input syntax for type integer: "…"', 1)


def test_statements_before_the_failing_one_stay(live: Live) -> None:
    applied = live.apply("CREATE TABLE a ();\nCREATE TABLE a ();\nCREATE TABLE b ();", STATEMENT)
    assert brief(applied) == (Fate.PARTLY, 1, 3)
    assert applied.error == SqlError("42P07", 'relation "a" already exists', 2)
    assert live.told() == (["a"], 0)


def test_a_message_with_transactions_of_its_own(live: Live) -> None:
    text = "CREATE TABLE a ();\nBEGIN;\nCREATE TABLE b ();\nCOMMIT;\nCREATE TABLE c ();\nSELECT 1/0;"
    applied = live.apply(text)
    assert brief(applied) == (Fate.PARTLY, 4, 6)
    assert applied.error == SqlError("22012", "division by zero", 6)
    assert live.told() == (["a", "b"], 0)


def test_a_transaction_left_open(live: Live) -> None:
    applied = live.apply("CREATE TABLE a (); COMMIT; BEGIN; CREATE TABLE b ()")
    assert brief(applied) == (Fate.PARTLY, 2, 4)
    assert applied.error == SqlError("25001", "the file ends inside a transaction that it began")
    assert live.told() == (["a"], 0)


def test_a_unique_index_that_fails_concurrently_is_named(live: Live) -> None:
    live.connection.execute("INSERT INTO t VALUES (1, 'again')")
    applied = live.apply('CREATE UNIQUE INDEX CONCURRENTLY "No good" ON t (id)')
    assert brief(applied) == (Fate.PARTLY, 0, 1)
    removed_by_hint(live, applied, 'DROP INDEX CONCURRENTLY public."No good"')
    assert live.apply('CREATE UNIQUE INDEX CONCURRENTLY "No good" ON nothing (id)').fate is Fate.ROLLED_BACK


def removed_by_hint(live: Live, applied: Applied, sql: str) -> None:
    assert applied.error is not None
    assert applied.error.hint == f"something of it stays, which is not in use and is removed with: {sql}"
    live.connection = opened(live.url) if live.connection.closed else live.connection
    live.connection.execute(sql.encode())
    assert live.admin.execute("select from pg_index where not indisvalid").rowcount == 0


def test_a_statement_that_commits_as_it_goes(live: Live) -> None:
    applied = live.apply("DO $$BEGIN INSERT INTO t VALUES (9); COMMIT; PERFORM 1/0; END$$")
    assert brief(applied) == (Fate.PARTLY, 0, 1)
    assert applied.error == SqlError(
        "22012", "division by zero", 1, hint="it commits as it goes: what it did before it failed may stay"
    )


def test_a_zero_character(live: Live) -> None:
    applied = live.apply("CREATE TABLE a ();\n\0CREATE TABLE b ();")
    assert (applied.fate, applied.error) == (
        Fate.ROLLED_BACK,
        SqlError("22021", "the file holds a character of value zero", 2),
    )
    assert live.told() == ([], 0)


def test_a_statement_that_takes_too_long(live: Live) -> None:
    live.timeouts = Timeouts(statement_ms=50)
    assert sqlstate(live.apply("SELECT 1; SELECT pg_sleep(60)")) == "57014"
    assert live.told() == ([], 0)


def test_bookkeeping_that_fails(live: Live) -> None:
    def finish() -> None:
        live.connection.execute("INSERT INTO nothing VALUES (1)")

    wanted = SqlError("42P01", 'relation "nothing" does not exist')
    applied = live.apply("CREATE TABLE a (); CREATE TABLE b ();", finish=finish)
    assert (brief(applied), applied.error) == ((Fate.ROLLED_BACK, 0, 2), wanted)
    applied = live.apply("CREATE TABLE a (); CREATE TABLE b ();", STATEMENT, finish)
    assert (brief(applied), applied.error) == ((Fate.PARTLY, 1, 2), wanted)
    applied = live.apply("VACUUM t", MESSAGE, finish)
    assert (brief(applied), applied.error) == ((Fate.UNKNOWN, 1, 1), wanted)
    assert live.told() == (["a"], 0)


def test_bookkeeping_that_is_refused(live: Live) -> None:
    def finish() -> None:
        raise Refused("the book has no such row")

    wanted = SqlError("", "the book has no such row")
    applied = live.apply("CREATE TABLE a ()", finish=finish)
    assert (brief(applied), applied.error) == ((Fate.ROLLED_BACK, 0, 1), wanted)
    applied = live.apply("VACUUM t", finish=finish)
    assert (brief(applied), applied.error) == ((Fate.UNKNOWN, 1, 1), wanted)
    assert live.told() == ([], 0)


def test_bookkeeping_that_raises(live: Live) -> None:
    def finish() -> None:
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        live.apply("CREATE TABLE a ()", finish=finish)
    assert live.told() == ([], 0)
    assert live.apply("CREATE TABLE a ()").fate is Fate.APPLIED


# ---------------------------------------------------------------- locks


def test_a_lock_that_is_never_free(live: Live) -> None:
    for transaction in (FILE, MESSAGE):
        with locked(live) as other:
            pid = other.info.backend_pid
            applied = live.apply("CREATE TABLE a ();\nALTER TABLE t ADD b int", transaction)
        assert (brief(applied), applied.attempts) == ((Fate.ROLLED_BACK, 0, 2), 2)
        assert applied.error == SqlError("55P03", "canceling statement due to lock timeout", 2)
        assert [(b.pid, b.user, b.application, b.state) for b in applied.blockers] == [
            (pid, "shop_owner", "psql", "idle in transaction")
        ]
        assert applied.duration_ms >= applied.waited_ms >= sum(lock_timeouts_ms(QUICK))
    assert live.told() == ([], 0)


def test_a_lock_that_is_free_at_a_later_try(live: Live) -> None:
    live.timeouts = Timeouts(lock_ms=400)
    for number, transaction in enumerate(Transaction, start=1):
        with locked(live) as other:
            live.looker.on = at(r"try \d", other.rollback)
            applied = live.apply(f"SELECT 1; ALTER TABLE t ADD c{number} int", transaction)
        assert (brief(applied), applied.error, applied.attempts > 1) == ((Fate.APPLIED, 2, 2), None, True)
        assert len(applied.blockers) == 1
        assert live.told() == ([], number)


def test_only_the_statement_that_waits_is_tried_again(live: Live) -> None:
    with locked(live):
        applied = live.apply("CREATE TABLE a ();\nVACUUM t;\nALTER TABLE t ADD b int", STATEMENT)
    assert (brief(applied), sqlstate(applied), applied.attempts) == ((Fate.PARTLY, 2, 3), "55P03", 2)
    assert live.told() == (["a"], 0)


def test_a_message_with_its_own_transactions_is_tried_again_while_nothing_of_it_stands(live: Live) -> None:
    with locked(live):
        applied = live.apply("BEGIN; ALTER TABLE t ADD b int; COMMIT; CREATE TABLE a ()")
        assert (brief(applied), applied.attempts) == ((Fate.ROLLED_BACK, 0, 4), 2)
        applied = live.apply("CREATE TABLE a (); COMMIT; ALTER TABLE t ADD b int")
        assert (brief(applied), applied.attempts) == ((Fate.PARTLY, 2, 3), 1)


def test_vacuum_full_does_not_wait_for_long(live: Live) -> None:
    with locked(live):
        applied = live.apply("VACUUM FULL t")
    assert (brief(applied), sqlstate(applied), applied.attempts) == ((Fate.ROLLED_BACK, 0, 1), "55P03", 2)


def test_the_file_s_own_lock_timeout_is_left_alone(live: Live) -> None:
    live.timeouts = Timeouts(lock_ms=60_000, lock_attempts=1)
    with locked(live):
        applied = live.apply("SET lock_timeout = '10ms'; ALTER TABLE t ADD b int", STATEMENT)
    assert (brief(applied), sqlstate(applied)) == ((Fate.PARTLY, 1, 2), "55P03")


def test_concurrently_waits_as_long_as_it_takes(live: Live) -> None:
    live.timeouts = Timeouts(lock_ms=50, lock_attempts=1, statement_ms=50)
    with locked(live, "LOCK TABLE t IN ROW EXCLUSIVE MODE") as other:
        live.looker.on = at("running for [1-9]", other.rollback)
        applied = live.apply("CREATE INDEX CONCURRENTLY i ON t (id)")
    assert (brief(applied), applied.attempts) == ((Fate.APPLIED, 1, 1), 1)
    assert [blocker.application for blocker in applied.blockers] == ["psql"]
    assert live.told() == ([], 1)


@contextlib.contextmanager
def crossed(live: Live, held: LiteralString, wanted: LiteralString) -> Iterator[None]:
    """By somebody who holds a lock that we want, and wants one that we hold once we wait for it."""
    with live.server.admin(live.connection.info.dbname) as other:
        other.execute("SET deadlock_timeout = '60s'")  # so that we are the victim
        other.execute("BEGIN")
        other.execute(held)

        def cross() -> None:
            other.execute(wanted)
            other.execute("COMMIT")

        with once(live.waits, cross):
            yield


def test_a_deadlock_is_tried_again(live: Live) -> None:
    live.timeouts = Timeouts(lock_ms=4_000)
    live.connection.execute("CREATE TABLE u ()")
    with crossed(live, "LOCK TABLE u", "LOCK TABLE t"):
        applied = live.apply("ALTER TABLE t ADD b int; ALTER TABLE u ADD b int")
    assert (brief(applied), applied.error, applied.attempts) == ((Fate.APPLIED, 2, 2), None, 2)
    assert live.told() == (["u"], 1)


@pytest.mark.parametrize("text", ["CREATE INDEX CONCURRENTLY i ON t (id)", "DROP INDEX CONCURRENTLY i"])
def test_a_deadlock_concurrently_is_told_and_not_tried_again(live: Live, text: str) -> None:
    if text.startswith("DROP"):
        live.connection.execute("CREATE INDEX i ON t (id)")
    with crossed(live, "LOCK TABLE t IN ROW EXCLUSIVE MODE", "LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE"):
        applied = live.apply(text)
    assert (brief(applied), sqlstate(applied), applied.attempts) == ((Fate.PARTLY, 0, 1), "40P01", 1)
    removed_by_hint(live, applied, "DROP INDEX CONCURRENTLY public.i")


def test_the_file_s_own_lock_timeout_concurrently_is_told_and_not_tried_again(live: Live) -> None:
    with locked(live, "LOCK TABLE t IN ROW EXCLUSIVE MODE"):
        applied = live.apply("SET lock_timeout = '50ms';\nCREATE INDEX CONCURRENTLY i ON t (id)", STATEMENT)
    assert (brief(applied), sqlstate(applied), applied.attempts) == ((Fate.PARTLY, 1, 2), "55P03", 1)
    removed_by_hint(live, applied, "DROP INDEX CONCURRENTLY public.i")


# ---------------------------------------------------------------- it is stopped


def test_it_is_stopped_before_it_begins(live: Live) -> None:
    live.looker.wants_end = lambda: True
    with pytest.raises(Cancelled):
        live.apply("CREATE TABLE a ()")
    assert live.told() == ([], 0)


@pytest.mark.parametrize(
    ("text", "transaction"),
    [
        ("CREATE TABLE a (); SELECT pg_sleep(60)", FILE),
        ("CREATE TABLE a (); SELECT pg_sleep(60)", MESSAGE),
        ("SELECT pg_sleep(60); CREATE TABLE a ();", STATEMENT),
        ("CREATE TABLE a (); BEGIN; SELECT pg_sleep(60); COMMIT; CREATE TABLE b ();", MESSAGE),
    ],
)
def test_it_is_stopped_and_nothing_stays(live: Live, text: str, transaction: Transaction) -> None:
    live.looker.wants_end = live.works
    with pytest.raises(Cancelled, match=rf"{STEP} was stopped, and nothing of it stays"):
        live.apply(text, transaction)
    assert live.told() == ([], 0)
    assert live.connection.execute("select 1").fetchone() == (1,)


def test_it_is_stopped_in_a_lock_s_queue(live: Live) -> None:
    live.timeouts = Timeouts(lock_ms=60_000)
    live.looker.wants_end = live.waits
    with locked(live), pytest.raises(Cancelled):
        live.apply("ALTER TABLE t ADD b int")


def test_it_is_stopped_between_two_tries(live: Live) -> None:
    live.timeouts = Timeouts(lock_ms=60_000, lock_attempts=2)  # so the pause is long
    live.looker.wants_end = lambda: live.sessions("state = 'idle' and query like '%ROLLBACK%'")
    with pytest.raises(Cancelled):
        live.apply("DO $$BEGIN RAISE lock_not_available; END$$")


def test_it_is_stopped_behind_a_statement_that_stands(live: Live) -> None:
    live.looker.wants_end = live.works
    applied = live.apply("CREATE TABLE a ();\nSELECT pg_sleep(60)", STATEMENT)
    assert brief(applied) == (Fate.PARTLY, 1, 2)
    assert applied.error == SqlError("57014", "canceling statement due to user request", 2)
    assert live.told() == (["a"], 0)


def test_a_stopped_concurrently_leaves_its_index(live: Live) -> None:
    live.looker.wants_end = live.waits
    with locked(live, "LOCK TABLE t IN ROW EXCLUSIVE MODE"):
        applied = live.apply("CREATE INDEX CONCURRENTLY i ON t (id)")
    assert (brief(applied), sqlstate(applied)) == ((Fate.PARTLY, 0, 1), "57014")
    removed_by_hint(live, applied, "DROP INDEX CONCURRENTLY public.i")


class Ending(BaseException):
    """The process is to end."""


def test_the_process_ends(live: Live) -> None:
    def end() -> bool:
        if live.works():
            raise Ending
        return False

    live.looker.wants_end = end
    pid = live.connection.info.backend_pid
    with pytest.raises(Ending):
        live.apply("CREATE TABLE a (); SELECT pg_sleep(60)")
    assert live.connection.closed
    wait_until(lambda: not live.admin.execute("select from pg_stat_activity where pid = %s", (pid,)).rowcount)
    assert live.told() == ([], 0)


def test_a_stopped_detach_is_told(live: Live) -> None:
    live.connection.execute("CREATE TABLE p (id int) PARTITION BY RANGE (id)")
    live.connection.execute("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)")
    live.looker.wants_end = live.waits
    with locked(live, "SELECT FROM p"):
        applied = live.apply("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY")
    assert brief(applied) == (Fate.PARTLY, 0, 1)
    removed_by_hint(live, applied, "ALTER TABLE p DETACH PARTITION p1 FINALIZE")


# ---------------------------------------------------------------- the connection is lost

TERMINATED = "terminating connection due to administrator command"


@pytest.mark.parametrize("transaction", [FILE, MESSAGE])
def test_a_terminated_session_in_one_transaction(live: Live, transaction: Transaction) -> None:
    with once(live.works, live.terminate):
        applied = live.apply("CREATE TABLE a ();\nSELECT pg_sleep(60)", transaction)
    assert brief(applied) == (Fate.ROLLED_BACK, 0, 2)
    assert applied.error is not None
    assert (applied.error.sqlstate, applied.error.message) == ("57P01", TERMINATED)
    assert live.connection.closed
    assert live.told() == ([], 0)


def test_a_terminated_session_behind_a_statement_that_stands(live: Live) -> None:
    with once(live.works, live.terminate):
        applied = live.apply("CREATE TABLE a ();\nSELECT pg_sleep(60)", STATEMENT)
    assert (brief(applied), applied.error) == ((Fate.PARTLY, 1, 2), SqlError("57P01", TERMINATED, 2))
    assert live.told() == (["a"], 0)


@pytest.mark.parametrize(
    "text", ["CREATE TABLE a (); COMMIT; SELECT pg_sleep(60)", "DO $$BEGIN COMMIT; PERFORM pg_sleep(60); END$$"]
)
def test_a_terminated_session_with_its_own_transactions(live: Live, text: str) -> None:
    with once(live.works, live.terminate):
        assert live.apply(text).fate is Fate.UNKNOWN


def test_a_terminated_concurrently_leaves_its_index(live: Live) -> None:
    with locked(live, "LOCK TABLE t IN ROW EXCLUSIVE MODE"), once(live.waits, live.terminate):
        applied = live.apply("CREATE INDEX CONCURRENTLY i ON t (id)")
    assert (brief(applied), sqlstate(applied)) == ((Fate.PARTLY, 0, 1), "57P01")
    removed_by_hint(live, applied, "DROP INDEX CONCURRENTLY public.i")


def test_a_session_that_is_gone_before(live: Live) -> None:
    live.terminate()
    for text in ("SELECT 1", "VACUUM t", "CREATE INDEX CONCURRENTLY i ON t (id)"):
        applied = live.apply(text)
        assert brief(applied) == (Fate.ROLLED_BACK, 0, 1)


@pytest.mark.parametrize("transaction", [FILE, MESSAGE])
def test_a_server_that_restarts(live: Live, transaction: Transaction) -> None:
    with once(live.works, live.server.restart):
        applied = live.apply("CREATE TABLE a (); SELECT pg_sleep(60)", transaction)
    assert (brief(applied), sqlstate(applied)) == ((Fate.ROLLED_BACK, 0, 2), "57P01")
    with live.server.admin(live.url.rpartition("/")[2]) as admin:
        live.admin = admin
        assert live.told() == ([], 0)


def test_a_session_that_is_terminated_in_its_commit(live: Live) -> None:
    live.connection.execute(SLOW_COMMIT.encode())
    with locked(live, "SELECT pg_advisory_xact_lock(1)"), once(live.waits, live.terminate):
        applied = live.apply("CREATE TABLE a (); INSERT INTO slow VALUES (1)")
    assert brief(applied) == (Fate.ROLLED_BACK, 0, 2)
    assert live.told() == (["slow"], 0)


@contextlib.contextmanager
def cut_at(live: Live, answer: bytes | None) -> Iterator[CuttingProxy]:
    """The migrations' session, through a network that is cut when the server gives a certain answer, if any."""
    with CuttingProxy(live.server.port) as proxy:
        live.connection.close()
        live.connection = opened(live.url.replace(f":{live.server.port}/", f":{proxy.port}/"))
        proxy.cut_at = answer
        try:
            yield proxy
        finally:
            live.connection.close()


def test_an_answer_to_commit_that_is_lost(live: Live) -> None:
    with cut_at(live, b"COMMIT\0"):
        applied = live.apply("CREATE TABLE a (); CREATE TABLE b ()")
    assert (brief(applied), applied.error) == ((Fate.APPLIED, 2, 2), None)
    assert live.told() == (["a", "b"], 1)


def test_a_commit_that_goes_on_without_us(live: Live) -> None:
    live.connection.execute(SLOW_COMMIT.encode())
    with cut_at(live, None) as proxy, locked(live, "SELECT pg_advisory_xact_lock(1)") as other:
        pid = live.connection.info.backend_pid

        def another(purpose: str) -> psycopg.Connection:
            if purpose == "what became of it":
                if len(asked) == 1:  # once it was in progress
                    other.rollback()
                asked.append(purpose)
            return opened(live.url)

        asked: list[str] = []
        site = Site(live.connection, another, Timeouts(connect_ms=5_000), live.looker)
        migration = Migration(STEP, "m.sql", "CREATE TABLE a (); INSERT INTO slow VALUES (1)", MESSAGE)
        with once(live.waits, proxy.cut):
            applied = apply_migration(site, migration, live.finish)
    assert (brief(applied), applied.error) == ((Fate.APPLIED, 2, 2), None)
    assert len(asked) > 1
    assert live.told() == (["a", "slow"], 1)
    assert live.admin.execute("select from pg_stat_activity where pid = %s", (pid,)).rowcount == 0


def test_an_answer_that_is_lost_before_commit(live: Live) -> None:
    with cut_at(live, b"CREATE TABLE\0"):
        applied = live.apply("CREATE TABLE a (); CREATE TABLE b ()")
    assert brief(applied) == (Fate.ROLLED_BACK, 0, 2)
    assert applied.error is not None
    assert applied.error.message == "the connection to the database was lost"
    wait_until(lambda: live.told() == ([], 0))


def test_an_answer_to_commit_that_is_lost_from_a_server_that_stays_away(live: Live) -> None:
    def away(purpose: str) -> psycopg.Connection:
        raise Unreachable("staging does not answer")

    with cut_at(live, b"COMMIT\0"):
        site = Site(live.connection, away, Timeouts(connect_ms=100), live.looker)
        migration = Migration(STEP, "m.sql", "CREATE TABLE a ()", MESSAGE)
        applied = apply_migration(site, migration, live.finish)
    assert (brief(applied), sqlstate(applied)) == ((Fate.UNKNOWN, 0, 1), "08006")


def test_an_answer_to_commit_that_is_lost_in_a_restart(live: Live) -> None:
    def restarted(purpose: str) -> psycopg.Connection:
        live.server.restart()
        return opened(live.url)

    with cut_at(live, b"COMMIT\0"):
        site = Site(live.connection, restarted, QUICK, live.looker)
        migration = Migration(STEP, "m.sql", "CREATE TABLE a ()", MESSAGE)
        applied = apply_migration(site, migration, live.finish)
    assert brief(applied) == (Fate.UNKNOWN, 0, 1)  # it could be another server that knows another transaction


# ---------------------------------------------------------------- what is told meanwhile


def test_progress(live: Live) -> None:
    live.timeouts = Timeouts(lock_ms=60_000)
    with locked(live) as other:
        pid = other.info.backend_pid
        live.looker.on = lambda progress: other.rollback()
        live.apply("SELECT 1; ALTER TABLE t ADD b int", STATEMENT)
    (first, *_) = live.looker.told
    assert (first.step, first.done, first.total) == (STEP, 1, 2)
    waits = rf"waits for a lock held by pid {pid} \(psql, user shop_owner, idle in transaction for \d+ s\)"
    assert re.fullmatch(rf"running for \d+ s, {waits}", first.detail)


def test_progress_without_a_second_connection(live: Live) -> None:
    def none(purpose: str) -> psycopg.Connection:
        raise Unreachable("too many connections")

    with locked(live) as other:
        live.looker.on = lambda progress: other.rollback()
        site = Site(live.connection, none, Timeouts(lock_ms=60_000), live.looker)
        applied = apply_migration(site, Migration(STEP, "m.sql", "ALTER TABLE t ADD b int", MESSAGE), live.finish)
    assert (applied.fate, applied.blockers) == (Fate.APPLIED, ())
    assert re.fullmatch(r"running for \d+ s", live.looker.told[0].detail)


def test_each_try_waits_twice_as_long() -> None:
    assert lock_timeouts_ms(Timeouts()) == (2_000, 4_000, 8_000, 16_000, 32_000)
    assert lock_timeouts_ms(Timeouts(lock_ms=0, lock_attempts=2)) == (0, 0)
    assert lock_timeouts_ms(Timeouts(lock_ms=1, lock_attempts=40))[-1] == 2**31 - 1
