"""Functions, triggers, rules and sequences."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, Case

_CODE = """
CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, 2);
CREATE FUNCTION f(a int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a'; COMMENT ON FUNCTION f(int) IS 'same';
REVOKE ALL ON FUNCTION f(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION f(int) TO pg_monitor;
CREATE VIEW v AS SELECT f(a) AS b FROM t; CREATE INDEX i ON t (f(a));
ALTER TABLE t ADD CONSTRAINT c CHECK (f(a) > 0), ALTER id SET DEFAULT f(3),
    ADD g int GENERATED ALWAYS AS (f(a)) STORED;
CREATE POLICY p ON t USING (f(a) = 1);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tg BEFORE UPDATE ON t FOR EACH ROW WHEN (f(NEW.a) = 1) EXECUTE FUNCTION tf('x', '1');
CREATE PROCEDURE pr(INOUT x int) LANGUAGE sql AS 'SELECT x';
CREATE AGGREGATE ag(int) (SFUNC = int4pl, STYPE = int8 , INITCOND = '0') ;
CREATE FUNCTION o(a int, OUT b int, OUT c text) LANGUAGE sql AS 'SELECT a, ''x''';
CREATE FUNCTION va(VARIADIC a int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION ta(a int) RETURNS TABLE (x int, y text) LANGUAGE sql AS 'SELECT 1, ''''';
""".replace(
    "CREATE AGGREGATE ag(int) (SFUNC = int4pl, STYPE = int8 ,",
    "CREATE AGGREGATE ag(int) (SFUNC = int4pl, STYPE = int4,",
)

CODE_OF_ALL_KINDS = (
    Case(
        "function under everything replaced",
        _CODE,
        "CREATE OR REPLACE FUNCTION f(a int) RETURNS int IMMUTABLE STRICT COST 5 LANGUAGE sql AS 'SELECT a + 0'",
        EXACT,
    ),
    Case("function under everything renamed", _CODE, "ALTER FUNCTION f(int) RENAME TO ff", EXACT),
    Case(
        "argument renamed",
        _CODE,
        "DROP FUNCTION o(int); CREATE FUNCTION o(z int, OUT b int, OUT c text) LANGUAGE sql AS 'SELECT z, ''y'''",
        EXACT,
    ),
    Case(
        "result changed",
        _CODE,
        "DROP FUNCTION f(int) CASCADE; CREATE FUNCTION f(a int) RETURNS bigint LANGUAGE sql AS 'SELECT a::bigint'",
        EXACT,
    ),
    Case(
        "default added under everything",
        _CODE,
        "CREATE OR REPLACE FUNCTION f(a int DEFAULT 7) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a'",
        EXACT,
    ),
    Case(
        "default changed",
        "CREATE FUNCTION f(a int, b int DEFAULT 3) RETURNS int LANGUAGE sql AS 'SELECT a'",
        "CREATE OR REPLACE FUNCTION f(a int, b int DEFAULT 4) RETURNS int LANGUAGE sql AS 'SELECT a'",
        EXACT,
    ),
    Case(
        "routines dropped",
        _CODE,
        "DROP FUNCTION o(int); DROP FUNCTION va(int[]); DROP FUNCTION ta(int); "
        "DROP PROCEDURE pr(int); DROP AGGREGATE ag(int)",
        EXACT,
    ),
    Case(
        "aggregate replaced",
        _CODE,
        "CREATE OR REPLACE AGGREGATE ag(int) (SFUNC = int4mul, STYPE = int4, INITCOND = '1')",
        EXACT,
    ),
    Case(
        "aggregate renamed",
        _CODE + "COMMENT ON AGGREGATE ag(int) IS 'sum'",
        "ALTER AGGREGATE ag(int) RENAME TO total",
        EXACT,
    ),
    Case(
        "ordered-set aggregate",
        "CREATE AGGREGATE pd(float8 ORDER BY float8) (SFUNC = ordered_set_transition, STYPE = "
        "internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA)"
        if False
        else "CREATE AGGREGATE mx(int) (SFUNC = int4larger, STYPE = int4, COMBINEFUNC = int4larger, "
        "PARALLEL = SAFE, SORTOP = >, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int4, MSSPACE "
        "= 10, SSPACE = 20, MINITCOND = '0')",
        "DROP AGGREGATE mx(int)",
        EXACT,
    ),
    Case(
        "function comment and grants",
        _CODE,
        "COMMENT ON FUNCTION f(int) IS NULL; GRANT EXECUTE ON FUNCTION f(int) TO PUBLIC; "
        "REVOKE EXECUTE ON FUNCTION f(int) FROM pg_monitor",
        EXACT,
    ),
    Case("trigger enabled states", _CODE, "ALTER TABLE t ENABLE ALWAYS TRIGGER tg", EXACT),
    Case(
        "trigger function replaced by another",
        _CODE,
        "CREATE OR REPLACE TRIGGER tg AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION tf()",
        EXACT,
        since=14,
    ),
    Case(
        "trigger with transition tables",
        _CODE + "CREATE TRIGGER tt AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH "
        "STATEMENT EXECUTE FUNCTION tf()",
        "DROP TRIGGER tt ON t",
        EXACT,
    ),
    Case(
        "rule changed",
        _CODE + "CREATE RULE r AS ON UPDATE TO t WHERE OLD.id = 1 DO ALSO SELECT 1; ALTER TABLE t DISABLE RULE r",
        "CREATE OR REPLACE RULE r AS ON UPDATE TO t DO INSTEAD NOTHING; ALTER TABLE t ENABLE ALWAYS RULE r",
        EXACT,
    ),
    Case("rule renamed", _CODE + "CREATE RULE r AS ON UPDATE TO t DO NOTHING", "ALTER RULE r ON t RENAME TO rr", EXACT),
    Case(
        "column that a body uses dropped",
        "CREATE TABLE t (a int, b int); CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT b FROM t; END",
        "DROP FUNCTION f(); ALTER TABLE t DROP b",
        LOSSY,
        since=14,
    ),
    Case(
        "body made of parsed SQL changed",
        "CREATE TABLE t (a int, b int); CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT b FROM t; END",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END; "
        "ALTER TABLE t DROP b",
        LOSSY,
        since=14,
    ),
    Case(
        "table function used in a view",
        _CODE + "CREATE VIEW vt AS SELECT x FROM ta(1)",
        "DROP FUNCTION ta(int) CASCADE; CREATE FUNCTION ta(a int) RETURNS TABLE (x int) LANGUAGE sql AS 'SELECT 1'",
        EXACT,
    ),
    Case("sequence position", "CREATE SEQUENCE s; SELECT nextval('s')", "SELECT setval('s', 50)", EXACT),
    Case("sequence restarted", "CREATE SEQUENCE s; SELECT setval('s', 30)", "ALTER SEQUENCE s RESTART WITH 5", EXACT),
    Case(
        "sequence bounded",
        "CREATE SEQUENCE s; SELECT setval('s', 30)",
        "ALTER SEQUENCE s MINVALUE 20 START 40 MAXVALUE 100 RESTART",
        EXACT,
    ),
    Case("sequence type", "CREATE SEQUENCE s", "ALTER SEQUENCE s AS smallint", EXACT),
    Case(
        "sequence owner and comment",
        "CREATE TABLE t (a int, b int); CREATE SEQUENCE s OWNED BY t.a; "
        "COMMENT ON SEQUENCE s IS 'n'; GRANT USAGE ON SEQUENCE s TO PUBLIC",
        "ALTER SEQUENCE s OWNED BY t.b; COMMENT ON SEQUENCE s IS NULL; REVOKE USAGE ON SEQUENCE s FROM PUBLIC",
        EXACT,
    ),
    Case(
        "sequence unowned",
        "CREATE TABLE t (a serial)",
        "ALTER SEQUENCE t_a_seq OWNED BY NONE; ALTER TABLE t ALTER a DROP DEFAULT; ALTER SEQUENCE t_a_seq RENAME TO s",
        EXACT,
    ),
    Case("sequence unlogged", "CREATE SEQUENCE s", "ALTER SEQUENCE s SET UNLOGGED", EXACT, since=15),
    Case(
        "identity sequence changed",
        "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY)",
        "ALTER TABLE t ALTER a SET INCREMENT BY 5 SET START WITH 3 SET CYCLE",
        EXACT,
    ),
    Case(
        "identity sequence renamed",
        "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY)",
        "ALTER SEQUENCE t_a_seq RENAME TO s",
        EXACT,
    ),
    Case(
        "identity of its own kind",
        "CREATE TABLE t (a smallint GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT -2 MINVALUE -9 "
        "MAXVALUE 100 CYCLE SEQUENCE NAME mine)); COMMENT ON SEQUENCE mine IS 'm'",
        "ALTER TABLE t DROP a",
        LOSSY,
    ),
    Case(
        "identity becomes serial",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); INSERT INTO t DEFAULT VALUES",
        "ALTER TABLE t ALTER a DROP IDENTITY; CREATE SEQUENCE t_a_seq OWNED BY t.a; "
        "ALTER TABLE t ALTER a SET DEFAULT nextval('t_a_seq')",
        LOSSY,
    ),
    Case(
        "serial becomes identity",
        "CREATE TABLE t (a serial); INSERT INTO t DEFAULT VALUES",
        "ALTER TABLE t ALTER a DROP DEFAULT; DROP SEQUENCE t_a_seq; "
        "ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY (START 5)",
        LOSSY,
    ),
    Case(
        "serial widened",
        "CREATE TABLE t (a serial)",
        "ALTER TABLE t ALTER a TYPE bigint; ALTER SEQUENCE t_a_seq AS bigint",
        EXACT,
    ),
    Case(
        "identity widened",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)",
        "ALTER TABLE t ALTER a TYPE bigint",
        EXACT,
    ),
)
