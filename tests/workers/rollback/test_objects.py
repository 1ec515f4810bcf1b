"""What a migration does to views, functions, types and the like: found in two catalogs, told with its statement."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.catalog import Catalog
from workers.changes import CatalogChange, ColumnTypeChanged, TableRenamed
from workers.facts import Facts, Lock
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    Trait,
    TraitChanged,
)
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rehearsed import Observation
from workers.rollback.attribution import with_objects
from workers.rollback.objects import object_changes
from workers.sql.split import split
from workers.words import LockMode, Name, Source

BASE = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad'); CREATE TYPE shade AS ENUM ('x', 'y');
CREATE TABLE t (id serial PRIMARY KEY, a int, m mood, s shade[]);
CREATE TABLE u (id int, g int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE part (id int) PARTITION BY LIST (id); CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW w AS SELECT id FROM v;
CREATE MATERIALIZED VIEW mv AS SELECT id FROM t;
CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE agg (int) (SFUNC = int4pl, STYPE = int);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
CREATE TRIGGER h BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION tf();
CREATE RULE r AS ON DELETE TO u DO INSTEAD NOTHING;
CREATE POLICY pol ON t USING (true);
CREATE SEQUENCE q; CREATE DOMAIN d AS int CHECK (value > 0);
CREATE TYPE comp AS (a int); CREATE TYPE rng AS RANGE (subtype = int4);
CREATE STATISTICS st ON id, a FROM t;
CREATE STATISTICS st2 ON id, g FROM u;
CREATE SCHEMA app; CREATE FUNCTION app.k() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE app.z (i int);
CREATE PUBLICATION pub FOR TABLE u;
GRANT SELECT ON t TO PUBLIC;
"""
T, U = Name("public", "t"), Name("public", "u")
TABLE_RENAMED = TableRenamed(T, Name("public", "t2"))


def public(name: str) -> Name:
    return Name("public", name)


@dataclass(frozen=True, slots=True)
class Ground:
    connection: psycopg.Connection
    before: Catalog

    def after(self, sql: str) -> Catalog:
        """The schema as the statements leave it; they are taken back."""
        with self.connection.transaction(force_rollback=True):
            self.connection.execute(sql.encode())
            return read_catalog(self.connection)


