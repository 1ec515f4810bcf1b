"""The pair that keeps data, on every face: none, one that brings back all, one that does not."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from tests.workers.report.reports import FULL, SAFE_MIGRATION
from workers.policy import RollbackForm
from workers.report.as_json import schema, to_json
from workers.report.kept import lines, verdict
from workers.report.markdown import to_markdown
from workers.report.rollback_file import rollback_files, rollback_path
from workers.report.terminal import render_terminal
from workers.verdict import Report
from workers.ways_back import Grade, Kept, KeptTable, Rollback
from workers.words import Name

T = Name("public", "t")
BACK = Rollback("UPDATE t;\n", Grade.EXACT, True)
STAY = "Rows were inserted into table public.t; they stay."
ALL = Kept("CREATE SCHEMA kept;\n", BACK, "DROP SCHEMA kept CASCADE;\n", (KeptTable(T, (), 1_000, 3 << 30),))
SOME = replace(
    ALL,
    rollback=Rollback("UPDATE t;\n", Grade.LOSSY, True, (STAY,)),
    tables=(KeptTable(T, ("id", "a")), KeptTable(Name("public", "u"), ("id",), 1, 2048)),
)


def report(kept: Kept | None) -> Report:
    return replace(FULL, migrations=(replace(SAFE_MIGRATION, kept=kept),))


def terminal(kept: Kept | None) -> str:
    out = io.StringIO()
    render_terminal(report(kept), Console(file=out, width=200, force_terminal=False, _environ={}))
    return out.getvalue()


def test_none_was_made() -> None:
    assert "kept" not in to_markdown(report(None)) + terminal(None)
    assert to_json(report(None))["migrations"][0]["kept"] is None


@pytest.mark.parametrize(
    ("kept", "grade", "told"),
    [
        (ALL, "exact", ("Keeps all rows of `public.t` (about 1,000 rows, about 3.0 GB).",)),
        (
            SOME,
            "lossy",
            ("Keeps `id`, `a` of `public.t`.", "Keeps `id` of `public.u` (about 1 row, less than 2.0 kB).", STAY),
        ),
    ],
)
def test_what_it_brings_back(kept: Kept, grade: str, told: tuple[str, ...]) -> None:
    said = f"With the data kept: {grade}, proven: applied, rolled back, compared equal, applied again"
    assert (verdict(kept), tuple(lines(kept))) == (said, told)
    for face in (to_markdown(report(kept)), terminal(kept)):
        assert said in face
        assert all(sql in face for sql in ("CREATE SCHEMA kept;", "UPDATE t;", "DROP SCHEMA kept CASCADE;"))
    printed = [line.strip() for line in terminal(kept).splitlines()]
    place = printed.index(said)
    assert printed[place + 1 : place + 1 + len(told)] == [line.replace("`", "") for line in told]


def test_json() -> None:
    found = to_json(report(ALL))
    Draft202012Validator(schema()).validate(found)
    kept = found["migrations"][0]["kept"]
    assert (kept["preserve"], kept["clean"]) == (ALL.preserve, ALL.clean)
    assert (kept["rollback"]["sql"], kept["rollback"]["grade"]) == (BACK.sql, "exact")
    assert kept["tables"] == [{"table": "public.t", "columns": [], "rows": 1_000, "size_bytes": 3 << 30}]


def test_of_many_tables_the_first_are_told() -> None:
    many = replace(ALL, tables=tuple(KeptTable(Name("public", f"t{n}"), ()) for n in range(22)))
    assert tuple(lines(many))[-2:] == ("Keeps all rows of `public.t19`.", "… and of 2 more tables.")


def test_the_pair_is_committed_where_it_is_proven() -> None:
    before, after = sorted(rollback_files(report(ALL)), key=lambda file: not file.keeps)
    folder = SAFE_MIGRATION.path.rpartition("/")[0]
    assert (before.path, before.keeps) == (f"{folder}/preserve.sql", True)
    assert before.sql == (
        f"-- For the migration {SAFE_MIGRATION.id}. Written by migration-bot; run by hand, never by the runner.\n"
        "-- Keeps all rows of `public.t` (about 1,000 rows, about 3.0 GB).\n"
        "-- Once nobody wants to go back any more: DROP SCHEMA kept CASCADE;\n"
        "\nCREATE SCHEMA kept;\n"
    )
    assert (after.path, after.keeps) == (f"{folder}/rollback.sql", False)
    assert f"It needs what {before.path} copies" in after.sql
    assert after.sql.endswith("\nUPDATE t;\n")


@pytest.mark.parametrize("form", [RollbackForm.FORWARD, RollbackForm.DOWN])
def test_beside_what_a_runner_runs_the_pair_is_for_people(form: RollbackForm) -> None:
    undone = replace(SAFE_MIGRATION, rollback=Rollback("DROP TABLE x;\n", Grade.LOSSY, True), kept=ALL)
    files = rollback_files(replace(FULL, migrations=(undone,)), form)
    assert [file.keeps for file in files].count(True) == 1
    assert [file.path for file in files if file.sql.endswith("\nUPDATE t;\n")] == [
        rollback_path(undone, FULL.layout),
    ]


def test_one_that_is_not_proven_is_not_committed() -> None:
    unproven = replace(ALL, rollback=replace(BACK, proven=False))
    assert not any(file.keeps for file in rollback_files(report(unproven)))
