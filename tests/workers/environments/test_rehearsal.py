"""Rehearsals on real data: a Neon branch that is gone afterwards, and a copy that the team provides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import psycopg
import pytest
from markdown_it import MarkdownIt
from psycopg.sql import SQL, Identifier
from pydantic import TypeAdapter

from tests.github.faults import Answer, Fault
from tests.live_server import OWNER, PASSWORD, LiveServer, live_server
from tests.neon.server import Server, neon
from tests.neon.world import KEY, Project
from workers.environments.model import Environment, EnvironmentKind, Progress, RehearseOn, Timeouts
from workers.environments.neon.client import Pace, Unwatched
from workers.environments.order import as_its_runner_sees_it
from workers.environments.rehearsal import Measured, OnCopy, TakenLock, copied, on_copy_markdown, rehearse_on_copy
from workers.errors import Cancelled, Refused, Unreachable
from workers.model import Migration, SqlError, Transaction
from workers.words import LockMode, Name

_NUMBERS = count(1)
_ROWS = 50_000
_PACE = Pace(sleep=lambda _: None)
_ORDERS = Name("public", "orders")
_REWRITE = "ALTER TABLE orders ALTER COLUMN amount TYPE bigint"


def _seed(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT n AS id, n % 7 AS amount, 'paid' AS state "
            f"FROM generate_series(1, {_ROWS}) n"
        )
        connection.execute("ALTER TABLE orders ADD PRIMARY KEY (id)")
        connection.execute("CREATE TABLE payments (id int PRIMARY KEY, order_id int)")
        connection.execute("INSERT INTO payments SELECT n, n FROM generate_series(1, 10) n")
        connection.execute("ANALYZE")


@pytest.fixture(scope="module")
def live() -> Iterator[LiveServer]:
    with live_server() as server:
        server.create_database("template_shop")
        _seed(server.url(OWNER, "template_shop"))
        yield server


@pytest.fixture
def shop(live: LiveServer) -> str:
    """A database of 50,000 orders."""
    return _clone(live)


def _clone(live: LiveServer) -> str:
    name = f"shop{next(_NUMBERS)}"
    with live.admin() as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template_shop OWNER {OWNER}')
    return name


@pytest.fixture
def place(live: LiveServer, shop: str) -> Iterator[tuple[Server, Project, Environment]]:
    """An environment on Neon."""
    with neon(live, shop) as (api, project):
        yield (
            api,
            project,
            Environment(
                *("acme/shop", "staging", EnvironmentKind.STAGING, live.url(OWNER, shop)),
                neon=api.configured(),
                rehearse_on=RehearseOn.NEON,
            ),
        )


@pytest.fixture
def provided(live: LiveServer, shop: str) -> Environment:
    """An environment with a copy beside it."""
    url, copy = (live.url(OWNER, name) for name in (shop, _clone(live)))
    kind = EnvironmentKind.PRODUCTION
    return Environment("acme/shop", "production", kind, url, rehearse_on=RehearseOn.URL, copy_url=copy)


Place = tuple[Server, Project, Environment]


class Looking(Unwatched):
    """Remembers what it is told; stops the rehearsal when a text is told."""

    def __init__(self, stop_at: str = "\0") -> None:
        self.told: list[Progress] = []
        self.stop_at, self.stopped = stop_at, False

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)
        self.stopped = self.stopped or self.stop_at in progress.detail

    def cancelled(self) -> bool:
        return self.stopped


def migration(text: str, transaction: Transaction = Transaction.SIMPLE_QUERY, id: str = "1_first") -> Migration:
    return Migration(id, f"prisma/migrations/{id}/migration.sql", text, transaction)


def rehearsed(environment: Environment, *texts: str, transaction: Transaction = Transaction.SIMPLE_QUERY) -> OnCopy:
    wanted = [migration(text, transaction, f"{number}_m") for number, text in enumerate(texts, start=1)]
    return rehearse_on_copy(environment, wanted, Looking(), _PACE)


def modes(one: Measured) -> dict[str, str]:
    return {str(lock.relation): lock.mode.sql for lock in one.locks}


def column_type(url: str) -> str:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'orders'::regclass AND attname = 'amount'"
        ).fetchone()
    assert found is not None
    return str(found[0])


# ---------------------------------------------------------------- copies


def test_no_copy_no_rehearsal(place: Place) -> None:
    _, project, environment = place
    with pytest.raises(Refused, match=r"^staging has no copy to rehearse on in the bot's configuration$"):
        rehearsed(replace(environment, rehearse_on=RehearseOn.NOTHING), "SELECT 1")
    with pytest.raises(Refused, match=r"^staging has no copy_url in the bot's configuration$"):
        rehearsed(replace(environment, rehearse_on=RehearseOn.URL), "SELECT 1")
    assert project.requests == []


def test_a_branch_is_real_and_gone_afterwards(place: Place) -> None:
    _, project, environment = place
    watch = Looking()
    with copied(environment, watch, _PACE) as url:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (_ROWS,)
        [name] = project.names() - {"main"}
        assert re.fullmatch(r"rehearse-\d{8}-\d{4}-[0-9a-f]{4}", name)
        assert watch.told == [Progress("rehearsal", f"Neon branch {name}")]
        [branch] = [one for one in project.branches.values() if one.name == name]
        assert branch.expires_at
        assert (branch.expires_at - branch.created_at).total_seconds() == pytest.approx(7200, abs=5)
    assert project.names() == {"main"}


def test_a_branch_is_gone_after_an_exception(place: Place) -> None:
    _, project, environment = place
    with pytest.raises(KeyError), copied(environment, Looking(), _PACE):
        raise KeyError
    assert project.names() == {"main"}


def test_a_branch_is_gone_though_neon_is_busy(place: Place) -> None:
    _, project, environment = place
    with copied(environment, Looking(), _PACE):
        project.faults.add(Fault("DELETE", re.compile("branches"), Answer(423, "busy"), times=1))
    assert project.names() == {"main"}


def test_the_schema_of_the_url_is_kept(place: Place) -> None:
    _, _, environment = place
    with copied(replace(environment, url=f"{environment.url}?schema=shop"), Looking(), _PACE) as url:
        assert url.endswith("?schema=shop")


@pytest.mark.parametrize("change", [{"copy_url": "{url}"}, {"copy_url": "{url}?x=1"}, {"pooled_url": "{copy}"}])
def test_a_copy_is_another_database(provided: Environment, change: dict[str, str]) -> None:
    [(name, url)] = change.items()
    wrong = replace(provided, **{name: url.format(url=provided.url, copy=provided.copy_url)})  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"^the copy_url of production is production itself; a rehearsal needs a copy$"):
        rehearsed(wrong, _REWRITE)
    assert column_type(provided.url) == "integer"


def test_another_address_of_the_same_database_is_found_out(provided: Environment) -> None:
    alias = provided.url.replace("127.0.0.1", "0.0.0.0")  # reaches this machine, and is no loopback address
    with pytest.raises(Refused, match="is production itself"):
        rehearsed(replace(provided, copy_url=alias, tls=False), _REWRITE)
    assert column_type(provided.url) == "integer"


@pytest.mark.parametrize("schema", ["public", "shop"])
def test_a_copy_is_looked_at_where_prisma_looks(provided: Environment, schema: str) -> None:
    """Not in a schema that is called like the role; and in the environment's own, where it has one."""
    assert provided.copy_url
    with psycopg.connect(provided.copy_url) as connection:
        for name in (OWNER, "shop"):
            connection.execute(SQL("CREATE SCHEMA {0} CREATE TABLE orders (amount int)").format(Identifier(name)))
    url = provided.url if schema == "public" else f"{provided.url}?schema={schema}"
    [one] = rehearsed(as_its_runner_sees_it(replace(provided, url=url), "prisma"), _REWRITE).statements
    assert [lock.relation for lock in one.locks] == [Name(schema, "orders")]


