"""Every layout's history table, as its runner leaves it in every state, is read as its runner reads it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.live_server import OWNER, LiveServer
from tests.workers.environments.history_projects import PROJECTS, Project
from tests.workers.environments.history_runners import RUNNERS
from workers.environments.history import Diagnosis, book_of, diagnose, reader_of
from workers.environments.history.checksum import checksum, crc32, sha1
from workers.errors import Refused
from workers.migrations import LAYOUTS
from workers.migrations.history_tables import HISTORY_TABLES
from workers.model import Migration


@pytest.fixture(params=sorted(RUNNERS))
def layout(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def told(layout: str, c: psycopg.Connection[Any], migrations: tuple[Migration, ...]) -> dict[str, tuple[str, ...]]:
    """What stands in the diagnosis, by ids; without what is empty."""
    reader = reader_of(layout)
    found = diagnose(reader.entries(c, migrations), migrations, reader)
    return {name: ids for name in Diagnosis.__slots__ if (ids := _ids(getattr(found, name)))}


def _ids(found: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(one if isinstance(one, str) else getattr(one, "id", None) or one.name for one in found)


def split_off(project: Project) -> tuple[tuple[Migration, ...], tuple[str, ...]]:
    """The migrations that have rows, and the ids of all. A dump of the schema has none."""
    migrations = project.migrations()
    return tuple(one for one in migrations if one.id != "structure"), tuple(one.id for one in migrations)


def test_every_layout_has_a_reader() -> None:
    assert {layout.name for layout in LAYOUTS} == {*RUNNERS, "prisma", "plain", "golang-migrate"}
    for layout in LAYOUTS:
        assert reader_of(layout.name).name


def test_from_no_table_to_a_row_without_a_file(layout: str, c: psycopg.Connection[Any]) -> None:
    runner, project = RUNNERS[layout], PROJECTS[layout]
    rows, ids = split_off(project)
    *dump, ants, bees, cats = ids
    assert reader_of(layout).entries(c, project.migrations()) is None

    runner.make(c, layout)
    assert reader_of(layout).entries(c, ()) == ()
    assert told(layout, c, project.migrations()) == {"pending": ids}

    runner.add(c, layout, rows[0])
    behind = {"pending": (*dump, bees, cats), "applied": (ants,)} | ({"out_of_order": tuple(dump)} if dump else {})
    assert told(layout, c, project.migrations()) == behind

    runner.add(c, layout, rows[2])
    late = {"pending": (*dump, bees), "applied": (ants, cats), "out_of_order": (*dump, bees)}
    assert told(layout, c, project.migrations()) == late

    runner.add(c, layout, rows[1])
    clean = told(layout, c, project.migrations())
    assert {name: sorted(found) for name, found in clean.items()} == {"applied": sorted(ids)}

    runner.add_foreign(c, layout)
    assert told(layout, c, project.migrations())["missing"] == (runner.foreign[1],)


def test_files_that_are_not_what_they_were(layout: str, c: psycopg.Connection[Any]) -> None:
    """Edits show where the table keeps a checksum. Other line ends are no edit."""
    runner, project = RUNNERS[layout], PROJECTS[layout]
    rows, ids = split_off(project)
    runner.make(c, layout)
    runner.add(c, layout, *rows)
    kept = project.without("bees") if layout != "drizzle" else project.migrations()[::2]
    missing = told(layout, c, kept)["missing"]
    assert (len(missing), missing[0] in ids) == (1, layout in ("node-pg-migrate", "sqitch"))
    assert "edited" not in told(layout, c, project.edited("\n", "\r\n"))
    edited = told(layout, c, project.edited("bees (id", "bees (uid")).get("edited", ())
    assert [one[-4:] for one in edited] == (["bees"] if runner.hash else [])
    if runner.failed:
        runner.fail(c, layout)
        assert told(layout, c, project.migrations()) == {"applied": ids[:2], "failed": ids[2:]}


def test_another_table_of_that_name(layout: str, c: psycopg.Connection[Any]) -> None:
    schema, _, name = RUNNERS[layout].place(layout).rpartition(".")
    if schema:
        c.execute(f"CREATE SCHEMA {schema}".encode())
    c.execute(f"CREATE TABLE {RUNNERS[layout].place(layout)} (version circle, cli_state int)".encode())
    with pytest.raises(Refused) as refused:
        reader_of(layout).entries(c, ())
    assert str(refused.value).startswith(f"{schema or 'public'}.{name} has ")
    assert str(refused.value).endswith("'s history table")


def test_a_table_that_is_not_ours_to_read(layout: str, server: LiveServer, url: str) -> None:
    name = url.rpartition("/")[2]
    with contextlib.closing(psycopg.connect(server.url("postgres", name), autocommit=True)) as other:
        RUNNERS[layout].make(other, layout)
        for schema in ("drizzle", "hdb_catalog", "sqitch", "supabase_migrations", "atlas_schema_revisions"):
            with contextlib.suppress(psycopg.errors.InvalidSchemaName):
                other.execute(f"GRANT USAGE ON SCHEMA {schema} TO {OWNER}".encode())
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as c, pytest.raises(Refused) as refused:
        reader_of(layout).entries(c, ())
    assert str(refused.value).startswith(f"the role {OWNER} may not read ")


def test_a_schema_of_the_search_path(c: psycopg.Connection[Any]) -> None:
    """Also after a migration has set another one."""
    c.execute("CREATE SCHEMA shop; SET search_path = public, shop; CREATE TABLE shop.schema_migrations (version text)")
    c.execute("INSERT INTO shop.schema_migrations VALUES ('1')")
    migrations = PROJECTS["dbmate"].migrations()
    assert told("dbmate", c, migrations)["applied"] == ("1_ants",)
    c.execute("SET search_path = ''")
    assert told("dbmate", c, migrations)["applied"] == ("1_ants",)


# ---------------------------------------------------------------- what only one runner has


def test_goose_counts_a_versions_last_row(c: psycopg.Connection[Any]) -> None:
    RUNNERS["goose"].make(c, "goose")
    c.execute(
        "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, false)"
    )
    assert told("goose", c, PROJECTS["goose"].migrations()) == {
        "pending": ("02_bees", "03_cats"),
        "applied": ("01_ants",),
    }


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        ("VALUES (2, false)", {"pending": ("03_cats",), "applied": ("01_ants", "02_bees")}),
        ("VALUES (2, true)", {"pending": ("03_cats",), "applied": ("01_ants",), "failed": ("02_bees",)}),
        ("VALUES (9, false)", {"applied": ("01_ants", "02_bees", "03_cats", "9"), "missing": ("9",)}),
        ("VALUES (9, true)", {"applied": ("01_ants", "02_bees", "03_cats"), "failed": ("9",)}),
        ("SELECT 1, true WHERE false", {"pending": ("01_ants", "02_bees", "03_cats")}),
    ],
)
def test_golang_migrate_has_the_newest_alone(
    standing: str, expected: dict[str, tuple[str, ...]], c: psycopg.Connection[Any]
) -> None:
    assert reader_of("golang-migrate").entries(c, ()) is None
    c.execute(HISTORY_TABLES["golang-migrate"].sql.replace("{table}", "schema_migrations").encode())
    c.execute(f"INSERT INTO schema_migrations {standing}".encode())
    assert told("golang-migrate", c, PROJECTS["golang-migrate"].migrations()) == expected


FLYWAY_ROWS = "INSERT INTO flyway_schema_history VALUES {}"


def flyway_row(rank: int, version: str | None, description: str, kind: str, checksum: object = "NULL") -> str:
    shown = f"'{version}'" if version else "NULL"
    return f"({rank}, {shown}, '{description}', '{kind}', '{description}', {checksum}, 'me', now(), 1, true)"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            (
                flyway_row(0, None, "<< Flyway Schema Creation >>", "SCHEMA"),
                flyway_row(1, "1.2", "<< b >>", "BASELINE"),
            ),
            {
                "pending": ("V1_3__cats",),
                "applied": ("V1_1__ants", "V1_2__bees"),
                "stamped": ("V1_1__ants", "V1_2__bees"),
            },
            id="baseline",
        ),
        pytest.param(
            (flyway_row(1, "1.1", "ants", "SQL"), flyway_row(2, "1.1", "ants", "UNDO_SQL")),
            {"pending": ("V1_1__ants", "V1_2__bees", "V1_3__cats")},
            id="undone",
        ),
        pytest.param(
            (flyway_row(1, "1.1", "ants", "SQL"), flyway_row(2, "1.1", "ants", "DELETE")),
            {"pending": ("V1_1__ants", "V1_2__bees", "V1_3__cats")},
            id="deleted",
        ),
        pytest.param(
            (flyway_row(1, "1.01.0", "ants", "SQL"), flyway_row(2, "x", "odd", "SQL")),
            {"pending": ("V1_2__bees", "V1_3__cats"), "applied": ("V1_1__ants", "odd"), "missing": ("odd",)},
            id="versions are numbers",
        ),
    ],
)
def test_flyway(rows: tuple[str, ...], expected: dict[str, tuple[str, ...]], c: psycopg.Connection[Any]) -> None:
    RUNNERS["flyway"].make(c, "flyway")
    c.execute(FLYWAY_ROWS.format(", ".join(rows)).encode())
    assert told("flyway", c, PROJECTS["flyway"].migrations()) == expected


def test_flyway_runs_a_repeatable_migration_again_when_its_text_is_another(c: psycopg.Connection[Any]) -> None:
    project = Project("flyway", "sql", {**PROJECTS["flyway"].files, "sql/R__some_views.sql": "SELECT 1;\n"})
    migrations = project.migrations()
    RUNNERS["flyway"].make(c, "flyway")
    old, new = crc32("SELECT 0;\n"), crc32("SELECT 1;\n")
    ants = crc32(migrations[0].text)
    rows = [flyway_row(1, "1.1", "ants", "SQL", ants), flyway_row(2, None, "some views", "SQL", old)]
    c.execute(FLYWAY_ROWS.format(", ".join(rows)).encode())
    pending = {"pending": ("V1_2__bees", "V1_3__cats", "R__some_views"), "applied": ("V1_1__ants",)}
    assert told("flyway", c, migrations) == pending
    c.execute(FLYWAY_ROWS.format(flyway_row(3, None, "some views", "SQL", new)).encode())
    assert told("flyway", c, migrations) == {
        "pending": ("V1_2__bees", "V1_3__cats"),
        "applied": ("V1_1__ants", "R__some_views"),
    }


def test_a_baselines_file_stands_for_what_was_before_it(c: psycopg.Connection[Any]) -> None:
    files = {"sql/B1_2__all.sql": "SELECT 1;\n", "sql/V1_3__cats.sql": "CREATE TABLE cats (id int);\n"}
    migrations = Project("flyway", "sql", files).migrations()
    RUNNERS["flyway"].make(c, "flyway")
    RUNNERS["flyway"].add(c, "flyway", *PROJECTS["flyway"].migrations())
    assert told("flyway", c, migrations) == {"applied": ("B1_2__all", "V1_3__cats")}
    c.execute("DELETE FROM flyway_schema_history")
    c.execute(FLYWAY_ROWS.format(flyway_row(1, "1.2", "all", "SQL_BASELINE", crc32("SELECT 1;\n"))).encode())
    assert told("flyway", c, migrations) == {"pending": ("V1_3__cats",), "applied": ("B1_2__all",)}


def test_atlas_never_runs_what_sorts_before_its_first_revision(c: psycopg.Connection[Any]) -> None:
    RUNNERS["atlas"].make(c, "atlas")
    RUNNERS["atlas"].add(c, "atlas", PROJECTS["atlas"].migrations()[1])
    c.execute("UPDATE atlas_schema_revisions.atlas_schema_revisions SET type = 1, applied = 0, total = 0")
    assert told("atlas", c, PROJECTS["atlas"].migrations()) == {
        "pending": ("20240103_cats",),
        "applied": ("20240101_ants", "20240102_bees"),
        "stamped": ("20240101_ants", "20240102_bees"),
    }


def test_atlas_in_a_schema_of_the_search_path(c: psycopg.Connection[Any]) -> None:
    c.execute(HISTORY_TABLES["atlas"].sql.replace("{table}", "public.atlas_schema_revisions").encode())
    assert reader_of("atlas").entries(c, ()) == ()


def test_sqitch_has_a_row_for_each_script_of_a_reworked_change(c: psycopg.Connection[Any]) -> None:
    plan = "%project=shop\n\nants\n@v1\nants [ants@v1]\nbees\n"
    files = {"deploy/ants@v1.sql": "SELECT 1;\n", "deploy/ants.sql": "SELECT 2;\n", "deploy/bees.sql": "SELECT 3;\n"}
    migrations = Project("sqitch", "", {**files, "sqitch.plan": plan}).migrations()
    assert [one.id for one in migrations] == ["ants@v1", "ants", "bees"]
    RUNNERS["sqitch"].make(c, "sqitch")
    add = "INSERT INTO sqitch.changes VALUES ('{}', '{}', '{}', '{}', '2026-01-01 0{}:00')"
    c.execute(add.format(1, sha1("SELECT 1;\n"), "ants", "shop", 1).encode())
    assert told("sqitch", c, migrations) == {"pending": ("ants", "bees"), "applied": ("ants@v1",)}
    c.execute(add.format(2, 2, "ants", "shop", 2).encode())  # an upgraded registry has the id for the hash
    c.execute(add.format(3, "other", "users", "blog", 3).encode())
    assert told("sqitch", c, migrations) == {"pending": ("bees",), "applied": ("ants@v1", "ants")}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("{}", ("1700000000001_ants",)),
        ('{"migrations": {}}', ("1700000000001_ants",)),
        ('{"migrations": {"default": {"1700000000002": false}}}', ("1700000000002_bees",)),
        ('{"migrations": {"other": {"1700000000003": false}}}', ()),
    ],
)
def test_hasuras_older_table(state: str, expected: tuple[str, ...], c: psycopg.Connection[Any]) -> None:
    """It counts where the newer place has no migrations, of any database."""
    RUNNERS["hasura"].make(c, "hasura")
    c.execute("CREATE TABLE hdb_catalog.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    c.execute("INSERT INTO hdb_catalog.schema_migrations VALUES (1700000000001, false)")
    c.execute("UPDATE hdb_catalog.hdb_version SET cli_state = %s", (state,))
    assert told("hasura", c, PROJECTS["hasura"].migrations()).get("applied", ()) == expected


@pytest.mark.parametrize(
    "state",
    [
        '{"migrations": []}',
        '{"migrations": [1]}',
        '{"migrations": {"default": 1}}',
        '{"migrations": {"default": {"x": false}}}',
        '{"migrations": {"default": {"1": 2}}}',
    ],
)
def test_hasuras_state_that_is_none(state: str, c: psycopg.Connection[Any]) -> None:
    RUNNERS["hasura"].make(c, "hasura")
    c.execute("UPDATE hdb_catalog.hdb_version SET cli_state = %s", (state,))
    if "[]" in state:
        assert reader_of("hasura").entries(c, ()) == ()
        return
    with pytest.raises(Refused, match=r"hdb_catalog\.hdb_version"):
        reader_of("hasura").entries(c, ())


def test_drizzle_goes_by_the_text_where_two_have_one_time(c: psycopg.Connection[Any]) -> None:
    ants, bees, cats = PROJECTS["drizzle"].migrations()
    twins = (ants, replace(bees, known_as=ants.known_as), cats)
    RUNNERS["drizzle"].make(c, "drizzle")
    RUNNERS["drizzle"].add(c, "drizzle", ants)
    assert told("drizzle", c, twins) == {"pending": ("0002_bees", "0003_cats"), "applied": ("0001_ants",)}
    RUNNERS["drizzle"].add(c, "drizzle", twins[1])
    c.execute("UPDATE drizzle.__drizzle_migrations SET created_at = 1 WHERE id = 2")
    assert told("drizzle", c, twins) == {"pending": ("0003_cats",), "applied": ("0002_bees", "0001_ants")}


def test_drizzle_since_its_rows_have_names(c: psycopg.Connection[Any]) -> None:
    files = {f"drizzle/2024010{n}000000_{name}/{file}": f"SELECT {n};\n" for n, name in enumerate(("a", "b"), 1)
             for file in ("migration.sql", "snapshot.json")}  # fmt: skip
    migrations = Project("drizzle", "drizzle", files).migrations()
    RUNNERS["drizzle"].make(c, "drizzle")
    c.execute("ALTER TABLE drizzle.__drizzle_migrations ADD name text, ADD applied_at timestamptz DEFAULT now()")
    row = "INSERT INTO drizzle.__drizzle_migrations (hash, created_at, name) VALUES (%s, %s, %s)"
    c.execute(row, (checksum("SELECT 1;\n"), 1704067200000, "20240101000000_a"))
    assert told("drizzle", c, migrations) == {"pending": ("20240102000000_b",), "applied": ("20240101000000_a",)}
    c.execute(row, (checksum("SELECT 2;\n"), 1704153600000, None))
    assert told("drizzle", c, migrations) == {"applied": ("20240101000000_a", "20240102000000_b")}


def test_books_are_readers() -> None:
    for layout in ("dbmate", "sqlx", "flyway", "golang-migrate", "drizzle"):
        assert book_of(layout) is reader_of(layout)
