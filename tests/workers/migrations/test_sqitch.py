from tests.workers.migrations.told import STATEMENT, owners
from workers.migrations.layout import Entry
from workers.migrations.sqitch import SQITCH, planned

PLAN = """%syntax-version=1.0.0
%project=shop

schema 2024-01-01T00:00:00Z Ann <ann@example.org> # The schema.
users [schema] 2024-01-02T00:00:00Z Ann <ann@example.org> # Users.
@v1 2024-01-03T00:00:00Z Ann <ann@example.org> # First.

@v1.1 2024-01-03T00:00:00Z Ann <ann@example.org> # Also.
# Not here: orders
fn/total [users] 2024-01-04T00:00:00Z Ann <ann@example.org> # A function.
users [users@v1] 2024-01-05T00:00:00Z Ann <ann@example.org> # Again.
gone 2024-01-06T00:00:00Z Ann <ann@example.org> # Its script is not there.
"""


def listed(files: dict[str, str]) -> tuple[Entry, ...]:
    return SQITCH.listed(SQITCH.entries(files, "db"), files, "db", files.__getitem__)


def test_detection() -> None:
    assert owners({"db/sqitch.plan": PLAN, "db/deploy/users.sql": "", "db/revert/users.sql": ""}) == {"db": "sqitch"}
    assert owners({"db/sqitch.plan": PLAN}) == {}
    assert owners({"sqitch.plan": PLAN, "deploy/1_a.sql": ""}) == {"": "sqitch"}


def test_the_plan_s_order_and_the_names_of_reworked_changes() -> None:
    for text in (PLAN, PLAN.replace("\n", "\r\n")):
        assert planned(text) == ("schema", "users@v1", "fn/total", "users", "gone")
    assert planned("") == ()


def test_its_files() -> None:
    names = ("deploy/users.sql", "deploy/users@v1.sql", "revert/users.sql", "deploy/fn/total.sql", "deploy/other.sql")
    files = {"db/sqitch.plan": PLAN, **{f"db/{name}": "" for name in names}}
    assert listed(files) == (
        Entry("users@v1", "db/deploy/users@v1.sql"),
        Entry("fn/total", "db/deploy/fn/total.sql"),
        Entry("users", "db/deploy/users.sql", "db/revert/users.sql"),
    )
    del files["db/sqitch.plan"]
    assert listed(files) == ()


def test_psql_runs_statement_by_statement() -> None:
    assert SQITCH.transaction([], "db", str) is STATEMENT


def test_another_engine_is_refused() -> None:
    for engine, expected in (("pg", None), ("mysql", "db/sqitch.conf: the engine is mysql, not pg")):
        files = {"db/sqitch.conf": f"[core]\n\tengine = {engine}\n"}
        assert SQITCH.refuses(files, "db", files.__getitem__) == expected
    assert SQITCH.refuses({}, "db", str) is None