# ---------------------------------------------------------------- what is measured


def test_nothing_to_rehearse(place: Place) -> None:
    _, project, environment = place
    result = rehearsed(environment)
    assert (result.statements, result.planned, result.error, result.stopped) == ((), 0, None, "")
    assert project.names() == {"main"}


def test_a_rewrite_on_a_branch(place: Place) -> None:
    _, project, environment = place
    watch = Looking()
    result = rehearse_on_copy(environment, [migration(f"-- types\n{_REWRITE};")], watch, _PACE)

    assert result.copy == "a Neon branch of `main`"
    [one] = result.statements
    assert (one.migration, one.line, one.action) == ("1_first", 2, "ALTER TABLE … ALTER COLUMN … TYPE")
    assert (one.rewritten, one.error) == ((_ORDERS,), None)
    [lock] = one.locks
    assert (lock.relation, lock.mode, lock.rows) == (_ORDERS, LockMode.ACCESS_EXCLUSIVE, _ROWS)
    assert 1_500_000 < lock.bytes < 4_000_000
    assert 0 < one.duration_ms <= lock.held_ms <= result.total_ms
    assert (result.planned, result.left_migrated, result.stopped) == (1, False, "")
    assert watch.told[1:] == [Progress("rehearsal", f"1_first: {one.action}", 0, 1)]

    assert project.names() == {"main"}
    assert column_type(environment.url) == "integer"


