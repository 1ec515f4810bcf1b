"""Owners, grants, row security, and the settings that tables and columns carry."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, SHOP, Case

_T = "CREATE TABLE t (a int, b text, c text); INSERT INTO t VALUES (1, 'x', 'y'); "
_GRANTED = (
    _T
    + """
CREATE SCHEMA s; CREATE SEQUENCE q; CREATE VIEW v AS SELECT a FROM t; CREATE TYPE e AS ENUM ('a');
CREATE DOMAIN d AS int;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE pr() LANGUAGE sql AS 'SELECT 1';
GRANT SELECT, UPDATE ON t TO rollback_reader WITH GRANT OPTION; GRANT INSERT (a, b) ON t TO rollback_reader;
GRANT SELECT (c) ON t TO PUBLIC;
GRANT USAGE ON SCHEMA s TO rollback_reader; GRANT USAGE ON SEQUENCE q TO rollback_reader;
GRANT SELECT ON v TO rollback_reader;
REVOKE USAGE ON TYPE e FROM PUBLIC; GRANT USAGE ON TYPE e TO rollback_reader;
REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO rollback_writer;
"""
)
_SECURED = (
    _T
    + """
ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON t AS RESTRICTIVE FOR UPDATE TO rollback_reader, rollback_writer USING (a > 1) WITH CHECK (b <> '');
CREATE TABLE known (x int); CREATE POLICY r ON t FOR SELECT USING (EXISTS (SELECT 1 FROM known WHERE x = a));
COMMENT ON POLICY p ON t IS 'who';
"""
)

ACCESS = (
    Case(
        "grants taken",
        _GRANTED,
        "REVOKE ALL ON t FROM rollback_reader CASCADE; REVOKE INSERT (a) ON t FROM rollback_reader; "
        "REVOKE SELECT (c) ON t FROM PUBLIC; "
        "REVOKE ALL ON SCHEMA s FROM rollback_reader; REVOKE ALL ON SEQUENCE q FROM rollback_reader; "
        "REVOKE ALL ON v FROM rollback_reader; "
        "GRANT USAGE ON TYPE e TO PUBLIC; REVOKE USAGE ON TYPE e FROM rollback_reader; "
        "GRANT EXECUTE ON FUNCTION f() TO PUBLIC",
        EXACT,
    ),
    Case(
        "grants given",
        _GRANTED,
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO rollback_writer; "
        "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO rollback_writer; "
        "GRANT UPDATE (c) ON t TO rollback_writer; "
        "GRANT ALL ON SCHEMA s, public TO rollback_writer; REVOKE USAGE ON DOMAIN d FROM PUBLIC; "
        "REVOKE EXECUTE ON PROCEDURE pr() FROM PUBLIC",
        EXACT,
    ),
    Case(
        "grant option taken",
        _GRANTED,
        "REVOKE GRANT OPTION FOR SELECT ON t FROM rollback_reader; "
        "GRANT SELECT ON v TO rollback_reader WITH GRANT OPTION",
        EXACT,
    ),
    Case(
        "what was granted dropped",
        _GRANTED,
        "DROP TABLE t CASCADE; DROP FUNCTION f(); DROP TYPE e; DROP SCHEMA s; DROP SEQUENCE q",
        LOSSY,
    ),
    Case("column granted dropped", _GRANTED, "ALTER TABLE t DROP b, DROP c", LOSSY),
    Case(
        "owners",
        _GRANTED,
        "ALTER TABLE t OWNER TO rollback_writer; ALTER VIEW v OWNER TO rollback_writer; "
        "ALTER SEQUENCE q OWNER TO rollback_writer; ALTER TYPE e OWNER TO rollback_writer; "
        "ALTER DOMAIN d OWNER TO rollback_writer; ALTER FUNCTION f() OWNER TO rollback_writer; "
        "ALTER SCHEMA s OWNER TO rollback_writer",
        EXACT,
    ),
    Case(
        "owned by another and dropped",
        _GRANTED + "ALTER TABLE t OWNER TO rollback_writer; ALTER FUNCTION f() OWNER TO rollback_writer; "
        "ALTER TYPE e OWNER TO rollback_writer; ALTER VIEW v OWNER TO rollback_writer;",
        "DROP VIEW v; DROP FUNCTION f(); DROP TYPE e",
        EXACT,
    ),
    Case(
        "policies dropped",
        _SECURED,
        "DROP POLICY p ON t; DROP POLICY r ON t; ALTER TABLE t NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
        EXACT,
    ),
    Case("policy changed", _SECURED, "ALTER POLICY p ON t TO PUBLIC USING (a > 2)", EXACT),
    Case("policy check dropped", _SECURED, "DROP POLICY p ON t; CREATE POLICY p ON t FOR UPDATE USING (a > 1)", EXACT),
    Case(
        "policy made permissive",
        _SECURED,
        "DROP POLICY p ON t; CREATE POLICY p ON t FOR UPDATE TO rollback_reader, rollback_writer "
        "USING (a > 1) WITH CHECK (b <> '')",
        EXACT,
    ),
    Case("policy renamed", _SECURED, "ALTER POLICY p ON t RENAME TO pp; COMMENT ON POLICY pp ON t IS 'other'", EXACT),
    Case("policy over a column dropped", _SECURED, "ALTER TABLE t DROP b CASCADE", LOSSY),
    Case(
        "policy over a column retyped",
        _SECURED,
        "DROP POLICY p ON t; DROP POLICY r ON t; ALTER TABLE t ALTER a TYPE bigint",
        EXACT,
    ),
    Case(
        "policy over a table that goes",
        _SECURED + "CREATE TABLE u (x int); CREATE POLICY m ON t USING (a IN (SELECT x FROM u));",
        "DROP TABLE u CASCADE",
        LOSSY,
    ),
    Case("public schema's comment", _T, "COMMENT ON SCHEMA public IS 'ours'", EXACT),
)

SETTINGS = (
    Case(
        "storage parameters of many kinds",
        _T + "ALTER TABLE t SET (autovacuum_enabled = off, fillfactor = 60, toast.autovacuum_enabled = off);",
        "ALTER TABLE t SET (fillfactor = 70, parallel_workers = 2, toast.autovacuum_vacuum_threshold "
        "= 5); ALTER TABLE t RESET (autovacuum_enabled, toast.autovacuum_enabled)",
        EXACT,
    ),
    Case(
        "toast parameters of a dropped table",
        _T + "ALTER TABLE t SET (toast.autovacuum_enabled = off, fillfactor = 60);",
        "DROP TABLE t",
        LOSSY,
    ),
    Case(
        "column settings",
        _T + "ALTER TABLE t ALTER b SET STORAGE EXTERNAL, ALTER b SET STATISTICS 7, ALTER b SET "
        "(n_distinct = 5, n_distinct_inherited = 6);",
        "ALTER TABLE t ALTER b SET STORAGE EXTENDED, ALTER b SET STATISTICS -1, ALTER b RESET "
        "(n_distinct), ALTER b SET (n_distinct_inherited = 8), ALTER c SET STATISTICS 0",
        EXACT,
    ),
    Case(
        "column with settings dropped",
        _T + "ALTER TABLE t ALTER b SET STORAGE EXTERNAL, ALTER b SET STATISTICS 7, ALTER b SET "
        "(n_distinct = 5); COMMENT ON COLUMN t.b IS 'b'",
        "ALTER TABLE t DROP b",
        LOSSY,
    ),
    Case(
        "column with settings retyped",
        _T + "ALTER TABLE t ALTER b SET STORAGE EXTERNAL, ALTER b SET STATISTICS 7; COMMENT ON COLUMN t.b IS 'b'",
        "ALTER TABLE t ALTER b TYPE varchar",
        EXACT,
    ),
    Case(
        "compression",
        _T + "ALTER TABLE t ALTER b SET COMPRESSION pglz;",
        "ALTER TABLE t ALTER b SET COMPRESSION default, ALTER c SET COMPRESSION pglz",
        EXACT,
        since=14,
    ),
    Case(
        "compression of a retyped column",
        _T + "ALTER TABLE t ALTER b SET COMPRESSION pglz;",
        "ALTER TABLE t ALTER b TYPE int USING 1",
        LOSSY,
        since=14,
    ),
    Case(
        "collation",
        'CREATE TABLE t (a text COLLATE "C", b text)',
        'ALTER TABLE t ALTER a TYPE text, ALTER b TYPE text COLLATE "C"',
        EXACT,
    ),
    Case(
        "generated expression changed",
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) STORED); "
        "COMMENT ON COLUMN t.g IS 'g'; CREATE INDEX i ON t (g); CREATE VIEW v AS SELECT g FROM t; "
        "INSERT INTO t VALUES (2)",
        "ALTER TABLE t ALTER g SET EXPRESSION AS (a * 3)",
        EXACT,
        since=17,
    ),
    Case(
        "generated under an altered type",
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO t VALUES (2)",
        "ALTER TABLE t DROP g; ALTER TABLE t ALTER a TYPE bigint; "
        "ALTER TABLE t ADD g bigint GENERATED ALWAYS AS (a * 2) STORED",
        EXACT,
    ),
    Case(
        "virtual column",
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) VIRTUAL); INSERT INTO t VALUES (2)",
        "ALTER TABLE t DROP g, ADD g int GENERATED ALWAYS AS (a * 2) STORED",
        EXACT,
        since=18,
    ),
    Case(
        "plain column becomes generated",
        "CREATE TABLE t (a int, g int); INSERT INTO t VALUES (2, 3)",
        "ALTER TABLE t DROP g, ADD g int GENERATED ALWAYS AS (a * 2) STORED",
        LOSSY,
    ),
    Case(
        "default with a function",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "CREATE TABLE t (a int DEFAULT f(), b int DEFAULT 1 + 2)",
        "ALTER TABLE t ALTER a DROP DEFAULT, ALTER b SET DEFAULT 4; DROP FUNCTION f()",
        EXACT,
    ),
    Case(
        "everything at once",
        SHOP,
        'ALTER TABLE "User" RENAME TO people; ALTER TABLE people RENAME email TO mail; '
        "ALTER TABLE people ALTER mail TYPE text; "
        "ALTER TABLE people ALTER mail SET DEFAULT 'x', DROP CONSTRAINT \"User_email_key\", ADD "
        'CONSTRAINT "User_email_key" UNIQUE (mail, id); CREATE TABLE "User" (email int PRIMARY KEY)',
        EXACT,
    ),
    Case(
        "tables with the same names in two schemas",
        "CREATE SCHEMA s; CREATE TABLE t (a int); CREATE TABLE s.t (b int)",
        "ALTER TABLE t RENAME TO tmp; ALTER TABLE s.t SET SCHEMA public; "
        "ALTER TABLE tmp SET SCHEMA s; ALTER TABLE s.tmp RENAME TO t",
        EXACT,
    ),
    Case(
        "schemas swap names",
        "CREATE SCHEMA s; CREATE SCHEMA u; CREATE TABLE s.t (a serial); COMMENT ON SCHEMA s IS 's'",
        "ALTER SCHEMA s RENAME TO w; ALTER SCHEMA u RENAME TO s; ALTER SCHEMA w RENAME TO u; "
        "COMMENT ON SCHEMA u IS NULL",
        EXACT,
    ),
    Case(
        "schema with everything dropped",
        "CREATE SCHEMA s; CREATE TYPE s.e AS ENUM ('a'); "
        "CREATE TABLE s.t (a serial PRIMARY KEY, x s.e DEFAULT 'a'); "
        "CREATE VIEW s.v AS SELECT * FROM s.t; "
        "CREATE FUNCTION s.f(s.e) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "CREATE DOMAIN s.d AS int CHECK (VALUE > 0); "
        "CREATE TABLE r (y s.e, z s.d, w int REFERENCES s.t); COMMENT ON SCHEMA s IS 's'",
        "DROP SCHEMA s CASCADE",
        LOSSY,
    ),
    Case(
        "unlogged with sequences",
        "CREATE UNLOGGED TABLE t (a int GENERATED ALWAYS AS IDENTITY, b serial)",
        "ALTER TABLE t SET LOGGED",
        EXACT,
    ),
)
