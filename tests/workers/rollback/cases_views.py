"""Views and materialized views."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, VIEWS, Case

_VIEW = (
    VIEWS
    + """
ALTER VIEW active ALTER email SET DEFAULT 'none'; COMMENT ON COLUMN active.email IS 'where';
GRANT SELECT ON active TO PUBLIC; GRANT UPDATE (email) ON active TO PUBLIC;
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER instead INSTEAD OF INSERT ON active FOR EACH ROW EXECUTE FUNCTION stop();
COMMENT ON TRIGGER instead ON active IS 'no';
CREATE RULE quiet AS ON DELETE TO active DO INSTEAD NOTHING; COMMENT ON RULE quiet ON active IS 'sh';
COMMENT ON MATERIALIZED VIEW counts IS 'how many'; COMMENT ON INDEX counts_author IS 'once';
COMMENT ON COLUMN counts.posts IS 'n'; CREATE STATISTICS cs ON "authorId", posts FROM counts;
ALTER MATERIALIZED VIEW counts ALTER posts SET STATISTICS 33; ALTER MATERIALIZED VIEW counts CLUSTER ON counts_author;
CREATE FUNCTION act(active) RETURNS text LANGUAGE sql AS 'SELECT $1.email';
"""
)
VIEWS_OF_ALL_KINDS = (
    Case("view column renamed", _VIEW, "ALTER VIEW active RENAME COLUMN email TO mail", EXACT),
    Case(
        "view column renamed under nothing",
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        "ALTER VIEW v RENAME COLUMN a TO b",
        EXACT,
    ),
    Case(
        "view column renamed by its table",
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        "ALTER TABLE t RENAME COLUMN a TO b",
        EXACT,
    ),
    Case(
        "view column and its table's renamed",
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        "ALTER TABLE t RENAME COLUMN a TO b; ALTER VIEW v RENAME COLUMN a TO b",
        EXACT,
    ),
    Case(
        "materialized view column renamed", _VIEW, "ALTER MATERIALIZED VIEW counts RENAME COLUMN posts TO number", EXACT
    ),
    Case(
        "view columns added",
        _VIEW,
        'CREATE OR REPLACE VIEW active AS SELECT id, email, "role", age, name FROM "User"; '
        "COMMENT ON COLUMN active.age IS 'new'",
        EXACT,
    ),
    Case("view column default", _VIEW, "ALTER VIEW active ALTER email DROP DEFAULT, ALTER id SET DEFAULT 5", EXACT),
    Case(
        "view column comments",
        _VIEW,
        "COMMENT ON COLUMN active.email IS NULL; COMMENT ON COLUMN active.id IS 'no'; "
        "COMMENT ON COLUMN counts.posts IS 'm'",
        EXACT,
    ),
    Case(
        "view column grants",
        _VIEW,
        "REVOKE UPDATE (email) ON active FROM PUBLIC; GRANT SELECT (id) ON active TO PUBLIC",
        EXACT,
    ),
    Case("view and all on it dropped", _VIEW, "DROP VIEW active CASCADE; DROP MATERIALIZED VIEW counts", EXACT),
    Case(
        "view under others replaced",
        _VIEW,
        'DROP VIEW active CASCADE; CREATE VIEW active AS SELECT id FROM "User"',
        EXACT,
    ),
    Case("view trigger disabled", _VIEW, "DROP TRIGGER instead ON active; DROP RULE quiet ON active", EXACT),
    Case(
        "view renamed and moved",
        _VIEW,
        "CREATE SCHEMA s; ALTER VIEW active RENAME TO act2; ALTER VIEW act2 SET SCHEMA s; "
        "ALTER MATERIALIZED VIEW counts SET SCHEMA s",
        EXACT,
    ),
    Case(
        "view options with a check",
        "CREATE TABLE t (a int); CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t WHERE a > "
        "0 WITH LOCAL CHECK OPTION",
        "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 0",
        EXACT,
    ),
    Case(
        "recursive view dropped",
        "CREATE RECURSIVE VIEW v (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM v WHERE n < 5; "
        'CREATE VIEW "W" ("A b", c) AS SELECT 1, \'x\'::text',
        'DROP VIEW v; DROP VIEW "W"',
        EXACT,
    ),
    Case("materialized view without data", _VIEW, "REFRESH MATERIALIZED VIEW counts WITH NO DATA", EXACT),
    Case(
        "materialized view filled",
        "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA",
        "REFRESH MATERIALIZED VIEW m",
        EXACT,
    ),
    Case("materialized view index", _VIEW, "DROP INDEX counts_author; CREATE INDEX other ON counts (posts)", EXACT),
    Case(
        "materialized view options",
        _VIEW,
        "ALTER MATERIALIZED VIEW counts SET (fillfactor = 50); "
        "ALTER MATERIALIZED VIEW counts ALTER posts SET STATISTICS 5, ALTER posts SET STORAGE PLAIN",
        EXACT,
    ),
    Case(
        "materialized view on another",
        "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t; "
        "CREATE MATERIALIZED VIEW n AS SELECT a FROM m WITH NO DATA; CREATE INDEX i ON n (a)",
        "ALTER TABLE t ADD b int; DROP MATERIALIZED VIEW m CASCADE",
        EXACT,
    ),
    Case(
        "view over a column whose type changes",
        _VIEW,
        "DROP TRIGGER instead ON active; DROP FUNCTION act(active); DROP VIEW active CASCADE; "
        'ALTER TABLE "User" ALTER email TYPE text',
        EXACT,
    ),
    Case(
        "view becomes materialized",
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        "DROP VIEW v; CREATE MATERIALIZED VIEW v AS SELECT a FROM t",
        EXACT,
    ),
    Case(
        "table becomes a view",
        "CREATE TABLE t (a int)",
        "ALTER TABLE t RENAME TO tt; CREATE VIEW t AS SELECT a FROM tt",
        EXACT,
    ),
    Case(
        "view with a grouped key",
        "CREATE TABLE t (a int PRIMARY KEY, b int); CREATE VIEW v AS SELECT a, b FROM t GROUP BY a",
        "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE",
        EXACT,
    ),
    Case(
        "view of a whole row",
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT t AS row_, count(*) FROM t GROUP BY t",
        "ALTER TABLE t ADD b int",
        EXACT,
    ),
)
