"""Publications, statistics and extensions."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, IRREVERSIBLE, LOSSY, SHOP, Case
from tests.workers.rollback.cases_rare import OPEN

_PUBLISHED = """
CREATE TABLE a (id int PRIMARY KEY, t text, secret text); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int);
CREATE PUBLICATION pub FOR TABLE a, b WITH (publish = 'insert, update');
COMMENT ON PUBLICATION pub IS 'to the warehouse';
"""

_FILTERED = _PUBLISHED + "CREATE PUBLICATION few FOR TABLE a (id, t) WHERE (id > 10), b;"

_STATISTICS = """
CREATE TABLE t (a int, b int, c int);
CREATE STATISTICS st (dependencies, mcv) ON a, b FROM t;
ALTER STATISTICS st SET STATISTICS 50;
COMMENT ON STATISTICS st IS 'they go together';
"""

_HSTORE = "CREATE EXTENSION hstore VERSION '1.7'; CREATE TABLE t (a text, b text);"

PUBLICATIONS = (
    Case(
        "new table published",
        _PUBLISHED,
        "CREATE TABLE d (id int PRIMARY KEY); ALTER PUBLICATION pub ADD TABLE d; DROP TABLE c; CREATE TABLE c (x int); "
        "ALTER PUBLICATION pub ADD TABLE c",
        LOSSY,
    ),
    Case("publication made", "CREATE TABLE a (id int PRIMARY KEY)", "CREATE PUBLICATION pub FOR TABLE a", EXACT),
    Case("publication dropped", _PUBLISHED, "DROP PUBLICATION pub", EXACT),
    Case("publication's tables", _PUBLISHED, "ALTER PUBLICATION pub SET TABLE a, c", EXACT),
    Case("published table dropped", _PUBLISHED, "DROP TABLE b", LOSSY),
    Case(
        "publication changed",
        _PUBLISHED
        + "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO pg_database_owner', current_database()); END $$",
        "ALTER PUBLICATION pub SET (publish = 'delete', publish_via_partition_root); "
        "ALTER PUBLICATION pub RENAME TO p; "
        "ALTER PUBLICATION p OWNER TO pg_database_owner; COMMENT ON PUBLICATION p IS NULL; ALTER TABLE a RENAME TO z",
        EXACT,
        since=15,
    ),
    Case("publication with lists and conditions dropped", _FILTERED, "DROP PUBLICATION few", EXACT, since=15),
    Case(
        "publication's lists and conditions",
        _FILTERED,
        "ALTER PUBLICATION few SET TABLE a (id) WHERE (id > 20), b WHERE (id = 1), c",
        EXACT,
        since=15,
    ),
    Case(
        "type of a published column",
        _FILTERED,
        "ALTER PUBLICATION few DROP TABLE a; ALTER TABLE a ALTER id TYPE bigint; "
        "ALTER PUBLICATION few ADD TABLE a (id, t) WHERE (id > 10)",
        EXACT,
        since=15,
    ),
    Case("published column renamed", _FILTERED, "ALTER TABLE a RENAME id TO key", EXACT, since=15),
    Case(
        "publication of generated columns",
        _PUBLISHED,
        "ALTER PUBLICATION pub SET (publish_generated_columns = stored)",
        EXACT,
        since=18,
    ),
)

STATISTICS = (
    Case(
        "statistics of every kind made",
        _STATISTICS,
        "CREATE STATISTICS s (ndistinct) ON b, c FROM t; CREATE STATISTICS e ON (a + b) FROM t; "
        "CREATE STATISTICS m (mcv) ON (a % 2), c FROM t",
        EXACT,
        since=14,
    ),
    Case("statistics dropped", _STATISTICS, "DROP STATISTICS st", EXACT),
    Case("statistics dropped with a column", _STATISTICS, "ALTER TABLE t DROP COLUMN b", LOSSY),
    Case(
        "statistics changed",
        _STATISTICS + OPEN,
        "ALTER STATISTICS st SET STATISTICS 9; ALTER STATISTICS st RENAME TO x; ALTER STATISTICS x SET SCHEMA s; "
        "ALTER STATISTICS s.x OWNER TO pg_database_owner; COMMENT ON STATISTICS s.x IS 'x'",
        EXACT,
        since=15,
    ),
    Case(
        "statistics target",
        "CREATE TABLE t (a int, b int); CREATE STATISTICS st ON a, b FROM t",
        "ALTER STATISTICS st SET STATISTICS 0",
        EXACT,
    ),
    Case(
        "statistics made again as others",
        _STATISTICS,
        "DROP STATISTICS st; CREATE STATISTICS st ON a, c FROM t",
        EXACT,
    ),
    Case("statistics on a column of another type", _STATISTICS, "ALTER TABLE t ALTER a TYPE bigint", EXACT),
    Case("statistics on a renamed table", _STATISTICS, "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO z", EXACT),
)

EXTENSIONS = (
    Case("extension made", SHOP, "CREATE EXTENSION hstore; CREATE TABLE t (h hstore)", EXACT, needs="hstore"),
    Case(
        "extension dropped",
        "CREATE SCHEMA x; CREATE EXTENSION pg_trgm SCHEMA x; CREATE TABLE t (a text); "
        "COMMENT ON EXTENSION pg_trgm IS NULL; CREATE INDEX i ON t USING gin (a x.gin_trgm_ops)",
        "DROP EXTENSION pg_trgm CASCADE; DROP SCHEMA x",
        EXACT,
        needs="pg_trgm",
    ),
    Case(
        "extension dropped with columns",
        _HSTORE + "ALTER TABLE t ADD h hstore;",
        "DROP EXTENSION hstore CASCADE",
        LOSSY,
        needs="hstore",
    ),
    Case(
        "extension's schema renamed",
        "CREATE SCHEMA x; CREATE EXTENSION hstore SCHEMA x; CREATE TABLE t (h x.hstore)",
        "ALTER SCHEMA x RENAME TO y; COMMENT ON EXTENSION hstore IS 'y'",
        EXACT,
        needs="hstore",
    ),
    Case(
        "extension made again elsewhere",
        "CREATE EXTENSION hstore; CREATE SCHEMA x",
        "DROP EXTENSION hstore; CREATE EXTENSION hstore SCHEMA x",
        EXACT,
        needs="hstore",
    ),
    Case(
        "extension updated under an index and a view",
        _HSTORE + "CREATE INDEX i ON t USING gin (hstore(a, b)); CREATE VIEW v AS SELECT hstore(a, b) AS h FROM t;",
        "ALTER EXTENSION hstore UPDATE TO '1.8'",
        EXACT,
        needs="hstore",
    ),
    Case(
        "extension updated under a column",
        _HSTORE + "ALTER TABLE t ADD h hstore;",
        "ALTER EXTENSION hstore UPDATE TO '1.8'",
        IRREVERSIBLE,
        needs="hstore",
    ),
)
