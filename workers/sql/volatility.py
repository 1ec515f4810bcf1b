"""Tells column defaults that differ from row to row, and so rewrite a table, from those computed once."""

from __future__ import annotations

from itertools import pairwise

from workers.sql.cursor import tokens
from workers.sql.scan import QUOTED, WORD

# What may stand before a parenthesis in a default without being volatile: stable and immutable functions (now() is
# stable: one value for the whole statement), types with a length, words of the grammar. A function that is not here is
# taken for volatile, which is what CREATE FUNCTION makes it when it is not told otherwise
# (https://www.postgresql.org/docs/current/xfunc-volatility.html).
_STEADY = frozenset(
    (
        # time
        *("now", "current_timestamp", "current_time", "localtimestamp", "localtime", "transaction_timestamp"),
        *("statement_timestamp", "timezone", "date_trunc", "date_part", "extract", "age", "to_timestamp", "to_date"),
        *("to_char", "make_date", "make_interval", "make_timestamp", "make_timestamptz", "date"),
        # text
        *("lower", "upper", "initcap", "trim", "btrim", "ltrim", "rtrim", "substring", "substr", "left", "right"),
        *("replace", "concat", "concat_ws", "format", "length", "char_length", "lpad", "rpad", "repeat", "md5"),
        *("encode", "decode", "chr", "ascii", "to_tsvector", "split_part", "quote_ident", "quote_literal", "sha256"),
        # numbers
        *("abs", "ceil", "ceiling", "floor", "round", "trunc", "mod", "power", "sqrt", "sign", "greatest", "least"),
        # structures
        *("coalesce", "nullif", "array", "row", "in", "array_fill", "array_append", "array_length", "string_to_array"),
        *("json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array", "to_json", "to_jsonb"),
        *("json_object", "jsonb_object", "uuid_nil", "int4range", "int8range", "numrange", "tstzrange", "daterange"),
        # the session
        *("current_setting", "current_database", "current_schema"),
        # grammar and types
        *("cast", "and", "or", "not", "when", "then", "else", "any", "all", "varying", "varchar", "character", "char"),
        *("numeric", "decimal", "bit", "timestamp", "timestamptz", "time", "timetz", "interval", "float"),
    )
)


def is_volatile(expression: str) -> bool:
    """Whether a default has to be computed for each row."""
    found = list(tokens(expression))
    return any(
        token.kind in (WORD, QUOTED) and (token.word or token.text.strip('"')) not in _STEADY
        for token, following in pairwise(found)
        if following.text == "("
    )
