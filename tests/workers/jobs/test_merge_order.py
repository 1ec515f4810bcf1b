"""What becomes of migrations once those of another pull request are merged, for each layout that cares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outcome import Added, Touched
from workers.jobs.merge_order import Late, late, same_numbers


def touched(layout: str, *names: str, directory: str = "db/migrations") -> Touched:
    added = Added(layout, directory, tuple(f"{directory}/{name}" for name in names))
    return Touched("main", (), (), (added,))


@pytest.mark.parametrize(
    ("layout", "mine", "theirs"),
    [
        ("prisma", "20260101_a/migration.sql", "20260102_b/migration.sql"),
        ("plain", "1_a.sql", "2_b.sql"),
        ("dbmate", "1_a.sql", "2_b.sql"),
        ("sqlx", "1_a.sql", "2_b.sql"),
        ("rails", "20260101_a.rb", "20260102_b.rb"),
        ("made up", "1_a.sql", "2_b.sql"),
        ("golang-migrate", "10_a.up.sql", "9_b.up.sql"),
        ("flyway", "V1_10__a.sql", "V1_9__b.sql"),
        ("flyway", "V1__a.sql", "R__views.sql"),
        ("flyway", "R__views.sql", "V1__a.sql"),
    ],
)
def test_no_order_is_told_where_none_can_go_wrong(layout: str, mine: str, theirs: str) -> None:
    assert late(touched(layout, mine), touched(layout, theirs)) is None
    assert [*same_numbers(touched(layout, mine), touched(layout, theirs))] == []


@pytest.mark.parametrize(
    ("layout", "mine", "theirs", "expected"),
    [
        ("golang-migrate", "9_a.up.sql", "10_b.up.sql", Late("9_a", "golang-migrate never runs it")),
        ("goose", "00009_a.sql", "00010_b.sql", Late("00009_a", "goose refuses to run it")),
        ("flyway", "V1_9__a.sql", "V1_10__b.sql", Late("V1_9__a", "Flyway refuses to run it")),
        ("node-pg-migrate", "9_a.sql", "10_b.sql", Late("9_a", "node-pg-migrate refuses to run it")),
        ("supabase", "20260101000000_a.sql", "20260102000000_b.sql", "Supabase refuses to run it"),
        ("drizzle", "20260101_a/migration.sql", "20260102_b/migration.sql", "Drizzle never runs it"),
    ],
)
def test_the_lower_one_is_to_be_merged_first(layout: str, mine: str, theirs: str, expected: Late | str) -> None:
    one, other = touched(layout, mine), touched(layout, theirs)
    found = late(one, other)
    assert (found and (found if isinstance(expected, Late) else found.then)) == expected
    assert late(other, one) is None


def test_only_into_one_branch_and_one_project() -> None:
    mine, theirs = touched("goose", "1_a.sql"), touched("goose", "2_b.sql")
    assert late(mine, theirs) is not None
    assert late(mine, replace(theirs, base="next")) is None
    assert late(mine, touched("goose", "2_b.sql", directory="billing")) is None


def test_one_that_is_built_on_the_other_brings_what_both_have() -> None:
    below, above = touched("goose", "1_a.sql", "2_b.sql"), touched("goose", "1_a.sql", "2_b.sql", "3_c.sql")
    assert (late(below, above), late(above, below)) == (None, None)
    assert [*same_numbers(below, above)] == []


def test_two_files_of_one_number() -> None:
    mine, theirs = touched("goose", "5_a.sql"), touched("goose", "005_b.sql")
    assert late(mine, theirs) is None
    assert [*same_numbers(mine, theirs)] == [*same_numbers(theirs, mine)] == ["number 5: 005_b and 5_a"]
    assert [*same_numbers(touched("plain", "5_a.sql"), touched("plain", "5_b.sql"))] == []
    assert [*same_numbers(touched("prisma", "5_a/migration.sql"), touched("prisma", "5_b/migration.sql"))] == []
