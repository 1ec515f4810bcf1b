"""pg_dump's text of a schema: taken without a trace, compared without the order of columns and of objects."""

from __future__ import annotations

import dataclasses

import pytest

from workers.errors import CannotAnalyse
from workers.postgres.cluster import Cluster, Role
from workers.postgres.dump import schema_dump
from workers.rollback.dumps import dumps_differ

SETUP = """
CREATE TABLE t (a int DEFAULT 3, b text CHECK (b IN ('x,(', 'y', E'\\n)')), c numeric(3, 2));
CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT b FROM t;
COMMENT ON COLUMN t.a IS 'a'; GRANT SELECT (a) ON t TO PUBLIC; ALTER TABLE t ALTER b SET STORAGE EXTERNAL;
ALTER TABLE t ALTER a SET STATISTICS 5; ALTER TABLE t ALTER c SET STATISTICS 6;
"""


def differing(cluster: Cluster, database: str, change: str) -> tuple[str, ...]:
    with cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(SETUP.encode())
        before = schema_dump(cluster, database)
        for statement in change.split("; "):
            connection.execute(statement.encode())
    return dumps_differ(before, schema_dump(cluster, database))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("SELECT 1", ()),
        (
            "ALTER TABLE t DROP a; ALTER TABLE t ADD a int DEFAULT 3; COMMENT ON COLUMN t.a IS 'a'; "
            "GRANT SELECT (a) ON t TO PUBLIC; ALTER TABLE t ALTER a SET STATISTICS 5",
            (),
        ),
        ("DROP INDEX i", ("pg_dump: INDEX public.i is missing",)),
        ("CREATE VIEW w AS SELECT 1 AS one", ("pg_dump: VIEW public.w is not expected",)),
        (
            "ALTER TABLE t ALTER a SET DEFAULT 4",
            ("pg_dump: TABLE public.t: expected a integer DEFAULT 3, is a integer DEFAULT 4",),
        ),
        (
            "ALTER TABLE t ALTER c SET STATISTICS 7",
            (
                "pg_dump: TABLE public.t: expected ALTER TABLE ONLY public.t ALTER COLUMN c SET STATISTICS 6;, "
                "is ALTER TABLE ONLY public.t ALTER COLUMN c SET STATISTICS 7;",
            ),
        ),
    ],
)
def test_what_differs_is_told_by_object(
    cluster: Cluster, database: str, change: str, expected: tuple[str, ...]
) -> None:
    assert differing(cluster, database, change) == expected


def test_a_view_in_a_circle_is_one_view_whichever_of_them_is_cut(cluster: Cluster, database: str) -> None:
    first = "CREATE VIEW v1 AS SELECT id, s FROM a GROUP BY id"
    second = "CREATE OR REPLACE VIEW v2 AS SELECT id, s FROM v1"
    with cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(b"CREATE TABLE a (id int PRIMARY KEY, s int); CREATE VIEW v2 AS SELECT 1 AS id, 1 AS s")
        connection.execute(f"{first}; {second}".encode())
        before = schema_dump(cluster, database)
        connection.execute(f"DROP VIEW v2; DROP VIEW v1; {first}; {second}".encode())
    after = schema_dump(cluster, database)
    assert before != after
    assert dumps_differ(before, after) == ()


def test_many_differences_are_counted(cluster: Cluster, database: str) -> None:
    found = differing(cluster, database, "; ".join(f"CREATE VIEW v{n} AS SELECT 1 AS one" for n in range(12)))
    assert (len(found), found[-1]) == (11, "pg_dump: and 2 more objects")


def test_nothing_of_it_is_left(cluster: Cluster, database: str) -> None:
    with cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(b"CREATE TABLE t (a int)")
        for _ in range(5):
            schema_dump(cluster, database)
            connection.execute(b"BEGIN; LOCK TABLE t NOWAIT; ROLLBACK")


def test_the_environment_says_nothing(cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGHOST": "nowhere", "PGOPTIONS": "-c role=nobody", "PGSSLMODE": "require"}.items():
        monkeypatch.setenv(name, value)
    assert "PostgreSQL database dump complete" in schema_dump(cluster, database)
    assert r"\restrict" not in schema_dump(cluster, database)


def test_what_it_cannot_read_is_one_sentence(cluster: Cluster, database: str) -> None:
    with cluster.connect(Role.ADMIN, database) as admin:
        admin.execute(b"CREATE TABLE public.hidden (a int)")
    with pytest.raises(CannotAnalyse) as refused:
        schema_dump(cluster, database)
    assert str(refused.value).startswith("pg_dump gave up: query failed: ERROR:  permission denied for table hidden")


def test_a_server_that_is_newer_than_every_pg_dump(cluster: Cluster, database: str) -> None:
    strange = dataclasses.replace(cluster.installation, bin=cluster.data, origin="elsewhere", major=99)
    with pytest.raises(CannotAnalyse, match=r"^no pg_dump for PostgreSQL 99 was found$"):
        schema_dump(dataclasses.replace(cluster, installation=strange), database)
