"""Constraints of every kind, and what they may say besides their condition."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, Case

_PAIR = """
CREATE TABLE a (id int PRIMARY KEY, x int, y int, CONSTRAINT x_y UNIQUE (x, y));
CREATE TABLE b (id int, x int, y int, r int4range);
INSERT INTO a VALUES (1, 1, 1); INSERT INTO b VALUES (1, 1, 1, '[1,2)');
"""
_KEYED = (
    _PAIR
    + """
ALTER TABLE b ADD CONSTRAINT b_id FOREIGN KEY (id) REFERENCES a ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT b_xy FOREIGN KEY (x, y) REFERENCES a (x, y) MATCH FULL NOT VALID;
COMMENT ON CONSTRAINT b_id ON b IS 'whose';
"""
)

CONSTRAINTS_OF_ALL_KINDS = (
    Case("references dropped", _KEYED, "ALTER TABLE b DROP CONSTRAINT b_id, DROP CONSTRAINT b_xy", EXACT),
    Case("reference not deferrable", _KEYED, "ALTER TABLE b ALTER CONSTRAINT b_id NOT DEFERRABLE", EXACT),
    Case("reference validated", _KEYED, "ALTER TABLE b VALIDATE CONSTRAINT b_xy", EXACT),
    Case(
        "lists of words in conditions",
        "CREATE TABLE t (s varchar(9) CONSTRAINT s_known CHECK (s NOT IN ('it''s', 'a, b', '') OR s IN ('x', 'y'))); "
        "CREATE INDEX t_s ON t (s) WHERE s IN ('x', 'y'); CREATE VIEW v AS SELECT 1 AS o FROM t WHERE s IN ('x', 'y')",
        "DROP VIEW v; DROP INDEX t_s; ALTER TABLE t DROP CONSTRAINT s_known",
        EXACT,
    ),
    Case(
        "reference made again not valid",
        _KEYED,
        "ALTER TABLE b DROP CONSTRAINT b_id, ADD CONSTRAINT b_id FOREIGN KEY (id) REFERENCES a NOT VALID",
        EXACT,
    ),
    Case("key that is referred to dropped", _KEYED, "ALTER TABLE a DROP CONSTRAINT x_y CASCADE", EXACT),
    Case(
        "key that is referred to changed",
        _KEYED,
        "ALTER TABLE a DROP CONSTRAINT x_y CASCADE, ADD CONSTRAINT x_y UNIQUE (y, x); "
        "ALTER TABLE b ADD CONSTRAINT b_xy FOREIGN KEY (x, y) REFERENCES a (x, y)",
        EXACT,
    ),
    Case(
        "deferrable key",
        _PAIR + "ALTER TABLE b ADD CONSTRAINT u UNIQUE (id, x) INCLUDE (y) DEFERRABLE INITIALLY DEFERRED;",
        "ALTER TABLE b DROP CONSTRAINT u",
        EXACT,
    ),
    Case(
        "nulls not distinct key",
        _PAIR + "ALTER TABLE b ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (id, x) WITH (fillfactor = 70);",
        "ALTER TABLE b DROP CONSTRAINT u, ADD CONSTRAINT u UNIQUE (id, x)",
        EXACT,
        since=15,
    ),
    Case(
        "exclusion dropped",
        _PAIR + "ALTER TABLE b ADD CONSTRAINT e EXCLUDE USING gist (r WITH &&) WHERE (id > 0) DEFERRABLE; "
        "COMMENT ON CONSTRAINT e ON b IS 'one at a time';",
        "ALTER TABLE b DROP CONSTRAINT e",
        EXACT,
    ),
    Case(
        "check not inherited",
        "CREATE TABLE p (a int, CONSTRAINT c CHECK (a > 0) NO INHERIT); CREATE TABLE q () INHERITS (p);",
        "ALTER TABLE p DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 1)",
        EXACT,
    ),
    Case(
        "inherited check dropped",
        "CREATE TABLE p (a int, CONSTRAINT c CHECK (a > 0)); CREATE TABLE q (b int) INHERITS (p);",
        "ALTER TABLE p DROP CONSTRAINT c",
        EXACT,
    ),
    Case(
        "merged check dropped",
        "CREATE TABLE p (a int, CONSTRAINT c CHECK (a > 0)); "
        "CREATE TABLE q (a int, CONSTRAINT c CHECK (a > 0)) INHERITS (p);",
        "ALTER TABLE p DROP CONSTRAINT c",
        EXACT,
    ),
    Case(
        "check added to parent and children",
        "CREATE TABLE p (a int); CREATE TABLE q (b int) INHERITS (p);",
        "ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0)",
        EXACT,
    ),
    Case(
        "inherited check validated",
        "CREATE TABLE p (a int); CREATE TABLE q (b int) INHERITS (p); "
        "ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "ALTER TABLE p VALIDATE CONSTRAINT c",
        EXACT,
    ),
    Case(
        "inherited check renamed",
        "CREATE TABLE p (a int, CONSTRAINT c CHECK (a > 0)); CREATE TABLE q (b int) INHERITS (p);",
        "ALTER TABLE p RENAME CONSTRAINT c TO d",
        EXACT,
    ),
    Case(
        "check over rows that break it",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (-1); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "ALTER TABLE t DROP CONSTRAINT c",
        EXACT,
    ),
    Case(
        "check with a function",
        "CREATE FUNCTION ok(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 0'; "
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (ok(a)))",
        "ALTER TABLE t DROP CONSTRAINT c; DROP FUNCTION ok(int)",
        EXACT,
    ),
    Case(
        "constraint comment",
        _KEYED,
        "COMMENT ON CONSTRAINT b_id ON b IS NULL; COMMENT ON CONSTRAINT x_y ON a IS 'n'",
        EXACT,
    ),
    Case(
        "not enforced",
        _PAIR,
        "ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES a NOT ENFORCED, ADD CONSTRAINT c "
        "CHECK (x > 5) NOT ENFORCED",
        EXACT,
        since=18,
    ),
    Case(
        "enforced",
        _PAIR + "ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES a NOT ENFORCED",
        "ALTER TABLE b ALTER CONSTRAINT f ENFORCED",
        EXACT,
        since=18,
    ),
    Case("no longer enforced", _KEYED, "ALTER TABLE b ALTER CONSTRAINT b_id NOT ENFORCED", EXACT, since=18),
    Case(
        "not enforced check dropped",
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0) NOT ENFORCED)",
        "ALTER TABLE t DROP CONSTRAINT c",
        EXACT,
        since=18,
    ),
    Case(
        "not null not valid",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)",
        "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
        EXACT,
        since=18,
    ),
    Case(
        "not null not valid dropped",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
        "ALTER TABLE t DROP CONSTRAINT n",
        EXACT,
        since=18,
    ),
    Case(
        "not null validated",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT n",
        EXACT,
        since=18,
    ),
    Case(
        "not null no longer inherited",
        "CREATE TABLE p (a int CONSTRAINT n NOT NULL NO INHERIT)",
        "ALTER TABLE p ALTER CONSTRAINT n INHERIT",
        EXACT,
        since=18,
    ),
    Case(
        "not null not inherited dropped",
        "CREATE TABLE p (a int CONSTRAINT n NOT NULL NO INHERIT); CREATE TABLE q () INHERITS (p)",
        "ALTER TABLE p DROP CONSTRAINT n",
        EXACT,
        since=18,
    ),
    Case(
        "key without overlaps",
        "CREATE TABLE t (r int4range, s int4range)",
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE (s, r WITHOUT OVERLAPS)",
        EXACT,
        since=18,
    ),
    Case(
        "key of a partitioned table",
        "CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a, b)",
        EXACT,
    ),
    Case(
        "key of a partitioned table dropped",
        "CREATE TABLE t (a int, b int, CONSTRAINT k PRIMARY KEY (a, b)) PARTITION BY LIST (a); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
        "CREATE TABLE r (a int, b int, FOREIGN KEY (a, b) REFERENCES t)",
        "ALTER TABLE t DROP CONSTRAINT k CASCADE",
        EXACT,
    ),
    Case(
        "reference from a partitioned table",
        _PAIR
        + "CREATE TABLE t (a int REFERENCES a) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "ALTER TABLE t DROP CONSTRAINT t_a_fkey",
        EXACT,
    ),
    Case(
        "reference to a partitioned table",
        "CREATE TABLE t (a int PRIMARY KEY) PARTITION BY LIST (a); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE r (a int)",
        "ALTER TABLE r ADD FOREIGN KEY (a) REFERENCES t",
        EXACT,
    ),
    Case(
        "reference to a partitioned table dropped",
        "CREATE TABLE t (a int PRIMARY KEY) PARTITION BY LIST (a); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE r (a int REFERENCES t)",
        "ALTER TABLE r DROP CONSTRAINT r_a_fkey",
        EXACT,
    ),
    Case(
        "table that refers to itself",
        "CREATE TABLE t (id int PRIMARY KEY, up int CONSTRAINT up REFERENCES t ON DELETE SET NULL)",
        "ALTER TABLE t DROP COLUMN up",
        LOSSY,
    ),
    Case(
        "key by name of its index",
        "CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX i ON t (a); "
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        "ALTER INDEX k RENAME TO l",
        EXACT,
    ),
    Case(
        "table that others refer to dropped",
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (b int REFERENCES t); "
        "COMMENT ON CONSTRAINT u_b_fkey ON u IS 'x'",
        "DROP TABLE t CASCADE",
        LOSSY,
    ),
)
