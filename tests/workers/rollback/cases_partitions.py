"""Partitions and inheritance."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, IRREVERSIBLE, LOSSY, PARTS, Case

_DEEP = """
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE p (a int NOT NULL, b int NOT NULL DEFAULT 3, c text, o int REFERENCES other, PRIMARY KEY (a, b),
    CHECK (a > 0)) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p (c DEFAULT 'one') FOR VALUES IN (1) PARTITION BY RANGE (b);
CREATE TABLE p1a PARTITION OF p1 FOR VALUES FROM (0) TO (10) WITH (fillfactor = 50);
CREATE TABLE p1z PARTITION OF p1 DEFAULT;
CREATE TABLE pd PARTITION OF p DEFAULT;
CREATE TABLE ph (a int NOT NULL, c text, b int NOT NULL, o int, extra_dropped int,
    CONSTRAINT p_a_check CHECK (a > 0)); ALTER TABLE ph DROP extra_dropped;
ALTER TABLE p ATTACH PARTITION ph FOR VALUES IN (5);
CREATE INDEX pc ON p (c); CREATE UNIQUE INDEX own ON p1a (c);
CREATE TRIGGER g BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER mine BEFORE UPDATE ON p1a FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TABLE p1a IS 'leaf'; COMMENT ON COLUMN p1a.c IS 'leaf c'; GRANT SELECT ON p1a TO PUBLIC;
INSERT INTO p VALUES (1, 1, 'x'), (1, 50, 'y'), (7, 1, 'z'), (5, 5, 'w');
"""
_FAMILY = """
CREATE TABLE p (a int NOT NULL DEFAULT 1, b text, CONSTRAINT c CHECK (a > 0)); CREATE TABLE q (z int);
CREATE TABLE k (own int, a int NOT NULL DEFAULT 2) INHERITS (p, q); CREATE TABLE kk (more int) INHERITS (k);
CREATE INDEX ki ON k (a); INSERT INTO p VALUES (1, 'p'); INSERT INTO k (a, b, own) VALUES (2, 'k', 3);
INSERT INTO kk VALUES (3, 'kk');
COMMENT ON COLUMN k.b IS 'of the child';
"""

PARTITIONS = (
    Case("deep partitioned table made", "SELECT 1", _DEEP, EXACT),
    Case("deep partitioned table dropped", _DEEP, "DROP TABLE p CASCADE", LOSSY),
    Case("sub-partition detached", _DEEP, "ALTER TABLE p1 DETACH PARTITION p1a", EXACT),
    Case("middle partition detached", _DEEP, "ALTER TABLE p DETACH PARTITION p1", EXACT),
    Case("default partition detached", _DEEP, "ALTER TABLE p DETACH PARTITION pd", EXACT),
    Case("default partition dropped", _DEEP, "DROP TABLE pd", LOSSY),
    Case("sub-partition dropped", _DEEP, "DROP TABLE p1a", LOSSY),
    Case("middle partition dropped", _DEEP, "DROP TABLE p1", LOSSY),
    Case("default partition made", PARTS, "CREATE TABLE events_rest PARTITION OF events DEFAULT", EXACT),
    Case(
        "existing table attached",
        PARTS + "CREATE TABLE e25 (id bigint NOT NULL, at date NOT NULL); INSERT INTO e25 VALUES (1, '2025-02-02');",
        "ALTER TABLE events ATTACH PARTITION e25 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        EXACT,
    ),
    Case(
        "table with its own key attached",
        PARTS + "CREATE TABLE e25 (id bigint NOT NULL, at date NOT NULL, CONSTRAINT mine PRIMARY KEY (id, "
        "at)); CREATE INDEX mine_at ON e25 (at);",
        "ALTER TABLE events ATTACH PARTITION e25 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        EXACT,
    ),
    Case(
        "partition bounds changed",
        PARTS,
        "ALTER TABLE events DETACH PARTITION events_2024; "
        "ALTER TABLE events ATTACH PARTITION events_2024 FOR VALUES FROM ('2023-01-01') TO "
        "('2025-01-01')",
        EXACT,
    ),
    Case(
        "partition moved to another parent",
        PARTS + "CREATE TABLE other (LIKE events INCLUDING ALL) PARTITION BY RANGE (at);",
        "ALTER TABLE events DETACH PARTITION events_2024; "
        "ALTER TABLE other ATTACH PARTITION events_2024 FOR VALUES FROM ('2024-01-01') TO "
        "('2025-01-01')",
        EXACT,
    ),
    Case(
        "partitions renamed",
        _DEEP,
        "ALTER TABLE p1 RENAME TO pp1; ALTER TABLE p RENAME TO pp; ALTER INDEX pc RENAME TO ppc",
        EXACT,
    ),
    Case("partition column added", _DEEP, "ALTER TABLE p ADD d int DEFAULT 4, ADD CONSTRAINT dd CHECK (d > 0)", EXACT),
    Case("partition column dropped", _DEEP, "ALTER TABLE p DROP c", LOSSY),
    Case("partition column retyped", _DEEP, "ALTER TABLE p ALTER c TYPE varchar(20)", LOSSY),
    Case("partition column renamed", _DEEP, "ALTER TABLE p RENAME c TO cc", EXACT),
    Case(
        "partition column default and not null",
        _DEEP,
        "ALTER TABLE p ALTER c SET DEFAULT 'x', ALTER c SET NOT NULL; ALTER TABLE p1a ALTER b SET DEFAULT 9",
        EXACT,
    ),
    Case("partition trigger disabled", _DEEP, "ALTER TABLE p1a DISABLE TRIGGER g", EXACT),
    Case("partitioned trigger disabled", _DEEP, "ALTER TABLE p DISABLE TRIGGER g", EXACT),
    Case(
        "partition trigger enabled",
        _DEEP + "ALTER TABLE p1a DISABLE TRIGGER g; ALTER TABLE p DISABLE TRIGGER g;",
        "ALTER TABLE p ENABLE TRIGGER g; ALTER TABLE p1a ENABLE TRIGGER g",
        EXACT,
    ),
    Case("partitioned trigger dropped", _DEEP + "ALTER TABLE p1a DISABLE TRIGGER g;", "DROP TRIGGER g ON p", EXACT),
    Case("partitioned trigger renamed", _DEEP, "ALTER TRIGGER g ON p RENAME TO gg", EXACT, since=15),
    Case("partitioned key dropped", _DEEP, "ALTER TABLE p DROP CONSTRAINT p_pkey", EXACT),
    Case("partitioned reference dropped", _DEEP, "ALTER TABLE p DROP CONSTRAINT p_o_fkey", EXACT),
    Case("partitioned check dropped", _DEEP, "ALTER TABLE p DROP CONSTRAINT p_a_check", EXACT),
    Case("partitioned index dropped", _DEEP, "DROP INDEX pc", EXACT),
    Case(
        "table becomes partitioned",
        "CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1)",
        "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (a int, b int) PARTITION BY LIST (a); "
        "ALTER TABLE t ATTACH PARTITION t_old DEFAULT",
        EXACT,
    ),
    Case(
        "partition moved to a schema",
        PARTS,
        "CREATE SCHEMA s; ALTER TABLE events_2024 SET SCHEMA s; ALTER TABLE events SET SCHEMA s",
        EXACT,
    ),
    Case(
        "hash partitions",
        "CREATE TABLE t (a text, b int) PARTITION BY HASH (lower(a), b); "
        "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        "DROP TABLE t",
        LOSSY,
    ),
    Case(
        "partition key with a collation and a class",
        'CREATE TABLE t (a text, b int) PARTITION BY RANGE (a COLLATE "C" text_pattern_ops, (b + '
        "1)); CREATE TABLE t0 PARTITION OF t FOR VALUES FROM (MINVALUE, MINVALUE) TO ('m', MAXVALUE)",
        "DROP TABLE t",
        LOSSY,
    ),
    Case(
        "identity of a partitioned table",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int) PARTITION BY LIST (b); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "DROP TABLE t1",
        LOSSY,
        since=17,
    ),
    Case(
        "identity of a partitioned table dropped",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int) PARTITION BY LIST (b); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "ALTER TABLE t ALTER a DROP IDENTITY",
        LOSSY,
        since=17,
    ),
    Case(
        "partition with options of its own",
        _DEEP,
        "ALTER TABLE p1a SET (fillfactor = 80); ALTER TABLE p1a ALTER c SET STATISTICS 9; "
        "ALTER TABLE p1a ALTER c SET STORAGE EXTERNAL; ALTER TABLE p ALTER c SET STORAGE MAIN",
        EXACT,
    ),
    Case(
        "identity of a detached partition",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int) PARTITION BY LIST (b); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "ALTER TABLE t DETACH PARTITION t1",
        EXACT,
        since=17,
    ),
    Case(
        "column dropped and partition detached",
        PARTS + "ALTER TABLE events ADD note text;",
        "ALTER TABLE events DROP note; ALTER TABLE events DETACH PARTITION events_2024",
        LOSSY,
    ),
    Case(
        "partition made of a table that others refer to",
        "CREATE TABLE t (a int PRIMARY KEY) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
        "CREATE TABLE r (a int REFERENCES t)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2) PARTITION BY LIST (a); "
        "CREATE TABLE t22 PARTITION OF t2 DEFAULT",
        EXACT,
    ),
    Case(
        "partition with an exclusion detached",
        "CREATE TABLE t (a int, b int, EXCLUDE (a WITH =)) PARTITION BY LIST (a); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "ALTER TABLE t DETACH PARTITION t1",
        EXACT,
        since=17,
    ),
    Case(
        "sequence given to a new column of a detached partition",
        PARTS + "CREATE SEQUENCE s;",
        "ALTER TABLE events DETACH PARTITION events_2024; ALTER TABLE events_2024 ADD n int; "
        "ALTER SEQUENCE s OWNED BY events_2024.n",
        EXACT,
    ),
    Case(
        "partition detached whose indexes have other options",
        PARTS,
        "ALTER INDEX events_2024_at_idx SET (fillfactor = 50); ALTER INDEX events_2024_pkey SET (fillfactor = 50); "
        "ALTER TABLE events DETACH PARTITION events_2024",
        EXACT,
    ),
    Case(
        "partition key renamed",
        PARTS,
        "ALTER TABLE events_2024 RENAME CONSTRAINT events_2024_pkey TO k",
        EXACT,
    ),
)

INHERITANCE = (
    Case(
        "identity of a child",
        "CREATE TABLE t (a int NOT NULL); CREATE TABLE c (a int GENERATED ALWAYS AS IDENTITY) INHERITS (t)",
        "DROP TABLE c",
        LOSSY,
    ),
    Case("family made", "SELECT 1", _FAMILY, EXACT),
    Case("child dropped", _FAMILY, "DROP TABLE kk; DROP TABLE k", LOSSY),
    Case("parent dropped", _FAMILY, "DROP TABLE p CASCADE", LOSSY),
    Case(
        "an inherited constraint is valid in the partition that is made again",
        "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE n PARTITION OF p FOR VALUES FROM (1) TO (2); "
        "ALTER TABLE p ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID",
        "DROP TABLE n; CREATE TABLE n PARTITION OF p FOR VALUES FROM (1) TO (2)",
        IRREVERSIBLE,
    ),
    Case("inherits no longer", _FAMILY, "ALTER TABLE k NO INHERIT p", IRREVERSIBLE),
    Case(
        "inherits no longer from the first of one",
        "CREATE TABLE p (a int, CONSTRAINT c CHECK (a > 0)); CREATE TABLE k () INHERITS (p)",
        "ALTER TABLE k NO INHERIT p",
        IRREVERSIBLE,
    ),
    Case("inherits", "CREATE TABLE p (a int); CREATE TABLE k (a int, b int)", "ALTER TABLE k INHERIT p", EXACT),
    Case("inherited column renamed", _FAMILY, "ALTER TABLE p RENAME b TO bb", EXACT),
    Case("inherited column dropped", _FAMILY, "ALTER TABLE p DROP b", LOSSY),
    Case("inherited column added", _FAMILY, "ALTER TABLE p ADD n int DEFAULT 3", EXACT),
    Case("inherited column retyped", _FAMILY, "ALTER TABLE p ALTER b TYPE varchar", EXACT),
    Case("inherited column required", _FAMILY, "ALTER TABLE p ALTER b SET NOT NULL", EXACT),
    Case("inherited column not required", _FAMILY, "ALTER TABLE ONLY p ALTER a DROP NOT NULL", EXACT),
    Case(
        "inherited default",
        _FAMILY,
        "ALTER TABLE p ALTER a SET DEFAULT 9; ALTER TABLE kk ALTER a DROP DEFAULT; "
        "ALTER TABLE k ALTER b SET DEFAULT 'x'",
        EXACT,
    ),
    Case("grandchild leaves", _FAMILY, "ALTER TABLE kk NO INHERIT k; ALTER TABLE kk DROP own", IRREVERSIBLE),
)
