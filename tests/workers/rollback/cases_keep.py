"""Migrations that cost rows or values, with what a copy brings back of them."""

from __future__ import annotations

from dataclasses import dataclass

from workers.facts import Facts, Write
from workers.words import Name

EXACT: tuple[str, ...] = ()
NO_KEY = "as it has no key that the migration leaves alone."


@dataclass(frozen=True, slots=True)
class Keep:
    """left: how each reason ends that remains; None where no copy is made at all. seen: what was observed of the first
    statement beyond its text."""

    name: str
    setup: str
    migration: str
    left: tuple[str, ...] | None = EXACT
    seen: Facts | None = None


def moved(table: str, columns: str) -> str:
    return f"Columns of table public.{table} come back behind the others, not in their former place: {columns}."


def truncated(*tables: str) -> Facts:
    return Facts(truncated=tuple(Name("public", table) for table in tables))


def inserted(table: str) -> str:
    return f"Rows were inserted into table public.{table}; they stay, also when the migration is applied again."


ROWS = "INSERT INTO t SELECT n, repeat('ä' || n, n % 4), nullif(n % 5, 0) FROM generate_series(1, 20) n;"
T = f"CREATE TABLE t (id int PRIMARY KEY, a text, b int); {ROWS}"
BARE = f"CREATE TABLE t (id int, a text, b int); {ROWS}"
FAMILY = """
CREATE TABLE p (id int PRIMARY KEY, x text); INSERT INTO p SELECT n, 'p' || n FROM generate_series(1, 9) n;
CREATE TABLE c (id serial PRIMARY KEY, p int NOT NULL REFERENCES p ON DELETE CASCADE,
    q int REFERENCES p ON DELETE SET NULL, up int REFERENCES c);
INSERT INTO c (p, q, up) SELECT n, nullif(10 - n, 5), nullif(n - 1, 0) FROM generate_series(1, 9) n;
"""
CIRCLE = """
CREATE TABLE x (id int PRIMARY KEY, y int); CREATE TABLE y (id int PRIMARY KEY, x int NOT NULL REFERENCES x);
ALTER TABLE x ADD FOREIGN KEY (y) REFERENCES y; INSERT INTO x VALUES (1), (2); INSERT INTO y VALUES (1, 1), (2, 1);
UPDATE x SET y = 3 - id;
"""
PARTS = """
CREATE TABLE t (id int, at date, a text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE old PARTITION OF t FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
CREATE TABLE rest PARTITION OF t DEFAULT;
INSERT INTO t SELECT n, date '2010-01-01' + n * 300, nullif('a' || n, 'a3') FROM generate_series(1, 20) n;
"""
NUMBERED = """
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, k uuid NOT NULL UNIQUE, d bigint);
INSERT INTO t (k, d) SELECT gen_random_uuid(), n FROM generate_series(1, 9) n; DELETE FROM t WHERE id = 9;
"""
TYPES = """
CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE DOMAIN d AS text; CREATE TYPE r AS (x int, y text);
CREATE COLLATION k (provider = libc, locale = 'C');
CREATE TABLE t (id d PRIMARY KEY, e e NOT NULL DEFAULT 'a', es e[], r r, a text COLLATE k, c char(5), j json, f float8,
    at timestamptz, i interval, b bytea);
INSERT INTO t VALUES ('1', 'c', '{a,NULL,b}', '(1,)', '', 'x', '{"a": [1]}', 1e-300, '2020-02-02 02:02:02.000002+02',
    '1 mon -3 days', '\\x00ff'), ('2', 'b', NULL, '(,)', NULL, NULL, NULL, 'NaN', '-infinity', NULL, ''),
    ('3', 'a', '{}', NULL, 'ß', '', 'null', 0.1, NULL, '0', NULL);
"""
TOUCHED = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b = 99; RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
"""

KEEPS = (
    Keep("nothing lost", T, "ALTER TABLE t ADD c int;", None),
    Keep("column dropped", T, "ALTER TABLE t DROP a;", (moved("t", "a"),)),
    Keep("last column dropped", T, "ALTER TABLE t DROP b;"),
    Keep("columns dropped, the table renamed", T, "ALTER TABLE t DROP a, DROP b; ALTER TABLE t RENAME TO u;"),
    Keep(
        "unique and required columns dropped",
        f"{T} ALTER TABLE t ADD u int UNIQUE, ADD v varchar(9); UPDATE t SET u = 99 - id, v = 'v' || id;"
        "ALTER TABLE t ALTER u SET NOT NULL, ALTER v SET NOT NULL; CREATE UNIQUE INDEX ON t (v);",
        "ALTER TABLE t DROP u, DROP v;",
    ),
    Keep("referring column dropped", FAMILY, "ALTER TABLE c DROP p;", (moved("c", "p"),)),
    Keep("dropped and added alike", T, "ALTER TABLE t DROP b, ADD b int;"),
    Keep(
        "column dropped without a key",
        BARE,
        "ALTER TABLE t DROP a; TRUNCATE t;",
        (f"it comes back without them; nothing of it is kept, {NO_KEY}", moved("t", "a")),
        truncated("t"),
    ),
    Keep("key may be NULL", f"{BARE} CREATE UNIQUE INDEX ON t (id);", "ALTER TABLE t DROP a;", None),
    Keep(
        "key of some rows only",
        f"{BARE} ALTER TABLE t ALTER id SET NOT NULL; CREATE UNIQUE INDEX ON t (id) WHERE id > 0;",
        "ALTER TABLE t DROP a;",
        None,
    ),
    Keep("identity key dropped", NUMBERED, "ALTER TABLE t DROP id;", (moved("t", "id"),)),
    Keep(
        "serial key dropped",
        "CREATE TABLE t (id serial PRIMARY KEY, k int NOT NULL UNIQUE); INSERT INTO t (k) VALUES (7), (8), (3);"
        "DELETE FROM t WHERE k = 3;",
        "ALTER TABLE t DROP id;",
        (moved("t", "id"),),
    ),
    Keep("key widened besides", T, "ALTER TABLE t DROP b; ALTER TABLE t ALTER id TYPE bigint;"),
    Keep("key to text besides", T, "ALTER TABLE t DROP b; ALTER TABLE t ALTER id TYPE text;", None),
    Keep("values cut", T, "ALTER TABLE t ALTER a TYPE varchar(3) USING left(a, 3);"),
    Keep("values converted", T, "ALTER TABLE t ALTER a TYPE int USING length(a);"),
    Keep("table dropped", FAMILY, "DROP TABLE p CASCADE;"),
    Keep("family dropped", FAMILY, "DROP TABLE c, p;"),
    Keep("circle dropped", CIRCLE, "DROP TABLE x, y CASCADE;"),
    Keep(
        "generated column",
        "CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a * 2) STORED);"
        "INSERT INTO t VALUES (1, 2), (2, NULL);",
        "DROP TABLE t;",
    ),
    Keep("identity dropped with its table", NUMBERED, "DROP TABLE t;"),
    Keep("made again", T, "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a text, b int);"),
    Keep(
        "made again and filled",
        T,
        "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a text, b int); INSERT INTO t VALUES (1);",
        None,
    ),
    Keep(
        "types dropped with the table",
        TYPES,
        "DROP TABLE t; DROP TYPE e; DROP TYPE r; DROP DOMAIN d; DROP COLLATION k;",
    ),
    Keep(
        "enum value removed",
        TYPES,
        "CREATE TYPE e2 AS ENUM ('a', 'b'); ALTER TABLE t ALTER e DROP DEFAULT, DROP es;"
        "UPDATE t SET e = 'a' WHERE e = 'c'; ALTER TABLE t ALTER e TYPE e2 USING e::text::e2; DROP TYPE e;"
        "ALTER TYPE e2 RENAME TO e; ALTER TABLE t ALTER e SET DEFAULT 'a';",
        (moved("t", "es"),),
    ),
    Keep("sequence dropped", "CREATE SEQUENCE s; SELECT nextval('s'), nextval('s');", "DROP SEQUENCE s;"),
    Keep("updated", T, "UPDATE t SET a = upper(a), b = NULL WHERE id > 3;"),
    Keep("updated, the column renamed", T, "ALTER TABLE t RENAME a TO z; UPDATE t SET z = 'z';"),
    Keep(
        "updated and required no more",
        f"{T} UPDATE t SET a = 'q' WHERE a IS NULL; ALTER TABLE t ALTER a SET NOT NULL;",
        "ALTER TABLE t ALTER a DROP NOT NULL; UPDATE t SET a = NULL;",
    ),
    Keep("updated without a key", BARE, "UPDATE t SET a = 'x';", None),
    Keep("key updated", T, "UPDATE t SET id = id + 1000;", None),
    Keep("updated under a trigger", T + TOUCHED, "UPDATE t SET a = 'x';"),
    Keep(
        "updated in a block",
        T,
        "DO $$ BEGIN UPDATE t SET a = 'x' WHERE id < 5; END $$;",
        seen=Facts(writes=(Write(Name("public", "t"), updated=4),)),
    ),
    Keep("upserted", T, "INSERT INTO t VALUES (3, 'x') ON CONFLICT (id) DO UPDATE SET a = 'y';", (inserted("t"),)),
    Keep("deleted", T, "DELETE FROM t WHERE id % 3 = 0;"),
    Keep("deleted without a key", BARE, "DELETE FROM t;", None),
    Keep("deleted and inserted", T, "DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (3, 'x');", None),
    Keep("deleted with those that refer", FAMILY, "UPDATE c SET up = NULL; DELETE FROM p WHERE id > 3;"),
    Keep("deleted in a circle", CIRCLE, "UPDATE x SET y = NULL; DELETE FROM y; DELETE FROM x;"),
    Keep(
        "duplicates removed",
        "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1), (2, 1), (3, NULL);",
        "DELETE FROM t WHERE id = 2; CREATE UNIQUE INDEX ON t (a);",
    ),
    Keep("truncated", BARE, "TRUNCATE t;", seen=truncated("t")),
    Keep("truncated and numbered anew", FAMILY, "TRUNCATE c RESTART IDENTITY;", seen=truncated("c")),
    Keep("truncated and filled", T, "TRUNCATE t; INSERT INTO t VALUES (1);", None, truncated("t")),
    Keep("partition dropped", PARTS, "DROP TABLE old;"),
    Keep("deleted from partitions", PARTS, "DELETE FROM t WHERE id % 2 = 0; ALTER TABLE t DROP a;"),
    Keep("deleted from partitions, one of them dropped", PARTS, "DELETE FROM t WHERE id > 9; DROP TABLE old;"),
    Keep("partitions dropped", PARTS, "DROP TABLE t;"),
    Keep(
        "inherited",
        "CREATE TABLE p (id int PRIMARY KEY, a int); CREATE TABLE c (x int) INHERITS (p);",
        "DELETE FROM p;",
        None,
    ),
    Keep(
        "rows hidden from their owner",
        f"{T} ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        "ALTER TABLE t DROP b;",
    ),
    Keep(
        "keys checked late",
        "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1), (2); CREATE TABLE c"
        " (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED, x text);"
        "INSERT INTO c VALUES (1, 1, 'a'), (2, 2, NULL);" + TOUCHED.replace("NEW.b", "NEW.x").replace(" t ", " c "),
        "DELETE FROM c; DELETE FROM p; ALTER TABLE c DROP x;",
    ),
)
