"""Random statements on types, views, code, sequences and schemas."""

from __future__ import annotations

from collections.abc import Callable

from tests.workers.rollback.random_here import Here


def enum(h: Here) -> str:
    name = h.any("enum")
    return (
        f"CREATE TYPE {h.new()} AS ENUM ('a', 'b')",
        f"ALTER TYPE {name} ADD VALUE 'v{h.three % 4}' BEFORE 'ok'",
        f"ALTER TYPE {name} ADD VALUE 'v{h.three % 4}'",
        f"ALTER TYPE {name} RENAME TO {h.new()}",
        f"ALTER TYPE {name} RENAME VALUE '{h.of(('sad', 'ok', 'v0', 'v1'))}' TO 'r{h.one % 3}'",
    )[h.two % 5]


def other_type(h: Here) -> str:
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"CREATE TYPE {h.new()} AS (x int, y mood)",
        lambda: f"ALTER TYPE {h.any('composite')} ADD ATTRIBUTE w{h.three % 3} text",
        lambda: f"ALTER TYPE {h.any('composite')} DROP ATTRIBUTE {h.of(('x', 'y', 'w0'))}",
        lambda: f"ALTER TYPE {h.any('composite')} RENAME ATTRIBUTE {h.of(('x', 'y', 'w0'))} TO q",
        lambda: f"ALTER TABLE t ADD {h.new()} {h.any('composite')}",
        lambda: f"CREATE DOMAIN {h.new()} AS {h.of(('int', 'mood', 'amount', 'text NOT NULL'))}",
        lambda: f"ALTER DOMAIN {h.any('domain')} ADD CONSTRAINT k{h.three % 3} CHECK (VALUE IS NOT NULL) NOT VALID",
        lambda: (
            f"ALTER DOMAIN {h.any('domain')} {h.of(('SET DEFAULT 3', 'DROP DEFAULT', 'SET NOT NULL', 'DROP NOT NULL'))}"
        ),
        lambda: f"ALTER TABLE {h.any('table')} ADD {h.new()} {h.any('domain')}",
        lambda: f"ALTER DOMAIN {h.any('domain')} DROP CONSTRAINT {h.of(('amount_check', 'k0', 'k1'))}",
    )
    return forms[h.two % len(forms)]()


def view(h: Here) -> str:
    source = h.any("table", "parted", "view", "matview")
    word = h.of(("OR REPLACE VIEW", "VIEW", "MATERIALIZED VIEW"), h.two)
    body = h.of(("*", "a", "a, a AS c, twice(a) AS d", "count(*) AS n"))
    return f"CREATE {word} {h.of(('v', 'v1', 'v2', 'mv'), h.two + h.three)} AS SELECT {body} FROM {source}"


def alter_view(h: Here) -> str:
    name = h.any("view")
    column = h.of(("a", "id", "b", "n"))
    return (
        f"ALTER VIEW {name} RENAME COLUMN {column} TO {h.of(('w', 'a', 'b'), h.one)}",
        f"ALTER VIEW {name} ALTER {column} SET DEFAULT 1",
        f"COMMENT ON COLUMN {name}.{column} IS 'c'",
        f"ALTER VIEW {name} SET (security_barrier)",
        f"ALTER VIEW {name} RENAME TO {h.new()}",
        f"REFRESH MATERIALIZED VIEW mv{h.of((' WITH NO DATA', ''))}",
        f"GRANT SELECT ({column}) ON {name} TO PUBLIC",
    )[h.two % 7]


def function(h: Here) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION twice(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n + {h.three % 3}'",
        "CREATE OR REPLACE FUNCTION twice(n int DEFAULT 1) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n'",
        f"CREATE FUNCTION {h.new()}(x mood) RETURNS mood LANGUAGE sql AS 'SELECT x'",
        f"CREATE FUNCTION {h.new()}() RETURNS SETOF {h.any('table')} LANGUAGE sql AS 'SELECT NULL' STABLE",
        f"ALTER FUNCTION {h.any('function')} RENAME TO {h.new()}",
        f"ALTER FUNCTION {h.any('function')} STRICT",
        f"CREATE FUNCTION {h.new()}(x amount) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT count(*)::int FROM t; END",
        f"REVOKE EXECUTE ON FUNCTION {h.any('function')} FROM PUBLIC",
    )[h.two % 8]


