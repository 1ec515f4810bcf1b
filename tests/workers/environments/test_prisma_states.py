"""In whatever state a history table is, we read it as the real Prisma CLI does, or see more; whoever wrote it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.live_server import LiveServer
from tests.prisma_cli import PrismaCli, available
from tests.prisma_cli.engine import History, prisma_engine
from workers.environments.history import PRISMA, Diagnosis, diagnose
from workers.environments.model import Environment, EnvironmentKind
from workers.environments.told import status
from workers.errors import Refused
from workers.model import Migration, Transaction

pytestmark = pytest.mark.skipif(bool(available()), reason=available())

_NUMBERS = itertools.count()


def migration(name: str, text: str) -> Migration:
    return Migration(name, f"prisma/migrations/{name}/migration.sql", text, Transaction.SIMPLE_QUERY)


A = migration("20240101000000_a", "-- größer\nCREATE TABLE a (id int);\n")
B = migration("20240102000000_b", "CREATE TABLE b (id int);\n")
C = migration("20240103000000_c", "CREATE TABLE c (id int);\n")
WRONG = migration("20240104000000_wrong", "SELECT 1 / 0;\n")
RIGHT = replace(WRONG, text="SELECT 1;\n")
EDITED = replace(A, text=A.text + "-- and more\n")
WINDOWS = replace(A, text=A.text.replace("\n", "\r\n"))


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done to a database. how: apply, fail, roll back, stamp, or make, which is by hand."""

    how: str
    of: Migration


def applied(*migrations: Migration) -> tuple[Step, ...]:
    return tuple(Step("apply", one) for one in migrations)


FAILED = Step("fail", WRONG)
ROLLED_BACK = Step("roll back", WRONG)
STAMPED = Step("stamp", WRONG)
BY_HAND = Step("make", migration("", "CREATE TABLE zebras (id int)"))


@dataclass(frozen=True, slots=True)
class State:
    """folder: what is on disk by then. ours: what we make of it, where there is anything. theirs: what the engine does.
    status, deploy: how the commands end, and words of what they say."""

    name: str
    steps: tuple[Step, ...]
    folder: tuple[Migration, ...]
    ours: dict[str, tuple[str, ...]]
    theirs: History
    status: tuple[int, str]
    deploy: tuple[int, str]


def history(how: str | None = None, *, has_table: bool = True, **lists: tuple[Migration, ...]) -> History:
    names = {name: tuple(one.id for one in found) for name, found in lists.items()}
    nothing: dict[str, tuple[str, ...]] = {"unapplied": (), "unpersisted": (), "failed": (), "edited": ()}
    return History(has_table, how, **{**nothing, **names})


_UP, _NONE, _NOT_YET = "Database schema is up to date!", "No pending migrations to apply", "have not yet been applied"
_ALL = "All migrations have been successfully applied"
_BEHIND = "databaseIsBehind"

