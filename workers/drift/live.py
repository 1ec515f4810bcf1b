"""Live drift: what the migrations that a live database has had build, against what is there. The nouns, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field

from workers.drift.gaps import Gap


@dataclass(frozen=True, slots=True)
class Closing:
    """SQL that closes all gaps at once. sql: statements, each with its semicolon, to be run one after another, each in
    its own transaction. proven: run on the shadow, it led where it should. why_not: what keeps it from being proven, or
    from being written, a sentence without its full stop. loses: what goes with its rows, likewise."""

    sql: tuple[str, ...] = ()
    proven: bool = False
    why_not: str = ""
    loses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """Ids of migrations, in the runner's order. table: the history table as schema.name, None where there is none.
    pending: what a deploy would run; out_of_order: those of them that come before one that is applied; rolled_back:
    those of them that were there once. failed: begun and not finished. Of the applied: edited, where the file says
    something else by now; missing, without a file; stamped, which were never run there."""

    table: str | None
    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    rolled_back: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    out_of_order: tuple[str, ...] = ()
    stamped: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the next deploy meets what it expects; pending migrations, and stamped ones, are in order."""
        return not (self.failed or self.edited or self.missing or self.out_of_order)


@dataclass(frozen=True, slots=True)
class LiveDrift:
    """place: host:port/database. commit: full SHA, "" outside of git. gaps: expected is what the migrations build,
    actual what is live; what only has another name there is told once, as missing, with that name as likely.
    reordered: tables whose columns stand in another order, which is no gap. to_migrations: to be run on the live
    database, so that it becomes what the migrations build; to_live: for a new migration, so that the migrations build
    what is live; both None where there is no gap. notes: what was not compared or not as it is there, sentences.
    server: the live one and the one of the shadow, in a few words. seconds: of all, and of the replay."""

    place: str
    layout: str
    directory: str
    commit: str
    history: History
    gaps: tuple[Gap, ...] = ()
    reordered: tuple[str, ...] = ()
    to_migrations: Closing | None = None
    to_live: Closing | None = None
    notes: tuple[str, ...] = ()
    server: str = ""
    seconds: float = field(default=0.0, compare=False)
    replay_s: float = field(default=0.0, compare=False)

    @property
    def clean(self) -> bool:
        """Nothing differs, and the history is sound."""
        return not self.gaps and self.history.sound
