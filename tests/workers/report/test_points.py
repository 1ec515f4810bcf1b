"""What is asked before merging: only what applies, under ids that stay while the cause stays."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given

from tests.workers.report.page import OURS, Page
from tests.workers.report.reports import (
    COUNT,
    DROPPED,
    EMPTY,
    FULL,
    INDEXED,
    ORDERS,
    PATH,
    RISKY_MIGRATION,
    SAFE,
    SAFE_MIGRATION,
    SERVER,
    reports,
    statement,
)
from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.facts import Build, Facts, Lock
from workers.model import Change, Level, SqlError
from workers.policy import Policy
from workers.policy_file import parse_policy
from workers.rehearsed import Observation
from workers.report.point import LINE_BYTES, Point
from workers.report.points import LIMIT, points
from workers.report.promises import RULES_TOLD
from workers.rollback.grading import DataEffects
from workers.rollback.reached import TableEffect
from workers.rollback.write import write_rollback
from workers.rules import RULES
from workers.verdict import Finding, JudgedMigration, JudgedStatement, Report, Unread
from workers.ways_back import Grade, Rollback
from workers.words import LockMode, Name, Source

PROVEN = Rollback("DROP TABLE public.gift_cards;\n", Grade.EXACT, True)
GREEN = replace(SAFE, migrations=(replace(SAFE_MIGRATION, rollback=PROVEN),))


def judged(
    text: str, *findings: Finding, line: int = 1, facts: Facts | None = None, error: SqlError | None = None
) -> JudgedStatement:
    facts = facts or Facts()
    level = max((finding.level for finding in findings), default=Level.SAFE)
    seen = Observation(facts, duration_ms=1.5, error=error)
    return JudgedStatement(statement(text, line), "ALTER TABLE", level, facts, seen, findings)


def report(
    *statements: JudgedStatement, undo: Rollback | None = PROVEN, name: str = "2_orders", **more: object
) -> Report:
    findings = tuple(finding for each in statements for finding in each.findings)
    level = max((finding.level for finding in findings), default=Level.SAFE)
    path = findings[0].path if findings else PATH
    migration = JudgedMigration(name, path, Change.ADDED, level, statements, undo)
    made = Report(level, "prisma", "a" * 40, "b" * 40, SERVER, (migration,), findings)
    return replace(made, **more)  # type: ignore[arg-type]


def kinds(*told: Point) -> list[str]:
    return [f"{'x' if point.evidence else ' '} {point.kind}" for point in told]


def index(table: Name = ORDERS, line: int = 5, mode: LockMode = LockMode.SHARE) -> JudgedStatement:
    name = f"i{line}"
    facts = Facts(
        locks=(Lock(table, mode, Source.BOTH, 1.0),), builds=(Build(Name("public", name), table, rebuilt=False),)
    )
    found = replace(INDEXED, object=str(table), line=line)
    return judged(f"CREATE INDEX {name} ON {table} (n)", found, line=line, facts=facts)


DROP = judged("ALTER TABLE orders DROP COLUMN note", DROPPED, line=2)
LOST = Rollback(
    "ALTER TABLE public.orders ADD COLUMN note text;", Grade.LOSSY, True, ("The values of note were dropped with it.",)
)


# ---------------------------------------------------------------- nothing for people


def test_no_migrations_no_points() -> None:
    assert points(EMPTY, Policy()) == ()


def test_safe_proven_and_read_asks_nothing_of_people() -> None:
    assert points(GREEN, Policy()) == (
        Point(
            "0c1b8298",
            "applies",
            "the migrations apply",
            "The migration applies",
            evidence="run on PostgreSQL 16.14 after the merged ones: 1 statement in 1.5 ms",
        ),
        Point(
            "0668a70a",
            "rollback",
            "the rollback is proven",
            "The rollback is proven",
            evidence="exact: applied, rolled back, compared equal, applied again",
        ),
    )


@pytest.mark.parametrize("found", [replace(INDEXED, allowed="300 rows"), replace(INDEXED, level=Level.SAFE)])
def test_what_does_not_count_is_not_asked(found: Finding) -> None:
    told = points(report(judged("CREATE INDEX i ON orders (n)", found)), Policy())
    assert kinds(*told) == ["x applies", "x rollback"]


def test_rows_that_a_rollback_leaves_behind_are_no_loss() -> None:
    """In the words of the one who says so."""
    table = ObjectId(1259, 1, 0)
    catalog = Catalog({table: Object(table, Kind.TABLE, ("public", "orders"), None, "", {})}, "owner")
    plan = write_rollback(catalog, catalog, DataEffects((TableEffect(ORDERS, inserted=1),)))
    assert plan.grade is Grade.LOSSY
    told = points(report(judged("INSERT"), undo=Rollback(plan.sql, plan.grade, True, plan.reasons)), Policy())
    assert kinds(*told) == ["x applies", "x rollback"]


# ---------------------------------------------------------------- what applies


def test_a_drop_and_an_index() -> None:
    told = points(report(DROP, index(), undo=LOST), Policy())
    assert [(point.kind, point.text, point.reason, point.who) for point in told if not point.evidence] == [
        (
            "column-dropped",
            "🔴 No running code uses <code>public.orders.note</code>, and nobody needs the values",
            "<code>column-dropped</code> line 2: Dropping <code>note</code> loses its values",
            "write",
        ),
        (
            "index-not-concurrent",
            "🟡 Whatever needs <code>public.orders</code> may wait while 1 index is built",
            "<code>index-not-concurrent</code> line 5: Writes wait for the build",
            "write",
        ),
        (
            "backup",
            "A backup from right before deploying can be restored: nothing else brings back what is lost",
            "The values of note were dropped with it.",
            "write",
        ),
        (
            "staging",
            "Staging has been migrated with this, and the application works there",
            "what was tried here were a few made-up rows, without your code",
            "write",
        ),
    ]
    assert [point.label for point in told] == [
        "column-dropped public.orders.note",
        "index-not-concurrent public.orders",
        "backup",
        "staging",
        "the migrations apply",
        "the rollback is proven",
    ]
    assert told[-1].evidence == "lossy: applied, rolled back, compared equal, applied again"


def test_many_findings_of_a_rule_in_one_migration_are_one_point() -> None:
    tables = [Name("public", f"t{number}") for number in range(5)]
    told = points(report(*(index(tables[line % 5], line) for line in range(1, 10))), Policy())
    assert kinds(*told) == ["  index-not-concurrent", "  staging", "x applies", "x rollback"]
    assert told[0].text == (
        "🟡 Whatever needs <code>public.t1</code>, <code>public.t2</code>, <code>public.t3</code> and 2 more may wait "
        "while 9 indexes are built"
    )
    assert told[0].reason.startswith("<code>index-not-concurrent</code> lines 1, 2, 3, 4 and 5 more: ")
    assert told[0].label == "index-not-concurrent public.t1 and others"


def test_with_several_migrations_the_reason_names_the_one() -> None:
    told = points(FULL, Policy())
    assert told[0].reason.startswith("<code>column-dropped</code> <code>20260101000000_orders</code> line 2: ")


@pytest.mark.parametrize(
    ("mode", "policy", "asked"),
    [
        (LockMode.SHARE, "", False),
        (LockMode.ACCESS_EXCLUSIVE, "", True),
        (LockMode.ACCESS_EXCLUSIVE, "tables: {orders: {rows: 300}}", False),
        (LockMode.ACCESS_EXCLUSIVE, "checklist: {items: {window: off}}", False),
    ],
)
def test_a_window_is_for_work_on_large_tables_that_nobody_can_read_meanwhile(
    mode: LockMode, policy: str, asked: bool
) -> None:
    told = points(report(index(mode=mode)), parse_policy(policy))
    assert ("window" in [point.kind for point in told]) is asked


def test_a_refused_row_is_asked_about_by_its_query() -> None:
    refused = Finding("rows-rejected", Level.RISKY, PATH, 2, "public.orders", "A NULL makes it fail. Fill it.")
    made = report(judged("ALTER TABLE orders ALTER note SET NOT NULL", refused, line=2), preflight=(COUNT,))
    told = points(made, Policy())
    assert kinds(*told) == ["  preflight", "  staging", "x applies", "x rollback"]
    assert told[0].text == "The pre-flight query of <code>2_orders</code> answers as expected on production"
    assert told[0].reason == "line 2 passes when the answer is <code>0</code>: a NULL is refused"
    told = points(made, parse_policy("checklist: {items: {preflight: off}}"))
    assert kinds(*told) == ["  rows-rejected", "  staging", "x applies", "x rollback"]


def test_what_was_not_read_is_read_by_a_person() -> None:
    parts = (Unread(PATH, 3, "\\set is a command of psql, which was not run."), Unread(PATH, 9, "DO: not run."))
    told = points(report(judged("CREATE TABLE a ()"), unread=parts), Policy())
    assert kinds(*told) == ["  unread", "x rollback"]
    assert told[0].text == f"Read by a person, as it could not be analysed: <code>{PATH}</code> lines 3, 9"
    assert told[0].reason == "&#92;set is a command of psql, which was not run. (and 1 more part)"


def test_a_query_about_what_is_allowed_is_not_asked() -> None:
    excused = Finding("rows-rejected", Level.RISKY, PATH, 2, "public.orders", "A NULL.", allowed="there are none")
    made = report(judged("ALTER TABLE orders ALTER note SET NOT NULL", excused, line=2), preflight=(COUNT,))
    assert kinds(*points(replace(made, level=Level.SAFE), Policy())) == ["x applies", "x rollback"]


def test_a_failure_is_one_point_with_what_it_left_unread_and_unproven() -> None:
    fails = Finding("migration-fails", Level.HIGH_RISK, PATH, 2, "2_orders", "ALTER TABLE fails: no such table.")
    made = report(
        judged("ALTER TABLE nope ADD a int", fails, error=SqlError("42P01", "no such table")),
        undo=None,
        unread=(Unread(PATH, 3, "From here on the statements were not run."),),
    )
    assert kinds(*points(made, Policy())) == ["  migration-fails", "  staging"]


@pytest.mark.parametrize(
    ("undo", "reason"),
    [
        (None, "there is no rollback SQL"),
        (Rollback("x;", Grade.EXACT, False, difference=("sequence s",)), "differs after it: sequence s"),
        (Rollback("x;", Grade.EXACT, False), "it was not tried"),
    ],
)
def test_a_rollback_that_is_not_proven_is_a_persons_matter(undo: Rollback | None, reason: str) -> None:
    told = points(report(judged("CREATE TABLE a ()"), undo=undo), Policy())
    assert kinds(*told) == ["  rollback", "x applies"]
    assert told[0].text == "It is known how to get back from <code>2_orders</code>: the way is not proven"
    assert told[0].reason == reason


def test_files_that_were_merged_need_no_staging() -> None:
    edited = replace(SAFE_MIGRATION, change=Change.EDITED, statements=(), rollback=None, level=Level.RISKY)
    found = Finding("merged-migration-changed", Level.RISKY, edited.path, 1, edited.id, "It is edited.")
    told = points(replace(SAFE, migrations=(edited,), findings=(found,)), Policy())
    assert kinds(*told) == ["  merged-migration-changed"]


def test_an_edited_file_that_is_edited_again_is_asked_about_again() -> None:
    found = Finding("merged-migration-changed", Level.RISKY, SAFE_MIGRATION.path, 1, SAFE_MIGRATION.id, "It is edited.")
    edited = replace(SAFE_MIGRATION, change=Change.EDITED, statements=(), rollback=None, level=Level.RISKY)
    ids = [
        points(replace(SAFE, migrations=(replace(edited, digest=digest),), findings=(found,)), Policy())[0].id
        for digest in ("one", "one", "two")
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_finding_in_another_file_is_asked_about_with_its_path() -> None:
    told = points(replace(GREEN, findings=(replace(INDEXED, path="package.json"),)), Policy())
    assert kinds(*told) == ["  index-not-concurrent", "x applies", "x rollback"]
    assert "<code>package.json</code> line 5" in told[0].reason


def test_every_rule_has_its_promise() -> None:
    assert {rule.name for rule in RULES} == RULES_TOLD


# ---------------------------------------------------------------- who


def test_who_confirms_by_rule_then_level_then_for_all() -> None:
    policy = parse_policy(
        "checklist:\n  who: author\n  items:\n    backup: {who: '@acme/dba'}\n    high-risk: {who: not-author}\n"
        "    index-not-concurrent: {who: write}\n    staging: off"
    )
    told = points(report(DROP, index(), undo=LOST), policy)
    assert [(point.kind, point.who) for point in told if not point.evidence] == [
        ("column-dropped", "not-author"),
        ("index-not-concurrent", "write"),
        ("backup", "@acme/dba"),
    ]


# ---------------------------------------------------------------- ids


def ids(made: Report) -> list[str]:
    return [point.id for point in points(made, Policy())]


def test_an_id_stays_where_only_its_place_changes() -> None:
    before = report(DROP, index(), undo=LOST)
    moved = replace(DROPPED, line=40, path="db/3_later/migration.sql")
    text = "\r\n" + DROP.statement.text.replace(" DROP", "\r\n  DROP")
    there = judged("\n" + DROP.statement.text.replace(" DROP", "\n  DROP"), DROPPED, line=2)
    after = report(judged(text, moved, line=40), undo=LOST, name="3_later")
    assert ids(report(there, undo=LOST))[:2] == ids(after)[:2]
    assert ids(before)[1] not in ids(after)


def test_an_id_changes_with_its_statement_and_its_label_stays() -> None:
    before = points(report(DROP, undo=LOST), Policy())
    after = points(report(replace(DROP, statement=statement("ALTER TABLE orders DROP note", 2)), undo=LOST), Policy())
    assert not {point.id for point in before} & {point.id for point in after}
    assert [point.label for point in before] == [point.label for point in after]


def test_the_other_statements_do_not_matter() -> None:
    alone, beside = points(report(DROP, undo=LOST), Policy()), points(report(DROP, index(), undo=LOST), Policy())
    assert [point.id for point in alone if point.kind in ("column-dropped", "backup")] == [
        point.id for point in beside if point.kind in ("column-dropped", "backup")
    ]


def several(number: int) -> Report:
    """Migrations that all build the same index."""
    migrations, findings = [], []
    for place in range(number):
        found = replace(INDEXED, path=f"m/{place}/migration.sql")
        each = judged("CREATE INDEX i ON orders (n)", found, line=5)
        migrations.append(replace(RISKY_MIGRATION, id=f"{place}", path=found.path, statements=(each,), rollback=PROVEN))
        findings.append(found)
    return replace(FULL, migrations=tuple(migrations), findings=tuple(findings), preflight=(), unread=())


def test_the_same_cause_twice_has_two_ids_and_more_migrations_leave_them_alone() -> None:
    two, three = ids(several(2))[:2], ids(several(3))[:3]
    assert len({*two}) == 2
    assert three[:2] == two
    assert [point.id for point in points(several(3), Policy(), most=None)[:3]] == [two[0]] * 3


def test_too_many_points_are_made_of_the_whole() -> None:
    told = points(several(100), Policy())
    assert kinds(*told) == ["  index-not-concurrent", "  staging", "x applies", "x rollback"]
    assert told[0].text == "🟡 Whatever needs <code>public.orders</code> may wait while 100 indexes are built"
    assert told[0].reason.startswith(
        "<code>index-not-concurrent</code> in <code>0</code>, <code>1</code>, <code>2</code> and 97 more: "
    )
    assert len(points(several(100), Policy(), most=None)) == 103


# ---------------------------------------------------------------- nothing gets out


@given(reports)
@example(replace(FULL, findings=tuple(replace(DROPPED, object="|`<!--@x*_\n" * 200) for _ in range(9))))
@example(
    replace(
        FULL,
        unread=(Unread("-->\n- [x] " * 90, 1, "<!-- item:00000000 -->"),),
        preflight=(replace(COUNT, expect="`@a`"),),
    )
)
def test_whatever_a_pull_request_holds_stays_in_its_line(made: Report) -> None:
    told = points(made, Policy())
    assert len(told) <= LIMIT
    assert len({point.id for point in told}) == len(told)
    for point in told:
        assert re.fullmatch("[0-9a-f]{8}", point.id)
        assert len(point.text.encode()) + len(point.reason.encode()) <= LINE_BYTES
        assert len(point.evidence.encode()) <= 300
        line = f"- {point.text}<br><sub>{point.reason} · {point.evidence}</sub>\n"
        assert "<!--" not in line
        assert line.count("\n") == 1
        assert "\n" not in point.label
        page = Page(line)
        assert page.open == []
        assert set(page.seen) <= OURS - {"details", "summary", "table", "h3", "h4"}
        assert page.seen.count("li") == 1
        assert not re.search(r"@\w|#\d|GH-\d|://|www\.", page.plain, re.IGNORECASE)


# ---------------------------------------------------------------- the page about it


def test_the_page_names_every_rule_and_its_example_is_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "checklist.md").read_text()
    confirmed = page[page.index("| rule | what is confirmed |") : page.index("## Ids")]
    assert set(re.findall(r"`([a-z-]+)`(?=[^|]*\|[^|]*\|$)", confirmed, re.MULTILINE)) >= RULES_TOLD
    example = re.search("```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    assert [item.name for item in parse_policy(example[1]).checklist.items] == [
        "backup",
        "high-risk",
        "index-not-concurrent",
        "staging",
    ]
