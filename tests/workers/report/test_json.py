"""The JSON contract: exact values, and every report within the schema."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tests.workers.report.reports import EMPTY, FULL, PATH, reports
from workers.report.as_json import schema, to_json
from workers.verdict import Report

VALIDATOR = Draft202012Validator(schema())
DOCS = Path(__file__).parents[3] / "docs" / "report.md"


def test_nothing_changed_and_no_server() -> None:
    assert to_json(EMPTY) == {
        "version": 1,
        "level": "safe",
        "base": "",
        "head": "",
        "layout": "prisma",
        "server": None,
        "migrations": [],
        "findings": [],
        "preflight": [],
        "drift": [],
        "unread": [],
        "notes": [],
        "timing": {
            "total_ms": 0.0,
            "acquire_ms": 0.0,
            "replay_ms": 0.0,
            "rehearse_ms": 0.0,
            "prove_ms": 0.0,
            "snapshot": "miss",
        },
        "projects": [
            {
                "directory": "",
                "layout": "prisma",
                "level": "safe",
                "server": None,
                "migrations": [],
                "drift": [],
                "failed": None,
            }
        ],
    }


def test_a_statement_with_all_that_was_seen() -> None:
    excused = {
        "rule": "renamed",
        "level": "risky",
        "path": PATH,
        "line": 5,
        "object": "public.orders.total",
        "message": "Old code fails.",
        "rewrite": None,
        "allowed": "window on Sunday",
    }
    assert to_json(FULL)["migrations"][0]["statements"][1] == {
        "line": 5,
        "sql": "CREATE UNIQUE INDEX orders_n ON orders (n)",
        "action": "CREATE UNIQUE INDEX",
        "level": "risky",
        "duration_ms": 12.3,
        "wal_bytes": 0,
        "error": {"sqlstate": "23505", "message": "could not create unique index", "line": 5},
        "findings": [
            {
                "rule": "index-not-concurrent",
                "level": "risky",
                "path": PATH,
                "line": 5,
                "object": "public.orders",
                "message": "Writes wait for the build.",
                "rewrite": None,
                "allowed": None,
            },
            excused,
        ],
        "locks": [{"relation": "public.orders", "mode": "SHARE", "source": "predicted", "held_ms": None}],
        "rewrites": [],
        "builds": [{"index": "public.orders_n", "table": "public.orders", "rebuilt": False}],
        "scans": ["public.orders"],
        "writes": [{"table": "public.orders", "inserted": 0, "updated": 36, "deleted": 0}],
        "notices": [],
        "predicted": {"locks": [], "rewrites": ["public.orders"], "builds": [], "scans": []},
        "estimate": None,
    }


def test_advice_and_rollback() -> None:
    found = to_json(FULL)
    assert found["findings"][0]["rewrite"] == {
        "steps": [
            {
                "sql": "ALTER TABLE orders RENAME COLUMN note TO note_old;",
                "transaction": True,
                "deploy": "code that reads neither",
            },
            {"sql": "DROP INDEX CONCURRENTLY orders_note_idx;", "transaction": False, "deploy": None},
        ],
        "proven": True,
        "refuted": None,
        "missing": None,
        "in_place": False,
    }
    assert found["migrations"][0]["rollback"] == {
        "sql": "ALTER TABLE public.orders ADD COLUMN note text;\n",
        "grade": "lossy",
        "proven": True,
        "reasons": ["the values of note are gone"],
        "difference": [],
        "steps": [],
        "locks": [],
        "takes": [],
        "notes": [],
    }
    assert found["preflight"] == [
        {
            "sql": "SELECT count(*) FROM orders WHERE note IS NULL;",
            "expect": "0",
            "reason": "a NULL is refused",
            "path": PATH,
            "line": 2,
        }
    ]
    assert found["timing"]["total_ms"] == 812.346


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())
    VALIDATOR.validate(to_json(FULL))


@given(reports)
def test_every_report_is_within_the_schema_and_survives_being_text(report: Report) -> None:
    found = to_json(report)
    VALIDATOR.validate(found)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def _without(path: tuple[str | int, ...]) -> Any:
    found = to_json(FULL)
    inside: Any = found
    for key in path[:-1]:
        inside = inside[key]
    del inside[path[-1]]
    return found


@pytest.mark.parametrize(
    "path",
    [("level",), ("timing", "snapshot"), ("migrations", 0, "rollback"), ("migrations", 0, "statements", 0, "locks")],
)
def test_no_field_may_be_missing(path: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError, match="is a required property"):
        VALIDATOR.validate(_without(path))


def test_no_field_may_be_unknown() -> None:
    with pytest.raises(ValidationError, match="'colour' was unexpected"):
        VALIDATOR.validate({**to_json(FULL), "colour": "red"})


def _properties(node: object) -> set[str]:
    if isinstance(node, dict):
        own = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
        return own.union(*(_properties(value) for value in node.values()))
    return set().union(*(_properties(item) for item in node)) if isinstance(node, list) else set()


def test_every_field_is_described() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert {name for name in _properties(schema()) if f"`{name}`" not in text} == set()
