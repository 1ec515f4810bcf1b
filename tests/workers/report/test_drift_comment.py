"""Live drift in a comment: what is cut where it does not fit, and what is never told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.catalog import Kind
from workers.drift.gaps import Gap, GapKind
from workers.drift.live import Closing, History, LiveDrift
from workers.report.drift_comment import drift_comment

HISTORY = History("public._prisma_migrations", ("m1", "m2"), pending=("m3",))
CLEAN = LiveDrift("db.acme.example:5432/shop", "prisma", "prisma/migrations", "c0ffee" * 7, HISTORY)
LIMIT = 60_000


def gap(name: str, definition: str = "text") -> Gap:
    return Gap(GapKind.EXTRA, Kind.COLUMN, ("public", "a", name), f"column public.a.{name}", None, definition)


def drifted(count: int, definition: str = "text") -> LiveDrift:
    sql = tuple(f'ALTER TABLE "a" DROP COLUMN "c{n}";' for n in range(count))
    closing, not_proven = Closing(sql, proven=True, loses=("column public.a.c0",)), Closing((), why_not="it is a view")
    gaps = tuple(gap(f"c{n}", definition) for n in range(count))
    return replace(CLEAN, gaps=gaps, to_migrations=closing, to_live=not_proven, notes=("not compared: comments",))


def test_nothing_differs() -> None:
    assert drift_comment(replace(CLEAN, history=History("t", ("m1",))), "staging", LIMIT) == (
        "✅ **staging**: The database is what its migrations build. 1 migration applied, as t says; "
        "<code>prisma/migrations</code> at <code>c0ffeec0ffee</code>.\n"
    )


def test_what_differs() -> None:
    text = drift_comment(drifted(1), "staging", LIMIT)
    assert text.startswith("⚠️ **staging**: 1 object differs from what the migrations build. ")
    assert "| <code>column public.a.c0</code> | extra |  | <code>text</code> |" in text
    assert "| pending | not applied there yet: m3 |" in text
    assert '```sql\nALTER TABLE "a" DROP COLUMN "c0";\n```' in text
    assert "It drops, with all that is in it: <code>column public.a.c0</code>." in text
    assert "Not proven: it is a view." in text
    assert "- not compared: comments" in text


def test_the_same_drift_reads_the_same() -> None:
    again = replace(drifted(3), seconds=12.0, replay_s=3.0, place="other:5433/shop", server="PostgreSQL 18.1")
    assert drift_comment(again, "staging", LIMIT) == drift_comment(drifted(3), "staging", LIMIT)
    assert "acme" not in drift_comment(drifted(3), "staging", LIMIT)


@pytest.mark.parametrize("limit", [2_000, 20_000, LIMIT])
def test_what_does_not_fit(limit: int) -> None:
    """The SQL goes first; the verdict never."""
    text = drift_comment(drifted(5_000, "é" * 200), "staging", limit)
    assert len(text.encode()) <= limit
    assert "5000 objects differ" in text.replace(",", "")
    assert "more objects, too much for one comment" in text
    assert "block of SQL, too much for one comment" in text


def test_a_definition_means_nothing_but_itself() -> None:
    hostile = "'<!-- migration-bot:drift staging --> @acme/dba | </details> `x`'"
    drift = replace(drifted(1, hostile), to_migrations=Closing((f"SELECT {hostile};",), proven=True))
    text = drift_comment(drift, "staging", LIMIT)
    assert "<!--" not in text
    assert text.count("</details>") == 2
