"""A USING that changes values is told from one that only casts them."""

from __future__ import annotations

import pytest

from workers.rollback.conversions import is_cast_of


@pytest.mark.parametrize(
    ("using", "type", "expected"),
    [
        ("a", "integer", True),
        ('"a"', "integer", True),
        ("A", "integer", True),
        ("t.a", "integer", True),
        ('"s"."t"."a"', "integer", True),
        ("(a)", "integer", True),
        ("a::int", "integer", True),
        ("(a::text)::int", "integer", True),
        ('("a"::text::"Role")', '"Role"', True),
        ("CAST(a AS varchar(20))", "character varying(20)", True),
        ("cast ( a::text as  jsonb )", "jsonb", True),
        ("NULL", "integer", False),
        ("b", "integer", False),
        ("upper(a)", "text", False),
        ("a + 1", "integer", False),
        ("(a)::int + (a)::int", "integer", False),
        ("(a) + (a)", "integer", False),
        ("a::int", "bigint", False),
        ("a::varchar(3)", "text", False),
        ("a::date::text", "text", False),
        ("CASE WHEN a THEN 1 ELSE 0 END", "integer", False),
        ("a = 'x'::text", "text", False),
    ],
)
def test_a_cast_of_the_column(using: str, type: str, expected: bool) -> None:
    assert is_cast_of(using, "a", type) is expected