@pytest.fixture(scope="module")
def ground(cluster: Cluster) -> Iterator[Ground]:
    with fresh_database(cluster) as database, cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(BASE.encode())
        yield Ground(connection, read_catalog(connection))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "COMMENT ON VIEW v IS 'x'",
        "CREATE VIEW x AS SELECT 1; DROP VIEW x",
        "DROP VIEW w; CREATE VIEW w AS SELECT id FROM v",
        "DROP FUNCTION f(int); CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP POLICY pol ON t; CREATE POLICY pol ON t USING (true)",
        "ALTER TABLE t DISABLE TRIGGER g; ALTER TABLE t ENABLE TRIGGER g",
        "DROP TABLE u",  # with its trigger, its rule, its statistics and the sequence of its identity
        "CREATE TABLE x (id serial, g int GENERATED ALWAYS AS IDENTITY)",
        "ALTER TABLE u DROP COLUMN g",
        "ALTER TABLE u ALTER COLUMN id SET NOT NULL, ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE t RENAME COLUMN a TO b",  # which the views are printed with from then on
        "ALTER TABLE t SET SCHEMA app",  # with the sequence that it owns
        "CREATE TEMP VIEW x AS SELECT 1",
        "CREATE EXTENSION IF NOT EXISTS plpgsql",
    ],
)
def test_nothing_that_is_told_here(sql: str, ground: Ground) -> None:
    assert object_changes(ground.before, ground.after(sql)) == ()


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("CREATE VIEW x AS SELECT 1", [ObjectCreated("view", public("x"))]),
        ("CREATE TYPE x AS ENUM ('a')", [ObjectCreated("type", public("x"))]),
        ("CREATE TYPE x AS RANGE (subtype = int8)", [ObjectCreated("type", public("x"))]),
        ("CREATE SCHEMA x", [ObjectCreated("schema", Name("", "x"))]),
        ("CREATE STATISTICS x ON id, g FROM u", [ObjectCreated("statistics", public("x"))]),
        ("CREATE SEQUENCE x OWNED BY u.id", [ObjectCreated("sequence", public("x"))]),
        (
            "CREATE TRIGGER x BEFORE INSERT ON part FOR EACH ROW EXECUTE FUNCTION tf()",  # and not that of part1
            [ObjectCreated("trigger", Name("", "x"), public("part"))],
        ),
        ("DROP VIEW w", [ObjectDropped("view", public("w"))]),
        ("DROP MATERIALIZED VIEW mv", [ObjectDropped("materialized view", public("mv"))]),
        ("DROP FUNCTION f(int)", [ObjectDropped("function", public("f"))]),
        ("DROP PROCEDURE p()", [ObjectDropped("procedure", public("p"))]),
        ("DROP AGGREGATE agg (int)", [ObjectDropped("aggregate", public("agg"))]),
        ("DROP TYPE comp", [ObjectDropped("type", public("comp"))]),
        ("DROP TYPE rng", [ObjectDropped("type", public("rng"))]),
        ("DROP DOMAIN d", [ObjectDropped("domain", public("d"))]),
        ("DROP SEQUENCE q", [ObjectDropped("sequence", public("q"))]),
        ("DROP STATISTICS st", [ObjectDropped("statistics", public("st"))]),
        ("DROP PUBLICATION pub", [ObjectDropped("publication", Name("", "pub"))]),
        ("DROP TRIGGER g ON t", [ObjectDropped("trigger", Name("", "g"), T)]),
        ("DROP RULE r ON u", [ObjectDropped("rule", Name("", "r"), U)]),
        ("DROP POLICY pol ON t", [ObjectDropped("policy", Name("", "pol"), T)]),
        (
            "DROP SCHEMA app CASCADE",
            [ObjectDropped("schema", Name("", "app")), ObjectDropped("function", Name("app", "k"))],
        ),
        ("DROP VIEW v CASCADE", [ObjectDropped("view", public("v")), ObjectDropped("view", public("w"))]),
        (
            "CREATE OR REPLACE VIEW v AS SELECT id, a, 1 AS n FROM t",
            [ObjectChanged("view", public("v"), what=("definition",))],
        ),
        (
            "DROP FUNCTION f(int); CREATE FUNCTION f(i int, j int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            [ObjectChanged("function", public("f"), what=("arguments",))],
        ),
        ("ALTER DOMAIN d DROP CONSTRAINT d_check", [ObjectChanged("domain", public("d"), what=("constraints",))]),
        (
            "ALTER DOMAIN d SET DEFAULT 1; ALTER DOMAIN d ADD CHECK (value < 9)",
            [ObjectChanged("domain", public("d"), what=("default", "constraints"))],
        ),
        ("ALTER DOMAIN d SET NOT NULL", [ObjectChanged("domain", public("d"), what=("not_null",))]),
        ("ALTER TABLE t DISABLE TRIGGER ALL", [ObjectChanged("trigger", Name("", "g"), T, ("enabled",))]),
        ("ALTER SEQUENCE q INCREMENT 2", [ObjectChanged("sequence", public("q"), what=("increment",))]),
        (
            "ALTER PUBLICATION pub SET (publish = 'insert')",
            [ObjectChanged("publication", Name("", "pub"), what=("definition",))],
        ),
        ("ALTER PUBLICATION pub ADD TABLE t", [ObjectChanged("publication", Name("", "pub"), what=("tables",))]),
        ("ALTER FUNCTION f RENAME TO f2", [ObjectRenamed("function", public("f"), public("f2"))]),
        ("ALTER TYPE mood SET SCHEMA app", [ObjectRenamed("type", public("mood"), Name("app", "mood"))]),
        ("ALTER VIEW v RENAME TO v2", [ObjectRenamed("view", public("v"), public("v2"))]),
        ("ALTER SCHEMA app RENAME TO app2", [ObjectRenamed("schema", Name("", "app"), Name("", "app2"))]),
        ("ALTER TRIGGER g ON t RENAME TO g2", [ObjectRenamed("trigger", Name("", "g"), Name("", "g2"), T)]),
        ("ALTER TYPE mood ADD VALUE 'new' BEFORE 'ok'", [EnumValueAdded(public("mood"), "new")]),
        ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", [EnumValueRenamed(public("mood"), "ok", "fine")]),
        (
            "CREATE TYPE mood2 AS ENUM ('ok', 'new'); ALTER TABLE t ALTER m TYPE mood2 USING m::text::mood2; "
            "DROP TYPE mood; ALTER TYPE mood2 RENAME TO mood",
            [
                EnumValueRemoved(public("mood"), "sad"),
                EnumValueRemoved(public("mood"), "glad"),
                EnumValueAdded(public("mood"), "new"),
            ],
        ),
        (
            "CREATE TYPE shade2 AS ENUM ('x'); ALTER TABLE t ALTER s TYPE shade2[] USING s::text[]::shade2[]",
            [ObjectCreated("type", public("shade2")), EnumValueRemoved(public("shade"), "y")],
        ),
        (
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY USING INDEX t_pkey",
            [
                TraitChanged(T, Trait.ROW_SECURITY, "off", "on"),
                TraitChanged(T, Trait.FORCED_ROW_SECURITY, "off", "on"),
                TraitChanged(T, Trait.REPLICA_IDENTITY, "default", "t_pkey"),
            ],
        ),
        (
            "ALTER TABLE app.z SET UNLOGGED, SET (autovacuum_enabled = false, fillfactor = 70)",
            [
                TraitChanged(Name("app", "z"), Trait.PERSISTENCE, "logged", "unlogged"),
                TraitChanged(Name("app", "z"), Trait.OPTIONS, "", "autovacuum_enabled=false,fillfactor=70"),
            ],
        ),
        ("REVOKE SELECT ON t FROM PUBLIC", [PrivilegeChanged("table", T, "public", "SELECT", given=False)]),
        ("GRANT SELECT (id) ON u TO PUBLIC", [PrivilegeChanged("table", U, "public", "SELECT (id)", given=True)]),
        (
            "REVOKE ALL ON FUNCTION f FROM PUBLIC",
            [PrivilegeChanged("function", public("f"), "public", "EXECUTE", given=False)],
        ),
        (
            "GRANT USAGE ON SCHEMA app TO PUBLIC",
            [PrivilegeChanged("schema", Name("", "app"), "public", "USAGE", given=True)],
        ),
        (
            "CREATE TABLE x (i int); GRANT INSERT ON x TO PUBLIC",
            [PrivilegeChanged("table", public("x"), "public", "INSERT", given=True)],
        ),
    ],
)
def test_what_differs(sql: str, changes: list[CatalogChange], ground: Ground) -> None:
    assert list(object_changes(ground.before, ground.after(sql))) == changes