def test_each_lock_is_told_where_it_is_taken(place: Place) -> None:
    *_, environment = place
    text = """
        ALTER TABLE orders ADD COLUMN note text;
        UPDATE payments SET order_id = order_id + 1;
        ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders;
        ALTER TABLE orders ADD COLUMN more text;
        CREATE TABLE fresh (id int);
        ALTER TABLE fresh ADD COLUMN x int;
    """
    result = rehearsed(environment, text)
    assert [modes(one) for one in result.statements] == [
        {"public.orders": "ACCESS EXCLUSIVE"},
        {"public.payments": "ROW EXCLUSIVE"},
        {"public.payments": "SHARE ROW EXCLUSIVE", "public.orders": "SHARE ROW EXCLUSIVE"},
        {"public.orders": "ACCESS EXCLUSIVE"},
        {},
        {},
    ]
    held = [lock.held_ms for one in result.statements for lock in one.locks if lock.relation == _ORDERS]
    assert held == sorted(held, reverse=True)
    assert {one.rewritten for one in result.statements} == {()}


def test_statements_by_themselves_hold_their_locks_no_longer(place: Place) -> None:
    *_, environment = place
    text = "ALTER TABLE orders ADD COLUMN a int; SELECT pg_sleep(0.2); ALTER TABLE orders ADD COLUMN b int;"
    together = rehearsed(environment, text)
    apart = rehearsed(environment, text, transaction=Transaction.STATEMENT)
    assert together.statements[0].locks[0].held_ms > 200
    assert apart.statements[0].locks[0].held_ms < 200
    assert [modes(one) for one in apart.statements] == [
        {"public.orders": "ACCESS EXCLUSIVE"}, {}, {"public.orders": "ACCESS EXCLUSIVE"}
    ]  # fmt: skip


def test_transactions_of_the_file_itself(place: Place) -> None:
    *_, environment = place
    text = "BEGIN; ALTER TABLE orders ADD COLUMN a int; SELECT pg_sleep(0.2); COMMIT; ALTER TABLE orders ADD b int"
    result = rehearsed(environment, text, transaction=Transaction.STATEMENT)
    assert [one.action for one in result.statements][:4:3] == ["BEGIN", "COMMIT"]
    assert result.statements[1].locks[0].held_ms > 200
    assert result.statements[4].locks[0].held_ms < 200
    assert result.error is None


def test_an_index_built_concurrently_is_sampled(place: Place) -> None:
    *_, environment = place
    result = rehearsed(environment, "CREATE INDEX CONCURRENTLY orders_amount ON orders (amount, state, id)")
    [one] = result.statements
    assert (modes(one), one.error) == ({"public.orders": "SHARE UPDATE EXCLUSIVE"}, None)
    assert 0 < one.locks[0].held_ms <= one.duration_ms


