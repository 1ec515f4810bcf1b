"""What comes of running SQL, and that no SQL can hang us, fill our memory, or take the server down unnoticed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from psycopg.pq import TransactionStatus

from workers.errors import CannotAnalyse
from workers.postgres import wire
from workers.postgres.cluster import Cluster, Limits, Role, Tier, start_cluster
from workers.postgres.servers import Installation
from workers.postgres.session import Loss, QueryRefused, ServerError, ServerLost, Session

IDLE, OPEN, FAILED = TransactionStatus.IDLE, TransactionStatus.INTRANS, TransactionStatus.INERROR


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    """On a database of its own, because what one test commits is none of another's business."""
    cluster.create_database("session")
    with Session(cluster, database="session") as opened:
        yield opened
    cluster.drop_database("session")


def test_an_empty_statement_does_nothing(session: Session) -> None:
    outcome = session.run("")
    assert (outcome.tag, outcome.rows, outcome.notices, outcome.error) == ("", 0, (), None)
    assert (outcome.transaction_status, outcome.timed_out) == (IDLE, False)


@pytest.mark.parametrize(
    ("sql", "tag", "rows"),
    [
        ("CREATE TABLE t (i int)", "CREATE TABLE", 0),
        ("SELECT generate_series(1, 7)", "SELECT 7", 7),
        ("DO $$ BEGIN END $$", "DO", 0),
        ("COPY (SELECT generate_series(1, 3)) TO stdout", "COPY 3", 3),
        ("LISTEN x", "LISTEN", 0),
    ],
)
def test_tags_and_rows(session: Session, sql: str, tag: str, rows: int) -> None:
    for simple in (False, True):
        outcome = session.run(sql if not simple else sql.replace(" t ", " u "), simple=simple)
        assert (outcome.tag, outcome.rows, outcome.error) == (tag, rows, None)


def test_one_statement_at_a_time_unless_simple(session: Session) -> None:
    two = "CREATE TABLE a (i int); INSERT INTO a VALUES (1), (2); INSERT INTO a VALUES (3)"
    refused = session.run(two)
    assert refused.error is not None
    assert refused.error.sqlstate == "42601"
    done = session.run(two, simple=True)
    assert (done.tag, done.rows, done.error) == ("INSERT 0 1", 3, None)


def test_a_simple_message_is_one_transaction(session: Session) -> None:
    outcome = session.run("CREATE TABLE a (i int); SELECT 1 / 0; CREATE TABLE b (i int)", simple=True)
    assert outcome.error == ServerError("22012", "division by zero")
    assert (outcome.tag, outcome.transaction_status) == ("CREATE TABLE", IDLE)
    assert session.query("SELECT to_regclass('a'), to_regclass('b')") == [(None, None)]


def test_errors_are_told_whole_and_positions_count_code_points(session: Session) -> None:
    assert session.run("SELECT 'é😀' FROM nope").error == ServerError(
        "42P01", 'relation "nope" does not exist', position=18
    )
    session.run("CREATE TABLE t (i int UNIQUE)")
    session.run("INSERT INTO t VALUES (1)")
    assert session.run("INSERT INTO t VALUES (1)").error == ServerError(
        "23505", 'duplicate key value violates unique constraint "t_i_key"', detail="Key (i)=(1) already exists."
    )
    raised = session.run("DO $$ BEGIN RAISE 'mine' USING hint = 'try', errcode = 'P7777'; END $$").error
    assert raised == ServerError(
        "P7777", "mine", hint="try", context="PL/pgSQL function inline_code_block line 1 at RAISE"
    )


def test_transaction_status_follows(session: Session) -> None:
    seen = [
        session.run(sql).transaction_status for sql in ("BEGIN", "SELECT 1", "SELECT 1 / 0", "SELECT 1", "ROLLBACK")
    ]
    assert seen == [OPEN, OPEN, FAILED, FAILED, IDLE]
    assert session.transaction_status is IDLE


def test_notices_are_kept_in_order_and_cut(session: Session) -> None:
    session.run("BEGIN")
    assert session.run("BEGIN").notices == ("WARNING: there is already a transaction in progress",)
    many = session.run("DO $$ BEGIN FOR i IN 1..60 LOOP RAISE NOTICE '%', repeat('x', i * 100); END LOOP; END $$")
    assert len(many.notices) == 51
    assert many.notices[0] == "NOTICE: " + "x" * 100
    assert max(map(len, many.notices)) == 500
    assert many.notices[-1] == "… and 10 more"


