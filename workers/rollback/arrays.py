"""Lists of values in an expression, written so that the server prints them alike when it has read them again."""

from __future__ import annotations

import re

_LIST = re.compile(r"\(ARRAY\[((?:'(?:[^']|'')*'::[^',\[\]()]+(?:\(\d+\))?(?:, )?)+)\]\)::")
_TYPE = re.compile(r"'(?:[^']|'')*'::([^',\[\]()]+(?:\(\d+\))?)")


def settled(expression: str) -> str:
    """`(ARRAY['a'::character varying])::text[]` is read as a cast of each value, and printed as that from then on. With
    a cast of its own the list stays one: `(ARRAY['a'::character varying]::character varying[])::text[]`.
    https://github.com/postgres/postgres/blob/master/src/backend/parser/parse_expr.c, transformTypeCast"""
    return _LIST.sub(_with_type, expression)


def _with_type(found: re.Match[str]) -> str:
    types = set(_TYPE.findall(found[1]))
    return f"(ARRAY[{found[1]}]::{types.pop()}[])::" if len(types) == 1 else found[0]
