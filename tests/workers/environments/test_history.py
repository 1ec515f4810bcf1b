from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import LiteralString

import psycopg
import pytest

from tests.live_server import OWNER, LiveServer
from workers.environments.history import PLAIN, PRISMA, Begun, Book, book_of, diagnose, failure_log
from workers.environments.history.checksum import checksum
from workers.environments.model import Entry, EntryState
from workers.errors import Refused
from workers.model import Migration, SqlError, Transaction

ONE = Migration("1_one", "m/1_one/migration.sql", "CREATE TABLE one ();\n", Transaction.SIMPLE_QUERY)
TWO = Migration("2_two", "m/2_two/migration.sql", "CREATE TABLE two ();\n", Transaction.SIMPLE_QUERY)
_NUMBERS = itertools.count()


@pytest.fixture
def url(server: LiveServer) -> str:
    return server.create_database(f"history_{next(_NUMBERS)}")


@pytest.fixture
def c(url: str) -> Iterator[psycopg.Connection]:
    """An owner's connection to an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(params=[PRISMA, PLAIN], ids=lambda book: book.name)
def book(request: pytest.FixtureRequest) -> Book:
    made: Book = request.param
    return made


def only(book: Book, c: psycopg.Connection) -> Entry:
    entries = book.entries(c, ())
    assert entries is not None
    assert len(entries) == 1
    return entries[0]


def states(book: Book, c: psycopg.Connection) -> list[EntryState]:
    return [entry.state for entry in book.entries(c, ()) or ()]


def code(book: Book, name: str) -> str:
    """How a refusal ends."""
    return f" ({name})" if book is PRISMA else ""


# ---------------------------------------------------------------- the table


def test_no_table_is_not_an_empty_one(book: Book, c: psycopg.Connection) -> None:
    assert book.entries(c, ()) is None
    book.prepare(c)
    assert book.entries(c, ()) == ()
    book.prepare(c)
    assert book.entries(c, ()) == ()
    book.begin(c, ONE)
    book.prepare(c)
    assert states(book, c) == [EntryState.FAILED]


@pytest.mark.parametrize(
    "there",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE TABLE parted (id int) PARTITION BY LIST (id)",
        "CREATE SCHEMA other CREATE TABLE t ()",
        "CREATE TABLE spatial_ref_sys ()",
        'CREATE TABLE "Geometry_Columns" ()',
    ],
)
def test_what_is_no_ordinary_table_of_the_schema_does_not_count(
    book: Book, c: psycopg.Connection, there: LiteralString
) -> None:
    c.execute(there)
    book.prepare(c)
    assert book.entries(c, ()) == ()


def test_a_schema_with_tables_is_refused_and_baselined(book: Book, c: psycopg.Connection) -> None:
    c.execute("CREATE TABLE zebras (); CREATE TABLE ants ()")
    with pytest.raises(Refused) as refused:
        book.prepare(c)
    assert str(refused.value) == (
        f"the schema public has tables (ants …) and no {book.name}, so what was applied there is not known: "
        f"mark each migration that it already has as applied, then deploy the others{code(book, 'P3005')}"
    )
    assert book.entries(c, ()) is None
    book.stamp(c, ONE, ())
    book.prepare(c)
    assert states(book, c) == [EntryState.APPLIED]


def test_it_is_in_the_first_schema_of_the_search_path(book: Book, url: str, c: psycopg.Connection) -> None:
    book.prepare(c)
    book.begin(c, ONE)
    c.execute('CREATE SCHEMA "My ""shop"')
    with psycopg.connect(url, autocommit=True) as d:
        d.execute('SET search_path TO nowhere, "My ""shop", public')
        assert book.entries(d, ()) is None
        book.prepare(d)
        assert book.entries(d, ()) == ()
        book.finish(d, book.begin(d, TWO))
        assert [entry.name for entry in book.entries(d, ()) or ()] == [TWO.id]
    assert [entry.name for entry in book.entries(c, ()) or ()] == [ONE.id]


def test_without_any_schema_there_is_no_place_for_it(book: Book, url: str) -> None:
    with psycopg.connect(url, autocommit=True, options="-c search_path=nowhere") as c:
        assert book.entries(c, ()) is None
        with pytest.raises(
            Refused, match=f"no schema of the search_path is there, so there is no place for {book}"[:60]
        ):
            book.prepare(c)
        c.execute(f"CREATE SCHEMA nowhere AUTHORIZATION {OWNER}".encode())
        book.prepare(c)
        assert book.entries(c, ()) == ()


# ---------------------------------------------------------------- a migration's row


def test_a_migration_is_begun_and_finished(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    before = datetime.now(UTC)
    row = book.begin(c, ONE)
    begun = only(book, c)
    assert begun == Entry(row.row, ONE.id, checksum(ONE.text), begun.started_at, steps=0)
    assert (begun.state, uuid.UUID(row.row).version) == (EntryState.FAILED, 4)

    book.finish(c, row)
    done = only(book, c)
    assert done == replace(begun, finished_at=done.finished_at, steps=1)
    assert done.started_at
    assert done.finished_at
    assert before <= done.started_at <= done.finished_at <= datetime.now(UTC)
    assert done.state is EntryState.APPLIED


def test_what_finishes_in_a_transaction_ends_with_it(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    row = book.begin(c, ONE)
    with c.transaction(force_rollback=True):
        c.execute("CREATE TABLE one ()")
        book.finish(c, row)
        assert states(book, c) == [EntryState.APPLIED]
    assert states(book, c) == [EntryState.FAILED]
    with c.transaction():
        c.execute("CREATE TABLE one ()")
        book.finish(c, row)
    assert states(book, c) == [EntryState.APPLIED]


def test_whatever_a_migration_leaves_in_the_session(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    left: tuple[LiteralString, ...] = (
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "CREATE SCHEMA s; SET search_path TO s; SET timezone TO 'Asia/Tokyo'",
        *("DISCARD ALL",) * 8,  # psycopg prepares what it has run five times
    )
    for statement in left:
        row = book.begin(c, ONE)
        c.execute(statement, prepare=False)
        book.finish(c, row)
    assert states(book, c) == [EntryState.APPLIED] * len(left)


def test_one_that_fails_stays_failed(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    book.fail(c, book.begin(c, ONE), "what\0ever")
    failed = only(book, c)
    assert (failed.state, failed.logs, failed.steps) == (EntryState.FAILED, "whatever", 0)


def test_one_of_which_nothing_stays_is_given_back(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    book.give_back(c, book.begin(c, ONE), "why")
    given = only(book, c)
    assert (given.state, given.logs, given.steps, given.finished_at) == (EntryState.ROLLED_BACK, "why", 0, None)
    assert diagnose(book.entries(c, ()), (ONE,), book).pending == (ONE,)


def test_a_row_that_somebody_removed_is_not_finished(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    with pytest.raises(Refused, match=f"{book.name} has no row gone any more"):
        book.finish(c, Begun("gone", ONE))


def test_undo(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    row = book.begin(c, ONE)
    with pytest.raises(Refused, match=f"^{book.name} does not have 1_one as applied$"):
        book.undo(c, ONE, ())
    book.finish(c, row)
    done = only(book, c)
    book.undo(c, ONE, ())
    undone = only(book, c)
    assert undone == replace(done, rolled_back_at=undone.rolled_back_at)
    assert undone.state is EntryState.ROLLED_BACK
    with pytest.raises(Refused):
        book.undo(c, ONE, ())

    book.finish(c, book.begin(c, ONE))
    assert states(book, c) == [EntryState.ROLLED_BACK, EntryState.APPLIED]


# ---------------------------------------------------------------- resolve


def test_stamp(book: Book, c: psycopg.Connection) -> None:
    book.stamp(c, ONE, ())
    stamped = only(book, c)
    assert (stamped.finished_at, stamped.steps, stamped.logs) == (stamped.started_at, 0, "")
    with pytest.raises(Refused) as refused:
        book.stamp(c, ONE, ())
    assert str(refused.value) == f"{book.name} already has 1_one as applied{code(book, 'P3008')}"
    assert only(book, c) == stamped


def test_a_failed_one_that_is_stamped_is_rolled_back_first(book: Book, c: psycopg.Connection) -> None:
    book.prepare(c)
    book.fail(c, book.begin(c, ONE), "why")
    book.begin(c, TWO)
    book.stamp(c, ONE, ())
    assert states(book, c) == [EntryState.ROLLED_BACK, EntryState.FAILED, EntryState.APPLIED]


def test_what_was_undone_can_be_stamped(book: Book, c: psycopg.Connection) -> None:
    book.stamp(c, ONE, ())
    book.undo(c, ONE, ())
    book.stamp(c, ONE, ())
    assert states(book, c) == [EntryState.ROLLED_BACK, EntryState.APPLIED]


def test_clear(book: Book, c: psycopg.Connection) -> None:
    with pytest.raises(Refused) as refused:
        book.clear(c, ONE, ())
    assert str(refused.value) == f"{book.name} has nothing of 1_one{code(book, 'P3011')}"
    book.prepare(c)
    book.fail(c, book.begin(c, ONE), "why")
    book.begin(c, TWO)
    book.clear(c, ONE, ())
    assert states(book, c) == [EntryState.ROLLED_BACK, EntryState.FAILED]
    cleared = book.entries(c, ())
    book.clear(c, ONE, ())
    assert book.entries(c, ()) == cleared

    book.stamp(c, ONE, ())
    with pytest.raises(Refused) as refused:
        book.clear(c, ONE, ())
    assert str(refused.value) == f"{book.name} has 1_one as applied, not as failed{code(book, 'P3012')}"


# ---------------------------------------------------------------- words


def test_a_layout_without_a_book_is_refused() -> None:
    assert (book_of("prisma"), book_of("plain")) == (PRISMA, PLAIN)
    with pytest.raises(Refused, match="the layout atlas are reviewed, and not applied"):
        book_of("atlas")


def test_the_log_of_a_failure() -> None:
    assert failure_log("1_one", None) == "The migration failed.\n\nMigration name: 1_one\n\nThe connection was lost."
    error = SqlError("42P01", 'relation "x" does not exist', line=3, hint="Look again.")
    assert failure_log("1_one", error) == (
        "The migration failed.\n\n"
        "Migration name: 1_one\n\n"
        "Database error code: 42P01\n\n"
        'Database error:\nERROR: relation "x" does not exist\nHINT: Look again.\n\n'
        "Position:\nline 3"
    )