def trigger(h: Here) -> str:
    table = h.any("table", "parted")
    return (
        f"CREATE TRIGGER {h.new()} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION act()",
        f"CREATE CONSTRAINT TRIGGER {h.new()} AFTER INSERT ON {table} DEFERRABLE FOR EACH ROW EXECUTE FUNCTION act()",
        f"ALTER TABLE {table} {h.of(('DISABLE', 'ENABLE', 'ENABLE ALWAYS'))} TRIGGER {h.new()}",
        f"ALTER TABLE {table} {h.of(('DISABLE', 'ENABLE'))} TRIGGER USER",
        f"ALTER TRIGGER {h.new()} ON {table} RENAME TO g{h.three % 3}",
        f"CREATE RULE {h.new()} AS ON DELETE TO {table} DO ALSO NOTHING",
    )[(h.two + h.three) % 6]


def policy(h: Here) -> str:
    table = h.any("table", "parted")
    column = h.column(table)
    return (
        f"CREATE POLICY {h.new()} ON {table} USING ({column} IS NOT NULL)",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER POLICY {h.new()} ON {table} USING (true)",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    )[h.three % 4]


def sequence(h: Here) -> str:
    name = h.any("sequence")
    table, column = h.pair("column")
    return (
        f"CREATE SEQUENCE {h.new()} INCREMENT {1 + h.three % 3}",
        f"ALTER SEQUENCE {name} OWNED BY {table}.{column}",
        f"ALTER SEQUENCE {name} INCREMENT 3 CACHE 5",
        f"ALTER SEQUENCE {name} OWNED BY NONE",
        f"ALTER SEQUENCE {name} RENAME TO {h.new()}",
        f"ALTER TABLE {table} ALTER {column} SET DEFAULT nextval('{name}')",
        f"ALTER SEQUENCE {name} AS bigint MAXVALUE 5000",
    )[h.two % 7]


def schema(h: Here) -> str:
    return (
        lambda: f"CREATE SCHEMA {h.of(('s1', 's2', 's3'))}",
        lambda: f"ALTER SCHEMA {h.any('schema')} RENAME TO s{h.three % 4}",
        lambda: f"ALTER TABLE {h.any('table', 'parted')} SET SCHEMA {h.of(('s1', 's2', 'public'))}",
        lambda: f"ALTER TYPE {h.any('enum', 'domain', 'composite')} SET SCHEMA {h.of(('s1', 's2', 'public'))}",
        lambda: f"ALTER VIEW {h.any('view')} SET SCHEMA {h.of(('s1', 's2', 'public'))}",
        lambda: f"ALTER FUNCTION {h.any('function')} SET SCHEMA {h.of(('s1', 'public'))}",
    )[h.two % 6]()


def whole_table(h: Here) -> str:
    name = h.any("table", "parted")
    return (
        f"ALTER TABLE {name} RENAME TO {h.new()}",
        f"ALTER TABLE {name} RENAME TO {h.of(('t', 'u', 'tt'))}",
        f"COMMENT ON TABLE {name} IS '{h.three % 3}'",
        f"GRANT {h.of(('SELECT', 'ALL'))} ON {name} TO PUBLIC",
        f"ALTER TABLE {name} SET (fillfactor = 70)",
        f"ALTER TABLE {name} REPLICA IDENTITY FULL",
        f"ALTER TABLE {name} SET UNLOGGED",
        f"CREATE STATISTICS {h.new()} ON id, a FROM {name}",
    )[h.two % 8]


OBJECT_STATEMENTS: tuple[Callable[[Here], str], ...] = (
    enum,
    other_type,
    view,
    alter_view,
    function,
    trigger,
    policy,
    sequence,
    schema,
    whole_table,
)
