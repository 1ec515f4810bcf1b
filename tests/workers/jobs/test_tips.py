"""Where the migrations of open pull requests come in among the merged ones. Pure."""

from __future__ import annotations

import pytest

from workers.jobs.tips import woven
from workers.model import Migration, Transaction


def _all(names: str) -> tuple[Migration, ...]:
    return tuple(Migration(name, f"{name}.sql", "SELECT 1;", Transaction.FILE) for name in names.split())


@pytest.mark.parametrize(
    ("known", "theirs", "wanted", "expected"),
    [
        ("1 2", "1 2 3", "", "1 2"),
        ("1 2", "1 2", "2 3", "1 2"),
        ("", "1", "1", "1"),
        ("1 2", "1 2 3 4", "3", "1 2 3"),
        ("1 3", "1 2 3", "2", "1 2 3"),
        ("1 3", "0 1 3", "0", "0 1 3"),
        ("1 5", "1 3 4 5", "3 4", "1 3 4 5"),
        ("1 2 5", "1 3", "3", "1 3 2 5"),
    ],
)
def test_each_stands_behind_what_it_follows(known: str, theirs: str, wanted: str, expected: str) -> None:
    found = woven(_all(known), _all(theirs), frozenset(wanted.split()))
    assert " ".join(one.id for one in found) == expected
