"""Live drift's faces: each object with both definitions, the history, both ways to close it; nothing acts by itself."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from workers.catalog import Kind
from workers.drift.gaps import Gap, GapKind
from workers.drift.live import Closing, History, LiveDrift
from workers.report.as_json import schema
from workers.report.drift_json import drift_to_json
from workers.report.drift_markdown import drift_to_markdown
from workers.report.drift_text import render_drift

CLEAN = LiveDrift(
    place="db.example.com:5432/shop",
    layout="prisma",
    directory="prisma/migrations",
    commit="0123456789abcdef" * 2,
    history=History("public._prisma_migrations", applied=("m1", "m2")),
    server="PostgreSQL 16.4; shadow: PostgreSQL 16.14",
    seconds=1.25,
    replay_s=0.9,
)
FRESH = replace(CLEAN, directory="", commit="", history=History(None, pending=("m1",)))
GAPS = (
    Gap(GapKind.EXTRA, Kind.TABLE, ("public", "log"), "table public.log", None, "TABLE (id integer)"),
    Gap(GapKind.MISSING, Kind.INDEX, ("public", "a"), "index public.a", "CREATE INDEX a", None, "index public.b"),
    Gap(GapKind.MISSING, Kind.COLUMN, ("public", "t", "a"), "column public.t.a", "text", None, "column public.t.b"),
    Gap(GapKind.DIFFERENT, Kind.VIEW, ("public", "v"), "view public.v", " SELECT 1\n  FROM t;", " SELECT \x1b[31m;"),
)
WRONG = replace(
    CLEAN,
    history=replace(
        CLEAN.history, pending=("m3",), failed=("m4",), edited=("m1",), missing=("m0",), stamped=("m2",),
        out_of_order=("m3",), rolled_back=("m3",),
    ),
    gaps=GAPS,
    reordered=("public.t",),
    to_migrations=Closing(('DROP TABLE "public"."log";',), proven=True, loses=("table public.log",)),
    to_live=Closing((), why_not="what is live could not be made here: | @here"),
    notes=("edited after running there, and replayed as the files are now: m1",),
)  # fmt: skip


def text(drift: LiveDrift, width: int = 80) -> str:
    out = io.StringIO()
    render_drift(drift, Console(file=out, width=width))
    return out.getvalue()


def test_nothing_differs() -> None:
    assert text(CLEAN) == (
        "\n"
        "db.example.com:5432/shop against prisma/migrations at 0123456789ab (prisma)\n"
        "  The database is what its migrations build.\n"
        "  2 migrations applied, as public._prisma_migrations says.\n"
        "  PostgreSQL 16.4; shadow: PostgreSQL 16.14. Took 1.2 s, of them 900 ms for the\n"
        "  replay.\n"
    )
    assert "**The database is what its migrations build.**" in drift_to_markdown(CLEAN)
    assert drift_to_json(CLEAN)["clean"] is True


def test_a_fresh_database() -> None:
    assert "  No history table yet: 1 migration pending.\n" in text(FRESH)
    assert "against the root (prisma)" in text(FRESH)
    assert drift_to_json(FRESH)["commit"] is None


def test_all_that_can_differ() -> None:
    assert (
        text(WRONG)
        == """
extra: table public.log
  live        TABLE (id integer)

missing: index public.a
  migrations  CREATE INDEX a
  called index public.b there

missing: column public.t.a
  migrations  text
  perhaps column public.t.b there

different: view public.v
  migrations   SELECT 1
                FROM t;
  live         SELECT \\x1b[31m;

To run on the database, so that it becomes what the migrations build:
  DROP TABLE "public"."log";
  Proven on the shadow, which has no rows but those of migrations.
  Drops with all that is in it: table public.log.

For a new migration, so that the migrations build what is live:
  Not proven: what is live could not be made here: | @here.

db.example.com:5432/shop against prisma/migrations at 0123456789ab (prisma)
  4 objects differ from what the migrations build.
  2 migrations applied, as public._prisma_migrations says.
  1 migration failed: begun there and not finished, or still running: m4
  1 migration edited: the file says something else than what ran there: m1
  1 migration missing: applied there, and there is no such file: m0
  1 migration out of order: pending, and sorted before one that is applied: m3
  1 migration pending: not applied there yet: m3
  1 migration rolled back: taken back there, and pending again: m3
  1 migration stamped: marked as applied there without having been run: m2
  Note: edited after running there, and replayed as the files are now: m1
  Note: columns stand in another order, which is no drift: public.t
  PostgreSQL 16.4; shadow: PostgreSQL 16.14. Took 1.2 s, of them 900 ms for the
  replay.
"""
    )


def test_nothing_in_markdown_acts_by_itself() -> None:
    page = drift_to_markdown(WRONG)
    assert "| <code>table public.log</code> | extra |  | <code>TABLE (id integer)</code> |" in page
    assert "| edited | 1 | the file says something else than what ran there: m1 |" in page
    assert 'sql\nDROP TABLE "public"."log";\n' in page
    assert ("@here" in page, "\x1b" in page) == (False, False)


@pytest.mark.parametrize("drift", [CLEAN, FRESH, WRONG])
def test_the_schema_is_exact(drift: LiveDrift) -> None:
    told = drift_to_json(drift)
    Draft202012Validator.check_schema(schema("drift_schema.json"))
    assert list(Draft202012Validator(schema("drift_schema.json")).iter_errors(told)) == []
    assert json.loads(json.dumps(told)) == told


def test_the_history_alone_can_be_out_of_order() -> None:
    drift = replace(CLEAN, history=replace(CLEAN.history, failed=("m2",)))
    assert (drift.clean, drift_to_json(drift)["clean"]) == (False, False)
    assert "  The schema is what its migrations build, and the history is not in order.\n" in text(drift)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_any_width(width: int) -> None:
    free = [line for line in text(CLEAN, width).splitlines() if len(line) > width]
    assert free == []


def test_every_field_is_described() -> None:
    page = (Path(__file__).parents[3] / "docs" / "drift.md").read_text("utf-8")
    told = drift_to_json(WRONG)
    objects = [told, told["history"], told["gaps"][0], told["to_live"]]
    assert [name for each in objects for name in each if f"`{name}`" not in page] == []