@pytest.mark.parametrize("simple", [False, True])
def test_copy_takes_the_block_that_follows_it(session: Session, simple: bool) -> None:
    session.run("CREATE TABLE t (i int, s text)")
    outcome = session.run("COPY t FROM stdin", simple=simple, copy_data="1\té\n2\t\\N\n")
    assert (outcome.tag, outcome.rows, outcome.error) == ("COPY 2", 2, None)
    assert session.query("SELECT i, s FROM t ORDER BY i") == [(1, "é"), (2, None)]


@pytest.mark.parametrize("simple", [False, True])
def test_copy_that_fails_leaves_the_session_usable(session: Session, simple: bool) -> None:
    session.run("CREATE TABLE t (i int)")
    wrong = session.run("COPY t FROM stdin", simple=simple, copy_data="1\nwrong\n" + "2\n" * 200_000)
    assert wrong.error is not None
    assert (wrong.error.sqlstate, wrong.error.context) == ("22P02", 'COPY t, line 2, column i: "wrong"')
    nothing = session.run("COPY t FROM stdin", simple=simple)
    assert nothing.error is not None
    assert nothing.error.message == "COPY from stdin failed: no data follows the COPY statement"
    assert session.run("SELECT 1", simple=simple).error is None


def test_a_large_statement_and_a_large_copy_go_through(session: Session) -> None:
    assert session.run("SELECT 1 /* " + "x" * 6_000_000 + " */").error is None
    session.run("CREATE TABLE t (s text)")
    assert session.run("COPY t FROM stdin", copy_data=("é" * 999 + "\n") * 3000).rows == 3000


def test_a_nul_is_refused_before_it_can_cut_the_statement(session: Session) -> None:
    outcome = session.run("CREATE TABLE t (i int)\0; what follows would be lost")
    assert outcome.error == ServerError("22021", "the SQL holds a NUL character, which PostgreSQL does not accept")
    assert session.query("SELECT to_regclass('t')") == [(None,)]


def test_queries_take_parameters_and_return_values(session: Session) -> None:
    row = session.query(
        "SELECT %s::int + 1, %s, %s::text[], 7 %% 4, NULL, 1.50, true, 5::oid, 'c'::\"char\"",
        (41, "it's", ["a", "b,c"]),
    )
    assert row == [(42, "it's", ["a", "b,c"], 3, None, Decimal("1.50"), True, 5, "c")]
    assert session.query("SELECT 7 % 4, '%s'") == [(3, "%s")]
    assert session.query("SELECT 1 WHERE false") == []


def test_a_refused_query_is_an_error_of_ours(session: Session) -> None:
    with pytest.raises(QueryRefused, match=r'column "nope" does not exist \(42703\)') as refused:
        session.query("SELECT nope")
    assert refused.value.error.position == 8
    assert session.query("SELECT 1") == [(1,)]


def test_an_answer_too_large_to_keep_ends_the_session(cluster: Cluster) -> None:
    with Session(cluster) as session, pytest.raises(CannotAnalyse, match="beyond 64 MB"):
        session.query("SELECT repeat('x', 70000000)")
    with Session(cluster) as session, pytest.raises(CannotAnalyse, match="beyond 64 MB"):
        session.query("SELECT repeat('x', 1000000) FROM generate_series(1, 70)")


def test_a_statement_past_its_deadline_is_cancelled_and_the_session_lives(session: Session) -> None:
    session.run("BEGIN")
    started = time.monotonic()
    outcome = session.run("SELECT pg_sleep(60)", deadline_ms=100)
    assert time.monotonic() - started < 1
    assert outcome.error == ServerError("57014", "canceling statement due to user request")
    assert (outcome.timed_out, outcome.transaction_status) == (True, FAILED)
    assert 100 <= outcome.duration_ms < 1000
    assert session.run("ROLLBACK").error is None
    assert [session.run("SELECT 1").error for _ in range(20)] == [None] * 20  # no cancellation comes late


def test_a_cancellation_of_the_migrations_own_is_not_a_timeout(session: Session) -> None:
    session.run("SET statement_timeout = 50")
    outcome = session.run("SELECT pg_sleep(60)")
    assert outcome.error == ServerError("57014", "canceling statement due to statement timeout")
    assert not outcome.timed_out


def test_a_statement_blocked_by_another_session_is_cancelled(session: Session) -> None:
    session.run("CREATE TABLE t (i int)")
    with Session(session.cluster, database="session") as other:
        other.run("BEGIN")
        other.run("LOCK TABLE t")
        assert session.run("INSERT INTO t VALUES (1)", deadline_ms=100).timed_out


