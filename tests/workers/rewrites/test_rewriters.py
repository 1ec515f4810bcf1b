"""The safe form of a statement, from its text alone: every name, type and expression as the user wrote it."""

from __future__ import annotations

import pytest

from workers.judge import judge, lint
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.policy import Policy
from workers.policy_file import parse_policy
from workers.rewrites.wording import quote
from workers.verdict import Finding, Rewrite

HISTORY = Migration("0", "0.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);", Transaction.FILE)


def found(sql: str, policy: str = "", transaction: Transaction = Transaction.STATEMENT) -> tuple[Finding, ...]:
    new = ChangedMigration(Change.ADDED, None, Migration("1", "1.sql", sql, transaction))
    return judge(MigrationSet("plain", "", "a", "b", (HISTORY,), (new,)), None, parse_policy(policy)).findings


def rewrite(sql: str, policy: str = "", transaction: Transaction = Transaction.STATEMENT) -> Rewrite | None:
    rewrites = [each.rewrite for each in found(sql, policy, transaction) if each.rewrite]
    assert len(rewrites) < 2
    return next(iter(rewrites), None)


def texts(sql: str, policy: str = "") -> list[str]:
    """A step that no transaction may hold begins with a dash."""
    of = rewrite(sql, policy)
    return [f"{'' if step.transaction else '- '}{step.sql}" for step in of.steps] if of else []


HOT = "tables: {orders: {hot: true}}"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY i ON orders (id);",
        "CREATE TABLE n (a int); CREATE INDEX i ON n (a); ALTER TABLE n ADD CHECK (a > 0);",
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0) NOT VALID;",
        "ALTER TABLE orders ADD CONSTRAINT e EXCLUDE USING gist (during WITH &&);",
        "ALTER TABLE orders ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;",
        "ALTER TABLE orders ADD COLUMN n bigint GENERATED ALWAYS AS (total * 2) STORED;",
        "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",  # by batches of a key not known here
        "ALTER TABLE orders ADD COLUMN seller bigint REFERENCES users (id);",
        "ALTER TABLE orders RENAME COLUMN total TO amount;",
        "UPDATE orders SET total = 1;",
        "DROP TABLE orders;",
    ],
)
def test_nothing_better(sql: str) -> None:
    assert [finding.rewrite for finding in found(sql) if finding.rewrite] == []


@pytest.mark.parametrize(
    ("sql", "steps"),
    [
        (
            "create  unique index if not exists \"I\" on only_orders using btree (lower(code) desc) where code <> '';",
            ["- create  unique index CONCURRENTLY if not exists \"I\" on only_orders using btree"
             " (lower(code) desc) where code <> '';"],
        ),
        ("CREATE INDEX ON orders (id);", ["- CREATE INDEX CONCURRENTLY ON orders (id);"]),
        ("CREATE INDEX /* why */ i -- so\n ON orders (id);",
         ["- CREATE INDEX CONCURRENTLY /* why */ i -- so\n ON orders (id);"]),
        ("REINDEX (VERBOSE) TABLE orders;", ["- REINDEX (VERBOSE) TABLE CONCURRENTLY orders;"]),
        (
            "ALTER TABLE IF EXISTS ONLY orders ADD CONSTRAINT \"Total\" CHECK (total > 0 -- so\n);",
            ['ALTER TABLE IF EXISTS ONLY orders ADD CONSTRAINT "Total" CHECK (total > 0 -- so\n) NOT VALID;',
             'ALTER TABLE IF EXISTS ONLY orders VALIDATE CONSTRAINT "Total";'],
        ),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE SET NULL DEFERRABLE;",
            ["ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users"
             " ON DELETE SET NULL DEFERRABLE NOT VALID;",
             "ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;"],
        ),
        (
            'ALTER TABLE orders ADD UNIQUE NULLS NOT DISTINCT (code, "Day") INCLUDE (total) WITH (fillfactor = 70)'
            " USING INDEX TABLESPACE fast DEFERRABLE;",
            ['- CREATE UNIQUE INDEX CONCURRENTLY "orders_code_Day_key" ON orders (code, "Day") INCLUDE (total)'
             " NULLS NOT DISTINCT WITH (fillfactor = 70) TABLESPACE fast;",
             'ALTER TABLE orders ADD CONSTRAINT "orders_code_Day_key" UNIQUE USING INDEX "orders_code_Day_key"'
             " DEFERRABLE;"],
        ),
        (
            "ALTER TABLE orders ADD COLUMN a int, ADD COLUMN b int, ADD CHECK (a > 0), DROP COLUMN c;",
            ["ALTER TABLE orders ADD COLUMN a int, ADD COLUMN b int;",
             "ALTER TABLE orders ADD CONSTRAINT orders_check CHECK (a > 0) NOT VALID;",
             "ALTER TABLE orders VALIDATE CONSTRAINT orders_check;",
             "ALTER TABLE orders DROP COLUMN c;"],
        ),
        (
            "ALTER TABLE orders ADD weight numeric(5, 2) COLLATE \"C\" DEFAULT 1 CONSTRAINT w CHECK (weight > 0)"
            " NOT NULL;",
            ['ALTER TABLE orders ADD COLUMN weight numeric(5, 2) COLLATE "C" DEFAULT 1 NOT NULL;',
             "ALTER TABLE orders ADD CONSTRAINT w CHECK (weight > 0) NOT VALID;",
             "ALTER TABLE orders VALIDATE CONSTRAINT w;"],
        ),
        (
            'ALTER TABLE orders ALTER "Order" SET NOT NULL;',
            ['ALTER TABLE orders ADD CONSTRAINT "orders_Order_is_set" CHECK ("Order" IS NOT NULL) NOT VALID;',
             'ALTER TABLE orders VALIDATE CONSTRAINT "orders_Order_is_set";',
             'ALTER TABLE orders ALTER COLUMN "Order" SET NOT NULL;',
             'ALTER TABLE orders DROP CONSTRAINT "orders_Order_is_set";'],
        ),
    ],
)  # fmt: skip
def test_the_statement_in_its_own_words(sql: str, steps: list[str]) -> None:
    assert texts(sql) == steps


