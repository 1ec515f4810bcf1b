"""Rows that are the same but for numbers, and rows that only look so."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from workers.postgres.renumbered import Row, renumbered
from workers.postgres.system_catalogs import SystemCatalog

_NONE: frozenset[str] = frozenset()
CATALOGS = {
    "pg_class": SystemCatalog("", "", frozenset({"oid"}), _NONE),
    "pg_attribute": SystemCatalog("", "", frozenset({"attrelid"}), _NONE),
    "pg_attrdef": SystemCatalog("", "", frozenset({"oid", "adrelid"}), frozenset({"adbin"})),
    "pg_enum": SystemCatalog("", "", frozenset({"oid"}), _NONE),
    "pg_index": SystemCatalog("", "", frozenset({"indrelid"}), _NONE),
}


def table(oid: int, name: str = "t") -> Row:
    return Row("pg_class", {"oid": str(oid), "relname": name})


def column(relation: int, number: int, name: str) -> Row:
    return Row("pg_attribute", {"attrelid": str(relation), "attnum": number, "attname": name})


def default(oid: int, relation: int, number: int, tree: str = "") -> Row:
    return Row("pg_attrdef", {"oid": str(oid), "adrelid": str(relation), "adnum": number, "adbin": tree})


def index(relation: int, *numbers: int) -> Row:
    return Row("pg_index", {"indrelid": str(relation), "indkey": list(numbers)})


def label(oid: int, name: str) -> Row:
    return Row("pg_enum", {"oid": str(oid), "enumlabel": name})


def constant(type: int, number: int, size: int = -1) -> str:
    written = " ".join(str(byte) for byte in (*number.to_bytes(4, sys.byteorder), 0, 0, 0, 0))
    return f"{{CONST :consttype {type} :consttypmod {size} :constlen 4 :location 7 :constvalue 4 [ {written} ]}}"


SAME: Mapping[str, tuple[list[Row], list[Row]]] = {
    "nothing": ([], []),
    "rewritten": ([table(20000)], [table(20000)]),
    "another number": ([table(20000)], [table(20001)]),
    "told by what it hangs on": (
        [table(20000, "a"), table(20001, "b"), default(20002, 20000, 1), default(20003, 20001, 1)],
        [table(20010, "a"), table(20011, "b"), default(20013, 20011, 1), default(20012, 20010, 1)],
    ),
    "a column that comes back at the end": (
        [column(20000, 2, "a"), index(20000, 1, 2), default(20005, 20000, 2)],
        [column(20000, 9, "a"), index(20000, 1, 9), default(20006, 20000, 9)],
    ),
    "a label in an expression": (
        [label(20000, "ok"), default(20001, 16384, 1, constant(19999, 20000))],
        [label(20010, "ok"), default(20001, 16384, 1, constant(19999, 20010))],
    ),
    "names made of numbers": (
        [table(20000, "t"), table(20001, "pg_toast_20000")],
        [table(20010, "t"), table(20011, "pg_toast_20010")],
    ),
}
OTHERS: Mapping[str, tuple[list[Row], list[Row]]] = {
    "gone": ([table(20000)], []),
    "another name": ([table(20000)], [table(20001, "u")]),
    "another table's": (
        [table(20000, "a"), table(20001, "b"), default(20002, 20000, 1)],
        [table(20010, "a"), table(20011, "b"), default(20012, 20011, 1)],
    ),
    "which is which": ([table(20000), table(20001)], [table(20010), table(20011)]),
    "another column's": (
        [column(20000, 2, "a"), column(20000, 3, "b"), index(20000, 2)],
        [column(20000, 8, "a"), column(20000, 9, "b"), index(20000, 9)],
    ),
    "another label": (
        [label(20000, "ok"), label(20001, "no"), default(20002, 16384, 1, constant(19999, 20000))],
        [label(20010, "ok"), label(20011, "no"), default(20002, 16384, 1, constant(19999, 20011))],
    ),
    "an integer like a label": (
        [label(20000, "ok"), default(20001, 16384, 1, constant(23, 20000))],
        [label(20010, "ok"), default(20001, 16384, 1, constant(23, 20010))],
    ),
    "a length like a number": (
        [table(20000), default(20001, 16384, 1, constant(1043, 1, 20000))],
        [table(20010), default(20001, 16384, 1, constant(1043, 1, 20010))],
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same(case: str) -> None:
    gone, come = SAME[case]
    assert renumbered(gone, come, CATALOGS)
    assert renumbered(come, list(reversed(gone)), CATALOGS)


@pytest.mark.parametrize("case", OTHERS)
def test_another(case: str) -> None:
    gone, come = OTHERS[case]
    assert not renumbered(gone, come, CATALOGS)
    assert not renumbered(come, gone, CATALOGS)


def test_values_are_compared() -> None:
    one, other = (Row("pg_class", {"oid": "1", "relacl": list(acl)}) for acl in ("ab", "ac"))
    assert not renumbered([one], [other], CATALOGS)
