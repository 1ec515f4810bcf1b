"""The sentences about live drift that its faces share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workers.drift.closing import RENAMED
from workers.drift.gaps import Gap, GapKind
from workers.drift.live import Closing, History, LiveDrift
from workers.report.words import count, duration

_MOST_IDS = 10


def where(drift: LiveDrift) -> str:
    """Which database, and which migrations."""
    at = f" at {drift.commit[:12]}" if drift.commit else ""
    return f"{drift.place} against {drift.directory or 'the root'}{at} ({drift.layout})"


def verdict(drift: LiveDrift) -> str:
    """What came of it, a sentence without its full stop."""
    if drift.clean:
        return "The database is what its migrations build"
    if not drift.gaps:
        return "The schema is what its migrations build, and the history is not in order"
    number = len(drift.gaps)
    return f"{count(number, 'object')} {'differs' if number == 1 else 'differ'} from what the migrations build"


class State(NamedTuple):
    """Of the history: its name, its migrations, and what it means."""

    name: str
    ids: tuple[str, ...]
    meaning: str


def states(history: History) -> Iterator[State]:
    """Those that a migration is in, but for "applied"."""
    told = (
        State("failed", history.failed, "begun there and not finished, or still running"),
        State("edited", history.edited, "the file says something else than what ran there"),
        State("missing", history.missing, "applied there, and there is no such file"),
        State("out of order", history.out_of_order, "pending, and sorted before one that is applied"),
        State("pending", history.pending, "not applied there yet"),
        State("rolled back", history.rolled_back, "taken back there, and pending again"),
        State("stamped", history.stamped, "marked as applied there without having been run"),
    )
    return (state for state in told if state.ids)


def applied(drift: LiveDrift) -> str:
    """How much of the history is there."""
    history = drift.history
    if history.table is None:
        return f"No history table yet: {count(len(history.pending), 'migration')} pending"
    return f"{count(len(history.applied), 'migration')} applied, as {history.table} says"


def ids(state: State) -> str:
    """The first of them, and how many more there are."""
    more = len(state.ids) - _MOST_IDS
    return ", ".join(state.ids[:_MOST_IDS]) + (f" and {more:,} more" if more > 0 else "")


def sides(gap: Gap) -> Iterator[tuple[str, str]]:
    """Each side that has the object, with its definition there."""
    if gap.expected is not None:
        yield "migrations", gap.expected
    if gap.actual is not None:
        yield "live", gap.actual


def likely(gap: Gap) -> str:
    """What it is called on the other side, or may be; "" where that is not known."""
    if gap.likely is None:
        return ""
    if gap.of in RENAMED:
        return f"called {gap.likely} there"
    return f"perhaps {gap.likely} there" if gap.kind is GapKind.MISSING else f"perhaps {gap.likely} of the migrations"


def closings(drift: LiveDrift) -> Iterator[tuple[str, Closing]]:
    """Both directions, each with what it is for."""
    if drift.to_migrations is not None:
        yield "To run on the database, so that it becomes what the migrations build", drift.to_migrations
    if drift.to_live is not None:
        yield "For a new migration, so that the migrations build what is live", drift.to_live


def proof(closing: Closing) -> str:
    """Whether it does what it is for, a sentence without its full stop."""
    if closing.proven:
        return "Proven on the shadow, which has no rows but those of migrations"
    return f"Not proven: {closing.why_not}"


def reordered(drift: LiveDrift) -> str:
    """ "" where no table has its columns in another order."""
    tables = ", ".join(drift.reordered)
    return f"columns stand in another order, which is no drift: {tables}" if tables else ""


def judged_by(drift: LiveDrift) -> str:
    """Which servers, and how long it took."""
    whole, replay = (duration(seconds * 1000) for seconds in (drift.seconds, drift.replay_s))
    return f"{drift.server}. Took {whole}, of them {replay} for the replay."
