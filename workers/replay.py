"""Builds the base branch's database: its history replayed as the project's runner would, kept as a snapshot for the
next review."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import psycopg

from workers.beforehand import advice
from workers.errors import CannotAnalyse
from workers.extensions import stood_in
from workers.model import Migration, Part, SqlError, Statement, StatementKind, Transaction
from workers.postgres.cluster import Cluster, Limits, Role, start_cluster
from workers.postgres.observe import sql_error
from workers.postgres.prelude import Prelude
from workers.postgres.sandbox import Tier
from workers.postgres.servers import Installation
from workers.postgres.session import Session
from workers.postgres.snapshots import Snapshots
from workers.postgres.template import template_key
from workers.sql.split import split

# Part of every snapshot's key: to be raised when this module would leave another database behind than before.
_RECIPE = 2

# Kept in the data directory, where the server takes no notice of it: a review from a snapshot reports the same notes.
_NOTES_FILE = "migration_bot_notes"

# What one message cannot hold: COPY data, psql's own commands.
_NOT_ONE_MESSAGE = re.compile(r"^\s*\\|\bfrom\s+std(?:in|out)\b", re.I | re.M)

# Fails in one transaction, passes statement by statement: CONCURRENTLY and its kind; a new enum value in use.
_NEEDS_ITS_OWN_TRANSACTION = frozenset({"25001", "55P04"})

# Before 16 only a superuser gives it (https://www.postgresql.org/docs/15/sql-createrole.html). The schema is the same
# without.
_REFUSED_ATTRIBUTE = re.compile(r"^must be superuser to (?:create|change) bypassrls\b")
_ATTRIBUTE = re.compile(r"\bbypassrls\b", re.I)

# The version of an extension is the server's, whatever a migration asks for.
_OTHER_VERSION = re.compile(r'^extension "(.+?)" has no (?:installation script nor )?update path .*version "(.+)"$')
_VERSION = re.compile(
    r"(\bcreate\s+extension\b[^;]*?)\bversion\s+(?:'[^']*'|\"[^\"]*\"|[\w.]+)"
    r"|(\balter\s+extension\b[^;]*?\bupdate)\s+to\s+(?:'[^']*'|\"[^\"]*\"|[\w.]+)",
    re.I,
)

_NAMED = 5  # of what was made before the first migration
_APART = ": replayed statement by statement: "

_NO_FILE = Statement("", "", 0, 1, 1)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where and with what a history is replayed. advance is called once for each migration, for a progress bar."""

    installation: Installation
    tier: Tier
    limits: Limits
    cache: Path
    snapshots_bytes: int
    advance: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A cluster whose database `app` is at the tip of the history. snapshot: hit, prefix or miss."""

    cluster: Cluster
    prelude: Prelude
    snapshot: str
    acquire_ms: float
    replay_ms: float


@contextlib.contextmanager
def replayed(history: Sequence[Migration], ground: Ground) -> Iterator[Replayed]:
    """Starts from the longest kept prefix of the history, replays the rest, keeps the result before anything else runs
    on the server. Raises CannotAnalyse with file and line when a migration of the history fails."""
    keys = _keys(history, f"{template_key(ground.installation, ground.tier)} {ground.installation.stand_ins}")
    snapshots = Snapshots(ground.cache, ground.snapshots_bytes)
    began = time.monotonic()
    found = snapshots.find(keys)
    done, source = (found[0] + 1, found[1]) if found else (0, None)
    for _ in range(done):
        ground.advance()
    with start_cluster(ground.installation, ground.tier, ground.limits, ground.cache, source) as cluster:
        acquired = time.monotonic()
        notes_file = cluster.data / _NOTES_FILE
        prelude = Prelude(cluster, tuple(notes_file.read_text("utf-8").splitlines()) if source else ())
        _replay(prelude, history[done:], ground.advance)
        ended = time.monotonic()
        if done < len(history):
            cluster.freeze()
            notes_file.write_text("\n".join(prelude.notes), "utf-8")
            snapshots.keep(keys[-1], cluster.data)
            cluster.thaw()
        for note in stood_in(ground.installation):
            prelude.note(note)
        kind = "hit" if done == len(history) else "prefix" if done else "miss"
        yield Replayed(cluster, prelude, kind, (acquired - began) * 1000, (ended - acquired) * 1000)


def _keys(history: Sequence[Migration], seed: str) -> tuple[str, ...]:
    """One for each prefix of the history, oldest first."""
    digest, keys = hashlib.sha256(f"{seed} {_RECIPE}".encode()), []
    for migration in history:
        told = (migration.part, migration.id, migration.transaction, len(migration.text), migration.text)
        digest.update("".join(f"\0{each}" for each in told).encode())
        keys.append(digest.hexdigest())
    return tuple(keys)


# ---------------------------------------------------------------- applying without observing


def _replay(prelude: Prelude, history: Sequence[Migration], advance: Callable[[], None]) -> None:
    there = lay(history, prelude)
    for _ in range(there):
        advance()
    if len(history) == there:
        return
    with Session(prelude.cluster) as session:
        for migration in history[there:]:
            if error := apply(session, migration, prelude):
                raise CannotAnalyse(_failed(migration, error, "the merged history fails here", prelude))
            advance()


def lay(history: Sequence[Migration], prelude: Prelude) -> int:
    """Makes what stands in front of a history, in sessions of its own: the settings that it gives to roles count from
    the next one on. How many that was. Raises CannotAnalyse with file and line."""
    before = tuple(takewhile(lambda migration: migration.part is not Part.MIGRATION, history))
    for migration in before:
        if error := _laid(migration, prelude):
            raise CannotAnalyse(_failed(migration, error, "this is run before the first migration, and fails", prelude))
    for note in laid(before):
        prelude.note(note)
    return len(before)


def laid(before: Sequence[Migration]) -> tuple[str, ...]:
    """What a report says of what was made in front of a history."""
    named = ", ".join(migration.path for migration in before[:_NAMED])
    more = f" and {len(before) - _NAMED:,} more" if len(before) > _NAMED else ""
    return (f"made before the first migration: {named}{more}",) if before else ()


def _laid(migration: Migration, prelude: Prelude) -> SqlError | None:
    if migration.part is Part.PLATFORM:
        return _laid_by_us(migration, prelude.cluster)
    with Session(prelude.cluster) as session:
        return apply_whole(session, migration, prelude)


def _laid_by_us(migration: Migration, cluster: Cluster) -> SqlError | None:
    try:
        with cluster.connect(Role.ADMIN) as connection:
            connection.execute(migration.text.encode())
    except psycopg.Error as refused:
        return SqlError(refused.sqlstate or "", str(refused).splitlines()[0])
    return None


def _failed(migration: Migration, error: SqlError, what: str, prelude: Prelude) -> str:
    server = f"PostgreSQL {prelude.cluster.info.version}"
    where, more = f"{migration.path}:{error.line or 1}", advice(error.message)
    return f"{where}: {what}: {error.message} ({error.sqlstate}), on {server}{more}"


def apply(session: Session, migration: Migration, prelude: Prelude) -> SqlError | None:
    """Runs one migration as its runner would, without looking; its error, or None.

    A file goes as one message, a transaction of its own: where that passes, every manner of running it would have ended
    in the same state. What fails so, or cannot be one message, goes statement by statement."""
    by_statement = migration.transaction is Transaction.STATEMENT
    if _NOT_ONE_MESSAGE.search(migration.text):
        return one_by_one(session, migration, prelude, wrapped=not by_statement)
    error = session.run(migration.text, simple=True).error
    if error is None:
        return None
    if prelude.remedied(error.sqlstate, error.message, session.database):
        return apply(session, migration, prelude)
    if _REFUSED_ATTRIBUTE.match(error.message) and _ATTRIBUTE.search(migration.text):
        prelude.note(f"{migration.path}: replayed without BYPASSRLS, which only a superuser may give on this server")
        return apply(session, replace(migration, text=_ATTRIBUTE.sub("", migration.text)), prelude)
    if (other := _OTHER_VERSION.match(error.message)) and _VERSION.search(migration.text):
        prelude.note(f"{migration.path}: replayed with another version of {other[1]}: this server has no {other[2]}")
        return apply(session, replace(migration, text=_VERSION.sub(r"\1\2", migration.text)), prelude)
    if not by_statement:
        if error.sqlstate not in _NEEDS_ITS_OWN_TRANSACTION:
            return sql_error(error, Statement(migration.text, "", 0, 1, 1))
        prelude.note(f"{migration.path}{_APART}{error.message}")
    return one_by_one(session, migration, prelude, wrapped=False)


def apply_whole(session: Session, migration: Migration, prelude: Prelude) -> SqlError | None:
    """As apply; a block that the file's own BEGIN has left open is committed, as the play of it ends."""
    error = apply(session, migration, prelude)
    if session.in_block:
        session.run("commit")
    return error


def told(notes: Sequence[str]) -> tuple[str, ...]:
    """The notes as a report has them: one line for all files that were replayed statement by statement."""
    first, *more = [note for note in notes if _APART in note] or [""]
    if not more:
        return tuple(notes)
    path, _, why = first.partition(_APART)
    line = f"{path} and {len(more)} more{_APART}{why}"
    return tuple(line if note == first else note for note in notes if note not in more)


def one_by_one(session: Session, migration: Migration, prelude: Prelude, *, wrapped: bool) -> SqlError | None:
    """Its error, or None; psql's meta-commands are passed over. wrapped: in one transaction, which an error ends."""
    if wrapped:
        session.run("begin")
    for statement in split(migration.text).statements:
        if statement.kind is StatementKind.META:
            continue
        outcome = session.run(statement.text, copy_data=statement.copy_data)
        if (
            outcome.error
            and not session.in_block
            and prelude.remedied(outcome.error.sqlstate, outcome.error.message, session.database)
        ):
            outcome = session.run(statement.text, copy_data=statement.copy_data)
        if outcome.error:
            if session.in_block:
                session.run("rollback")
            return sql_error(outcome.error, statement)
    error = session.run("commit").error if session.in_block else None
    return sql_error(error, _NO_FILE) if error else None
