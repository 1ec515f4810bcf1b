"""The terminal's face: what 80 columns show, and that nothing from a pull request steers the terminal."""

import io
import re
from dataclasses import replace

from hypothesis import given
from rich.console import Console

from tests.workers.report.reports import EMPTY, FULL, RISKY_MIGRATION, SAFE, judged, reports
from workers.facts import Facts, Lock
from workers.model import Level
from workers.report.terminal import render_terminal, replay_progress
from workers.verdict import Report
from workers.words import LockMode, Name, Source

TEXT = """\
HIGH-RISK · 2 migrations, 3 statements · 1 high-risk and 1 risky findings, 1
allowed · 1 part could not be analysed

20260101000000_orders  high-risk
  prisma/migrations/20260101000000_orders/migration.sql

  line  level      what it does                                             took
     2  high-risk  ALTER TABLE … DROP COLUMN                              0.8 ms
                   ACCESS EXCLUSIVE on public.orders, 1.2 ms
                   rewrites public.orders
                   predicted: ACCESS EXCLUSIVE on public.orders
     5  risky      CREATE UNIQUE INDEX                                     12 ms
                   fails: 23505 could not create unique index
                   predicted: SHARE on public.orders, builds
                   public.orders_n, scans public.orders, updates 36 rows
                   in public.orders

  high-risk  column-dropped  public.orders.note  line 2
    Dropping note loses its values.
    Instead, proven to reach the same schema and rows:
      -- deploy first: code that reads neither
      -- in a transaction of its own:
      ALTER TABLE orders RENAME COLUMN note TO note_old;
      -- outside a transaction:
      DROP INDEX CONCURRENTLY orders_note_idx;

  risky  index-not-concurrent  public.orders  line 5
    Writes wait for the build.

  allowed  renamed  public.orders.total  line 5: window on Sunday

  Before deploying, ask the real database
    Line 2: a NULL is refused. It will pass when the answer is 0:
      SELECT count(*) FROM orders WHERE note IS NULL;

  Rollback  lossy, proven: applied, rolled back, compared equal, applied again
    the values of note are gone
      ALTER TABLE public.orders ADD COLUMN note text;

20260102000000_gift_cards  safe
  prisma/migrations/20260102000000_gift_cards/migration.sql

  line  level  what it does                                                 took
     1  safe   CREATE TABLE                                               1.5 ms
               creates public.gift_cards

  Rollback  exact, not proven
    differs after it: sequence s: 1, expected 2
      DROP TABLE public.gift_cards;

Drift
  declared: public.orders is bigint, expected integer

Not analysed
  prisma/migrations/20260102000000_gift_cards/migration.sql:9  \\set is
  understood by psql alone

Note: role app was made for GRANT
PostgreSQL 16.14 (embedded), sandbox: bubblewrap. 812 ms in all: history
replayed in 502 ms, rehearsal 120 ms, proof 150 ms.
More about a finding: migration-bot explain column-dropped
HIGH-RISK · 1 high-risk and 1 risky findings, 1 allowed · 1 part could not be
analysed
"""


def rendered(report: Report, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, color_system="truecolor" if colour else None, _environ={}
    )
    render_terminal(report, console)
    return out.getvalue()


def test_nothing_to_review() -> None:
    assert rendered(EMPTY) == (
        "SAFE · no migrations changed · nothing found\n\nJudged from the text alone: no server was used.\n"
    )


def test_a_full_report_on_80_columns() -> None:
    assert rendered(FULL) == TEXT


def test_a_safe_report_is_short() -> None:
    assert rendered(SAFE).count("\n") < 20


def test_without_a_server_nothing_took_any_time() -> None:
    facts = Facts(locks=(Lock(Name("public", "a"), LockMode.SHARE, Source.PREDICTED),))
    step = replace(judged("CREATE INDEX", Level.RISKY, facts=facts), observation=None)
    text = rendered(replace(EMPTY, migrations=(replace(RISKY_MIGRATION, statements=(step,), rollback=None),)))
    assert "  line  level  what its text says\n     1  risky  CREATE INDEX\n               SHARE on public.a\n" in text


def test_work_on_new_tables_is_left_out() -> None:
    new, old = Name("public", "new"), Name("public", "old")
    both = tuple(Lock(table, LockMode.SHARE, Source.OBSERVED, 1.0) for table in (new, old))
    step = judged("CREATE INDEX", facts=Facts(locks=both, rewrites=(new,), new_tables=frozenset({new})))
    text = rendered(replace(SAFE, migrations=(replace(SAFE.migrations[0], statements=(step,)),)))
    assert "SHARE on public.old, 1.0 ms\n" in text
    assert "public.new" not in text


def test_colour_marks_the_level() -> None:
    text = rendered(FULL, colour=True)
    assert "\x1b[1;31mHIGH-RISK\x1b[0m" in text
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == TEXT


@given(reports)
def test_nothing_in_a_report_steers_the_terminal(report: Report) -> None:
    text = rendered(report)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert [line for line in text.split("\n") if line != line.rstrip(" ")] == []


def test_markup_is_printed_and_not_obeyed() -> None:
    report = replace(FULL, notes=("[red]x[/red] [link=http://e.com]y[/link] :boom:",))
    assert "Note: [red]x[/red] [link=http://e.com]y[/link] :boom:\n" in rendered(report)


def test_sql_is_never_folded() -> None:
    line = "SELECT " + ", ".join(f"column_{n}" for n in range(50)) + ";"
    rollback = FULL.migrations[0].rollback
    assert rollback is not None
    undo = replace(rollback, sql=line)
    text = rendered(replace(FULL, migrations=(replace(FULL.migrations[0], rollback=undo),)))
    assert f"\n      {line}\n" in text


def test_progress_is_silent_without_a_terminal() -> None:
    out = io.StringIO()
    with replay_progress(Console(file=out, force_terminal=False, _environ={}), 3) as advance:
        advance()
    assert out.getvalue() == ""


def test_progress_counts_on_a_terminal_and_leaves_nothing_behind() -> None:
    out = io.StringIO()
    with replay_progress(Console(file=out, width=80, force_terminal=True, _environ={"TERM": "xterm"}), 2) as advance:
        advance()
        advance()
    assert "Replaying the history" in out.getvalue()
    assert "2/2" in out.getvalue()
    assert out.getvalue().endswith("\x1b[1A\x1b[2K")
