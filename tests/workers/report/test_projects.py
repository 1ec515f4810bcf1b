"""A report on several projects: each under its folder, and nothing of one taken for the other's."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from tests.workers.report.page import Page
from tests.workers.report.reports import DROPPED, EMPTY, FULL, RISKY_MIGRATION, SAFE, SERVER, TIMING
from workers.combined import combined, failed
from workers.conflicts import places
from workers.model import Change, Level, MigrationSet
from workers.policy import Policy
from workers.policy_file import parse_policy
from workers.report.as_json import schema, to_json
from workers.report.comment import comment
from workers.report.markdown import to_markdown
from workers.report.points import points
from workers.report.rollback_file import rollback_files
from workers.report.terminal import render_terminal
from workers.verdict import Report

ROOM_BYTES = 40_000


def one(directory: str, layout: str = "prisma", **more: object) -> Report:
    """A project whose migration does the same under the same id as that of any other."""
    path = f"{directory}/{RISKY_MIGRATION.path.partition('/migrations/')[2]}"
    found = tuple(replace(each, path=path) for each in FULL.findings)
    moved = dict(zip(FULL.findings, found, strict=True))
    statements = tuple(
        replace(each, findings=tuple(moved.get(finding, finding) for finding in each.findings))
        for each in RISKY_MIGRATION.statements
    )
    migration = replace(RISKY_MIGRATION, path=path, statements=statements)
    made = Report(Level.HIGH_RISK, layout, "a" * 40, "b" * 40, SERVER, (migration,), found, timing=TIMING)
    return replace(made, directory=directory, **more)  # type: ignore[arg-type]


SHOP, BILLING = one("apps/shop/migrations"), one("billing/db", "plain", notes=("role app was made for GRANT",))
BOTH = combined((SHOP, BILLING))
WHY = "billing/db/1_a.sql:3: the merged history fails here: no (42601), on PostgreSQL 16.14"
PART = combined((SHOP, failed(MigrationSet("plain", "billing/db", "a" * 40, "b" * 40, (), ()), WHY)))


def test_one_of_several_says_what_an_only_one_says() -> None:
    only, alone = combined((SHOP,)), SHOP
    assert to_markdown(only) == to_markdown(alone)
    assert comment(only, ROOM_BYTES) == comment(alone, ROOM_BYTES)
    assert shown(only) == shown(alone)
    assert to_json(only) == to_json(alone)
    assert rollback_files(only) == rollback_files(alone)
    told = [[replace(point, id="") for point in points(report, Policy())] for report in (only, alone)]
    assert told[0] == told[1]


def shown(report: Report) -> str:
    printed = io.StringIO()
    render_terminal(report, Console(file=printed, width=80))
    return printed.getvalue()


def test_what_one_holds_all_hold() -> None:
    assert (BOTH.level, BOTH.layout, BOTH.server) == (Level.HIGH_RISK, "prisma, plain", SERVER)
    assert [migration.path for migration in BOTH.migrations] == [
        "apps/shop/migrations/20260101000000_orders/migration.sql",
        "billing/db/20260101000000_orders/migration.sql",
    ]
    assert BOTH.findings == (*SHOP.findings, *BILLING.findings)
    assert BOTH.notes == ("billing/db: role app was made for GRANT",)
    assert BOTH.timing == replace(TIMING, **{name: 2 * getattr(TIMING, name) for name in _MS})
    around = combined((SHOP,), (replace(EMPTY, findings=(replace(DROPPED, path="ci.yml"),)),))
    assert [finding.path for finding in around.findings[-1:]] == ["ci.yml"]
    assert len(around.projects[0].findings) == len(around.findings) - 1


_MS = ("total_ms", "acquire_ms", "replay_ms", "rehearse_ms", "prove_ms")


def test_each_stands_below_its_folder() -> None:
    text = comment(BOTH, ROOM_BYTES).body
    name = "20260101000000_orders"
    order = [
        "2 migrations of 2 projects, 4 statements",
        f"in <code>apps/shop/migrations/{name}</code> line 2",
        "### 🔴 <code>apps/shop/migrations</code>\n\nprisma on PostgreSQL 16.14: 1 migration, 2 statements",
        f"#### 🔴 {name}",
        "### 🔴 <code>billing/db</code>\n\nplain on PostgreSQL 16.14: 1 migration",
        f"#### 🔴 {name}",
        "Note: billing/db: role app",
    ]
    at = 0
    for part in order:
        assert part in text[at:], part
        at = text.index(part, at) + len(part)
    assert Page(text).open == []
    assert "Roll back what comes after it first" not in text  # the other project's is no later one
    assert "UPDATE" in text.partition("### 🔴 <code>billing/db</code>")[0]
    assert "your runner" in text.partition("### 🔴 <code>billing/db</code>")[2]


def test_so_many_that_there_is_room_for_none() -> None:
    many = combined([one(f"examples/with-a-long-name-{number:03}/migrations") for number in range(300)])
    text = comment(many, 9_000).body
    assert len(text.encode()) <= 9_000
    assert "more project" in text
    assert Page(text).open == []


def test_one_that_could_not_be_analysed() -> None:
    assert (PART.level, [item.reason for item in PART.unread]) == (Level.HIGH_RISK, [WHY])
    text = to_markdown(PART)
    assert "### ⚠️ <code>billing/db</code>\n\nNot analysed: billing/db/1_a.sql:3: the merged history fails" in text
    assert "Judged from the text alone" not in text
    assert shown(PART).count("the merged history fails here") == 1
    project = to_json(PART)["projects"][1]
    assert (project["failed"], project["server"], project["migrations"]) == (WHY, None, [])


def test_the_terminal_in_80_columns() -> None:
    text = shown(BOTH)
    assert "\napps/shop/migrations  high-risk\nprisma on PostgreSQL 16.14: 1 migration, 2 statements" in text
    assert text.index("\nbilling/db  high-risk\n") > text.index("orders/migration.sql")


@pytest.mark.parametrize("report", [BOTH, PART, combined((SHOP,)), SHOP], ids=["both", "part", "only", "alone"])
def test_json(report: Report) -> None:
    told = to_json(report)
    Draft202012Validator(schema()).validate(told)
    assert [path for project in told["projects"] for path in project["migrations"]] == [
        migration["path"] for migration in told["migrations"]
    ]


# ---------------------------------------------------------------- what has to be confirmed


def ids(report: Report) -> list[str]:
    return [point.id for point in points(report, Policy())]


def test_the_same_cause_in_two_projects_is_confirmed_twice() -> None:
    assert len(set(ids(BOTH))) == len(ids(BOTH))
    dropped = [point for point in points(BOTH, Policy()) if point.kind == "column-dropped"]
    assert [point.label.partition(" ")[0] for point in dropped] == ["apps/shop/migrations", "billing/db"]
    assert "<code>billing/db/20260101000000_orders</code> line 2" in dropped[1].reason


def test_an_id_stays_whatever_other_project_is_changed_beside_it() -> None:
    shop, billing = ids(combined((SHOP,))), ids(combined((BILLING,)))
    assert set(shop).isdisjoint(billing)
    together = ("backup", "staging", "window")
    about = {one.id for one in points(BOTH, Policy()) if one.kind not in together and not one.evidence}
    assert about <= {*shop, *billing}
    assert {point.id for point in points(BOTH, Policy(), most=None)} >= about


def test_what_is_large_is_told_of_each_project() -> None:
    told = "projects:\n- path: apps/shop/migrations\n  tables: {orders: {rows: 3}}\n- path: billing/db\n"
    policy = parse_policy(told)
    rewriting = replace(DROPPED, rule="table-rewritten")
    asked = []
    for project in (SHOP, BILLING):
        finding = replace(rewriting, path=project.migrations[0].path)
        first, *rest = project.migrations[0].statements
        migration = replace(project.migrations[0], statements=(replace(first, findings=(finding,)), *rest))
        report = combined((replace(project, migrations=(migration,), findings=(finding,)),))
        asked.append("window" in [point.kind for point in points(report, policy)])
    assert asked == [False, True]


def test_rollbacks_go_where_each_project_keeps_them() -> None:
    assert [file.path for file in rollback_files(BOTH)] == [
        "apps/shop/migrations/20260101000000_orders/rollback.sql",
        "billing/db/20260101000000_orders/rollbacks/rollback_migration.sql",
    ]


def test_two_databases_may_have_a_table_of_one_name() -> None:
    created = [replace(SAFE, directory=directory) for directory in ("a", "b")]
    assert places(created[0]) == (("public.gift_cards", ""),)
    assert places(combined(created)) == (("a: public.gift_cards", ""), ("b: public.gift_cards", ""))
    assert created[0].migrations[0].change is Change.ADDED
