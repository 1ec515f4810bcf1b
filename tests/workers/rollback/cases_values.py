"""Changes of a column's type that cost its values, and those that only seem to."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, IRREVERSIBLE, LOSSY, Case

_USERS = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, at timestamp, must timestamptz NOT NULL DEFAULT now(), yes boolean, many bigint,
    m mood, ms mood[], u uuid, j jsonb, tags text[], name text);
INSERT INTO t VALUES (1, '2020-01-01', '2020-01-02', true, 5, 'sad', '{ok}', gen_random_uuid(), '{"a": 1}', '{x}', 'n'),
    (2, NULL, '2020-01-02', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""
_ALTER = "ALTER TABLE t ALTER "
_PAIR = "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (x pair); INSERT INTO t VALUES ((1, 'b'));"

VALUES = (
    Case("timestamp to boolean", _USERS, _ALTER + "at TYPE boolean USING (at IS NOT NULL)", LOSSY),
    Case(
        "required timestamp to boolean",
        _USERS,
        _ALTER + "must DROP DEFAULT, ALTER must TYPE boolean USING (must IS NOT NULL)",
        LOSSY,
    ),
    Case(
        "timestamp to required boolean",
        _USERS,
        _ALTER + "at TYPE boolean USING (at IS NOT NULL), ALTER at SET NOT NULL",
        LOSSY,
    ),
    Case("boolean to timestamp", _USERS, _ALTER + "yes TYPE timestamp USING CASE WHEN yes THEN now() END", LOSSY),
    Case("boolean to enum", _USERS, _ALTER + "yes TYPE mood USING CASE WHEN yes THEN 'ok'::mood END", LOSSY),
    Case("boolean to bigint", _USERS, _ALTER + "yes TYPE bigint USING CASE WHEN yes THEN 7 END", LOSSY),
    Case("bigint to boolean", _USERS, _ALTER + "many TYPE boolean USING many > 0", LOSSY),
    Case("enum to number", _USERS, _ALTER + "m TYPE int USING 1", LOSSY),
    Case("list of an enum to numbers", _USERS, _ALTER + "ms TYPE int[] USING '{1}'", LOSSY),
    Case(
        "required and unique values",
        "CREATE TABLE t (a timestamp PRIMARY KEY, b date NOT NULL, n int, UNIQUE (b, n)); "
        "INSERT INTO t VALUES ('2020-01-01', '2020-01-01'), ('2020-01-02', '2020-01-02')",
        _ALTER + "a TYPE int USING extract(epoch FROM a), ALTER b TYPE int USING b - 'epoch'::date",
        LOSSY,
    ),
    Case("uuid to number", _USERS, _ALTER + "u TYPE int USING 1", LOSSY),
    Case("list to jsonb", _USERS, _ALTER + "tags TYPE jsonb USING to_jsonb(tags)", LOSSY),
    Case("jsonb to list", _USERS, _ALTER + "j TYPE text[] USING ARRAY[j ->> 'a']", LOSSY),
    Case("text to list and others", _USERS, _ALTER + "name TYPE text[] USING ARRAY[name]", LOSSY),
    Case("values of the same type", _USERS, _ALTER + "many TYPE bigint USING NULL", LOSSY),
    Case("values of a wider type", _USERS, _ALTER + "many TYPE numeric USING many * 2", LOSSY),
    Case("letters in upper case", _USERS, _ALTER + "name TYPE text USING upper(name)", LOSSY),
    Case("values cast", _USERS, _ALTER + "many TYPE numeric USING (many::numeric)", EXACT),
    Case(
        "values of partitions",
        "CREATE TABLE p (id int, a int) PARTITION BY LIST (id); CREATE TABLE one PARTITION OF p FOR VALUES IN (1); "
        "CREATE TABLE q (a int); CREATE TABLE below () INHERITS (q); INSERT INTO p VALUES (1, 2); "
        "INSERT INTO below VALUES (3)",
        "ALTER TABLE p ALTER a TYPE int USING a + 1; ALTER TABLE q ALTER a TYPE bigint USING NULL",
        LOSSY,
    ),
    Case(
        "composite type made again with other attributes",
        _PAIR,
        _ALTER + "x TYPE text USING NULL; DROP TYPE pair; CREATE TYPE pair AS (a int); "
        "ALTER TABLE t ALTER x TYPE pair USING ROW(1)::pair",
        LOSSY,
    ),
    Case(
        "composite type made again with the same attributes",
        _PAIR,
        _ALTER + "x TYPE text; DROP TYPE pair; CREATE TYPE pair AS (a int, b text); "
        "ALTER TABLE t ALTER x TYPE pair USING x::pair",
        EXACT,
    ),
    Case(
        "composite type made again as an enum",
        _PAIR,
        _ALTER + "x TYPE text; DROP TYPE pair; CREATE TYPE pair AS ENUM ('one'); "
        "ALTER TABLE t ALTER x TYPE pair USING 'one'::pair",
        LOSSY,
    ),
    Case(
        "options in another order",
        "CREATE TABLE t (a int) WITH (fillfactor = 70, autovacuum_enabled = off); "
        "CREATE VIEW v WITH (security_barrier, check_option = local) AS SELECT a FROM t",
        "ALTER TABLE t RESET (fillfactor); ALTER VIEW v RESET (security_barrier)",
        EXACT,
    ),
    Case(
        "inherited not null becomes the table's own",
        "CREATE TABLE t (a int NOT NULL); CREATE TABLE u () INHERITS (t)",
        "ALTER TABLE u ALTER a SET NOT NULL",
        IRREVERSIBLE,
        since=18,
    ),
    Case(
        "own not null inherited",
        "CREATE TABLE t (a int); CREATE TABLE u (b int) INHERITS (t); ALTER TABLE u ALTER a SET NOT NULL",
        "ALTER TABLE t ALTER a SET NOT NULL",
        EXACT,
    ),
    Case(
        "inherited not null given up for that of the parent",
        "CREATE TABLE t (a int); CREATE TABLE u (b int) INHERITS (t); ALTER TABLE u ALTER a SET NOT NULL",
        "ALTER TABLE u ALTER a DROP NOT NULL; ALTER TABLE t ALTER a SET NOT NULL",
        EXACT,
    ),
    Case(
        "inherited column becomes its table's own",
        "CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t)",
        "ALTER TABLE u NO INHERIT t; ALTER TABLE u INHERIT t",
        IRREVERSIBLE,
    ),
)
