"""The SQL that closes gaps between two databases, whose OIDs are the same by chance alone."""

from __future__ import annotations

import pytest

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.drift.closing import Sides, closing_sql
from workers.drift.gaps import gaps


def enum(labels: str, numbers: str) -> Catalog:
    told = {"owner": "shop", "labels": tuple(labels), "comment": None, "grants": None}
    each = Object(ObjectId(1247, 7, 0), Kind.ENUM, ("public", "mood"), None, f"0/-1/{numbers}", told)
    return Catalog({each.id: each}, "shop")


REMADE = (
    'DROP TYPE "public"."mood";',
    "CREATE TYPE \"public\".\"mood\" AS ENUM ('a', 'b');",
)


@pytest.mark.parametrize(
    ("expected", "actual", "statements"),
    [
        (("ab", "1,2"), ("ab", "2,1"), ()),
        (("ab", "1,2"), ("cab", "2,1,3"), REMADE),
        (("ab", "1,2"), ("ba", "1,2"), REMADE),
        (("cab", "1,2,3"), ("ab", "2,1"), ("ALTER TYPE \"public\".\"mood\" ADD VALUE 'c' BEFORE 'a';",)),
        (("acb", "1,2,3"), ("ab", "3,2"), ("ALTER TYPE \"public\".\"mood\" ADD VALUE 'c' AFTER 'a';",)),
    ],
)
def test_values_of_an_enum_are_known_by_their_names(
    expected: tuple[str, str], actual: tuple[str, str], statements: tuple[str, ...]
) -> None:
    wanted, found = enum(*expected), enum(*actual)
    assert closing_sql(Sides(wanted, found, (wanted, found)), gaps(wanted, found)) == statements
