"""The files in which runners keep their migrations: in order as they write them, and each way of being left behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.repositories import Repo
from workers.gather import Between, gather
from workers.migrations.atlas_sum import sum_faults
from workers.migrations.drizzle_journal import journal_faults
from workers.migrations.prisma_lock import lock_faults
from workers.model import Fault, MigrationSet
from workers.projects import Wanted
from workers.repository import open_repository
from workers.rules import migration_list_stale

A, B = "CREATE TABLE a (id int);\n", "CREATE TABLE b (id int);\n"

# ---------------------------------------------------------------- atlas.sum

SUM = """h1:suWOgEl4b8+ZGnGkyRcy2AueRtZKAkT6PdNTDiVWU88=
1_a.sql h1:e72Wd39UNYY4sGrVkNYkCs4GRrWBQ0ASXh73rS+WpU4=
2_b.sql h1:LYBzMWp8I1J0wb5WVXG/rhd1DXb0uUx/zp1eAIICVlY=
"""
ATLAS = {"m/1_a.sql": A, "m/2_b.sql": B, "m/atlas.sum": SUM}
NOT_LISTED = "atlas.sum does not have {}"
OTHER_TEXT = "atlas.sum was made for another text of {}"
NOT_THE_SUM = "the first line of atlas.sum is not the sum of the others"


def of_atlas(files: Mapping[str, str]) -> list[tuple[int, str, str]]:
    """Line, object, and what is said, up to the comma or colon."""
    return short(sum_faults(files, "m", files.__getitem__))


def short(found: tuple[Fault, ...]) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.object, fault.said.replace(":", ",").split(",")[0]) for fault in found]


@pytest.mark.parametrize(
    "files",
    [
        ATLAS,
        {**ATLAS, "m/readme.md": "", "m/more/3_c.sql": "", "3_c.sql": ""},
        {path: text.replace("\n", "\r\n") for path, text in ATLAS.items()},
        {"m/1_a.sql": A},
    ],
    ids=["as written", "with others", "CRLF", "no sums"],
)
def test_sums_that_are_in_order(files: Mapping[str, str]) -> None:
    assert of_atlas(files) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"m/2_b.sql": B + "\n"}, [(3, "2_b", OTHER_TEXT.format("2_b.sql"))]),
        ({"m/1_a.sql": B}, [(2, "1_a", OTHER_TEXT.format("1_a.sql"))]),  # of those after it nothing is known
        ({"m/3_c.sql": B}, [(1, "3_c", NOT_LISTED.format("3_c.sql"))]),
        (
            {"m/1_0.sql": B, "m/2_b.sql": A},
            [(1, "1_0", NOT_LISTED.format("1_0.sql")), (3, "2_b", OTHER_TEXT.format("2_b.sql"))],
        ),
        ({"m/1_a.sql": B + "\ufffd"}, []),  # not the bytes that were hashed
        ({"m/atlas.sum": SUM.replace("h1:su", "h1:so")}, [(1, "atlas.sum", NOT_THE_SUM)]),
        ({"m/atlas.sum": ""}, [
            (1, "1_a", NOT_LISTED.format("1_a.sql")),
            (1, "2_b", NOT_LISTED.format("2_b.sql")),
            (1, "atlas.sum", NOT_THE_SUM),
        ]),
        (
            {"m/atlas.sum": SUM.replace("2_b", "<<<<<<< HEAD\n2_b")},
            [(3, "atlas.sum", "atlas.sum has the marks of a merge conflict")],
        ),
    ],
)  # fmt: skip
def test_sums_that_were_left_behind(changed: Mapping[str, str], expected: list[tuple[int, str, str]]) -> None:
    assert of_atlas({**ATLAS, **changed}) == expected


def test_a_file_that_is_gone() -> None:
    assert of_atlas({"m/2_b.sql": B, "m/atlas.sum": SUM}) == [(2, "1_a", "atlas.sum has 1_a.sql")]


def test_the_command_that_mends_it() -> None:
    (found,) = sum_faults(["m/1_a.sql", "m/2_b.sql", "m/atlas.sum"], "m", {**ATLAS, "m/2_b.sql": A}.__getitem__)
    assert found == Fault(
        "m/atlas.sum",
        3,
        "2_b",
        "atlas.sum was made for another text of 2_b.sql, or of one before it, so that atlas migrate apply refuses the "
        "whole folder: run atlas migrate hash --dir file://m.",
    )


# ---------------------------------------------------------------- _journal.json


def rows(*given: tuple[int, int, str]) -> str:
    """idx, when, tag."""
    entries = [{"idx": idx, "version": "7", "when": when, "tag": tag, "breakpoints": True} for idx, when, tag in given]
    return json.dumps({"version": "7", "dialect": "postgresql", "entries": entries}, indent=2)


def of_drizzle(journal: str, *names: str) -> list[tuple[str, int, str, str]]:
    files = {"d/meta/_journal.json": journal, **{f"d/{name}.sql": A for name in names}}
    found = journal_faults(files, "d", files.__getitem__)
    return [(fault.path.removeprefix("d/"), fault.line, fault.object, fault.said) for fault in found]


ONE, TWO, THREE = (0, 10, "0000_a"), (1, 20, "0001_b"), (2, 30, "0002_c")


@pytest.mark.parametrize(
    ("journal", "names"),
    [
        (rows(ONE, TWO), ("0000_a", "0001_b")),
        (rows(ONE, TWO).replace("\n", "\r\n"), ("0000_a", "0001_b")),
        (rows((5, 10, "0005_a"), (9, 20, "0009_b")), ("0005_a", "0009_b")),  # numbers may be left out
        (rows(ONE), ("0000_a", "by_hand_1", "by_hand_2")),  # nobody keeps it
        (rows(), ()),
    ],
)
def test_journals_that_are_in_order(journal: str, names: tuple[str, ...]) -> None:
    assert of_drizzle(journal, *names) == []


def test_a_file_that_is_never_run() -> None:
    ((path, line, id, said),) = of_drizzle(rows(ONE, TWO), "0000_a", "0001_b", "0002_c")
    assert (path, line, id) == ("0002_c.sql", 1, "0002_c")
    assert said.startswith("meta/_journal.json does not have 0002_c.sql, so that it is never run. Delete it and run ")


def test_an_entry_without_its_file() -> None:
    ((path, line, id, said),) = of_drizzle(rows(ONE, TWO), "0000_a")
    assert (path, line, id) == ("meta/_journal.json", 16, "0001_b")
    assert "there is no 0001_b.sql, so that no migration is run at all" in said


def test_two_branches_merged_by_hand() -> None:
    ((_, line, id, said),) = of_drizzle(rows(ONE, TWO, (1, 30, "0001_c")), "0000_a", "0001_b", "0001_c")
    assert (line, id) == (23, "0001_c")
    assert said.startswith("0001_c has idx 1 in meta/_journal.json, as 0001_b has.")


def test_what_is_older_than_the_one_before_it() -> None:
    ((_, _, id, said),) = of_drizzle(rows(ONE, THREE, (3, 25, "0003_d")), "0000_a", "0002_c", "0003_d")
    assert id == "0003_d"
    assert "that is not newer than that of 0002_c before it: a database that has the one never gets the other" in said


@pytest.mark.parametrize(
    ("journal", "line"),
    [
        (rows(ONE).replace('"when"', "<<<<<<< ours\n"), 8),
        ("{\n,", 2),
        ("[]", 1),
        ('{"entries": [{"idx": 0}]}', 1),
        ("", 1),
    ],
)
def test_what_is_no_journal(journal: str, line: int) -> None:
    assert [found[:3] for found in of_drizzle(journal, "0000_a")] == [("meta/_journal.json", line, "_journal.json")]


# ---------------------------------------------------------------- migration_lock.toml


@pytest.mark.parametrize(
    ("lock", "line"),
    [
        ('provider = "postgresql"\n', None),
        ('# by hand\r\n\r\nprovider = "postgresql"\r\n', None),
        ('provider="postgresql"\n', 1),
        ("# nothing\n", 1),
        ("", 1),
        ('# by hand\nprovider = "cockroachdb"\n', 2),
        ('# by hand\n<<<<<<< HEAD\nprovider = "postgresql"\n=======\n', 2),
        (None, 1),
    ],
)
def test_locks(lock: str | None, line: int | None) -> None:
    """As the engine of Prisma reads them: P3019 for the others."""
    files = {"m/1_a/migration.sql": A} | ({} if lock is None else {"m/migration_lock.toml": lock})
    found = lock_faults(files, "m", files.__getitem__)
    assert [(fault.path, fault.line) for fault in found] == ([] if line is None else [("m/migration_lock.toml", line)])


# ---------------------------------------------------------------- what a pull request brings


def gathered(repo: Repo, base: str, head: str) -> MigrationSet:
    (found,) = gather(open_repository(repo.folder), Between(base, head), (Wanted(),))
    return found


def findings(found: MigrationSet) -> list[tuple[str, int, str]]:
    return [(each.path, each.line, each.object or "") for each in migration_list_stale.check(found)]


def test_sums_are_told_of_once(tmp_path: Path) -> None:
    """By who leaves them behind."""
    repo = Repo.at(tmp_path)
    base = repo.commit({"m/1_a.sql": A, "m/atlas.sum": SUM})
    stale = gathered(repo, base, base)
    repo.commit({"m/2_b.sql": B}, branch="mends")
    mended = gathered(repo, base, repo.git("rev-parse", "HEAD"))
    forgot = gathered(repo, base, repo.commit({"m/3_c.sql": A}))
    assert [findings(found) for found in (stale, mended, forgot)] == [[], [], [("m/atlas.sum", 1, "3_c")]]


def test_other_line_ends_are_no_edit(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    unix: dict[str, Any] = {**ATLAS}
    base = repo.commit(unix)
    windows: dict[str, Any] = {path: text.replace("\n", "\r\n") for path, text in ATLAS.items()}
    found = gathered(repo, base, repo.commit(windows, branch="windows"))
    assert (found.changed, found.faults) == ((), ())


def test_what_comes_too_late_is_told_as_that(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"d/meta/_journal.json": rows(ONE, THREE), "d/0000_a.sql": A, "d/0002_c.sql": A})
    late = rows(ONE, THREE, (3, 25, "0003_d"))
    found = gathered(repo, base, repo.commit({"d/meta/_journal.json": late, "d/0003_d.sql": B}, branch="late"))
    assert ([each.out_of_order for each in found.changed], findings(found)) == ([True], [])


def test_a_journal_that_nobody_can_read_hides_no_file(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"d/meta/_journal.json": rows(ONE), "d/0000_a.sql": A})
    torn: dict[str, Any] = {"d/meta/_journal.json": rows(ONE) + "<<<<<<< HEAD\n", "d/0001_b.sql": B}
    found = gathered(repo, base, repo.commit(torn, branch="torn"))
    assert [each.migration.id for each in found.changed] == ["0001_b"]
    assert [each[2] for each in findings(found)] == ["_journal.json"]