def test_a_rewrite_outside_a_transaction(place: Place) -> None:
    *_, environment = place
    [one] = rehearsed(environment, "VACUUM FULL orders", transaction=Transaction.STATEMENT).statements
    assert (modes(one)["public.orders"], one.rewritten) == ("ACCESS EXCLUSIVE", (_ORDERS,))


def test_truncate_is_no_rewrite(place: Place) -> None:
    *_, environment = place
    [one] = rehearsed(environment, "TRUNCATE orders").statements
    assert (modes(one), one.rewritten) == ({"public.orders": "ACCESS EXCLUSIVE"}, ())


def test_data_behind_a_copy_and_commands_of_psql(place: Place) -> None:
    *_, environment = place
    result = rehearsed(
        environment,
        "\\set x 1\nCOPY payments FROM stdin;\n77\t1\n78\t2\n\\.\nDISCARD ALL;",
        transaction=Transaction.STATEMENT,
    )
    assert [(one.action, one.error) for one in result.statements] == [("COPY", None), ("DISCARD ALL", None)]


# ---------------------------------------------------------------- what fails


def test_nothing_runs_behind_a_failure(place: Place) -> None:
    _, project, environment = place
    failing = "SELECT 1;\nALTER TABLE orders\n  ADD COLUMN nope nonsense;\nSELECT 2;"
    result = rehearsed(environment, "SELECT 0; SELECT 0", failing, "SELECT 3")
    assert [one.migration for one in result.statements] == ["1_m", "1_m", "2_m", "2_m"]
    assert result.error == SqlError("42704", 'type "nonsense" does not exist', 3)
    assert result.planned == 6
    assert project.names() == {"main"}


def test_real_rows_that_break_it_are_not_quoted(place: Place) -> None:
    *_, environment = place
    with psycopg.connect(environment.url, autocommit=True) as connection:
        connection.execute("UPDATE orders SET state = 'jane@example.com' WHERE id = 41; ANALYZE")
        connection.execute("INSERT INTO payments VALUES (11, 41), (12, 41)")
    for text, error in (
        (
            "ALTER TABLE orders ALTER state TYPE int USING state::int",
            ("22P02", 'invalid input syntax for type integer: "…"'),
        ),
        (
            "CREATE UNIQUE INDEX ON payments (order_id)",
            ("23505", 'could not create unique index "payments_order_id_idx"'),
        ),
        (
            "DO $$ BEGIN RAISE EXCEPTION 'jane@example.com'; END $$",
            ("P0001", "an error that the migration raises itself; its text may hold data and is not shown"),
        ),
    ):
        result = rehearsed(environment, text)
        assert result.error
        assert ((result.error.sqlstate, result.error.message), result.error.detail) == (error, None)
        assert "jane" not in repr(result) + on_copy_markdown(result)


def test_what_is_checked_at_the_commit(place: Place) -> None:
    *_, environment = place
    text = """
        ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders DEFERRABLE INITIALLY DEFERRED;
        INSERT INTO payments VALUES (99, -1);
    """
    for transaction in Transaction:
        result = rehearsed(environment, text, transaction=transaction)
        assert len(result.statements) == 2
        assert result.error
        assert result.error.sqlstate == "23503"


def test_concurrently_in_a_transaction(place: Place) -> None:
    *_, environment = place
    result = rehearsed(environment, "SELECT 1; CREATE INDEX CONCURRENTLY ON orders (amount)")
    assert result.error
    assert result.error.sqlstate == "25001"


