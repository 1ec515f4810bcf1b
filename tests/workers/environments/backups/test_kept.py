"""How dumps are named, and what the manifest beside one says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from workers.environments.backups.kept import Kept, kept_of, manifest_of, name_of

TAKEN = datetime(2026, 11, 21, 12, 5, 9, tzinfo=UTC)
NAME = "staging-20261121-120509-pr12.dump"
KEPT = Kept(NAME, TAKEN, 8026, True, "pr12", "15.18", 4, "ab12", ("All came back.",))


@pytest.mark.parametrize(
    ("label", "packed", "expected"),
    [
        ("pr12", False, NAME),
        ("pr12", True, f"{NAME}.tar"),
        ("a b/../c", False, "staging-20261121-120509-a-b-c.dump"),
        ("", False, "staging-20261121-120509-manual.dump"),
    ],
)
def test_names(label: str, packed: bool, expected: str) -> None:
    here = TAKEN.astimezone(timezone(timedelta(hours=2)))
    assert name_of("staging", here, label, packed=packed) == expected


def test_a_manifest_says_all_that_is_known() -> None:
    assert kept_of(NAME, 8026, manifest_of(KEPT)) == KEPT


@pytest.mark.parametrize(
    ("size_bytes", "manifest"),
    [(8025, manifest_of(KEPT)), (8026, None), (8026, b""), (8026, manifest_of(KEPT)[:-9]), (8026, b'{"name": 1}')],
)
def test_what_is_not_as_its_manifest_says_is_not_good(size_bytes: int, manifest: bytes | None) -> None:
    taken = TAKEN.replace(microsecond=0)
    assert kept_of(NAME, size_bytes, manifest) == Kept(NAME, taken, size_bytes, good=False)


def test_anothers_manifest_is_none() -> None:
    other = "staging-20261121-120509-pr13.dump"
    assert kept_of(other, 8026, manifest_of(KEPT)) == Kept(other, TAKEN, 8026, good=False)


@pytest.mark.parametrize(
    "name", ["notes.txt", f"{NAME}.json", "staging-20261121-120509.dump", "staging-20261399-120509-pr1.dump", ""]
)
def test_what_is_none_of_ours(name: str) -> None:
    assert kept_of(name, 1, None) is None
