"""The history tables that we write: rows as the runners write them, and deployments that leave them up to date."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.live_server import LiveServer
from tests.workers.environments.history_projects import PROJECTS
from tests.workers.environments.history_runners import RUNNERS
from tests.workers.environments.staging import machine
from workers.environments.back import roll_back
from workers.environments.deploy import Deployed, Work, deploy
from workers.environments.history import book_of, diagnose, golang_migrate, locked, reader_of
from workers.environments.history import flyway as flyway_table
from workers.environments.history.checksum import checksum, crc32, sha384
from workers.environments.history.runners import WRITTEN
from workers.environments.model import EntryState, Environment, EnvironmentKind, Progress
from workers.environments.order import Order, looking
from workers.environments.recover import Recovered, recover
from workers.errors import Refused
from workers.model import Migration, Transaction
from workers.policy import Policy

BOOKS = sorted(set(WRITTEN) - {"prisma", "plain"})


@pytest.fixture(params=BOOKS)
def layout(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def place(layout: str) -> str:
    return "schema_migrations" if layout == "golang-migrate" else RUNNERS[layout].place(layout)


def rows(c: psycopg.Connection[Any], layout: str) -> list[tuple[Any, ...]]:
    return c.execute(f"SELECT to_jsonb(t) FROM {place(layout)} AS t ORDER BY ctid".encode()).fetchall()


TIMES = ("run_on", "tstamp", "applied_at", "installed_on", "execution_time", "installed_by")


def told(c: psycopg.Connection[Any], layout: str) -> list[dict[str, Any]]:
    """The rows, without what depends on when and by whom they were written."""
    return [{name: value for name, value in row.items() if name not in TIMES} for (row,) in rows(c, layout)]


def states(c: psycopg.Connection[Any], layout: str) -> list[tuple[str, EntryState]]:
    entries = reader_of(layout).entries(c, PROJECTS[layout].migrations())
    return [(entry.name[-4:], entry.state) for entry in entries or ()]


def sqlx(number: int, one: Migration) -> dict[str, Any]:
    return {
        "version": number,
        "description": one.id[2:],
        "success": True,
        "checksum": f"\\x{sha384(one.text)}",
    }


def flyway(number: int, one: Migration) -> dict[str, Any]:
    script = f"{one.id}.sql"
    return {"installed_rank": number, "version": f"1.{number}", "description": one.id[6:], "type": "SQL",
            "script": script, "checksum": int(crc32(one.text)), "success": True}  # fmt: skip


EXPECTED: dict[str, Callable[[int, Migration], dict[str, Any]]] = {
    "dbmate": lambda number, one: {"version": str(number)},
    "diesel": lambda number, one: {"version": f"2024010{number}000000"},
    "drizzle": lambda number, one: {"id": number, "hash": checksum(one.whole or ""), "created_at": int(one.known_as)},
    "flyway": flyway,
    "goose": lambda number, one: {"id": number + 1, "version_id": number, "is_applied": True},
    "node-pg-migrate": lambda number, one: {"id": number, "name": one.id},
    "sql-migrate": lambda number, one: {"id": f"{one.id}.sql"},
    "sqlx": sqlx,
    "supabase": lambda number, one: {
        "version": f"2024010{number}000000", "name": one.id[15:], "statements": [f"CREATE TABLE {one.id[15:]} (id int)"]
    },
}  # fmt: skip


def test_rows_are_as_the_runner_writes_them(layout: str, c: psycopg.Connection[Any]) -> None:
    book, migrations = book_of(layout), PROJECTS[layout].migrations()
    book.prepare(c)
    assert book.entries(c, migrations) == ()
    book.prepare(c)
    for one in migrations:
        begun = book.begin(c, one)
        with c.transaction():
            book.finish(c, begun)
    first = [{"id": 1, "version_id": 0, "is_applied": True}] if layout == "goose" else []
    if layout == "golang-migrate":
        assert told(c, layout) == [{"version": 3, "dirty": False}]
    else:
        assert told(c, layout) == [*first, *(EXPECTED[layout](number, one) for number, one in enumerate(migrations, 1))]
    found = diagnose(book.entries(c, migrations), migrations, book)
    assert (found.pending, found.failed, found.edited, found.missing, found.stamped) == ((), (), (), (), ())


def test_what_is_rolled_back_leaves_no_row(layout: str, c: psycopg.Connection[Any]) -> None:
    book, (one, *_) = book_of(layout), PROJECTS[layout].migrations()
    book.prepare(c)
    begun = book.begin(c, one)
    with contextlib.suppress(psycopg.errors.DivisionByZero), c.transaction():
        book.finish(c, begun)
        c.execute("SELECT 1 / 0")
    expected = [("ants", EntryState.FAILED)] if book.keeps_failures else []
    assert states(c, layout) == expected
    book.give_back(c, begun, "why")
    assert states(c, layout) == []


def test_one_that_failed(layout: str, c: psycopg.Connection[Any]) -> None:
    book, migrations = book_of(layout), PROJECTS[layout].migrations()
    book.prepare(c)
    book.finish(c, book.begin(c, migrations[0]))
    book.fail(c, book.begin(c, migrations[1]), "why")
    ants, bees = ("ants", EntryState.APPLIED), ("bees", EntryState.FAILED)
    if layout not in ("golang-migrate", "flyway"):  # the others have no place for it
        assert states(c, layout) == [ants]
        with pytest.raises(Refused, match="it is pending"):
            book.clear(c, migrations[1], migrations)
        return
    assert states(c, layout) == [ants, bees]
    book.clear(c, migrations[1], migrations)
    assert states(c, layout) == [ants]
    book.fail(c, book.begin(c, migrations[1]), "why")
    book.stamp(c, migrations[1], migrations)
    assert states(c, layout) == [ants, ("bees", EntryState.APPLIED)]


def test_undo_stamp_and_clear(layout: str, c: psycopg.Connection[Any]) -> None:
    book, migrations = book_of(layout), PROJECTS[layout].migrations()
    one, two, _ = migrations
    c.execute("CREATE TABLE zebras (id int)")
    with pytest.raises(Refused, match="the schema public has tables"):
        book.prepare(c)
    book.stamp(c, one, migrations)
    book.prepare(c)
    book.stamp(c, two, migrations)
    before = states(c, layout)
    assert before == [("ants", EntryState.APPLIED), ("bees", EntryState.APPLIED)]
    with pytest.raises(Refused, match=f"already has {two.id} as applied"):
        book.stamp(c, two, migrations)
    with pytest.raises(Refused, match="as applied, not as failed"):
        book.clear(c, one, migrations)
    book.undo(c, two, migrations)
    assert states(c, layout) == before[:1]
    with pytest.raises(Refused, match=f"does not have {two.id} as"):
        book.undo(c, two, migrations)
    book.undo(c, one, migrations)
    assert states(c, layout) == []


def test_golang_migrate_cannot_pass_over_one(c: psycopg.Connection[Any]) -> None:
    book, migrations = book_of("golang-migrate"), PROJECTS["golang-migrate"].migrations()
    with pytest.raises(Refused, match="so all before 02_bees would count as applied, too"):
        book.stamp(c, migrations[1], migrations)
    assert book.entries(c, migrations) is None


def test_the_runners_own_locks(server: LiveServer) -> None:
    url = server.create_database("shop")
    keys = {
        "flyway": 77433833903597,
        "goose": 4097083626,
        "golang-migrate": golang_migrate.lock_key("public", "schema_migrations", "shop"),
        "node-pg-migrate": 7241865325823964,
        "sqlx": 0x3D32AD9E * 2892647586,
    }
    assert golang_migrate.lock_key("schema_name_1", "schema_name_2", "database_name") == 3743845847
    assert flyway_table.lock_key("größe😀") == 77432995390470
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as c:
        assert {layout: book_of(layout).lock_key(c) for layout in keys} == keys
        assert len({book_of(layout).lock_key(c) for layout in BOOKS}) == len(BOOKS)
        with locked(c, book_of("sqlx"), 0):
            found = c.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
        assert found == (1,)


# ---------------------------------------------------------------- through a deployment


class Silent:
    def tell(self, progress: Progress) -> None:
        pass

    def cancelled(self) -> bool:
        return False


def order(url: str, layout: str, migrations: tuple[Migration, ...] | None = None) -> Order:
    all_of = PROJECTS[layout].migrations() if migrations is None else migrations
    environment = Environment("acme/shop", "staging", EnvironmentKind.STAGING, url, tls=False)
    own = frozenset(one.id for one in all_of)
    return Order(environment, layout, PROJECTS[layout].directory, Policy(), all_of, own, "pr1", "f" * 40)


def deployed(url: str, layout: str, cache: Path, migrations: tuple[Migration, ...] | None = None) -> Deployed:
    return deploy(order(url, layout, migrations), Work(machine(cache), Silent(), lambda _pending: None))


def test_a_deployment(layout: str, url: str, cache: Path, c: psycopg.Connection[Any]) -> None:
    done = deployed(url, layout, cache)
    assert (done.stopped, [step.migration[-4:] for step in done.steps]) == ("", ["ants", "bees", "cats"])
    assert done.has_own
    assert [name for name, _ in states(c, layout)] == ["ants", "bees", "cats"]
    for name in ("ants", "bees", "cats"):
        c.execute(f"SELECT FROM {name}".encode())
    again = deployed(url, layout, cache)
    assert (again.pending, again.has_own) == ((), True)


def broken(layout: str) -> tuple[Migration, ...]:
    *rest, last = PROJECTS[layout].migrations()
    return (*rest, replace(last, text="CREATE TABLE dogs (id int); SELECT 1 / 0;\n"))


def test_a_deployment_that_fails(layout: str, url: str, cache: Path, c: psycopg.Connection[Any]) -> None:
    done = deployed(url, layout, cache, broken(layout))
    assert done.stopped.endswith("division by zero")
    assert states(c, layout) == [("ants", EntryState.APPLIED), ("bees", EntryState.APPLIED)]
    assert c.execute("SELECT to_regclass('dogs')").fetchone() == (None,)
    assert done.notes == ()


def halfway(layout: str) -> tuple[Migration, ...]:
    """Without a transaction, as each of these runners has it where the file asks for it."""
    last = PROJECTS[layout].migrations()[0]
    return (replace(last, text="CREATE TABLE dogs (id int);\nSELECT 1 / 0;\n", transaction=Transaction.STATEMENT),)


def test_a_deployment_of_which_a_part_stays(layout: str, url: str, cache: Path, c: psycopg.Connection[Any]) -> None:
    done = deployed(url, layout, cache, halfway(layout))
    (name,) = done.pending
    assert done.stopped.endswith("division by zero")
    if layout in ("golang-migrate", "flyway"):
        assert (states(c, layout), done.notes) == ([("ants", EntryState.FAILED)], ())
        with pytest.raises(Refused, match="failed there before and is to be resolved first"):
            deployed(url, layout, cache)
        return
    assert states(c, layout) == []
    table = book_of(layout).name
    assert done.notes == (
        f"{table} cannot say that {name} failed: to its runner, and to `/migrate staging`, it is pending",
        f"either run the rest by hand, then `/migrate resolve staging {name} --applied`; or undo what is there by hand",
    )


@pytest.mark.parametrize(
    ("layout", "words"),
    [("drizzle", "Drizzle never runs it"), ("flyway", "Flyway refuses to run it"), ("goose", "goose refuses to run it"),
     ("node-pg-migrate", "node-pg-migrate refuses to run it"), ("supabase", "Supabase refuses to run it")],
)  # fmt: skip
def test_what_its_runner_would_not_run(
    layout: str, words: str, url: str, cache: Path, c: psycopg.Connection[Any]
) -> None:
    migrations = PROJECTS[layout].migrations()
    book_of(layout).stamp(c, migrations[1], migrations)
    with pytest.raises(Refused) as refused:
        deployed(url, layout, cache)
    assert str(refused.value) == f"`{migrations[0].id}` sorts before one that is applied there: {words}"


def test_what_only_its_runner_can_run(url: str, cache: Path) -> None:
    variable = PROJECTS["flyway"].edited("bees (id", "${schema}.bees (id")
    with pytest.raises(Refused, match=r"^sql/V1_2__bees.sql has a variable \(\$\{…\}\), whose value only Flyway knows"):
        deployed(url, "flyway", cache, variable)
    without = tuple(replace(one, known_as="") for one in PROJECTS["drizzle"].migrations())
    with pytest.raises(
        Refused, match=r"^migrations of Drizzle 1\.0, without a journal, are reviewed, and not applied$"
    ):
        deployed(url, "drizzle", cache, without)


def test_a_repeatable_migration_is_run_again(url: str, cache: Path, c: psycopg.Connection[Any]) -> None:
    def views(number: int) -> tuple[Migration, ...]:
        files = {"sql/R__some_views.sql": f"CREATE OR REPLACE VIEW v AS SELECT {number} AS n;\n"}
        return PROJECTS["flyway"].migrations(files)

    assert deployed(url, "flyway", cache, views(1)).stopped == ""
    assert deployed(url, "flyway", cache, views(1)).pending == ()
    assert deployed(url, "flyway", cache, views(2)).stopped == ""
    assert c.execute("SELECT n FROM v").fetchone() == (2,)
    shown = [(row["version"], row["description"], row["script"]) for row in told(c, "flyway")]
    assert shown == [(None, "some views", "R__some_views.sql")] * 2


def recovered(url: str, cache: Path, *migrations: Migration) -> Recovered:
    return recover(order(url, "dbmate", migrations), [one.id for one in migrations], machine(cache))


def test_an_interruption_is_found_out_without_a_failed_row(url: str, cache: Path, c: psycopg.Connection[Any]) -> None:
    """A migration that is one transaction has its row in it; of another the schema tells."""
    book_of("dbmate").prepare(c)
    whole, second = PROJECTS["dbmate"].migrations()[:2]
    assert recovered(url, cache, whole) == Recovered((), (), (), has_own=False)

    text = "CREATE TABLE dogs (id int);\nCREATE TABLE eels (id int);\n"
    parts = replace(second, text=text, transaction=Transaction.STATEMENT)
    c.execute("CREATE TABLE dogs (id int)")
    half = recovered(url, cache, parts)
    assert (half.applied, half.failed) == ((), (parts.id,))
    assert half.notes[0].startswith(f"{parts.id}: partly applied: ")

    c.execute("CREATE TABLE eels (id int)")
    there = f"{parts.id}: it is all there, and only the history table did not say so; now it does"
    assert recovered(url, cache, parts) == Recovered((parts.id,), (), (there,), has_own=True)
    assert told(c, "dbmate") == [{"version": "2"}]


def test_a_rollback(url: str, cache: Path, c: psycopg.Connection[Any]) -> None:
    assert deployed(url, "dbmate", cache).stopped == ""
    work = Work(machine(cache), Silent(), lambda _pending: None)
    done = roll_back(order(url, "dbmate"), None, lossy=False, work=work)
    assert (done.migration, done.done) == ("3_cats", True)
    assert told(c, "dbmate") == [{"version": "1"}, {"version": "2"}]
    assert c.execute("SELECT to_regclass('cats')").fetchone() == (None,)


def test_what_is_only_read_is_looked_at_and_not_changed(url: str, cache: Path, c: psycopg.Connection[Any]) -> None:
    with looking(order(url, "atlas")) as desk:
        assert (desk.entries, [one.id[-4:] for one in desk.diagnosis.pending]) == (None, ["ants", "bees", "cats"])
    with pytest.raises(Refused, match="the layout atlas are reviewed, and not applied"):
        deployed(url, "atlas", cache)
    assert c.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
