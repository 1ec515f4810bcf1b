"""How long a statement may take, in every face."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from tests.workers.report.reports import SAFE, judged
from workers.facts import Facts, Lock, Write
from workers.model import Level
from workers.rehearsed import Estimate
from workers.report.as_json import schema, to_json
from workers.report.evidence import evidence
from workers.report.markdown import to_markdown
from workers.report.words import roughly
from workers.verdict import JudgedStatement, Report
from workers.words import LockMode, Name, Source

ORDERS, ITEMS = Name("public", "orders"), Name("public", "items")
FOUND = Estimate(0, ORDERS, 12_000_000, 40_100.0, 121_400.0, 3 << 30, ((2_000, 3.0), (128_000, 180.25)))


def statement(*modes: LockMode, found: Estimate | None = FOUND) -> JudgedStatement:
    locks = (Lock(ITEMS, LockMode.ACCESS_EXCLUSIVE, Source.BOTH), *(Lock(ORDERS, mode, Source.BOTH) for mode in modes))
    return replace(judged("ALTER TABLE", Level.RISKY, 1, Facts(locks=locks)), estimate=found)


def told(one: JudgedStatement) -> list[str]:
    return [line for line in evidence(one) if line.startswith("estimate")]


def report(one: JudgedStatement) -> Report:
    return replace(SAFE, migrations=(replace(SAFE.migrations[0], statements=(one,)),))


def test_nothing_was_measured() -> None:
    assert told(statement(LockMode.ACCESS_EXCLUSIVE, found=None)) == []


@pytest.mark.parametrize(
    ("modes", "meanwhile"),
    [
        ((LockMode.SHARE, LockMode.ACCESS_EXCLUSIVE), "ACCESS EXCLUSIVE meanwhile: reads and writes wait"),
        ((LockMode.SHARE,), "SHARE meanwhile: writes wait"),
        ((LockMode.SHARE_UPDATE_EXCLUSIVE,), "reads and writes go on meanwhile"),
        ((), "reads and writes go on meanwhile"),
    ],
)
def test_the_band_what_it_comes_from_and_what_waits(modes: tuple[LockMode, ...], meanwhile: str) -> None:
    assert told(statement(*modes)) == [
        "estimate for 12,000,000 rows of `public.orders`: about 40 s to 2 min, 3.0 GB of WAL "
        f"(from 128,000 rows on this machine; {meanwhile})"
    ]


def test_an_update_holds_its_rows() -> None:
    facts = Facts((Lock(ORDERS, LockMode.ROW_EXCLUSIVE, Source.BOTH),), writes=(Write(ORDERS, updated=5),))
    (line,) = told(replace(statement(), facts=facts))
    assert line.endswith("on this machine; writes to the same rows wait meanwhile)")


def test_little_of_the_log_is_not_worth_a_word() -> None:
    (line,) = told(statement(LockMode.SHARE, found=replace(FOUND, wal_bytes=5 << 20)))
    assert "WAL" not in line


def test_on_the_pull_request() -> None:
    assert "about 40 s to 2 min, 3.0 GB of WAL (from 128,000 rows" in to_markdown(report(statement(LockMode.SHARE)))


def test_for_programs() -> None:
    made = to_json(report(statement(LockMode.SHARE)))
    Draft202012Validator(schema()).validate(made)
    assert made["migrations"][0]["statements"][0]["estimate"] == {
        "table": "public.orders",
        "rows": 12_000_000,
        "low_ms": 40_100.0,
        "high_ms": 121_400.0,
        "wal_bytes": 3 << 30,
        "measured": [[2_000, 3.0], [128_000, 180.25]],
    }


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0.2, "less than 1 ms"),
        (1.44, "1.4 ms"),
        (999.0, "1 s"),
        (7_479.0, "7.5 s"),
        (37_092.0, "37 s"),
        (59_999.0, "1 min"),
        (780_000.0, "13 min"),
        (3_540_000.0, "58 min"),
        (40_000_000.0, "11 h"),
    ],
)
def test_no_more_digits_than_an_estimate_has(ms: float, words: str) -> None:
    assert roughly(ms) == words
