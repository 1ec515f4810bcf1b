"""The comment's body: what it says, that it fits, and that nothing from a pull request gets out of its place."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.workers.report.page import OURS, Page, shape
from tests.workers.report.reports import (
    DROPPED,
    EMPTY,
    FULL,
    INDEXED,
    PATH,
    RISKY_MIGRATION,
    SAFE,
    SAFE_MIGRATION,
    judged,
    reports,
    texts,
)
from workers.model import Level
from workers.rehearsed import Preflight
from workers.report.markdown import LIMIT_BYTES, to_markdown
from workers.report.markup import code, fence, prose
from workers.verdict import Finding, Report
from workers.ways_back import Grade, Rollback


def test_nothing_to_review_is_two_lines() -> None:
    assert to_markdown(EMPTY) == (
        "### 🟢 safe · nothing found\n\nno migrations changed\n\n---\n\n"
        "<sub>Judged from the text alone: no server was used.</sub>\n"
    )


def test_a_safe_report_is_short() -> None:
    assert to_markdown(SAFE) == (
        "### 🟢 safe · nothing found\n"
        "\n"
        "1 migration, 1 statement\n"
        "\n"
        "#### 🟢 20260102000000_gift_cards\n"
        "\n"
        "<code>prisma/migrations/20260102000000_gift_cards/migration.sql</code>\n"
        "\n"
        "<details>\n"
        "<summary>1 statement</summary>\n"
        "\n"
        "| line | level | statement | what it does | took |\n"
        "|---:|---|---|---|---:|\n"
        "| 1 | safe | <code>CREATE TABLE</code> | creates <code>public.gift_cards</code> | 1.5&nbsp;ms |\n"
        "\n"
        "</details>\n"
        "\n"
        "<details>\n"
        "<summary>Rollback: <b>exact</b>, not proven</summary>\n"
        "\n"
        "**Takes back** <code>CREATE TABLE</code>\n"
        "\n"
        "- differs after it: sequence s: 1, expected 2\n"
        "\n"
        "**SQL**\n"
        "\n"
        "```sql\n"
        "DROP TABLE public.gift_cards;\n"
        "```\n"
        "\n"
        "**Steps**\n"
        "\n"
        "1. Deploy the code from before this pull request.\n"
        "2. Run the SQL in one transaction, as <code>psql --single-transaction -v ON_ERROR_STOP=1 -f FILE</code> "
        "does.\n"
        '3. Mark it as rolled back: <code>UPDATE "&#95;prisma_migrations" SET rolled_back_at = now() WHERE '
        "migration_name = '20260102000000_gift_cards' AND rolled_back_at IS NULL</code>. Where the deploy had failed, "
        "<code>npx prisma migrate resolve --rolled-back 20260102000000_gift_cards</code> does so; it refuses a "
        "migration that was applied to its end.\n"
        "\n"
        "</details>\n"
        "\n"
        "---\n"
        "\n"
        "<sub>PostgreSQL 16.14 (embedded), sandbox: bubblewrap. 812 ms in all: history replayed in 502 ms, "
        "rehearsal 120 ms, proof 150 ms. <code>bbbbbbbbbb</code> against <code>aaaaaaaaaa</code>.</sub>\n"
    )


def test_verdict_then_evidence_then_findings_then_what_to_do() -> None:
    text = to_markdown(FULL)
    order = [
        "### 🔴 high-risk · 1 high-risk and 1 risky findings, 1 allowed",
        "1 part could not be analysed",
        "**Read first:** <code>column-dropped</code>, public.orders.note, in <code>20260101000000_orders</code> line 2",
        "ACCESS EXCLUSIVE on <code>public.orders</code>, 1.2 ms<br>rewrites <code>public.orders</code><br>"
        "predicted: ACCESS EXCLUSIVE on <code>public.orders</code>",
        "fails: 23505 could not create unique index<br>predicted: SHARE on <code>public.orders</code>, builds <code>",
        "<details open>\n<summary>🔴 <b><code>column-dropped</code></b> public.orders.note, line 2</summary>",
        "</summary>\n\nDropping <code>note</code> loses its values.",
        "Instead, proven to reach the same schema and rows:",
        "-- deploy first: code that reads neither\n-- in a transaction of its own:\n"
        "ALTER TABLE orders RENAME COLUMN note TO note_old;\n"
        "-- outside a transaction:\nDROP INDEX CONCURRENTLY orders_note_idx;\n```",
        "<details>\n<summary>🟡 <b><code>index-not-concurrent</code></b> public.orders, line 5</summary>",
        "- allowed: <code>renamed</code> public.orders.total, line 5: window on Sunday",
        "**Before deploying**, ask the real database",
        "Line 2: a NULL is refused. It will pass when the answer is <code>0</code>:",
        "<summary>Rollback: <b>lossy</b>, proven: applied, rolled back, compared equal, applied again</summary>",
        "ALTER TABLE public.orders ADD COLUMN note text;",
        "#### 🟢 20260102000000_gift_cards",
        "#### Drift",
        "#### ⚠️ Not analysed",
        "line 9: &#92;set is understood by psql alone",
        "<sub>Note: role app was made for GRANT</sub>",
        "PostgreSQL 16.14 (embedded)",
        "<br>More about a finding: <code>migration-bot explain column-dropped</code></sub>",
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


# ---------------------------------------------------------------- nothing gets out


@given(reports)
def test_whatever_a_pull_request_holds_stays_in_its_place(report: Report) -> None:
    text = to_markdown(report)
    assert len(text.encode()) <= LIMIT_BYTES
    assert "<!--" not in text
    page = Page(text)
    assert page.open == []
    assert set(page.seen) <= OURS
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.", page.plain, re.IGNORECASE)
    assert page.seen.count("h3") == 1
    assert page.seen.count("summary") == page.seen.count("details")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@given(texts)
@example("</code>|`x` \\| <b>")
@example("___a_b__c_")
@settings(deadline=None)
def test_a_name_is_shown_as_it_is(text: str) -> None:
    shown = " ".join(re.sub(r"\s+", " ", _spelled(text)).split())
    for around in (
        f"a {code(text)} z\n",
        f"| a |\n|---|\n| {code(text)} |\n",
        f"<details>\n{code(text)}\n</details>\n",
    ):
        page = Page(around)
        assert " ".join("".join(page.codes).split()) == shown
        assert page.plain.replace("\n", "").strip() in ("a  z", "a z", "a", "")


@given(texts)
@example("a\n```\nb\n````")
@example("<!-- x --></pre>\n\n# y")
@settings(deadline=None)
def test_sql_is_shown_character_for_character(text: str) -> None:
    page = Page(f"before\n\n{fence(text)}\nafter\n")
    assert page.codes == [_spelled(text.strip("\n")) + "\n"]
    assert page.plain.split() == ["before", "after"]


def _spelled(text: str) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    unseen = "\0\x07\x1b\u202e\u2028\ud800"
    return "".join(c.encode("unicode_escape").decode() if c in unseen or _control(c) else c for c in plain)


def _control(character: str) -> bool:
    number = ord(character)
    return (
        (number < 32 and character not in "\n\t")
        or 127 <= number < 160
        or 0xD800 <= number < 0xE000
        or (character in "\u061c\u200e\u200f\u2029\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069")
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 2 of them", "plain words, 2 of them"),
        ("order_items", "order_items"),
        ("`a|b` or c|d", "<code>a&#124;b</code> or c&#124;d"),
        ("a lone ` tick", "a lone &#96; tick"),
        ("# no title", "&#35; no title"),
        ("1. no list", "&#49;. no list"),
        ("two\nlines", "two lines"),
        ("ask @octocat", "ask @\u200boctocat"),
        ("", ""),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_a_long_sentence_is_cut_between_characters() -> None:
    assert prose("é" * 100, 21) == "é" * 10 + "…"
    assert prose("|" * 100, 21) == "&#124;" * 3 + "…"
    assert prose("`" + "x" * 50 + "` " + "y" * 50, 20) == "<code>" + "x" * 20 + "…</code>"


# ---------------------------------------------------------------- it fits


def _finding(level: Level, line: int, size: int) -> Finding:
    return Finding("column-dropped", level, PATH, line, f"public.orders.note_{line}", "lost " * (size // 5))


def _report(statements: int = 1, risky: int = 0, high: int = 0, undo: str = "SELECT 1;", size: int = 50) -> Report:
    found = (
        *(_finding(Level.RISKY, 1 + i, size) for i in range(risky)),
        *(_finding(Level.HIGH_RISK, 9000 + i, size) for i in range(high)),
    )
    steps = tuple(judged("ALTER TABLE … ADD COLUMN", Level.RISKY, 1 + i) for i in range(statements))
    migration = replace(RISKY_MIGRATION, statements=steps, rollback=Rollback(undo, Grade.EXACT, True))
    return replace(FULL, migrations=(migration,), findings=found, preflight=(), drift=(), unread=(), notes=())


def test_what_fits_is_not_cut() -> None:
    text = to_markdown(_report(statements=50, risky=20, high=20))
    assert "too much for one comment" not in text
    assert text.count("<summary>") == 41


def test_a_long_rollback_goes_first_and_as_a_whole() -> None:
    text = to_markdown(_report(statements=50, high=20, undo="DROP TABLE a;\n" * 6000))
    assert "… 1 more rollback of 6000 lines, too much for one comment" in text
    assert "DROP TABLE a;" not in text
    assert text.count("<summary>🔴") == 20
    assert text.count("| risky |") == 50
    assert shape(text)["details"] == 20


def test_statements_go_before_findings() -> None:
    text = to_markdown(_report(statements=2000, risky=50, high=50))
    assert text.count("<summary>🔴") == 50
    assert text.count("<summary>🟡") == 50
    left = text.count("| risky |")
    assert f"… {2000 - left:,} more statements, too much for one comment" in text
    assert 0 < left < 2000
    assert len(text.encode()) > LIMIT_BYTES - 500
    assert shape(text)["table"] == 1


def test_risky_findings_go_before_high_risk_ones() -> None:
    text = to_markdown(_report(statements=500, risky=300, high=100, size=300))
    assert text.count("<summary>🔴") == 100
    left = text.count("<summary>🟡")
    assert 0 < left < 300
    assert f"… {300 - left} more risky findings" in text
    assert "… 500 more statements" in text


def test_even_high_risk_findings_are_cut_and_counted() -> None:
    text = to_markdown(_report(high=3000, size=1000))
    left = text.count("<summary>🔴")
    assert f"… {3000 - left:,} more high-risk findings" in text
    assert len(text.encode()) <= LIMIT_BYTES
    assert shape(text)["details"] == left


@given(st.lists(st.integers(0, 400), min_size=4, max_size=4))
@settings(deadline=None, max_examples=15)
def test_every_size_fits(sizes: list[int]) -> None:
    statements, risky, high, undo = sizes
    text = to_markdown(_report(statements, risky, high, "SELECT 1;\n" * (undo * 30), size=400))
    assert len(text.encode()) <= LIMIT_BYTES
    assert shape(text)["h4"] == 1


def test_hundreds_of_migrations_with_hostile_names_fit() -> None:
    name = "|`<!--@x*_" * 100
    many = tuple(replace(RISKY_MIGRATION, id=f"{n}{name}", path=f"{n}{name}") for n in range(300))
    safe = (replace(SAFE_MIGRATION, id="safe and first"),)
    findings = tuple(replace(DROPPED, path=migration.path) for migration in many)
    report = replace(FULL, migrations=safe + many, findings=findings, unread=())
    text = to_markdown(report)
    assert len(text.encode()) <= LIMIT_BYTES
    assert "safe and first" not in text
    assert "… 261 more migrations, none of them worse than these." in text
    assert shape(text)["h4"] == 41


def test_a_long_migration_lists_what_is_not_safe() -> None:
    steps = (*(judged("CREATE TABLE", line=1 + i) for i in range(400)), judged("DROP TABLE", Level.HIGH_RISK, 500))
    text = to_markdown(replace(FULL, migrations=(replace(RISKY_MIGRATION, statements=steps),)))
    assert text.count("| <code>CREATE TABLE</code> |") == 0
    assert "**Takes back** <code>CREATE TABLE</code> ×400, <code>DROP TABLE</code>" in text
    assert "| 500 | high&#8209;risk | <code>DROP TABLE</code> |" in text
    assert "| | safe | … 400 more statements | | |" in text


def test_long_advice_is_named_and_not_cut_in_half() -> None:
    query = Preflight("SELECT 1;\n" * 1000, "0", "long", PATH, 2)
    text = to_markdown(replace(FULL, preflight=(query,)))
    assert "(1,000 lines of SQL, in the JSON report.)" in text
    assert "SELECT 1;" not in text


def test_findings_outside_the_migrations_are_shown_with_their_path() -> None:
    text = to_markdown(replace(SAFE, level=Level.RISKY, findings=(replace(INDEXED, path="package.json"),)))
    assert "#### Elsewhere" in text
    assert "<b><code>index-not-concurrent</code></b> public.orders, <code>package.json</code> line 5</summary>" in text