STATES = (
    State(
        "empty database", (), (A, B), {"pending": (A.id, B.id)},
        history(_BEHIND, has_table=False, unapplied=(A, B)), (1, _NOT_YET), (0, _ALL),
    ),
    State(
        "tables without a history", (BY_HAND,), (A, B), {"pending": (A.id, B.id)},
        history(_BEHIND, has_table=False, unapplied=(A, B)), (1, _NOT_YET), (1, "P3005"),
    ),
    State("clean", applied(A, B), (A, B), {"applied": (A.id, B.id)}, history(), (0, _UP), (0, _NONE)),
    State(
        "behind", applied(A, B), (A, B, C), {"applied": (A.id, B.id), "pending": (C.id,)},
        history(_BEHIND, unapplied=(C,)), (1, _NOT_YET), (0, _ALL),
    ),
    State(
        "edited", applied(A, B), (EDITED, B), {"applied": (A.id, B.id), "edited": (A.id,)},
        history(edited=(A,)), (0, _UP), (0, _NONE),
    ),
    State(
        "checked out with other line ends", applied(A, B), (WINDOWS, B), {"applied": (A.id, B.id)},
        history(), (0, _UP), (0, _NONE),
    ),
    State(
        "missing on disk", applied(A, B), (A,), {"applied": (A.id, B.id), "missing": (B.id,)},
        history("migrationsDirectoryIsBehind", unpersisted=(B,)), (0, _UP), (0, _NONE),
    ),
    State(
        "diverged", applied(A, B), (A, C), {"applied": (A.id, B.id), "missing": (B.id,), "pending": (C.id,)},
        history("historiesDiverge", unapplied=(C,), unpersisted=(B,)), (1, "different"), (0, _ALL),
    ),
    State(
        "out of order", applied(A, C), (A, B, C),
        {"applied": (A.id, C.id), "pending": (B.id,), "out_of_order": (B.id,)},
        history(_BEHIND, unapplied=(B,)), (1, _NOT_YET), (0, _ALL),
    ),
    State(
        "failed", (*applied(A), FAILED), (A, WRONG), {"applied": (A.id,), "failed": (WRONG.id,)},
        history(failed=(WRONG,)), (1, "have failed"), (1, "P3009"),
    ),
    State(
        "failed, and more to come", (*applied(A), FAILED), (A, B, WRONG),
        {"applied": (A.id,), "failed": (WRONG.id,), "pending": (B.id,)},
        history(_BEHIND, unapplied=(B,), failed=(WRONG,)), (1, _NOT_YET), (1, "P3009"),
    ),
    State(
        "rolled back", (*applied(A), FAILED, ROLLED_BACK), (A, WRONG), {"applied": (A.id,), "pending": (WRONG.id,)},
        history(_BEHIND, unapplied=(WRONG,)), (1, _NOT_YET), (1, "division by zero"),
    ),
    State(
        "rolled back and corrected", (*applied(A), FAILED, ROLLED_BACK), (A, RIGHT),
        {"applied": (A.id,), "pending": (RIGHT.id,)},
        history(_BEHIND, unapplied=(RIGHT,)), (1, _NOT_YET), (0, _ALL),
    ),
    State(
        "stamped", (*applied(A), STAMPED), (A, WRONG), {"applied": (A.id, WRONG.id), "stamped": (WRONG.id,)},
        history(), (0, _UP), (0, _NONE),
    ),
    State(
        "failed, then stamped", (*applied(A), FAILED, STAMPED), (A, WRONG),
        {"applied": (A.id, WRONG.id), "stamped": (WRONG.id,)}, history(), (0, _UP), (0, _NONE),
    ),
    State(
        "stamped without a history", (BY_HAND, STAMPED), (A, WRONG),
        {"applied": (WRONG.id,), "stamped": (WRONG.id,), "pending": (A.id,), "out_of_order": (A.id,)},
        history(_BEHIND, unapplied=(A,)), (1, _NOT_YET), (0, _ALL),
    ),
)  # fmt: skip
_BY_NAME = [pytest.param(state, id=state.name) for state in STATES]


def told(found: Diagnosis) -> dict[str, tuple[str, ...]]:
    """The ids of each list that has any."""
    lists = {
        "pending": tuple(one.id for one in found.pending),
        "applied": tuple(entry.name for entry in found.applied),
        "failed": tuple(entry.name for entry in found.failed),
        **{name: getattr(found, name) for name in ("edited", "missing", "out_of_order", "stamped")},
    }
    return {name: ids for name, ids in lists.items() if ids}


def ours(c: psycopg.Connection[Any], folder: Sequence[Migration]) -> dict[str, tuple[str, ...]]:
    return told(diagnose(PRISMA.entries(c, folder), folder, PRISMA))


STAGING = Environment("acme/shop", "staging", EnvironmentKind.STAGING, "postgresql://u@h/s")
_WORDS = {
    "❌ failed": "failed",
    "⏳ pending": "pending",
    "⚠️ edited since it was applied": "edited",
    "⚠️ applied, and no file": "missing",
    "⚠️ pending, and older than what is applied": "out_of_order",
    "⚠️ marked as applied, never run": "stamped",
    "newest applied": "applied",
}


def rows_of(said: str) -> dict[str, tuple[str, ...]]:
    """The table of `/migrate status`, by the same words."""
    rows = (line.strip("| ").split(" | ") for line in said.splitlines() if "<code>" in line)
    return {_WORDS[words]: tuple(re.findall(r"<code>(.*?)</code>", names)) for words, names in rows}


# ---------------------------------------------------------------- two who write


def we_do(c: psycopg.Connection[Any], step: Step) -> None:
    """As a deploy by us, or a resolve, writes it down."""
    if step.how == "make":
        c.execute(step.of.text.encode())
    elif step.how == "stamp":
        PRISMA.stamp(c, step.of, ())
    elif step.how == "roll back":
        PRISMA.clear(c, step.of, ())
    else:
        PRISMA.prepare(c)
        row = PRISMA.begin(c, step.of)
        if step.how == "fail":
            PRISMA.fail(c, row, "division by zero")
        else:
            c.execute(step.of.text.encode())
            PRISMA.finish(c, row)


