"""An audit's faces: totals, reasons without names, what is not proven."""

from __future__ import annotations

import io

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from workers.audited import Audit, AuditedMigration
from workers.rehearsed import ServerInfo
from workers.report.as_json import schema
from workers.report.audit_json import audit_to_json
from workers.report.audit_markdown import audit_to_markdown
from workers.report.audit_text import render_audit
from workers.report.audit_words import reasons
from workers.ways_back import Grade, Rollback, Written

SERVER = ServerInfo("18.4", "embedded", "bubblewrap")
EMPTY = Audit("plain", "", "", SERVER, ())


def dropped(column: str, *difference: str) -> Rollback:
    reason = f"The values of column {column} were dropped with it; it comes back without them."
    return Rollback("SELECT 1;\n", Grade.LOSSY, not difference, (reason,), difference)


FULL = Audit(
    "prisma",
    "prisma/migrations",
    "0" * 40,
    SERVER,
    (
        AuditedMigration("m1", "m1.sql", Rollback("DROP TABLE a;\n", Grade.EXACT, True)),
        AuditedMigration("m2", "m2.sql", None, "line 3: no \x1b[31m such table (42P01)"),
        AuditedMigration("m3", "m3.sql", dropped("public.a.old"), written=Written("m3.down.sql", False, ("a | b",))),
        AuditedMigration("m4", "m4.sql", dropped('public."A b".old', "1 @here", "2", "3", "4")),
    ),
    ("a note",),
    kept=1,
    seconds=2.5,
)


def text(audit: Audit, width: int = 80, *, with_sql: bool = False) -> str:
    out = io.StringIO()
    render_audit(audit, Console(file=out, width=width), with_sql=with_sql)
    return out.getvalue()


def test_nothing() -> None:
    assert "migrations    0" in text(EMPTY)
    assert "| migrations | 0 |" in audit_to_markdown(EMPTY)
    assert audit_to_json(EMPTY)["summary"]["proven"] == 0


def test_one_reason_for_two_objects() -> None:
    assert reasons(FULL) == (("The values of column … were dropped with it; it comes back without them.", 2),)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_text(width: int) -> None:
    told = text(FULL, width)
    assert max(len(line) for line in told.splitlines()) <= width
    assert "\x1b" not in told
    words = " ".join(told.split())
    assert "1 rollback not proven m4 1 @here 2 3 and 1 more line" in words
    assert "1 down file that does not restore the schema m3.down.sql a | b" in words
    assert "proven 2 of 3" in words
    assert "down files 0 of 1 restore the schema" in words
    assert "2.5 s, 1 known from an earlier run" in words
    assert "DROP TABLE" not in told
    assert "DROP TABLE a;" in text(FULL, width, with_sql=True)


def test_markdown() -> None:
    told = audit_to_markdown(FULL)
    assert "| <code>m4</code> | 1 @\N{ZERO WIDTH SPACE}here<br>2<br>3<br>and 1 more line |" in told
    assert "a &#124; b" in told
    assert "```sql" in audit_to_markdown(FULL, with_sql=True)


@pytest.mark.parametrize("audit", [EMPTY, FULL])
@pytest.mark.parametrize("with_sql", [False, True])
def test_json_is_as_its_schema_says(audit: Audit, with_sql: bool) -> None:
    Draft202012Validator(schema("audit_schema.json")).validate(audit_to_json(audit, with_sql=with_sql))
