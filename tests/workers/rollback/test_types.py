"""Which changes of a column's type keep every value."""

from __future__ import annotations

import pytest

from workers.rollback.columns import base_type
from workers.rollback.types import keeps_values


@pytest.mark.parametrize(
    ("was", "now", "keeps"),
    [
        ("integer", "integer", True),
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("smallint", "numeric", True),
        ("numeric", "integer", False),
        ("integer", "text", True),
        ("text", "integer", False),
        ("character varying(20)", "text", True),
        ("character varying(20)", "character varying(40)", True),
        ("character varying(40)", "character varying(20)", False),
        ("text", "character varying(20)", False),
        ("text", "character varying", True),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("numeric(10,2)", "numeric(12,6)", False),
        ("numeric(10,2)", "numeric", True),
        ("numeric", "numeric(10,2)", False),
        ("timestamp(3) without time zone", "timestamp(6) without time zone", True),
        ("timestamp without time zone", "timestamp(6) without time zone", True),
        ("timestamp without time zone", "timestamp(3) without time zone", False),
        ("timestamp without time zone", "timestamp with time zone", False),
        ("timestamp without time zone", "date", False),
        ("uuid", "text", True),
        ("double precision", "text", False),
        ("jsonb", "json", False),
        ("character(5)", "text", False),
        ("text[]", "jsonb", False),
    ],
)
def test_keeps_values(was: str, now: str, keeps: bool) -> None:
    assert keeps_values(was, now) is keeps


@pytest.mark.parametrize(
    ("type", "base"),
    [
        ("integer", "integer"),
        ("numeric(10,2)", "numeric"),
        ("timestamp(3) with time zone", "timestamp with time zone"),
        ("character varying(20)[]", "character varying[]"),
    ],
)
def test_base_type(type: str, base: str) -> None:
    assert base_type(type) == base