def test_a_lock_that_is_not_to_be_had(place: Place) -> None:
    _, project, environment = place
    hurried = replace(environment, timeouts=replace(environment.timeouts, lock_ms=100))
    wanted = [migration("LOCK TABLE orders IN SHARE MODE; SELECT 1")]
    holders: list[psycopg.Connection[Any]] = []

    class Holding(Looking):
        def tell(self, progress: Progress) -> None:
            super().tell(progress)
            if "LOCK TABLE" in progress.detail:
                [branch] = [one for one in project.branches.values() if one.parent]
                holder = psycopg.connect(project.server.url(OWNER, branch.physical))
                holder.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
                holders.append(holder)

    result = rehearse_on_copy(hurried, wanted, Holding(), _PACE)
    [holder] = holders
    holder.close()
    assert result.error
    assert result.error.sqlstate == "55P03"


def test_cancelled_in_a_statement(place: Place) -> None:
    _, project, environment = place
    texts = [migration("ALTER TABLE orders ADD COLUMN x int; SELECT pg_sleep(60)")]
    with pytest.raises(Cancelled, match=r"^the rehearsal was stopped$"):
        rehearse_on_copy(environment, texts, Looking(stop_at="1_first: SELECT"), _PACE)
    assert project.names() == {"main"}


def test_the_time_is_up(place: Place) -> None:
    _, project, environment = place
    hurried = replace(environment, timeouts=Timeouts(total_ms=1000))
    result = rehearsed(hurried, "SELECT 1; SELECT pg_sleep(60); SELECT 2")
    assert (len(result.statements), result.planned) == (2, 3)
    assert result.stopped == "it took longer than the environment's total_ms allows"
    assert project.names() == {"main"}


def test_the_copy_is_lost(place: Place) -> None:
    _, project, environment = place
    text = "SELECT 1; SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(Unreachable, match=r"^the copy was lost in the rehearsal, at `1_m`$"):
        rehearsed(environment, text)
    assert project.names() == {"main"}


def test_the_copy_is_lost_between_two_statements(place: Place) -> None:
    _, project, environment = place

    class Ending(Looking):
        def tell(self, progress: Progress) -> None:
            super().tell(progress)
            if progress.done == 1:
                with project.server.admin() as admin:
                    admin.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE application_name = 'migration-bot: rehearsal'"
                    )

    wanted = [migration("SELECT 1; SELECT 2", Transaction.STATEMENT)]
    with pytest.raises(Unreachable, match=r"^a Neon branch of `main` does not answer \(\w+\)$"):
        rehearse_on_copy(environment, wanted, Ending(), _PACE)
    assert project.names() == {"main"}


# ---------------------------------------------------------------- a copy that stays


def test_a_provided_copy_is_left_as_it_was(provided: Environment) -> None:
    assert provided.copy_url
    for transaction in Transaction:
        result = rehearsed(
            provided, f"{_REWRITE}; SELECT 1", "ALTER TABLE orders ADD COLUMN x int; SELECT 1",
            transaction=transaction,
        )  # fmt: skip
        assert result.copy == "the copy that is configured for production"
        assert (result.error, result.left_migrated) == (None, False)
        assert result.statements[0].rewritten == (_ORDERS,)
        assert [modes(one) for one in result.statements] == [{"public.orders": "ACCESS EXCLUSIVE"}, {}] * 2
        assert column_type(provided.copy_url) == "integer"
    assert column_type(provided.url) == "integer"


def test_a_provided_copy_is_left_as_it_was_after_a_failure(provided: Environment) -> None:
    assert provided.copy_url
    result = rehearsed(provided, _REWRITE, "SELECT nonsense")
    assert result.error == SqlError("42703", 'column "nonsense" does not exist', 1)
    assert (result.left_migrated, column_type(provided.copy_url)) == (False, "integer")


def test_what_cannot_be_undone_migrates_the_copy(provided: Environment) -> None:
    assert provided.copy_url
    result = rehearsed(provided, _REWRITE, "CREATE INDEX CONCURRENTLY ON orders (amount)")
    assert (result.error, result.left_migrated) == (None, True)
    assert column_type(provided.copy_url) == "bigint"
    assert column_type(provided.url) == "integer"


