"""Histories replayed on a real server, and the snapshots kept of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from workers.errors import CannotAnalyse
from workers.model import Migration, Part, Transaction
from workers.postgres.limits import Limits
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, find_installations
from workers.postgres.session import Session
from workers.replay import Ground, Replayed, replayed, told

Replay = Callable[..., AbstractContextManager[Replayed]]


@pytest.fixture
def replay(installation: Installation, cache: Path) -> Iterator[Replay]:
    """With a snapshot folder of the test's own, and the usual templates. Beside them, where servers may look."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        own = Path(folder)
        own.chmod(0o755)
        for name in ("templates", "servers"):
            (cache / name).mkdir(exist_ok=True)
            (own / name).symlink_to(cache / name)

        def call(
            *history: Migration, advance: Callable[[], None] = lambda: None, server: Installation = installation
        ) -> AbstractContextManager[Replayed]:
            return replayed(history, Ground(server, strongest_tier(), Limits(), own, 1 << 30, advance))

        yield call


def migration(number: int, text: str, transaction: Transaction = Transaction.SIMPLE_QUERY) -> Migration:
    return Migration(str(number), f"m/{number}.sql", text, transaction)


ONE, TWO = migration(1, "CREATE TABLE one (id int);"), migration(2, "CREATE TABLE two (id int);")
THREE = migration(3, "DROP TABLE one;")


def tables(base: Replayed) -> list[str]:
    with Session(base.cluster) as session:
        rows = session.query("SELECT relname FROM pg_catalog.pg_class WHERE relkind = 'r' AND oid >= 16384 ORDER BY 1")
    return [name for (name,) in rows]


def test_an_empty_history(replay: Replay) -> None:
    with replay() as base:
        assert (base.snapshot, tables(base)) == ("hit", [])


def test_miss_hit_and_prefix(replay: Replay) -> None:
    advanced: list[int] = []
    with replay(ONE, TWO) as base:
        assert (base.snapshot, tables(base)) == ("miss", ["one", "two"])
    with replay(ONE, TWO) as base:
        assert (base.snapshot, tables(base)) == ("hit", ["one", "two"])
    with replay(ONE, TWO, THREE, advance=lambda: advanced.append(1)) as base:
        assert (base.snapshot, tables(base)) == ("prefix", ["two"])
    assert len(advanced) == 3
    with replay(ONE, THREE) as base:
        assert (base.snapshot, tables(base)) == ("miss", [])


def test_what_runs_later_is_not_in_the_snapshot(replay: Replay) -> None:
    with replay(ONE) as base, Session(base.cluster) as session:
        assert session.run("CREATE TABLE hostile (id int)").error is None
    with replay(ONE) as base:
        assert (base.snapshot, tables(base)) == ("hit", ["one"])


def test_an_edited_migration_is_another_history(replay: Replay) -> None:
    with replay(ONE, TWO):
        pass
    with replay(migration(1, ONE.text + "\n-- edited"), TWO) as base:
        assert base.snapshot == "miss"


@pytest.mark.parametrize("transaction", list(Transaction))
def test_a_failure_is_named_with_file_and_line(
    replay: Replay, installation: Installation, transaction: Transaction
) -> None:
    broken = migration(2, "CREATE TABLE two (id int);\n\nALTER TABLE nowhere ADD x int;\n", transaction)
    with pytest.raises(CannotAnalyse) as error, replay(ONE, broken):
        pass
    line = 1 if transaction is not Transaction.STATEMENT else 3  # one message has a position only for syntax errors
    assert str(error.value) == (
        f'm/2.sql:{line}: the merged history fails here: relation "nowhere" does not exist (42P01), '
        f"on PostgreSQL {installation.version}"
    )


@pytest.mark.parametrize(
    ("schema", "advice"),
    [
        ("auth", "; Supabase has it, which the policy can say: platform: supabase"),
        ("hdb_catalog", "; Hasura has it, which the policy can say: platform: hasura"),
        ("aut", ""),
    ],
)
def test_a_schema_that_a_platform_has(replay: Replay, schema: str, advice: str) -> None:
    with pytest.raises(CannotAnalyse) as error, replay(migration(1, f"CREATE TABLE {schema}.t ();")):
        pass
    assert str(error.value).partition(", on PostgreSQL ")[2].partition(";")[1:] == advice.partition(";")[1:]


def test_a_syntax_error_has_its_line(replay: Replay) -> None:
    with (
        pytest.raises(CannotAnalyse, match=r"^m/1.sql:3: the merged history fails here: syntax error"),
        replay(migration(1, "SELECT 1;\n\nALTER TABEL x;\n")),
    ):
        pass


def test_concurrently_in_a_merged_file_is_replayed_all_the_same(replay: Replay) -> None:
    index = migration(2, "CREATE INDEX CONCURRENTLY i ON one (id);\nCREATE TABLE two (id int);")
    note = "m/2.sql: replayed statement by statement: CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
    for snapshot in ("miss", "hit"):
        with replay(ONE, index) as base:
            assert (base.snapshot, tables(base), base.prelude.notes) == (snapshot, ["one", "two"], (note,))


