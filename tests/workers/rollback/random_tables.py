"""Random statements on tables, their columns, constraints and indexes."""

from __future__ import annotations

from collections.abc import Callable

from tests.workers.rollback.random_here import Here

_TYPES = ("int", "bigint", "text", "varchar(20)", "numeric(9,2)", "mood", "amount", "date", "boolean", "int[]", "jsonb")
_VALUES = (
    "DEFAULT 5",
    "DEFAULT 'ok'",
    "NOT NULL DEFAULT 0",
    "",
    "",
    "UNIQUE",
    "DEFAULT twice(2)",
    "CHECK (true)",
    "GENERATED ALWAYS AS (twice(a)) STORED",
    "GENERATED ALWAYS AS IDENTITY",
    "REFERENCES t",
    'COLLATE "C"',
)
_CASCADE = ("", "", " CASCADE")


def table(h: Here) -> str:
    extra = h.of((", x mood DEFAULT 'ok'", ", r int REFERENCES t", ", y serial", ", UNIQUE (id, a)", ""))
    return f"CREATE TABLE {h.new()} (id int PRIMARY KEY, a int DEFAULT 3, b text{extra})"


def inheriting(h: Here) -> str:
    return f"CREATE TABLE {h.new()} (own int DEFAULT 1) INHERITS ({h.any('table')})"


def partition(h: Here) -> str:
    start = 10 * (h.two % 5)
    bound = h.of((f"FOR VALUES FROM ({start}) TO ({start + 10})", "DEFAULT"))
    return f"CREATE TABLE {h.new()} PARTITION OF {h.any('parted')} {bound}"


def detach(h: Here) -> str:
    return f"ALTER TABLE p DETACH PARTITION {h.any('partition')}"


def attach(h: Here) -> str:
    bound = f"FOR VALUES FROM ({h.two % 9 * 10}) TO (90)"
    return f"ALTER TABLE {h.any('parted')} ATTACH PARTITION {h.of(('n0', 'n1', 'n2', 'p_1'))} {bound}"


def inherit(h: Here) -> str:
    return f"ALTER TABLE {h.any('table')} {h.of(('INHERIT', 'NO INHERIT'))} {h.of(('t', 'u', 'n0', 'n1'), h.two)}"


def drop(h: Here) -> str:
    kind, word = (
        ("table", "TABLE"),
        ("view", "VIEW"),
        ("matview", "MATERIALIZED VIEW"),
        ("sequence", "SEQUENCE"),
        ("index", "INDEX"),
        ("function", "FUNCTION"),
        ("enum", "TYPE"),
        ("domain", "DOMAIN"),
        ("composite", "TYPE"),
        ("schema", "SCHEMA"),
        ("partition", "TABLE"),
    )[h.two % 11]
    return f"DROP {word} {h.any(kind)}{h.of(_CASCADE)}"


def drop_of(h: Here) -> str:
    kind = h.of(("trigger", "policy", "constraint"), h.two)
    table, name = h.pair(kind)
    if kind == "constraint":
        return f"ALTER TABLE {table} DROP CONSTRAINT {name}{h.of(_CASCADE)}"
    return f"DROP {kind.upper()} {name} ON {table}"


def add_column(h: Here) -> str:
    return f"ALTER TABLE {h.any('table', 'parted')} ADD {h.new()} {h.of(_TYPES)} {h.of(_VALUES, h.two + h.three)}"


def column(h: Here) -> str:
    table, column = h.pair("column")
    at = f"ALTER TABLE {table}"
    type = h.of(_TYPES)
    forms = (
        f"{at} DROP COLUMN {column}{h.of(_CASCADE)}",
        f"{at} RENAME COLUMN {column} TO {h.of(('k1', 'k2', 'a', 'b'))}",
        f"{at} ALTER {column} TYPE {type}",
        f"{at} ALTER {column} TYPE {type} USING {column}::text::{type}",
        f"{at} ALTER {column} TYPE {type} USING NULL",
        f"{at} ALTER {column} SET NOT NULL",
        f"{at} ALTER {column} DROP NOT NULL",
        f"{at} ALTER {column} DROP DEFAULT",
        f"{at} ALTER {column} SET DEFAULT {h.of(('7', 'NULL', 'twice(4)', 'length(now()::text)'))}",
        f"{at} ALTER {column} SET STATISTICS {h.three % 50}",
        f"{at} ALTER {column} SET STORAGE {h.of(('PLAIN', 'EXTERNAL', 'MAIN'))}",
        f"{at} ALTER {column} DROP EXPRESSION",
        f"{at} ALTER {column} ADD GENERATED ALWAYS AS IDENTITY",
        f"{at} ALTER {column} DROP IDENTITY",
        f"GRANT UPDATE ({column}) ON {table} TO PUBLIC",
        f"COMMENT ON COLUMN {table}.{column} IS '{h.three % 3}'",
    )
    return forms[h.two % len(forms)]


def constraint(h: Here) -> str:
    table = h.any("table", "parted")
    column = h.column(table)
    forms = (
        f"UNIQUE ({column})",
        f"UNIQUE (id, {column}) DEFERRABLE",
        f"CHECK ({column} IS NOT NULL) NOT VALID",
        f"CHECK (twice({column}) >= 0)",
        f"FOREIGN KEY ({column}) REFERENCES t NOT VALID",
        f"PRIMARY KEY ({column})",
        f"FOREIGN KEY ({column}) REFERENCES p ON DELETE CASCADE",
        "EXCLUDE (id WITH =)",
    )
    return f"ALTER TABLE {table} ADD CONSTRAINT {h.new()} {h.of(forms)}"


def alter_constraint(h: Here) -> str:
    table, name = h.pair("constraint")
    return (
        f"ALTER TABLE {table} "
        + (
            f"VALIDATE CONSTRAINT {name}",
            f"RENAME CONSTRAINT {name} TO {h.new()}",
            f"ALTER CONSTRAINT {name} DEFERRABLE INITIALLY DEFERRED",
            f"ALTER CONSTRAINT {name} NOT DEFERRABLE",
        )[h.two % 4]
    )


def index(h: Here) -> str:
    table = h.any("table", "parted", "matview")
    column = h.column(table) if not table.endswith("mv") else "n"
    form = h.of(
        (
            f"({column})",
            f"(({column} IS NULL), {column} DESC)",
            f"({column}) WHERE {column} IS NOT NULL",
            f"(twice({column}))",
            f"USING hash ({column})",
            f"({column}) INCLUDE (id) WITH (fillfactor = 50)",
        )
    )
    return f"CREATE {h.of(('', '', 'UNIQUE '), h.two + h.three)}INDEX {h.new()} ON {table} {form}"


def alter_index(h: Here) -> str:
    name = h.any("index")
    forms = (
        f"ALTER INDEX {name} RENAME TO {h.new()}",
        f"ALTER INDEX {name} SET (fillfactor = {50 + h.three % 40})",
        f"ALTER INDEX {name} RESET (fillfactor)",
        f"COMMENT ON INDEX {name} IS '{h.three % 3}'",
        f"ALTER TABLE t CLUSTER ON {name}",
        f"ALTER TABLE u REPLICA IDENTITY USING INDEX {name}",
        f"ALTER INDEX {name} ALTER COLUMN 1 SET STATISTICS {h.three % 50}",
    )
    return forms[h.two % len(forms)]


TABLE_STATEMENTS: tuple[Callable[[Here], str], ...] = (
    table,
    inheriting,
    partition,
    detach,
    attach,
    inherit,
    drop,
    drop_of,
    add_column,
    column,
    constraint,
    alter_constraint,
    index,
    alter_index,
    column,
    column,
)