def the_cli_does(cli: PrismaCli, url: str, c: psycopg.Connection[Any], step: Step) -> None:
    if step.how == "make":
        we_do(c, step)
        return
    cli.write(step.of)
    done = {
        "apply": lambda: cli.deploy(url),
        "fail": lambda: cli.deploy(url),
        "stamp": lambda: cli.resolve(url, "--applied", step.of.id),
        "roll back": lambda: cli.resolve(url, "--rolled-back", step.of.id),
    }[step.how]()
    assert (done.code == 0) == (step.how != "fail"), done.output


@pytest.fixture
def url(server: LiveServer) -> str:
    return server.create_database(f"states_{next(_NUMBERS)}")


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    PrismaCli(tmp_path)
    return tmp_path / "prisma" / "schema.prisma"


def test_its_engine_reads_what_we_write_as_we_do(url: str, schema: Path) -> None:
    with psycopg.connect(url, autocommit=True) as c, prisma_engine(url, schema) as engine:
        for state in STATES:
            c.execute("DROP OWNED BY CURRENT_USER; CREATE SCHEMA IF NOT EXISTS public")
            for step in state.steps:
                we_do(c, step)
            found = diagnose(PRISMA.entries(c, state.folder), state.folder, PRISMA)
            assert (state.name, told(found)) == (state.name, state.ours)
            assert (state.name, rows_of(status(STAGING, found, {}))) == (state.name, state.ours)
            assert (state.name, engine.history(state.folder)) == (state.name, state.theirs)


@pytest.mark.campaign
@pytest.mark.parametrize("state", _BY_NAME)
def test_the_commands_say_so_and_go_on_from_there(state: State, url: str, tmp_path: Path) -> None:
    cli = PrismaCli(tmp_path)
    cli.write(*state.folder)
    with psycopg.connect(url, autocommit=True) as c:
        for step in state.steps:
            we_do(c, step)
        asked = cli.status(url)
        assert (asked.code, state.status[1] in asked.output) == (state.status[0], True), asked.output
        for name in state.ours.get("pending", state.ours.get("failed", ())):  # of the failed it is silent beside others
            assert name in asked.output
        refused = _refusal(c)
        deployed = cli.deploy(url)
        assert (deployed.code, state.deploy[1] in deployed.output) == (state.deploy[0], True), deployed.output
        assert ("P3005" in refused) == ("P3005" in deployed.output)
        if deployed.code == 0:
            after = ours(c, state.folder)
            assert "pending" not in after
            assert set(after["applied"]) == {*state.ours.get("applied", ()), *state.ours.get("pending", ())}


def _refusal(c: psycopg.Connection[Any]) -> str:
    """Why we would not deploy there, if so, before anything is changed."""
    with c.transaction(force_rollback=True):
        try:
            PRISMA.prepare(c)
        except Refused as refused:
            return str(refused)
    return ""


@pytest.mark.campaign
@pytest.mark.parametrize("steps", sorted({state.steps for state in STATES}, key=str), ids=lambda s: f"{len(s)} steps")
def test_we_read_what_it_writes_as_what_we_write(steps: tuple[Step, ...], url: str, tmp_path: Path) -> None:
    cli = PrismaCli(tmp_path)
    with psycopg.connect(url, autocommit=True) as c:
        for step in steps:
            the_cli_does(cli, url, c, step)
        for state in STATES:
            if state.steps == steps:
                assert (state.name, ours(c, state.folder)) == (state.name, state.ours)


@pytest.mark.campaign
@pytest.mark.parametrize(
    "content", [b"-- gr\xf6\xdfer\nSELECT 1;\n", b"\xef\xbb\xbf-- \r\nSELECT 1;\r\n", b"", b"-- \x00\n"], ids=repr
)
def test_whatever_the_bytes_the_checksum_is_the_same(content: bytes, url: str, tmp_path: Path) -> None:
    """As gathered: what is not UTF-8 is U+FFFD by then, for both."""
    cli, one = PrismaCli(tmp_path), replace(A, text=content.decode("utf-8", "replace"))
    cli.write(one)
    (tmp_path / one.path).write_bytes(content)
    assert cli.resolve(url, "--applied", one.id).code == 0
    with psycopg.connect(url, autocommit=True) as c:
        assert ours(c, (one,)) == {"applied": (one.id,), "stamped": (one.id,)}
