"""The authors' own way back, on every face: none, one that restores, one that does not."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from tests.workers.report.reports import FULL, SAFE_MIGRATION
from workers.report.as_json import schema, to_json
from workers.report.markdown import to_markdown
from workers.report.terminal import render_terminal
from workers.report.written import differences, verdict
from workers.verdict import Report
from workers.ways_back import Written

RESTORES = Written("m/1.down.sql", True)
FAILS = Written("m/1.down.sql", False, ("index i is missing", "column c is not expected"))
LOSES = Written("m/1.down.sql", True, (), ("table t: 1 of 2 rows are not as they were",))


def report(written: Written | None) -> Report:
    return replace(FULL, migrations=(replace(SAFE_MIGRATION, written=written),))


def terminal(written: Written | None) -> str:
    out = io.StringIO()
    render_terminal(report(written), Console(file=out, width=100, force_terminal=False, _environ={}))
    return out.getvalue()


def test_none_was_written() -> None:
    assert "own way back" not in to_markdown(report(None)) + terminal(None)
    assert to_json(report(None))["migrations"][0]["written"] is None


@pytest.mark.parametrize(
    ("written", "said", "more"),
    [
        (RESTORES, "restores the schema.", ()),
        (LOSES, "restores the schema, but:", LOSES.loses),
        (FAILS, "does not restore the schema:", FAILS.difference),
    ],
)
def test_what_became_of_it(written: Written, said: str, more: tuple[str, ...]) -> None:
    assert (verdict(written), differences(written)) == (f"Your own way back in `m/1.down.sql` {said}", more)
    assert f"\nYour own way back in <code>m/1.down.sql</code> {said}\n\n" in to_markdown(report(written))
    assert all(f"\n- {line}\n" in to_markdown(report(written)) for line in more)
    printed = [line.strip() for line in terminal(written).splitlines()]
    place = printed.index(f"Your own way back in m/1.down.sql {said}")
    assert tuple(printed[place + 1 : place + 1 + len(more)]) == more
    told = to_json(report(written))
    assert told["migrations"][0]["written"] == {
        "path": "m/1.down.sql",
        "restores": written.restores,
        "difference": [*more],
    }
    Draft202012Validator(schema()).validate(told)


def test_the_first_of_many() -> None:
    many = tuple(f"column c{number} is missing" for number in range(13))
    assert differences(Written("m/1.down.sql", False, many)) == (*many[:10], "… 3 more differences")
