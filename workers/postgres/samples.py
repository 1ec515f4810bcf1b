"""Input texts by type name: the nasty ones that the type still accepts, and ordinary ones. Nothing but tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

LONGEST_TEXT = 2000  # characters; longer texts tell nothing more and cost time

# Types whose values are fitted to a length, with how their type modifier states it: VARHDRSZ more than the length
# (https://www.postgresql.org/docs/current/catalog-pg-attribute.html, atttypmod).
TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name", "char", "refcursor"})

NASTY_TEXTS = (
    "",
    " ",
    "abc",
    "ABC",
    "2024-02-30",
    "1e400",
    "{not json",
    "-1",
    "0",
    "é",
    "e\u0301",  # the same letter, decomposed
    "日本語 👩‍👩‍👧",
    "İß",  # changes its length when the case changes
    "O'Brien \\ \"%_",
    "\t\n",
    "  padded  ",
    "null",
)
ORDINARY_TEXTS = (
    "abcdef",
    "a",
    "user@example.com",
    "ABC",
    "US",
    "en",
    "en-US",
    "https://example.com/a",
    "+15551234567",
    "abc-def",
    "Abc Def",
    "1",
    "1234",
    "12:00",
    "2024-01-01",
    "1.2.3",
    "#a1b2c3",
    "example.com",
    "00000000-0000-4000-8000-000000000000",
    "{}",
    "[]",
    "0" * 32,
    "a" * 40,
    "a" * 64,
)

_JSON_TEXTS = (
    "null",
    "{}",
    "[]",
    '""',
    '"abc"',
    "0",
    "-1e300",
    "true",
    '{"a": null}',
    '{"a": {"b": [1, null, {"c": ""}]}}',
    "[null]",
    '{"": "x", "A": 1, "a": "1"}',
)
# The ends of the types' own ranges are left out of times and integers: adding a day or a one to them fails, and that
# tells nothing about rows that anybody has.
_STAMPS = (
    "infinity",
    "-infinity",
    "1970-01-01",
    "0001-01-01",
    "2024-02-29 23:59:59.999999",
    "2024-03-31 02:30:00",  # skipped where clocks go forward
    "9999-12-31 23:59:59.999999",
)
_ORDINARY_STAMPS = ("2024-01-15", "2024-01-16", "2023-06-01", "2030-01-01", "2000-01-01")
_NETWORKS = ("0.0.0.0/0", "255.255.255.255", "::/0", "::1", "10.0.0.0/8", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")

NASTY: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    "int2": ("0", "-1", "32000", "-32000", "7"),
    "int4": ("0", "-1", "2000000000", "-2000000000", "32768", "7"),
    "int8": ("0", "-1", "9000000000000000000", "-9000000000000000000", "2147483648", "-32769", "7"),
    "numeric": ("0", "NaN", "-1", "0.005", "1e400", "-1e400", "1e-400", "Infinity", "-Infinity", "99999999999.99"),
    "float4": ("0", "NaN", "Infinity", "-Infinity", "-0", "3.4e38", "1e-45", "0.1", "16777217"),
    "float8": ("0", "NaN", "Infinity", "-Infinity", "-0", "1.7e308", "5e-324", "0.1", "9007199254740993"),
    "money": ("0", "-92233720368547758.08", "92233720368547758.07", "0.01"),
    "bytea": ("\\x", "\\x00", "\\xff", "\\xdeadbeef", "\\xe697a5", "\\x" + "00" * 300),
    "date": ("infinity", "-infinity", "1970-01-01", "0001-01-01", "2024-02-29", "9999-12-31"),
    "time": ("00:00", "24:00:00", "23:59:59.999999", "02:30"),
    "timetz": ("00:00+00", "24:00:00-15:59", "00:00+15:59", "23:59:59.999999+05:30"),
    "timestamp": _STAMPS,
    "timestamptz": _STAMPS,
    "interval": ("0", "-178000000 years", "178000000 years", "1 mon -1 day 00:00:01", "-1 us"),
    "uuid": (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    # json keeps what jsonb refuses: \u0000 (https://www.postgresql.org/docs/current/datatype-json.html)
    "json": (*_JSON_TEXTS, '{"a": "\\u0000"}', '{"a": 1, "a": 2}'),
    "jsonb": _JSON_TEXTS,
    "jsonpath": ("$", "$.a[*]", "lax $"),
    "inet": (*_NETWORKS, "10.1.2.3/8"),
    "cidr": (*_NETWORKS, "10.1.2.3/32"),
    "macaddr": ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"),
    "macaddr8": ("00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"),
    "varbit": ("", "0", "1", "101"),
    "tsvector": ("", "a", "'a b':1A c:2,3"),
    "tsquery": ("", "a", "!a & (b | c:*)"),
    "xml": ("<a/>", "", "not quite xml", "<a>é</a>"),
    "point": ("(0,0)", "(NaN,Infinity)", "(-1e300,1e300)"),
    "line": ("{1,-1,0}", "{0,1,0}"),
    "lseg": ("[(0,0),(0,0)]", "[(-1,-1),(1e300,1)]"),
    "box": ("(0,0),(0,0)", "(1e300,1),(-1,-1)"),
    "path": ("[(0,0)]", "((0,0),(1,1),(1,0))"),
    "polygon": ("((0,0))", "((0,0),(1,1),(1,0))"),
    "circle": ("<(0,0),0>", "<(1,1),1e300>"),
    "pg_lsn": ("0/0", "FFFFFFFF/FFFFFFFF"),
    "oid": ("0", "4294967295"),
    "xid": ("0", "4294967295"),
    "xid8": ("0", "18446744073709551615"),
    "cid": ("0", "4294967295"),
    "tid": ("(0,0)", "(4294967295,65535)"),
    "regclass": ("0", "pg_catalog.pg_class"),
    "regtype": ("0", "pg_catalog.int4"),
    "int2vector": ("", "1 2"),
    "oidvector": ("", "1 2"),
    "hstore": ("", '""=>""', "a=>NULL", "a=>1, A=>b"),
    "ltree": ("", "a", "A.b_1.c"),
    "vector": ("[0]", "[1,2,3]", "[-1e38]"),
    "halfvec": ("[0]", "[1,2,3]", "[-65504]"),
}
ORDINARY: dict[str, tuple[str, ...]] = {
    "int2": ("1", "2", "3", "5", "10", "12", "18", "50", "100", "1000", "2024"),
    "int4": ("1", "2", "3", "5", "10", "12", "18", "50", "100", "1000", "2024", "100000"),
    "int8": ("1", "2", "3", "5", "10", "12", "18", "50", "100", "1000", "2024", "100000", "1700000000000"),
    "numeric": ("1", "0.5", "2", "3", "5", "10", "12.5", "18", "50", "100", "1000"),
    "float4": ("1", "0.5", "2", "3", "5", "10", "12.5", "18", "50", "100", "1000"),
    "float8": ("1", "0.5", "2", "3", "5", "10", "12.5", "18", "50", "100", "1000"),
    "money": ("1", "2", "9.99", "100"),
    "bytea": ("\\x61", "\\x" + "61" * 16, "\\x" + "61" * 20, "\\x" + "61" * 32, "\\x" + "61" * 64),
    "date": _ORDINARY_STAMPS,
    "time": ("09:00", "12:00", "17:30"),
    "timetz": ("09:00+00", "12:00+00", "17:30+00"),
    "timestamp": _ORDINARY_STAMPS,
    "timestamptz": _ORDINARY_STAMPS,
    "interval": ("1 day", "1 hour", "1 mon"),
    "uuid": ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",),
    "json": ("{}", "[]", '{"a": 1}', '["a"]', '"a"', "1", "true"),
    "jsonb": ("{}", "[]", '{"a": 1}', '["a"]', '"a"', "1", "true"),
    "inet": ("10.1.2.3", "192.168.0.0/24", "::1"),
    "cidr": ("10.1.2.3/32", "192.168.0.0/24"),
    "hstore": ("a=>1",),
    "ltree": ("a.b",),
}
UNCERTAIN = frozenset({"xml", "money", "regclass", "regtype"})  # compiled out, or locale and catalog decide
UNKNOWN = (
    "",
    "0",
    "1",
    "a",
    "{}",
    "[]",
    "()",
    "(0,0)",
    "POINT(0 0)",
    "a.b",
    "a=>1",
    "1.0.0",
    "00000000-0000-4000-8000-000000000000",
)


# ---------------------------------------------------------------- one value for each number, in several styles


def _word(number: int) -> str:
    """Lower-case letters alone."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _day(number: int) -> str:
    return (datetime(2001, 1, 1) + timedelta(days=number)).strftime("%Y-%m-%d")  # noqa: DTZ001  a calendar day, no moment


