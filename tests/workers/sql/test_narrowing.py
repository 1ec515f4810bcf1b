"""Changes of type that lose values without an error, beside those that lose none or fail."""

from __future__ import annotations

import pytest

from workers.sql.narrowing import loses_silently

KEEPS = [
    ("integer", "bigint"),
    ("bigint", "integer"),  # fails on what is too large
    ("text", "character varying(10)"),  # as does this
    ("character varying(20)", "character varying(10)"),
    ("numeric(10,2)", "numeric(12,2)"),
    ("numeric(10,2)", "numeric(8,2)"),
    ("numeric(10,2)", "numeric"),
    ("numeric(9,0)", "integer"),
    ("numeric(10,2)", "double precision"),
    ("real", "double precision"),
    ("integer", "double precision"),
    ("timestamp(3) without time zone", "timestamp without time zone"),
    ("timestamp with time zone", "timestamp without time zone"),
    ("date", "timestamp with time zone"),
    ("cidr", "inet"),
    ("json", "jsonb"),
    ("status", "text"),
]
LOSES = [
    ("numeric(12,4)", "numeric(12,2)"),
    ("numeric", "numeric(12,2)"),
    ("numeric(12,4)[]", "numeric(12,2)[]"),
    ("numeric", "bigint"),
    ("numeric(10,2)", "integer"),
    ("numeric(20,2)", "double precision"),
    ("numeric(10,2)", "real"),
    ("double precision", "real"),
    ("double precision", "integer"),
    ("bigint", "double precision"),
    ("timestamp without time zone", "timestamp(0) without time zone"),
    ("time(3) without time zone", "time(0) without time zone"),
    ("interval", "interval(0)"),
    ("timestamp with time zone", "date"),
    ("timestamp without time zone", "time without time zone"),
    ("inet", "cidr"),
]


@pytest.mark.parametrize(("old", "new"), KEEPS)
def test_nothing_is_lost_in_silence(old: str, new: str) -> None:
    assert not loses_silently(old, new, "a")


@pytest.mark.parametrize(("old", "new"), LOSES)
def test_values_are_rounded_or_cut(old: str, new: str) -> None:
    assert loses_silently(old, new, "a")


@pytest.mark.parametrize(
    ("old", "new", "using"),
    [
        ("text", "integer", "a::integer"),
        ("text", "text", "upper(a)"),
        ("text", "status", "a::text::status"),
        ("numeric(10,2)", "integer", "(a * 100)::integer"),  # cents
        ("numeric(10,2)", "integer", "b::integer"),
        ("character varying(20)", "character varying(30)", "a::varchar(30)"),
        ("text", "text", "'"),
    ],
)
def test_using_that_cuts_nothing_that_is_known(old: str, new: str, using: str) -> None:
    assert not loses_silently(old, new, "a", using)


@pytest.mark.parametrize(
    ("old", "new", "using"),
    [
        ("text", "character varying(10)", "a::varchar(10)"),
        ("text", "character varying(10)", "CAST(a AS varchar(10))"),
        ("character varying(20)", "character(3)", 'orders."a"::char(3)'),
        ("text", "text", "left(a, 10)"),
        ("text", "text", "substring(a from 1 for 10)"),
        ("numeric(10,2)", "integer", "a::integer"),
        ("numeric(10,2)", "numeric(10,1)", "a"),
        ("numeric(10,2)", "bigint", "round(a)"),
    ],
)
def test_using_that_cuts(old: str, new: str, using: str) -> None:
    assert loses_silently(old, new, "a", using)
