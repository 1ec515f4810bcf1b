"""Which UPDATE joins its table to all of the table's rows. What is in doubt comes first."""

from __future__ import annotations

import pytest

from workers.sql.self_join import joined_by

INNER = "SELECT id, row_number() OVER (ORDER BY at) AS n FROM t"


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE t SET a = 1",
        "UPDATE t SET a = 1 WHERE t.id = 1",
        "UPDATE t SET a = b IS DISTINCT FROM c WHERE t.id = c.id",
        "UPDATE t SET a = u.a FROM u WHERE t.id = u.id",
        f"UPDATE u SET a = n FROM ({INNER}) s WHERE u.id = s.id",
        f"UPDATE t SET a = n FROM ({INNER}) s",
        f"UPDATE t SET a = n FROM ({INNER}) s WHERE t.id = s.other",
        f"UPDATE t SET a = n FROM ({INNER}) s WHERE t.id = t.id",
        f"UPDATE t SET a = n FROM ({INNER}) s WHERE t.id = s.id AND t.b",
        f"UPDATE t SET a = n FROM ({INNER}) s, u WHERE t.id = s.id",
        f"UPDATE t SET a = n FROM ({INNER}) s JOIN u ON true WHERE t.id = s.id",
        f"UPDATE t SET a = n FROM ({INNER}) s WHERE t.n = s.n",
        *(
            f"UPDATE t SET a = s.b FROM ({INNER} {more}) s WHERE t.id = s.id"
            for more in ("WHERE b", "LIMIT 5", "JOIN u ON true", ", u", "GROUP BY id", "x WHERE b", "UNION SELECT 1")
        ),
        "UPDATE t SET a = s.b FROM (SELECT DISTINCT ON (b) b, id FROM t) s WHERE t.id = s.id",
        "UPDATE t SET a = s.b FROM (SELECT id, unnest(b) AS b FROM t) s WHERE t.id = s.id",
        "UPDATE t SET a = s.b FROM (SELECT 1, id + 1 FROM t) s WHERE t.id = s.id",
        f"WITH o (n, id) AS ({INNER}) UPDATE t SET a = o.n FROM o WHERE t.id = o.id",
        f"WITH o AS ({INNER}) SELECT 1",
        "",
    ],
)
def test_some_rows_or_none_or_in_doubt(text: str) -> None:
    assert joined_by(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"UPDATE t SET a = n FROM ({INNER}) s WHERE t.id = s.id",
        f"update only public.t as x set (a, b) = (n, 1) from ({INNER} AS inner_t) AS s where s.id = x.id",
        f"WITH o AS ({INNER}) UPDATE t SET a = o.n FROM o WHERE t.id = o.id",
        f"WITH u AS (SELECT 1), o AS MATERIALIZED ({INNER} y) UPDATE t SET a = p.n FROM o p WHERE t.id = p.id",
        "UPDATE t SET a = s.b FROM (SELECT 1, t.id, b FROM t) s WHERE t.id = s.id",
    ],
)
def test_every_row_that_has_a_value(text: str) -> None:
    assert joined_by(text) == "id"
