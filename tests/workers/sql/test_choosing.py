"""Which statements leave it to the tables alone which rows they reach."""

from __future__ import annotations

import pytest

from workers.sql.choosing import by_tables_alone

OTHERS = frozenset({"users", "Log"})


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM t WHERE id = id",
        "DELETE FROM t WHERE a IS NULL OR a IS NOT NULL RETURNING id, 1",
        "DELETE FROM t WHERE id IN (SELECT id FROM t)",
        "DELETE FROM t AS x WHERE EXISTS (SELECT 1 FROM t AS y WHERE y.id = x.id)",
        "DELETE FROM t USING t AS y WHERE t.id = y.id",
        "WITH d AS (DELETE FROM t WHERE id = id RETURNING 'x') SELECT count(*) FROM d",
        "UPDATE t SET a = coalesce(a, 0), b = 'x' WHERE (id = id)",
        "UPDATE t SET a = lower('X') FROM p WHERE p.id = t.p_id",
        "MERGE INTO t USING t AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1",
        "INSERT INTO t (id, a) SELECT id, 0 FROM t ON CONFLICT (id) DO UPDATE SET a = 0",
    ],
)
def test_by_tables_alone(text: str) -> None:
    assert by_tables_alone(text, OTHERS)


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM t WHERE id = 1",
        "DELETE FROM t WHERE name = 'x'",
        "DELETE FROM t WHERE id = $1",
        "DELETE FROM t WHERE at < now()",
        "DELETE FROM t WHERE at < current_timestamp",
        "DELETE FROM t WHERE done = true",
        "DELETE FROM t WHERE a <> b",
        "DELETE FROM t WHERE a IS DISTINCT FROM b",
        "DELETE FROM t WHERE NOT (a = b)",
        "DELETE FROM t WHERE id NOT IN (SELECT id FROM t)",
        "DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT ALL)",
        "DELETE FROM t USING users WHERE users.id = t.id",
        'DELETE FROM t WHERE id IN (SELECT id FROM "Log")',
        "UPDATE t SET a = 1 WHERE length(name) = length(name)",
        "MERGE INTO t USING t AS s ON t.id = s.id WHEN MATCHED AND s.a > 3 THEN DELETE",
    ],
)
def test_something_else_chooses(text: str) -> None:
    assert not by_tables_alone(text, OTHERS)
