"""Types that tables, views, functions and other types stand on."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, IRREVERSIBLE, LOSSY, Case

_ENUM = """
CREATE TYPE e AS ENUM ('a', 'b'); COMMENT ON TYPE e IS 'letters'; GRANT USAGE ON TYPE e TO PUBLIC;
CREATE DOMAIN de AS e CHECK (VALUE <> 'b');
CREATE TABLE t (id int, x e NOT NULL DEFAULT 'a', xs e[] DEFAULT '{a}', y de,
    g text GENERATED ALWAYS AS (CASE WHEN x = 'a' THEN 'A' ELSE 'B' END) STORED, CONSTRAINT c CHECK (x >= 'a'),
    CONSTRAINT d CHECK (x IN ('a', 'b')));
CREATE INDEX i ON t (x) WHERE x = 'b'; CREATE UNIQUE INDEX j ON t (id, xs);
CREATE VIEW v AS SELECT id, x, xs FROM t WHERE x = 'a'; COMMENT ON COLUMN v.x IS 'x'; GRANT SELECT ON v TO PUBLIC;
CREATE VIEW w AS SELECT x FROM v;
CREATE MATERIALIZED VIEW m AS SELECT x, count(*) AS n FROM t GROUP BY x; CREATE UNIQUE INDEX mi ON m (x);
CREATE FUNCTION f(e) RETURNS e LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION fs(v e[]) RETURNS SETOF e LANGUAGE sql AS 'SELECT unnest($1)';
CREATE FUNCTION fb() RETURNS int LANGUAGE plpgsql AS 'DECLARE z e; BEGIN RETURN 1; END';
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (x = 'a');
CREATE TYPE k AS (x e, n int);
CREATE STATISTICS st ON id, x FROM t;
INSERT INTO t (id, x, xs) VALUES (1, 'a', '{a,b}'), (2, 'b', NULL);
"""
_COMPOSITE = """
CREATE TYPE c AS (a int, b text); COMMENT ON TYPE c IS 'two'; COMMENT ON COLUMN c.a IS 'first';
CREATE TABLE t (x c, xs c[], id int); INSERT INTO t VALUES ((1, 'x'), ARRAY[(2, 'y')::c], 1);
"""
_DOMAIN = """
CREATE DOMAIN d AS int DEFAULT 3 CONSTRAINT pos CHECK (VALUE > 0); COMMENT ON DOMAIN d IS 'count';
COMMENT ON CONSTRAINT pos ON DOMAIN d IS 'more than none';
CREATE TABLE t (x d, y int, z int); INSERT INTO t VALUES (1, 2, 3);
"""

TYPES_OF_ALL_KINDS = (
    Case("enum value added under everything", _ENUM, "ALTER TYPE e ADD VALUE 'c'", EXACT),
    Case(
        "enum value added before and used",
        _ENUM,
        "BEGIN; ALTER TYPE e RENAME VALUE 'a' TO 'A'; COMMIT; ALTER TYPE e ADD VALUE 'c' BEFORE 'b'",
        LOSSY,
    ),
    Case(
        "enum value renamed and its name given to a new one",
        _ENUM,
        "BEGIN; ALTER TYPE e RENAME VALUE 'a' TO 'x'; COMMIT; ALTER TYPE e ADD VALUE 'a'",
        EXACT,
    ),
    Case("enum value added and column moved off", _ENUM, "ALTER TYPE e ADD VALUE 'c'; DROP VIEW v CASCADE", EXACT),
    Case(
        "enum values renamed",
        _ENUM,
        "ALTER TYPE e RENAME VALUE 'a' TO 'z'; ALTER TYPE e RENAME VALUE 'b' TO 'a'",
        EXACT,
    ),
    Case(
        "enum values swapped",
        _ENUM,
        "ALTER TYPE e RENAME VALUE 'a' TO 'z'; ALTER TYPE e RENAME VALUE 'b' TO 'a'; "
        "ALTER TYPE e RENAME VALUE 'z' TO 'b'",
        EXACT,
    ),
    Case("enum moved", _ENUM, "CREATE SCHEMA s; ALTER TYPE e SET SCHEMA s; ALTER TYPE s.e RENAME TO f", EXACT),
    Case("enum and all that uses it dropped", _ENUM, "DROP TYPE e CASCADE", LOSSY),
    Case(
        "enum value in a partition key",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e) PARTITION BY LIST (x); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a')",
        "ALTER TYPE e ADD VALUE 'c'",
        IRREVERSIBLE,
    ),
    Case(
        "enum in an inherited column",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e DEFAULT 'a'); "
        "CREATE TABLE u (y int) INHERITS (t); INSERT INTO u VALUES ('b')",
        "ALTER TYPE e ADD VALUE 'c'",
        EXACT,
    ),
    Case("composite attribute dropped", "CREATE TYPE c AS (a int, b text)", "ALTER TYPE c DROP ATTRIBUTE b", EXACT),
    Case(
        "composite attribute added",
        "CREATE TYPE c AS (a int); CREATE FUNCTION f(c) RETURNS int LANGUAGE sql AS 'SELECT ($1).a'",
        "ALTER TYPE c ADD ATTRIBUTE b text",
        EXACT,
    ),
    Case("composite attribute added in use", _COMPOSITE, "ALTER TYPE c ADD ATTRIBUTE d text", EXACT),
    Case("composite attribute renamed", _COMPOSITE, "ALTER TYPE c RENAME ATTRIBUTE a TO z", EXACT),
    Case(
        "composite attributes swapped",
        _COMPOSITE,
        "ALTER TYPE c RENAME ATTRIBUTE a TO z; ALTER TYPE c RENAME ATTRIBUTE b TO a; "
        "ALTER TYPE c RENAME ATTRIBUTE z TO b",
        EXACT,
    ),
    Case(
        "composite attribute retyped",
        "CREATE TYPE c AS (a int, b text)",
        "ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint",
        EXACT,
    ),
    Case("composite attribute dropped in use", _COMPOSITE, "ALTER TYPE c DROP ATTRIBUTE b", LOSSY),
    Case(
        "composite comments",
        _COMPOSITE,
        "COMMENT ON COLUMN c.a IS NULL; COMMENT ON COLUMN c.b IS 'second'; COMMENT ON TYPE c IS NULL",
        EXACT,
    ),
    Case("composite in use dropped", _COMPOSITE, "DROP TYPE c CASCADE", LOSSY),
    Case(
        "composite unused dropped",
        "CREATE TYPE c AS (a int, b text); COMMENT ON TYPE c IS 'two'; COMMENT ON COLUMN c.a IS 'first'",
        "DROP TYPE c",
        EXACT,
    ),
    Case(
        "composite with attributes in another order",
        "CREATE TYPE c AS (a int, b text)",
        "DROP TYPE c; CREATE TYPE c AS (b text, a int)",
        EXACT,
    ),
    Case(
        "typed table",
        "CREATE TYPE c AS (a int, b text); CREATE TABLE t OF c (PRIMARY KEY (a))",
        "ALTER TYPE c ADD ATTRIBUTE d int CASCADE",
        EXACT,
    ),
    Case(
        "typed table dropped",
        "CREATE TYPE c AS (a int, b text); CREATE TABLE t OF c (PRIMARY KEY (a), b DEFAULT 'x')",
        "DROP TABLE t",
        LOSSY,
    ),
    Case(
        "typed table no longer", "CREATE TYPE c AS (a int, b text); CREATE TABLE t OF c", "ALTER TABLE t NOT OF", EXACT
    ),
    Case(
        "table becomes typed",
        "CREATE TYPE c AS (a int, b text); CREATE TABLE t (a int, b text)",
        "ALTER TABLE t OF c",
        EXACT,
    ),
    Case("domain to numeric", _DOMAIN, "ALTER TABLE t ALTER x TYPE numeric(9, 2)", LOSSY),
    Case("domain constraint dropped", _DOMAIN, "ALTER DOMAIN d DROP CONSTRAINT pos", EXACT),
    Case(
        "domain constraint replaced",
        _DOMAIN,
        "ALTER DOMAIN d DROP CONSTRAINT pos; ALTER DOMAIN d ADD CONSTRAINT pos CHECK (VALUE > 0) NOT VALID",
        EXACT,
    ),
    Case(
        "domain constraint validated",
        "CREATE DOMAIN d AS int; CREATE TABLE t (x d); ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID",
        "ALTER DOMAIN d VALIDATE CONSTRAINT c",
        EXACT,
    ),
    Case("domain constraint renamed", _DOMAIN, "ALTER DOMAIN d RENAME CONSTRAINT pos TO p", EXACT),
    Case("domain required", _DOMAIN, "ALTER DOMAIN d SET NOT NULL; ALTER DOMAIN d DROP DEFAULT", EXACT),
    Case("domain not required", "CREATE DOMAIN d AS int CONSTRAINT n NOT NULL", "ALTER DOMAIN d DROP NOT NULL", EXACT),
    Case(
        "domain not null renamed",
        "CREATE DOMAIN d AS int CONSTRAINT n NOT NULL",
        "ALTER DOMAIN d RENAME CONSTRAINT n TO nn",
        EXACT,
        since=17,
    ),
    Case("domain in use dropped", _DOMAIN, "ALTER TABLE t ALTER x TYPE int; DROP DOMAIN d", LOSSY),
    Case(
        "domain base changed",
        _DOMAIN,
        "ALTER TABLE t ALTER x TYPE int; DROP DOMAIN d; CREATE DOMAIN d AS bigint; ALTER TABLE t ALTER x TYPE d",
        EXACT,
    ),
    Case(
        "domain over a domain",
        "CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE DOMAIN dd AS d CHECK (VALUE < 9); CREATE TABLE t (x dd)",
        "DROP DOMAIN d CASCADE",
        LOSSY,
    ),
    Case(
        "domain comment", _DOMAIN, "COMMENT ON DOMAIN d IS NULL; COMMENT ON CONSTRAINT pos ON DOMAIN d IS NULL", EXACT
    ),
    Case(
        "range in use",
        'CREATE TYPE r AS RANGE (SUBTYPE = text, COLLATION = "C"); CREATE TABLE t (x r, y int); '
        "COMMENT ON TYPE r IS 'r'; INSERT INTO t VALUES ('[a,b)')",
        "ALTER TABLE t ALTER x TYPE text; DROP TYPE r",
        LOSSY,
    ),
    Case(
        "range with its own multirange name",
        "CREATE TYPE r AS RANGE (SUBTYPE = int4, MULTIRANGE_TYPE_NAME = rs); CREATE TABLE t (x rs)",
        "DROP TABLE t; DROP TYPE r",
        LOSSY,
        since=14,
    ),
    Case(
        "value added to an enum in a condition over words",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (s varchar(9), x e, "
        "CONSTRAINT s_x CHECK (s NOT IN ('p', 'q') OR x IS NOT NULL))",
        "ALTER TYPE e ADD VALUE 'b'",
        EXACT,
    ),
    Case(
        "range renamed",
        "CREATE TYPE r AS RANGE (SUBTYPE = int4); CREATE TABLE t (x r)",
        "ALTER TYPE r RENAME TO rr",
        EXACT,
    ),
    Case(
        "row type in use",
        "CREATE TABLE a (x int, y text); CREATE FUNCTION f(a) RETURNS int LANGUAGE sql AS 'SELECT "
        "$1.x'; CREATE VIEW v AS SELECT a AS whole FROM a",
        "ALTER TABLE a ADD z int",
        EXACT,
    ),
)
