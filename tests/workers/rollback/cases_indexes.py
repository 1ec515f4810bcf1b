"""Indexes and extended statistics."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, Case

_T = """
CREATE TABLE t (a int NOT NULL, b text, c jsonb, d int);
INSERT INTO t VALUES (1, 'x', '{}', 1), (2, 'x', '{}', 1);
"""
_MANY = (
    _T
    + """
CREATE UNIQUE INDEX u ON t (a) INCLUDE (b) WITH (fillfactor = 60);
CREATE INDEX e ON t (lower(b) COLLATE "C" text_pattern_ops DESC NULLS LAST, (a + d)) WHERE d > 0;
CREATE INDEX w ON t (d); CREATE INDEX g ON t USING gin (c jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX h ON t USING hash (b); CREATE INDEX s ON t USING brin (a) WITH (pages_per_range = 4, autosummarize = on);
ALTER INDEX e ALTER COLUMN 2 SET STATISTICS 300;
COMMENT ON INDEX e IS 'expressions';
ALTER TABLE t CLUSTER ON w;
"""
)

INDEXES = (
    Case(
        "table and index with each other's name",
        "CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE TABLE u (a int); CREATE SEQUENCE s",
        "ALTER TABLE t RENAME TO x; ALTER INDEX i RENAME TO t; ALTER TABLE x RENAME TO i; "
        "ALTER SEQUENCE s RENAME TO y; ALTER TABLE u RENAME TO s; ALTER SEQUENCE y RENAME TO u",
        EXACT,
    ),
    Case("indexes of many kinds dropped", _MANY, "DROP INDEX u, e, g, h, s, w", EXACT),
    Case("index replaced", _MANY, "DROP INDEX u; CREATE UNIQUE INDEX u ON t (a)", EXACT),
    Case("index options", _MANY, "ALTER INDEX u SET (fillfactor = 80); ALTER INDEX g RESET (fastupdate)", EXACT),
    Case("index statistics", _MANY, "ALTER INDEX e ALTER COLUMN 2 SET STATISTICS 20", EXACT),
    Case(
        "index statistics set",
        _T + "CREATE INDEX e ON t ((a + d))",
        "ALTER INDEX e ALTER COLUMN 1 SET STATISTICS 20",
        EXACT,
    ),
    Case("no longer clustered", _MANY, "ALTER TABLE t SET WITHOUT CLUSTER", EXACT),
    Case("clustered on another", _MANY, "ALTER TABLE t CLUSTER ON u", EXACT),
    Case(
        "clustered by its key",
        _T + "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a); ALTER TABLE t CLUSTER ON k",
        "ALTER TABLE t DROP CONSTRAINT k",
        EXACT,
    ),
    Case(
        "key with options",
        _T + "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a) WITH (fillfactor = 50); COMMENT ON INDEX k IS 'i'",
        "ALTER TABLE t DROP CONSTRAINT k",
        EXACT,
    ),
    Case(
        "key options changed",
        _T + "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a) WITH (fillfactor = 50)",
        "ALTER INDEX k RESET (fillfactor)",
        EXACT,
    ),
    Case("replica identity by index", _MANY, "ALTER TABLE t REPLICA IDENTITY USING INDEX u", EXACT),
    Case(
        "replica identity index dropped",
        _MANY + "ALTER TABLE t REPLICA IDENTITY USING INDEX u;",
        "ALTER TABLE t REPLICA IDENTITY FULL; DROP INDEX u",
        EXACT,
    ),
    Case(
        "replica identity index replaced",
        _MANY + "ALTER TABLE t REPLICA IDENTITY USING INDEX u;",
        "DROP INDEX u; CREATE UNIQUE INDEX u ON t (a)",
        EXACT,
    ),
    Case(
        "replica identity index renamed",
        _MANY + "ALTER TABLE t REPLICA IDENTITY USING INDEX u;",
        "ALTER INDEX u RENAME TO v",
        EXACT,
    ),
    Case(
        "replica identity of a dropped table",
        _MANY + "ALTER TABLE t REPLICA IDENTITY USING INDEX u;",
        "DROP TABLE t",
        LOSSY,
    ),
    Case("table with indexes dropped", _MANY, "DROP TABLE t", LOSSY),
    Case("column under indexes dropped", _MANY, "ALTER TABLE t DROP COLUMN d", LOSSY),
    Case("index on a type that changes", _MANY, "ALTER TABLE t ALTER a TYPE bigint", EXACT),
    Case(
        "index of a partitioned table",
        "CREATE TABLE p (a int, b int) PARTITION BY LIST (a); "
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE INDEX i ON p (b)",
        "DROP INDEX i",
        EXACT,
    ),
    Case(
        "index of a partitioned table only",
        "CREATE TABLE p (a int, b int) PARTITION BY LIST (a); "
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE INDEX j ON p1 (b)",
        "CREATE INDEX i ON ONLY p (b)",
        EXACT,
    ),
    Case(
        "invalid index of a partitioned table dropped",
        "CREATE TABLE p (a int, b int) PARTITION BY LIST (a); "
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE INDEX i ON ONLY p (b)",
        "DROP INDEX i",
        EXACT,
    ),
    Case(
        "index attached",
        "CREATE TABLE p (a int, b int) PARTITION BY LIST (a); "
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE INDEX j ON p1 (b); "
        "CREATE INDEX i ON ONLY p (b)",
        "ALTER INDEX i ATTACH PARTITION j",
        EXACT,
    ),
    Case(
        "indexes of sub-partitions",
        "CREATE TABLE p (a int, b int) PARTITION BY LIST (a); "
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (b); "
        "CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1); "
        "CREATE INDEX i ON p (b) WITH (fillfactor = 50); COMMENT ON INDEX p11_b_idx IS 'leaf'; "
        "ALTER INDEX p1_b_idx RENAME TO middle",
        "DROP INDEX i",
        EXACT,
    ),
    Case(
        "unique index in place of a key",
        _T,
        "CREATE UNIQUE INDEX k ON t (a); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX k",
        EXACT,
    ),
    Case(
        "statistics dropped",
        _T + "CREATE STATISTICS st (dependencies, mcv) ON a, (d + 1), b FROM t; "
        "ALTER STATISTICS st SET STATISTICS 50; COMMENT ON STATISTICS st IS 's'",
        "DROP STATISTICS st",
        EXACT,
        since=14,
    ),
    Case(
        "statistics target", _T + "CREATE STATISTICS st ON a, b FROM t", "ALTER STATISTICS st SET STATISTICS 50", EXACT
    ),
    Case(
        "statistics over a type that changes",
        _T + "CREATE STATISTICS st ON a, b FROM t",
        "ALTER TABLE t ALTER a TYPE bigint",
        EXACT,
    ),
    Case(
        "index moved with its table",
        "CREATE SCHEMA s; " + _MANY,
        "ALTER TABLE t SET SCHEMA s; ALTER INDEX s.u RENAME TO uu",
        EXACT,
    ),
    Case("index name taken", _MANY, "ALTER INDEX u RENAME TO old_u; CREATE INDEX u ON t (d)", EXACT),
)
