"""Constraint triggers, whose constraint has a name of its own."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, Case

_CONSTRAINT_TRIGGERS = """
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);
CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();
CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE CONSTRAINT TRIGGER g AFTER UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f();
"""

CONSTRAINT_TRIGGERS = (
    Case(
        "constraint trigger",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
        "CREATE TABLE t (a int); CREATE TABLE u (a int); "
        "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t FROM u DEFERRABLE INITIALLY DEFERRED FOR EACH "
        "ROW WHEN (NEW.a > 0) EXECUTE FUNCTION f(); "
        "COMMENT ON TRIGGER g ON t IS 'late'",
        "DROP TRIGGER g ON t",
        EXACT,
    ),
    Case(
        "constraint of a trigger renamed",
        _CONSTRAINT_TRIGGERS,
        "ALTER TABLE t RENAME CONSTRAINT g TO k; ALTER TABLE t ADD CONSTRAINT g CHECK (a > 0)",
        EXACT,
    ),
    Case(
        "constraints of a trigger and of a table that swap names",
        _CONSTRAINT_TRIGGERS + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t RENAME CONSTRAINT g TO x; ALTER TABLE t RENAME CONSTRAINT c TO g; "
        "ALTER TABLE t RENAME CONSTRAINT x TO c",
        EXACT,
    ),
    Case(
        "trigger whose constraint has another name dropped",
        _CONSTRAINT_TRIGGERS + "ALTER TABLE t RENAME CONSTRAINT g TO h; ALTER TABLE t ADD CONSTRAINT g CHECK (a > 0)",
        "DROP TRIGGER g ON t",
        EXACT,
    ),
    Case(
        "constraint of a partitioned table's trigger renamed",
        _CONSTRAINT_TRIGGERS + "ALTER TABLE p_1 RENAME CONSTRAINT g TO one",
        "ALTER TABLE p RENAME CONSTRAINT g TO h; ALTER TABLE p_2 RENAME CONSTRAINT g TO two",
        EXACT,
        since=15,
    ),
    Case(
        "constraint of a partition's trigger renamed",
        _CONSTRAINT_TRIGGERS + "ALTER TABLE p RENAME CONSTRAINT g TO h",
        "ALTER TABLE p_1 RENAME CONSTRAINT g TO one; DROP TABLE p_2",
        LOSSY,
        since=15,
    ),
    Case(
        "trigger of a partitioned table whose constraint has another name dropped",
        _CONSTRAINT_TRIGGERS + "ALTER TABLE p RENAME CONSTRAINT g TO h; ALTER TABLE p_1 RENAME CONSTRAINT g TO one",
        "DROP TRIGGER g ON p",
        EXACT,
        since=15,
    ),
)