FRESH_TEXTS: tuple[Callable[[int], str], ...] = (
    lambda number: f"row {number}",
    lambda number: f"row{_word(number)}",
    lambda number: f"user{number}@example.com",
    _word,
    str,
    lambda number: _word(number).upper(),
    lambda number: f"R{number}",
    lambda number: f"row_{number}",
    lambda number: f"+1555{number:07}",
    lambda number: f"https://example.com/{number}",
    lambda number: f"#{number:06x}",
    lambda number: f"{number:032x}",
    lambda number: f"{number:08x}-0000-4000-8000-000000000000",
    lambda number: f"row {number} ".ljust(60, "x"),
    lambda number: chr(ord("A") + number % 26),
)


def _integers(number: int) -> tuple[str, ...]:
    return str(10_007 + number), str(1 + number), str(-1 - number), str(100 * (1 + number))


def _fractions(number: int) -> tuple[str, ...]:
    return str(10_007 + number), str(1 + number), f"0.{1000 + number}", str(-1 - number)


FRESH: dict[str, Callable[[int], tuple[str, ...]]] = {
    "int2": _integers,
    "int4": _integers,
    "int8": _integers,
    "numeric": _fractions,
    "float4": _fractions,
    "float8": _fractions,
    "oid": lambda number: (str(10_007 + number),),
    "money": lambda number: (str(10_007 + number),),
    "bytea": lambda number: (f"\\x{number:08x}", f"\\x{number:032x}", f"\\x{number:064x}"),
    "date": lambda number: (_day(number), _day(number + 10_000)),
    "timestamp": lambda number: (_day(number), _day(number + 10_000)),
    "timestamptz": lambda number: (_day(number), _day(number + 10_000)),
    "time": lambda number: (f"{number // 60 % 24:02}:{number % 60:02}",),
    "interval": lambda number: (f"{number + 1} hours",),
    "uuid": lambda number: (f"{number:08x}-0000-4000-8000-000000000000",),
    "json": lambda number: (f'{{"row": {number}}}', f"[{number}]", str(number)),
    "jsonb": lambda number: (f'{{"row": {number}}}', f"[{number}]", str(number)),
    "inet": lambda number: (f"10.{number // 65536}.{number // 256 % 256}.{number % 256}",),
    "cidr": lambda number: (f"10.{number // 65536}.{number // 256 % 256}.{number % 256}/32",),
    "macaddr": lambda number: (f"02:00:00:{number // 65536:02x}:{number // 256 % 256:02x}:{number % 256:02x}",),
    "varbit": lambda number: (f"{number:b}",),
    "xml": lambda number: (f"<row>{number}</row>",),
    "hstore": lambda number: (f"row=>{number}",),
    "ltree": lambda number: (f"row.{number}",),
    "tsvector": lambda number: (f"row{number}",),
}
