"""Suppressions: which comments are some, whose they are, and what is wrong with them."""

from __future__ import annotations

import pytest

from workers.model import Level
from workers.sql.split import split
from workers.suppressions import Suppression, apply, problems, read_suppressions
from workers.verdict import Finding

RULES = {"table-dropped", "renamed"}
LINE = "-- migration-bot: allow table-dropped because it is empty"


def whose(sql: str) -> list[tuple[int | None, int, str | None, str | None]]:
    return [(s.statement, s.line, s.rule, s.reason) for s in read_suppressions(split(sql))]


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "DROP TABLE a;",
        "-- migration-bot is nice\nDROP TABLE a;",
        f"/* {LINE} */ DROP TABLE a;",
        f"/* /* */\n{LINE}\n*/\nDROP TABLE a;",
        f"SELECT '\n{LINE}\n';",
        f"SELECT $$\n{LINE}\n$$;",
        f"COPY a FROM stdin;\n{LINE}\n\\.\nDROP TABLE a;",
    ],
)
def test_what_is_no_suppression(sql: str) -> None:
    assert whose(sql) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"{LINE}\nDROP TABLE a;", (0, 1)),
        (f"{LINE}\n\n-- more\nDROP TABLE a;", (0, 1)),
        (f"\ufeff{LINE}\r\nDROP TABLE a;", (0, 1)),
        (f"/* head */ {LINE}\nDROP TABLE a;", (0, 1)),
        (f"DROP TABLE a;\n\n  {LINE}\nDROP TABLE b;", (1, 3)),
        (f"SELECT\n1\n;\n{LINE}\nDROP TABLE b;", (1, 4)),
        (f"DROP TABLE a; {LINE}\nDROP TABLE b;", (0, 1)),
        (f"DROP TABLE a; {LINE}", (0, 1)),
        (f"COPY a FROM stdin;\n1\n2\n\\.\n{LINE}\nDROP TABLE a;", (1, 5)),
        (f"DROP TABLE a;\n{LINE}\n", (None, 2)),
        (LINE, (None, 1)),
    ],
)
def test_whose_a_suppression_is(sql: str, expected: tuple[int | None, int]) -> None:
    assert whose(sql) == [(*expected, "table-dropped", "it is empty")]


@pytest.mark.parametrize(
    ("comment", "rule", "reason"),
    [
        ("--migration-bot:allow renamed because x", "renamed", "x"),
        ("-- migration-bot : allow renamed because because", "renamed", "because"),
        ("-- migration-bot: allow renamed", "renamed", None),
        ("-- migration-bot: allow renamed because", "renamed", None),
        ("-- migration-bot: allow renamed becuase x", None, None),
        ("-- migration-bot: ignore renamed because x", None, None),
        ("-- migration-bot: allow", None, None),
        ("-- migration-bot:", None, None),
    ],
)
def test_how_a_suppression_is_written(comment: str, rule: str | None, reason: str | None) -> None:
    assert whose(f"{comment}\nSELECT 1;") == [(0, 1, rule, reason)]


def suppression(rule: str | None, reason: str | None = "why") -> Suppression:
    return Suppression(0, 4, rule, reason, "the text")


DROP = Finding("table-dropped", Level.HIGH_RISK, "m.sql", 5, "public.a", "gone")


@pytest.mark.parametrize(
    "given", [(), (suppression("renamed"),), (suppression("table-dropped", None),), (suppression(None),)]
)
def test_nothing_is_allowed(given: tuple[Suppression, ...]) -> None:
    assert apply((DROP,), given, RULES) == ((DROP,), frozenset())


def test_a_finding_is_allowed_and_stays() -> None:
    given = (suppression("renamed"), suppression("table-dropped"))
    (finding,), used = apply((DROP,), given, RULES)
    assert (finding.rule, finding.level, finding.allowed) == ("table-dropped", Level.HIGH_RISK, "why")
    assert used == {given[1]}


def test_a_rule_that_is_none_allows_nothing_even_if_found() -> None:
    assert apply((DROP,), (suppression("table-dropped"),), {"renamed"}) == ((DROP,), frozenset())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (suppression(None), '"the text" is not understood. Write: -- migration-bot: allow NAME because REASON.'),
        (suppression("tables-dropped"), "There is no rule tables-dropped; did you mean table-dropped?"),
        (suppression("xyz"), "There is no rule xyz."),
        (suppression("renamed", None), "The suppression of renamed gives no reason, so it allows nothing: "),
        (suppression("renamed"), "Nothing here is renamed: remove the suppression, or put it above the statement"),
    ],
)
def test_problems(given: Suppression, message: str) -> None:
    (finding,) = problems((given,), {given}, RULES, "m.sql")
    assert (finding.rule, finding.level, finding.path, finding.line) == ("suppression", Level.RISKY, "m.sql", 4)
    assert finding.message.startswith(message)


def test_a_suppression_that_was_used_is_no_problem() -> None:
    assert list(problems((suppression("renamed"),), (), RULES, "m.sql")) == []