def test_the_end_of_a_connection_is_told(session: Session) -> None:
    with pytest.raises(ServerLost, match=r"ended the connection: terminating connection .* \(57P01\)") as lost:
        session.run("SELECT pg_terminate_backend(pg_backend_pid())")
    assert lost.value.loss is Loss.CRASH
    assert session.cluster.alive()


def test_somebody_may_look_while_a_statement_runs(session: Session) -> None:
    session.run("CREATE TABLE t (i int)")
    seen = set()
    with session.cluster.connect(Role.OBSERVER, "template1") as observer:

        def look() -> None:
            seen.update(observer.execute("SELECT mode FROM pg_locks WHERE pid = %s", [session.pid]).fetchall())

        session.run("DO $$ BEGIN LOCK TABLE t IN SHARE MODE; PERFORM pg_sleep(0.2); END $$", on_wait=look)
    assert ("ShareLock",) in seen


def test_the_total_is_bounded(installation: Installation, cache: Path) -> None:
    with start_cluster(installation, Tier.RLIMITS, Limits(total_ms=400), cache) as cluster, Session(cluster) as session:
        assert session.run("SELECT pg_sleep(60)").timed_out
        with pytest.raises(ServerLost, match=r"the migrations together took more than 0\.4 s"):
            session.run("SELECT 1")
        assert not cluster.alive()


def test_a_server_that_dies_is_told_and_new_sessions_refused(installation: Installation, cache: Path) -> None:
    with start_cluster(installation, Tier.RLIMITS, Limits(), cache) as cluster, Session(cluster) as session:
        session.run("SELECT 1")
        cluster.kill()
        with pytest.raises(ServerLost, match=r"the PostgreSQL server (crashed|ended the connection)"):
            session.run("SELECT 1")
        with pytest.raises(ServerLost, match="the PostgreSQL server refused a connection"):
            Session(cluster)


def test_closing_frees_the_database_at_once(cluster: Cluster) -> None:
    cluster.create_database("line")
    for _ in range(5):
        with Session(cluster, database="line") as session:
            session.run("SELECT 1")
        started = time.monotonic()
        cluster.create_database("copy", "line")  # would wait 100 ms for a session that is still there
        assert time.monotonic() - started < 0.1
        cluster.drop_database("copy")
    cluster.drop_database("line")


FLOODS = """
import resource, sys
from pathlib import Path
from workers.postgres.cluster import Limits, Tier, start_cluster
from workers.postgres.servers import choose, find_installations
from workers.postgres.session import Session

installation = choose(find_installations(), None, frozenset())
with start_cluster(installation, Tier.RLIMITS, Limits(), Path(sys.argv[1])) as cluster, Session(cluster) as session:
    session.run("SELECT 1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for sql in sys.argv[2:]:
        assert session.run(sql).error is None
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_no_flood_fills_our_memory(cache: Path) -> None:
    floods = (
        "SELECT repeat('x', 200000000)",
        "SELECT * FROM generate_series(1, 1000000)",
        "DO $$ BEGIN FOR i IN 1..100000 LOOP RAISE NOTICE 'n %', i; END LOOP; END $$",
        "DO $$ BEGIN RAISE NOTICE '%', repeat('x', 50000000); END $$",
        "COPY (SELECT repeat('x', 1000000) FROM generate_series(1, 100)) TO stdout",
    )
    words = [sys.executable, "-c", FLOODS, str(cache), *floods]
    told = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3], timeout=60)
    grown_kib = [int(line) for line in told.stdout.split()]
    assert len(grown_kib) == len(floods)
    assert max(grown_kib) < 8 * 1024


# ---------------------------------------------------------------- the wire


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


STREAM = message(b"T", b"\0\0") + message(b"D", b"row" * 9) + message(b"N", b"x" * 30) + message(b"Z", b"I")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 1000])
def test_messages_are_the_same_however_they_arrive(size: int) -> None:
    def read(reader: wire.Reader) -> list[wire.Message]:
        return [found for at in range(0, len(STREAM), size) for found in reader.feed(STREAM[at : at + size])]

    t, n, z = wire.Message("T", b"\0\0"), wire.Message("N", b"x" * 30), wire.Message("Z", b"I")
    assert read(wire.Reader()) == [t, n, z]
    assert read(wire.Reader(kept_bytes=15)) == [t, wire.Message("N", b"x" * 10), z]
    assert read(wire.Reader(wanted=True)) == [t, wire.Message("D", b"row" * 9), n, z]


def test_fields_that_were_cut_are_read_as_far_as_they_go() -> None:
    assert wire.fields(b"SERROR\0C42601\0Mcut in the mid") == {"S": "ERROR", "C": "42601", "M": "cut in the mid"}