def test_what_turns_out_not_to_run_in_one_transaction(provided: Environment) -> None:
    assert provided.copy_url
    result = rehearsed(
        provided,
        "CREATE TYPE mood AS ENUM ('ok')",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "ALTER TABLE orders ADD COLUMN mood mood DEFAULT 'sad'",
    )
    assert (result.error, result.left_migrated, len(result.statements)) == (None, True, 3)


# ---------------------------------------------------------------- what is kept and shown


def _result(*statements: Measured, **more: Any) -> OnCopy:
    values = {"copy": "a Neon branch of `main`", "planned": len(statements), "total_ms": 5000.0, "left_migrated": False}
    return OnCopy(statements=statements, **{**values, **more})


_ONE = Measured(
    "20260520_types",
    3,
    "ALTER TABLE … ALTER COLUMN … TYPE",
    2100.0,
    (TakenLock(_ORDERS, LockMode.ACCESS_EXCLUSIVE, 2150.0, 1_200_000, 3 << 30),),
    (_ORDERS,),
)


def test_it_can_be_kept_as_json() -> None:
    adapter = TypeAdapter(OnCopy)
    result = _result(replace(_ONE, error=SqlError("42P01", "no", 3)), stopped="why")
    assert adapter.validate_json(adapter.dump_json(result)) == result
    assert json.loads(adapter.dump_json(result))["planned"] == 1


def test_the_table() -> None:
    failed = Measured("20260521_next", 1, "CREATE INDEX", 12.0, error=SqlError("42703", "column `x` is missing", 2))
    assert on_copy_markdown(_result(_ONE, failed, planned=4, left_migrated=True)) == (
        "Rehearsed on real data, a Neon branch of <code>main</code>: failed after 2 statements, 2.1 s. "
        "The strongest lock, ACCESS EXCLUSIVE on <code>public.orders</code>: 2.1 s.\n"
        "\n"
        "| Statement | Took | Strongest lock, held for | Table |\n"
        "| --- | ---: | --- | --- |\n"
        "| ALTER TABLE … ALTER COLUMN … TYPE<br><code>20260520_types</code>, line 3 | 2.1 s "
        "| ACCESS EXCLUSIVE, 2.1 s | <code>public.orders</code>, 1,200,000 rows, 3.0 GB · rewritten |\n"
        "| CREATE INDEX<br><code>20260521_next</code>, line 1 | 12 ms · failed |  |  |\n"
        "\n<code>20260521_next</code> fails on line 2: column <code>x</code> is missing (42703).\n"
        "\nThe copy is no longer as it was: these migrations cannot run in a transaction that is undone.\n"
    )


def test_nothing_ran() -> None:
    assert on_copy_markdown(_result()) == (
        "Rehearsed on real data, a Neon branch of <code>main</code>: 0 statements, 0.0 ms.\n\n"
    )


@pytest.mark.parametrize("name", ["x" * 255, "| `<!-- ` @all #1 https://a.example |" * 7, "é" * 200])
@pytest.mark.parametrize("number", [1, 30, 3000])
def test_the_table_is_short_and_safe(name: str, number: int) -> None:
    lock = replace(_ONE.locks[0], relation=Name(name, name))
    rows = [replace(_ONE, migration=name, duration_ms=float(n), locks=(lock,), rewritten=()) for n in range(number)]
    rows.append(Measured(name, 1, "SELECT", 0.1, error=SqlError("42P01", name * 20, 1)))
    text = on_copy_markdown(_result(*rows, planned=number + 7, left_migrated=True, stopped=name))
    assert len(text.encode()) <= 4096
    html = re.sub("<code>.*?</code>", "", MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert [found in html for found in ("<!--", "<a ", "@all")] == [False] * 3
    assert " · failed" in text
    if number == 3000:
        assert "quicker statements not shown" in text


def test_no_secret_is_told(place: Place) -> None:
    *_, environment = place
    watch = Looking()
    result = rehearse_on_copy(environment, [migration("SELECT 1")], watch, _PACE)
    said = f"{result!r}{watch.told!r}{on_copy_markdown(result)}"
    assert [secret in said for secret in (PASSWORD, KEY)] == [False, False]
