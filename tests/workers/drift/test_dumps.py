"""A dump that is committed beside the migrations says what they build, or the report says what it says instead."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repositories import Repo, plain
from workers.drift.dumps import comparable, find_dump
from workers.drift.engine import NotRendered
from workers.drift.gaps import gaps
from workers.drift.making import catalog_of, of_dump
from workers.drift.schema_files import Found
from workers.migrations.dumped import schema_statements
from workers.model import Level
from workers.postgres.cluster import Cluster, Limits, Role
from workers.postgres.sandbox import Tier
from workers.postgres.servers import Installation
from workers.reading import Asked
from workers.review import Machine, review

DIRECTORY = "db/migrations"
PATH = "db/schema.sql"
HEAD = """\\restrict x

--
-- PostgreSQL database dump
--

SET transaction_timeout = 0;
SET check_function_bodies = false;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO shop;
"""
ONE = """
CREATE TABLE public.one (
    id integer NOT NULL
);

ALTER TABLE public.one OWNER TO shop;
ALTER TABLE ONLY public.one ADD CONSTRAINT one_pkey PRIMARY KEY (id);
"""
TAIL = """
CREATE TABLE public.schema_migrations (version character varying NOT NULL);
COPY public.schema_migrations (version) FROM stdin;
1
\\.

INSERT INTO public.schema_migrations VALUES ('2');
GRANT SELECT ON TABLE public.one TO reader;

\\unrestrict x
"""
RICH = """
CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN amount AS int CHECK (VALUE > 0); CREATE SCHEMA other;
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE other.parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood DEFAULT 'sad' NOT NULL);
CREATE TABLE child (id serial PRIMARY KEY, parent bigint REFERENCES other.parent ON DELETE CASCADE, a amount,
    b int GENERATED ALWAYS AS (id * 2) STORED, c text COLLATE "C" UNIQUE, CHECK (b > 1));
CREATE INDEX ON child (lower(c)) WHERE a IS NOT NULL; COMMENT ON TABLE child IS 'of a parent''s';
CREATE TRIGGER t BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION later();
CREATE VIEW v AS SELECT c, mood FROM child JOIN other.parent ON parent.id = parent; CREATE MATERIALIZED VIEW mv AS
    SELECT 1 AS a; ALTER TABLE child ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON child USING (a > 1);
CREATE TABLE parts (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
"""


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """Rich in kinds of objects."""
    name = "drift_rich"
    cluster.create_database(name)
    with cluster.connect(Role.MIGRATION, name) as connection:
        connection.execute(RICH.encode())
    yield name
    cluster.drop_database(name)


def test_a_dump_is_found_by_its_words() -> None:
    files = {f"{DIRECTORY}/1_a.sql": "", PATH: HEAD, "schema.sql": "CREATE TABLE seeds (id int);\n"}
    assert find_dump(files, DIRECTORY, files.__getitem__) == Found(PATH, (PATH,))
    files[PATH] = "CREATE TABLE by_hand (id int);\n"
    assert find_dump(files, DIRECTORY, files.__getitem__) is None


def test_only_what_makes_the_schema_is_run() -> None:
    assert [s.text.split("(")[0].strip() for s in schema_statements(HEAD + ONE + TAIL)] == [
        "SET transaction_timeout = 0",
        "SET check_function_bodies = false",
        "SELECT pg_catalog.set_config",
        "CREATE TABLE public.one",
        "ALTER TABLE ONLY public.one ADD CONSTRAINT one_pkey PRIMARY KEY",
        "CREATE TABLE public.schema_migrations",
    ]


def test_what_pg_dump_writes_is_what_was_dumped(cluster: Cluster, installation: Installation, database: str) -> None:
    program = installation.bin / "pg_dump"
    if not program.is_file():
        pytest.skip(f"{program.parent} has no pg_dump")
    words = (str(program), "--schema-only", "-h", str(cluster.socket_folder), "-U", Role.MIGRATION.value, database)
    dumped = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    declared, built = of_dump({PATH: dumped}, cluster), catalog_of(cluster, database)
    assert gaps(comparable(declared), comparable(built)) == ()
    changed = dumped.replace("'glad'", "'merry'").replace("(id * 2)", "(id * 3)")
    declared = of_dump({PATH: changed}, cluster)
    told = [(gap.object, gap.expected, gap.actual) for gap in gaps(comparable(declared), comparable(built))]
    assert told == [
        ("column public.child.b", "integer GENERATED ALWAYS AS ((id * 3))", "integer GENERATED ALWAYS AS ((id * 2))"),
        ("enum public.mood", "ENUM ('sad', 'merry')", "ENUM ('sad', 'glad')"),
    ]


def test_a_dump_that_fails_is_told_by_its_line(cluster: Cluster) -> None:
    with pytest.raises(NotRendered, match=r"^db/schema\.sql:2: the server refuses it: syntax error"):
        of_dump({PATH: "SELECT 1;\nCREATE TABEL x (id int);\n"}, cluster)


def test_a_review_tells_a_dump_that_was_forgotten(tmp_path: Path, cache: Path) -> None:
    repo = Repo.at(tmp_path / "repo")
    base = {f"db/{path}": text for path, text in plain(_1="CREATE TABLE one (id int PRIMARY KEY);\n").items()}
    repo.commit({**base, PATH: HEAD + ONE + TAIL})
    repo.commit({"db/migrations/2.sql": "ALTER TABLE one ADD COLUMN two int;\n"}, branch="feature")
    machine = Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)
    report = review(Asked(repo.folder, "main", "feature"), machine)
    assert [(d.object, d.expected, d.actual) for d in report.drift] == [
        ("column public.one.two", "not to be there", "integer")
    ]
    ((rule, path, line, level),) = [(f.rule, f.path, f.line, f.level) for f in report.findings if f.path == PATH]
    assert (rule, path, line, level) == ("schema-not-as-declared", PATH, 1, Level.RISKY)
    repo.commit(
        {PATH: HEAD + ONE.replace("    id integer NOT NULL", "    two integer,\n    id integer NOT NULL") + TAIL}
    )
    report = review(Asked(repo.folder, "main", "feature"), machine)
    assert (report.drift, report.notes) == (
        (),
        (f"{PATH}: columns stand in another order than the migrations leave them in: public.one",),
    )


def test_a_dump_that_ends_the_server_ends_no_review(tmp_path: Path, cache: Path) -> None:
    repo = Repo.at(tmp_path / "repo")
    repo.commit({"db/migrations/1.sql": "CREATE TABLE one (id int PRIMARY KEY);\n", PATH: HEAD + ONE})
    hostile = "CREATE TABLE two AS SELECT repeat('x', 1000000) AS a FROM generate_series(1, 100000);\n"
    repo.commit({PATH: HEAD + ONE + hostile}, branch="feature")
    limits = Limits(disk_bytes=200 << 20, statement_ms=20_000)
    machine = Machine(cache, limits, snapshots_bytes=1 << 30, require=Tier.RLIMITS)
    (note,) = review(Asked(repo.folder, "main", "feature"), machine).notes
    assert note.startswith(f"{PATH}: not checked against the migrations: ")
