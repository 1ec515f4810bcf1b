"""Reports to print: a small one written by hand, and any number of hostile ones for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from workers.changes import TableCreated
from workers.facts import Build, Facts, Lock, Scan, Write
from workers.model import Change, Level, SqlError, Statement
from workers.rehearsed import Observation, Preflight, ServerInfo, Timing
from workers.verdict import (
    Drift,
    DriftKind,
    Finding,
    JudgedMigration,
    JudgedStatement,
    Report,
    Rewrite,
    RewriteStep,
    Unread,
)
from workers.ways_back import Grade, Rollback, UndoStep
from workers.words import LockMode, Name, Source

ORDERS = Name("public", "orders")
GIFTS = Name("public", "gift_cards")
PATH = "prisma/migrations/20260101000000_orders/migration.sql"
SAFE_PATH = "prisma/migrations/20260102000000_gift_cards/migration.sql"
SERVER = ServerInfo("16.14", "embedded", "bubblewrap")
TIMING = Timing(total_ms=812.3456, acquire_ms=100, replay_ms=402, rehearse_ms=120, prove_ms=150, snapshot="miss")


def statement(text: str, line: int = 1) -> Statement:
    return Statement(text=text, lead="", offset=0, line=line, column=1)


def judged(action: str, level: Level = Level.SAFE, line: int = 1, facts: Facts | None = None) -> JudgedStatement:
    facts = facts or Facts()
    return JudgedStatement(statement(action, line), action, level, facts, Observation(facts, duration_ms=1.5))


DROPPED = Finding(
    "column-dropped",
    Level.HIGH_RISK,
    PATH,
    2,
    "public.orders.note",
    "Dropping `note` loses its values.",
    Rewrite(
        (
            RewriteStep("ALTER TABLE orders RENAME COLUMN note TO note_old;", True, "code that reads neither"),
            RewriteStep("DROP INDEX CONCURRENTLY orders_note_idx;", False),
        ),
        proven=True,
    ),
)
INDEXED = Finding("index-not-concurrent", Level.RISKY, PATH, 5, "public.orders", "Writes wait for the build.")
EXCUSED = Finding("renamed", Level.RISKY, PATH, 5, "public.orders.total", "Old code fails.", allowed="window on Sunday")
COUNT = Preflight("SELECT count(*) FROM orders WHERE note IS NULL;", "0", "a NULL is refused", PATH, 2)

RISKY_MIGRATION = JudgedMigration(
    "20260101000000_orders",
    PATH,
    Change.ADDED,
    Level.HIGH_RISK,
    (
        JudgedStatement(
            statement("ALTER TABLE orders DROP COLUMN note", 2),
            "ALTER TABLE … DROP COLUMN",
            Level.HIGH_RISK,
            Facts(locks=(Lock(ORDERS, LockMode.ACCESS_EXCLUSIVE, Source.BOTH, 1.25),), rewrites=(ORDERS,)),
            Observation(Facts(), duration_ms=0.84567, wal_bytes=96, notices=("NOTICE: so be it",)),
            (DROPPED,),
            Facts(locks=(Lock(ORDERS, LockMode.ACCESS_EXCLUSIVE, Source.PREDICTED),)),
        ),
        JudgedStatement(
            statement("CREATE UNIQUE INDEX orders_n ON orders (n)", 5),
            "CREATE UNIQUE INDEX",
            Level.RISKY,
            Facts(
                locks=(Lock(ORDERS, LockMode.SHARE, Source.PREDICTED),),
                builds=(Build(Name("public", "orders_n"), ORDERS, rebuilt=False),),
                scans=(Scan(ORDERS, 1),),
                writes=(Write(ORDERS, updated=36, rows_before=36),),
            ),
            Observation(Facts(), duration_ms=12.3, error=SqlError("23505", "could not create unique index", 5)),
            (INDEXED, EXCUSED),
            Facts(rewrites=(ORDERS,)),
        ),
    ),
    Rollback("ALTER TABLE public.orders ADD COLUMN note text;\n", Grade.LOSSY, True, ("the values of note are gone",)),
)
SAFE_MIGRATION = JudgedMigration(
    "20260102000000_gift_cards",
    SAFE_PATH,
    Change.ADDED,
    Level.SAFE,
    (judged("CREATE TABLE", facts=Facts(changes=(TableCreated(GIFTS),), new_tables=frozenset({GIFTS}))),),
    Rollback("DROP TABLE public.gift_cards;\n", Grade.EXACT, False, difference=("sequence s: 1, expected 2",)),
)
FULL = Report(
    Level.HIGH_RISK,
    "prisma",
    "a" * 40,
    "b" * 40,
    SERVER,
    (RISKY_MIGRATION, SAFE_MIGRATION),
    (DROPPED, INDEXED, EXCUSED),
    (COUNT,),
    (Drift(DriftKind.DECLARED, "public.orders", "integer", "bigint", None),),
    (Unread(SAFE_PATH, 9, "\\set is understood by psql alone"),),
    ("role app was made for GRANT",),
    TIMING,
)
SAFE = Report(Level.SAFE, "prisma", "a" * 40, "b" * 40, SERVER, (SAFE_MIGRATION,), timing=TIMING)
EMPTY = Report(Level.SAFE, "prisma", "", "", None)


# ---------------------------------------------------------------- whatever a pull request may contain

_WORDS = r"""
` ``` ~~~ 1. > --- |a| \ \| </details> <details> </summary> </pre> </code> <script> <!--item:1--> <!-- --> <b>
@octocat a@b.com #12 o/r#12 GH-12 www.example.com https://example.com/ [x](http://e.com) ![i](http://e.com/i)
<https://e.com> [a]:x **b** _i_ __init__ ~~s~~ $x$ $$ &lt; &#60; [red] [/] :boom: é 字 🔴
"""
_FRAGMENTS = (
    *_WORDS.split(),
    "\n",
    "\r",
    "\n\n",
    "\n# title\n",
    "\n- [x] done",
    "````sql\n",
    *"\0\x1b\x07\u202e\u2028\ud800",
)
texts = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=8), max_size=6).map("".join)
named = texts.map(lambda text: text or "x")
lines = st.integers(1, 10_000)
milliseconds = st.floats(0, 1e7)
counted = st.integers(0, 10_000)
levels = st.sampled_from(Level)
names = st.builds(Name, named, named)
locks = st.builds(Lock, names, st.sampled_from(LockMode), st.sampled_from(Source), st.none() | milliseconds)
facts = st.builds(
    Facts,
    locks=st.lists(locks, max_size=3).map(tuple),
    rewrites=st.lists(names, max_size=2).map(tuple),
    builds=st.lists(st.builds(Build, names, names, st.booleans()), max_size=2).map(tuple),
    scans=st.lists(st.builds(Scan, names, counted), max_size=2).map(tuple),
    writes=st.lists(st.builds(Write, names, counted, counted, counted), max_size=2).map(tuple),
)
errors = st.builds(SqlError, st.sampled_from(("23502", "XX000")), texts, st.none() | lines)
observations = st.builds(
    Observation, facts, milliseconds, counted, st.lists(texts, max_size=2).map(tuple), st.none() | errors
)
rewrites = st.builds(
    Rewrite,
    st.lists(st.builds(RewriteStep, texts, st.booleans(), st.none() | texts), min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.none() | texts,
    kept=st.lists(st.tuples(names, texts), max_size=2).map(tuple),
    missing=st.none() | texts,
)
paths = st.sampled_from((PATH, SAFE_PATH)) | named
findings = st.builds(
    Finding, named, levels, paths, lines, texts, texts, rewrite=st.none() | rewrites, allowed=st.none() | texts
)
statements = st.builds(
    JudgedStatement,
    st.builds(Statement, texts, texts, counted, lines, lines),
    texts,
    levels,
    facts,
    st.none() | observations,
    st.lists(findings, max_size=2).map(tuple),
    predicted=facts,
)
rollbacks = st.builds(
    Rollback,
    texts,
    st.sampled_from(Grade),
    st.booleans(),
    st.lists(texts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.sampled_from(((), (UndoStep("a;"),), (UndoStep("a;", transaction=False), UndoStep("b;")))),
)
migrations = st.builds(
    JudgedMigration,
    texts,
    paths,
    st.sampled_from(Change),
    levels,
    st.lists(statements, max_size=3).map(tuple),
    st.none() | rollbacks,
)
reports = st.builds(
    Report,
    levels,
    texts,
    st.sampled_from(("", "a" * 40)),
    st.sampled_from(("", "b" * 64)),
    st.none() | st.builds(ServerInfo, texts, texts, texts),
    st.lists(migrations, max_size=3).map(tuple),
    st.lists(findings, max_size=4).map(tuple),
    st.lists(st.builds(Preflight, texts, texts, texts, paths, lines), max_size=2).map(tuple),
    st.lists(st.builds(Drift, st.sampled_from(DriftKind), texts, texts, texts, st.none() | texts), max_size=2).map(
        tuple
    ),
    st.lists(st.builds(Unread, paths, lines, texts), max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.builds(Timing, milliseconds, milliseconds, milliseconds, milliseconds, milliseconds, st.just("hit")),
)
