"""One server on which a history is applied, one migration after another, and what is known of its database now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

import psycopg

from workers.audit.writes import Writes
from workers.catalog import Catalog, Kind
from workers.errors import CannotAnalyse
from workers.model import Migration, SqlError
from workers.postgres.catalog_following import Follower
from workers.postgres.cluster import DATABASE, Cluster, Role
from workers.postgres.dump import schema_dump
from workers.postgres.past import Past
from workers.postgres.prelude import Prelude
from workers.postgres.session import Session
from workers.replay import apply_whole
from workers.rollback.rows import Content, Fingerprint, fingerprint
from workers.words import Name

_HOLDING = """
    SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384 AND n.nspname !~ '^pg_'
    AND pg_catalog.pg_relation_size(c.oid) > 0
"""
_LOCKED = """
    SELECT n.nspname, c.relname FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.mode = 'RowExclusiveLock' AND c.relkind IN ('r', 'p')
    AND c.oid >= 16384 AND n.nspname !~ '^pg_'
"""
_POSITIONS = """
    SELECT seqrelid, pg_catalog.pg_sequence_last_value(seqrelid::regclass) FROM pg_catalog.pg_sequence
    WHERE pg_catalog.has_sequence_privilege(seqrelid, 'UPDATE')
"""
_SET_BACK = """
    SELECT pg_catalog.setval(s.seqrelid::regclass, coalesce(b.last, s.seqstart), b.last IS NOT NULL)
    FROM pg_catalog.pg_sequence s JOIN unnest(%s::oid[], %s::bigint[]) b (id, last) ON b.id = s.seqrelid
    WHERE pg_catalog.pg_sequence_last_value(s.seqrelid::regclass) IS DISTINCT FROM b.last
"""

Positions = Mapping[int, int | None]  # the last number of each sequence, by OID; None for one that has given none


@dataclass(frozen=True, slots=True)
class State:
    """What the database holds. rows: of the tables that hold any."""

    catalog: Catalog
    rows: Fingerprint

    def with_empty(self, tables: Set[Name]) -> Fingerprint:
        """The rows, and those of other tables that are there, which hold none."""
        columns: dict[Name, list[tuple[int, str]]] = {}
        for each in self.catalog.of_kind(Kind.COLUMN) if tables - self.rows.keys() else ():
            if (table := Name(*each.path[:2])) in tables:
                columns.setdefault(table, []).append((each.id.sub, each.path[2]))
        empty = {
            table: Content(tuple(name for _, name in sorted(found)), (), (), True) for table, found in columns.items()
        }
        return {**empty, **self.rows}


@dataclass(slots=True)
class Line:
    """session: on which the history is applied. second: on which each migration is applied again, so that temporary
    tables of the first time are not in the way. reader: sees what they have committed. looking_back: keeps a moment in
    sight. known: the database as it is now; None where nobody has looked. locked: the tables that the last migration
    may have written, by its locks."""

    cluster: Cluster
    prelude: Prelude
    session: Session
    second: Session
    reader: psycopg.Connection
    looking_back: psycopg.Connection
    follower: Follower
    known: State | None = None
    locked: frozenset[Name] = frozenset()

    def state(self) -> State:
        """Looks only where something may have changed since the last time."""
        if self.known is None:
            catalog = self.look()
            self.known = State(catalog, self.rows(catalog))
        return self.known

    def look(self) -> Catalog:
        """The catalog as it is now."""
        return self.follower.read()

    def check(self) -> None:
        """Whether all that was read bit by bit was right: raises Wrong, a bug."""
        self.follower.read()
        self.follower.check()

    def remembered(self) -> Past:
        """The database as it is now; to be closed before the next one."""
        return Past(self.looking_back)

    def dump(self) -> str:
        """By pg_dump, of the database as it is now; empty where there is none."""
        with contextlib.suppress(CannotAnalyse):
            return self.dumped()
        return ""

    def dumped(self) -> str:
        """Raises CannotAnalyse."""
        return schema_dump(self.cluster, DATABASE, self.reader)

    def rows(self, catalog: Catalog) -> Fingerprint:
        """Of the tables that hold any."""
        holding = [Name(*row) for row in self.reader.execute(_HOLDING)]
        return fingerprint(self.reader, catalog, holding) if holding else {}

    def apply(
        self, migration: Migration, writes: Writes | None = None, prelude: Prelude | None = None
    ) -> SqlError | None:
        """Runs it as its runner would; what may write rows in a block of our own, where its locks can be seen at its
        end. prelude: for this once. Its error, or None."""
        self.known, self.locked = None, frozenset()
        if writes and writes.actions and not writes.controls and self._watched(migration):
            return None
        return apply_whole(self.session, migration, prelude or self.prelude)

    def _watched(self, migration: Migration) -> bool:
        """Whether it passed so; else it is as if nothing had been run."""
        session = self.session
        session.run("begin")
        if session.run(migration.text, simple=True).error is None and session.in_block:
            locked = frozenset(Name(*row) for row in session.query(_LOCKED))
            if session.run("commit").tag == "COMMIT":
                self.locked = locked
                return True
        if session.in_block:
            session.run("rollback")
        return False

    def positions(self) -> Positions:
        """Where the sequences stand."""
        return dict(self.reader.execute(_POSITIONS).fetchall())

    def set_back(self, positions: Positions) -> None:
        """Sequences that have gone on since: what is applied again must get the numbers of the first time."""
        if positions:
            self.reader.execute(_SET_BACK, (list(positions.keys()), list(positions.values())))


@contextlib.contextmanager
def line_on(cluster: Cluster) -> Iterator[Line]:
    """On an empty database."""
    with (
        Session(cluster) as session,
        Session(cluster) as second,
        cluster.connect(Role.MIGRATION) as reader,
        cluster.connect(Role.OBSERVER, DATABASE) as looking_back,
    ):
        yield Line(cluster, Prelude(cluster), session, second, reader, looking_back, Follower(reader))
