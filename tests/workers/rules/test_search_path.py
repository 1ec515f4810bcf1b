"""Where a name without a schema stands, by a migration's own SET search_path."""

from __future__ import annotations

import pytest

from workers.judge import lint
from workers.policy_file import parse_policy
from workers.rules.search_path import SearchPath
from workers.sql.read import read
from workers.sql.split import split

KNOWN = frozenset({("sales", "orders"), ("public", "orders"), ("public", "users")})


@pytest.mark.parametrize(
    ("sql", "orders", "users", "new"),
    [
        ("SELECT 1", "public", "public", "public"),
        ("SET search_path = sales, public", "sales", "public", "sales"),
        ("SET LOCAL search_path TO \"$user\", 'public', sales", "public", "public", "public"),
        ("SET SCHEMA 'sales'", "sales", "sales", "sales"),
        ("SELECT pg_catalog.set_config('search_path', '', false)", "public", "public", "public"),
        ("SELECT set_config('search_path', 'app, sales', true)", "sales", "app", "app"),
        ("SET search_path = sales; RESET search_path", "public", "public", "public"),
        ("SET search_path = DEFAULT", "public", "public", "public"),
        ("SET search_path = 1", "public", "public", "public"),
    ],
)
def test_homes(sql: str, orders: str, users: str, new: str) -> None:
    path = SearchPath(KNOWN)
    for statement in split(sql).statements:
        path = path.after(read(statement, path.home))
    assert [path.home(name) for name in ("orders", "users", "new")] == [orders, users, new]


def test_findings_name_the_table_that_is_meant() -> None:
    sql = "SET search_path = sales; DELETE FROM orders; UPDATE public.orders SET a = 1; UPDATE orders SET a = 1;"
    policy = parse_policy("tables: {sales.orders: {rows: 10}}")
    findings = lint([("m.sql", sql)], policy).findings
    assert [(one.rule, one.object) for one in findings] == [
        ("all-rows-deleted", "sales.orders"),
        ("all-rows-updated", "public.orders"),
    ]