# ---------------------------------------------------------------- whose it is

_W, _COMP = ObjectDropped("view", public("w")), ObjectDropped("type", public("comp"))


def told(ground: Ground, sql: str, *facts: Facts) -> list[tuple[int, CatalogChange]]:
    """Each change with the index of its statement; facts: what was seen of the first statements."""
    statements = split(sql).statements
    seen = [Observation(each, 1.0) for each, _ in itertools.zip_longest(facts, statements, fillvalue=Facts())]
    observed = with_objects(statements, seen, ground.before, ground.after(sql))
    new = (one.facts.changes[len(old.facts.changes) :] for one, old in zip(observed, seen, strict=True) if one)
    return [(index, change) for index, changes in enumerate(new) for change in changes]


def test_no_change_no_teller(ground: Ground) -> None:
    assert told(ground, "SELECT 1; SELECT 2") == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1; DROP VIEW w; SELECT 2", [(1, _W)]),
        ("DROP VIEW w; DROP TYPE comp", [(0, _W), (1, _COMP)]),
        ("SELECT 1; DO $$ BEGIN DROP VIEW w; END $$; SELECT 2", [(2, _W)]),
        ("DO $$ BEGIN DROP VIEW w; END $$; ALTER TABLE t ADD b int", [(0, _W)]),
        ("CREATE VIEW x AS SELECT 1; COMMENT ON VIEW x IS 'x'", [(0, ObjectCreated("view", public("x")))]),
        ("ALTER TABLE v RENAME TO v2; SELECT 1", [(0, ObjectRenamed("view", public("v"), public("v2")))]),
        (
            "ALTER FUNCTION f RENAME TO f2; "
            "CREATE OR REPLACE FUNCTION f2(i int) RETURNS int LANGUAGE sql AS 'SELECT 2'; SELECT 1",
            [
                (0, ObjectRenamed("function", public("f"), public("f2"))),
                (1, ObjectChanged("function", public("f"), what=("definition",))),
            ],
        ),
        (
            "DROP SCHEMA app CASCADE; DROP VIEW v CASCADE",
            [
                (0, ObjectDropped("schema", Name("", "app"))),
                (0, ObjectDropped("function", Name("app", "k"))),
                (1, ObjectDropped("view", public("v"))),
                (1, _W),
            ],
        ),
        (
            "ALTER TYPE mood ADD VALUE 'a'; ALTER TYPE mood ADD VALUE 'b'",
            [(0, EnumValueAdded(public("mood"), "a")), (1, EnumValueAdded(public("mood"), "b"))],
        ),
        (
            "ALTER TABLE t RENAME TO t2; ALTER TABLE t2 ENABLE ROW LEVEL SECURITY; ALTER TABLE t2 DISABLE TRIGGER USER",
            [
                (1, TraitChanged(T, Trait.ROW_SECURITY, "off", "on")),
                (2, ObjectChanged("trigger", Name("", "g"), T, ("enabled",))),
            ],
        ),
        (
            "GRANT INSERT ON ALL TABLES IN SCHEMA app TO PUBLIC; GRANT SELECT ON u TO PUBLIC; SELECT 1",
            [
                (0, PrivilegeChanged("table", Name("app", "z"), "public", "INSERT", given=True)),
                (1, PrivilegeChanged("table", U, "public", "SELECT", given=True)),
            ],
        ),
    ],
)
def test_a_change_is_told_with_its_statement(
    sql: str, expected: list[tuple[int, CatalogChange]], ground: Ground
) -> None:
    renamed = Facts(changes=(TABLE_RENAMED,)) if "t RENAME TO t2" in sql else Facts()
    assert told(ground, sql, renamed) == expected


def test_what_cascade_takes_is_told_with_the_statement_that_had_it_locked(ground: Ground) -> None:
    locked = Facts(locks=(Lock(public("w"), LockMode.ACCESS_EXCLUSIVE, Source.OBSERVED),))
    sql = "ALTER TABLE t DROP COLUMN a CASCADE; DROP SCHEMA app CASCADE"
    assert told(ground, sql, locked)[0] == (0, _W)


def test_a_value_is_removed_where_the_column_changes_its_type(ground: Ground) -> None:
    typed = Facts(changes=(ColumnTypeChanged(T, "m", "mood", "mood2"),))
    sql = (
        "CREATE TYPE mood2 AS ENUM ('sad', 'ok'); ALTER TABLE t ALTER m TYPE mood2 USING m::text::mood2; DROP TYPE mood"
    )
    assert (1, EnumValueRemoved(public("mood"), "glad")) in told(ground, sql, Facts(), typed)