def test_no_note_where_the_runner_goes_by_statement(replay: Replay) -> None:
    text = "CREATE INDEX CONCURRENTLY i ON one (id);\nCREATE TABLE two (id int);"
    with replay(ONE, migration(2, text, Transaction.STATEMENT)) as base:
        assert (tables(base), base.prelude.notes) == (["one", "two"], ())


def test_a_line_for_all_files_that_were_replayed_statement_by_statement() -> None:
    notes = [f"m/{n}.sql: replayed statement by statement: {why}" for n, why in enumerate(("no", "never", "no"))]
    assert told(()) == ()
    assert told(("role a: made", notes[0])) == ("role a: made", notes[0])
    line = "m/0.sql and 2 more: replayed statement by statement: no"
    assert told((notes[0], "role a: made", *notes[1:])) == (line, "role a: made")


@pytest.mark.parametrize("newer", [True, False])
def test_roles_that_stand_above_row_security(replay: Replay, newer: bool) -> None:
    server = next((each for each in find_installations() if (each.major >= 16) is newer), None)
    if server is None:
        pytest.skip("no such server here")
    made = migration(2, "CREATE ROLE above LOGIN BYPASSRLS; CREATE ROLE b NOBYPASSRLS;\nALTER ROLE b bypassrls;")
    with replay(ONE, made, server=server) as base:
        notes = "m/2.sql: replayed without BYPASSRLS, which only a superuser may give on this server"
        assert (tables(base), base.prelude.notes) == (["one"], () if newer else (notes,))


def test_copy_data_and_psql_commands(replay: Replay) -> None:
    dump = "\\set x 1\nCREATE TABLE two (id int, t text);\nCOPY two FROM stdin;\n1\ta;b\n2\t\\N\n\\.\nSELECT 1;\n"
    with replay(migration(1, dump, Transaction.FILE)) as base, Session(base.cluster) as session:
        assert session.query("SELECT * FROM public.two ORDER BY 1") == [(1, "a;b"), (2, None)]


def test_what_is_there_before_the_first_migration_is_of_the_snapshots_key(replay: Replay) -> None:
    platform = Migration("p", "Ours", "CREATE ROLE owner; CREATE SCHEMA theirs AUTHORIZATION owner;"
        "GRANT owner TO postgres; ALTER ROLE postgres SET search_path = theirs;", Transaction.SIMPLE_QUERY,
        part=Part.PLATFORM)  # fmt: skip
    prelude = Migration("q", "db/q.sql", "CREATE TABLE q (id int);", Transaction.STATEMENT, part=Part.PRELUDE)
    note = "made before the first migration: Ours, db/q.sql"
    advanced: list[int] = []
    for snapshot in ("miss", "hit"):
        with replay(platform, prelude, ONE, advance=lambda: advanced.append(1)) as base:
            assert (base.snapshot, tables(base), base.prelude.notes) == (snapshot, ["one", "q"], (note,))
            with Session(base.cluster) as session:
                assert session.query("SELECT to_regclass('theirs.one') IS NULL") == [(False,)]
    assert len(advanced) == 6
    for others in ((platform, ONE), (platform, replace(prelude, text="CREATE TABLE q ();"), ONE)):
        with replay(*others) as base:
            assert base.snapshot == "miss"


def test_a_version_that_the_server_does_not_have(replay: Replay) -> None:
    text = "CREATE EXTENSION IF NOT EXISTS plpgsql VERSION '9'; CREATE EXTENSION vector VERSION '0.0.9' SCHEMA public;"
    server = next((each for each in find_installations() if "vector" in each.extensions), None)
    if server is None:
        pytest.skip("no such server here")
    with replay(migration(1, text), server=server) as base:
        assert base.prelude.notes == ("m/1.sql: replayed with another version of vector: this server has no 0.0.9",)
    newer = migration(2, "ALTER EXTENSION vector UPDATE TO '99';\nCREATE TABLE one ();")
    with replay(migration(1, "CREATE EXTENSION vector"), newer, server=server) as base:
        assert tables(base) == ["one"]
        assert base.prelude.notes == ("m/2.sql: replayed with another version of vector: this server has no 99",)


def test_a_database_that_has_another_name_here(replay: Replay) -> None:
    named = migration(2, "REVOKE ALL ON DATABASE postgres FROM PUBLIC; ALTER DATABASE shop SET work_mem = '1MB';")
    for snapshot in ("miss", "hit"):
        with replay(ONE, named) as base:
            assert (base.snapshot, tables(base)) == (snapshot, ["one"])
            assert [note.partition(":")[0] for note in base.prelude.notes] == ["database postgres", "database shop"]
    many = migration(2, "".join(f"GRANT CONNECT ON DATABASE d{n} TO PUBLIC;" for n in range(4)))
    with pytest.raises(CannotAnalyse, match='database "d3" does not exist'), replay(ONE, many):
        pass


def test_roles_that_no_migration_makes(replay: Replay) -> None:
    grants = migration(2, "GRANT SELECT ON one TO reader; ALTER TABLE one OWNER TO keeper;")
    for snapshot in ("miss", "hit"):
        with replay(ONE, grants) as base:
            assert base.snapshot == snapshot
            assert [note.partition(":")[0] for note in base.prelude.notes] == ["role reader", "role keeper"]