def test_each_index_is_dropped_by_itself() -> None:
    sql = 'DROP INDEX IF EXISTS a, public."B" RESTRICT;'
    of = 'CREATE INDEX CONCURRENTLY a ON orders (id); CREATE INDEX CONCURRENTLY "B" ON orders (id); '
    assert texts(of + sql, HOT) == [
        "- DROP INDEX CONCURRENTLY IF EXISTS a;",
        '- DROP INDEX CONCURRENTLY IF EXISTS public."B";',
    ]


def test_a_value_that_nobody_else_knows_is_left_to_fill_in() -> None:
    of = rewrite("ALTER TABLE orders ADD COLUMN currency text NOT NULL;")
    assert of is not None
    assert (of.missing, of.proven, of.in_place) == ("the value of the rows that are there", False, False)
    assert [step.deploy for step in of.steps] == [None, "code that sets currency in every INSERT", *[None] * 4]
    assert of.steps[1].sql == (
        "UPDATE orders SET currency = /* FILL IN: the value of the rows that are there */ WHERE currency IS NULL;"
    )


def test_of_several_findings_one_has_the_rewrite() -> None:
    sql = "ALTER TABLE orders ADD CONSTRAINT a CHECK (id > 0), ADD CONSTRAINT b CHECK (id > 1);"
    assert [bool(finding.rewrite) for finding in found(sql)] == [True, False]


def test_a_rule_that_is_off_has_none() -> None:
    sql = "CREATE INDEX i ON orders (id);"
    assert found(sql, "rules: {index-not-concurrent: off}") == ()
    assert rewrite(sql, HOT) == rewrite(sql)


@pytest.mark.parametrize(
    ("sql", "transaction", "in_place"),
    [
        ("CREATE INDEX i ON orders (id);", Transaction.STATEMENT, True),
        ("CREATE INDEX i ON orders (id);", Transaction.SIMPLE_QUERY, True),
        ("CREATE INDEX i ON orders (id); SELECT 1;", Transaction.SIMPLE_QUERY, False),
        ("CREATE INDEX i ON orders (id);", Transaction.FILE, False),
        ("CREATE INDEX CONCURRENTLY i ON orders (id);", Transaction.FILE, False),
        ("ALTER TABLE orders ADD CHECK (id > 0);", Transaction.STATEMENT, True),
        ("ALTER TABLE orders ADD CHECK (id > 0);", Transaction.SIMPLE_QUERY, False),
        ("BEGIN; ALTER TABLE orders ADD CHECK (id > 0); COMMIT;", Transaction.STATEMENT, False),
    ],
)
def test_in_place_is_what_the_runner_can_do_with_the_file(sql: str, transaction: Transaction, in_place: bool) -> None:
    of = rewrite(sql, transaction=transaction)
    assert of is not None
    assert of.in_place is in_place


def test_lint_has_them_too() -> None:
    (finding,) = lint([("1.sql", "CREATE INDEX i ON orders (id);")], Policy()).findings
    assert finding.rewrite is not None
    assert (finding.rewrite.proven, finding.rewrite.refuted) == (False, None)


@pytest.mark.parametrize(("name", "sql"), [("total", "total"), ("Total", '"Total"'), ("order", '"order"')])
def test_names_are_quoted_where_they_have_to_be(name: str, sql: str) -> None:
    assert quote(name) == sql
