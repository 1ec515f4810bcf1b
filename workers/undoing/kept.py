"""The pair that keeps what a migration takes: written, and proven on a fresh copy of the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from workers.policy import Policy
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Role
from workers.postgres.dump import schema_dump
from workers.postgres.outcome import ServerLost
from workers.postgres.session import Session
from workers.remedies import Place
from workers.rollback.grading import DataEffects
from workers.rollback.keep import Keeping, keep, schema_of
from workers.rollback.keep_copies import Copy
from workers.rollback.proof import Proof, Rehearsed, prove, settle
from workers.rollback.rows import Fingerprint, fingerprint
from workers.rollback.steps import steps_of
from workers.undoing.played import Retrial, play_again
from workers.ways_back import Grade, Kept, KeptTable, Rollback
from workers.words import Name

_POSITION = sql.SQL("SELECT last_value, is_called FROM {}")


def keeping(retrial: Retrial, ours: Rollback, effects: DataEffects) -> Kept | None:
    """None where nobody asked for it, where nothing is lost, and where nothing of that can be kept."""
    states, migration = retrial.states, retrial.played.migration
    if not retrial.played.policy.rollback.preserve or ours.grade is not Grade.LOSSY:
        return None
    found = keep(states.before, states.after, effects, schema_of(migration.id))
    if found is None:
        return None
    try:
        with retrial.place() as at:
            proof = _Trial(retrial, found, at).proof()
    except ServerLost as lost:
        proof = Proof((f"the server was lost over it: {lost}",))
    steps = proof.steps or steps_of(found.plan.statements, (states.before, states.after), states.in_use, states.large)
    rollback = settle(found.plan, replace(proof, steps=steps))
    if not rollback.proven:
        rollback = replace(rollback, grade=ours.grade, reasons=ours.reasons)
    tables = tuple(_told(copy, retrial.played.policy) for copy in found.copies)
    return Kept(found.preserve, rollback, found.clean, tables)


def _told(copy: Copy, policy: Policy) -> KeptTable:
    name = Name(*copy.table.path)
    known = policy.table(name)
    columns = () if copy.whole else tuple(each.path[-1] for each in (*copy.key, *copy.updates.values()))
    return KeptTable(name, columns, known.rows, known.size_bytes)


# ---------------------------------------------------------------- the proof

_Positions = tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A pair on a fresh place with rows, before the migration."""

    retrial: Retrial
    keeping: Keeping
    at: Place

    def proof(self) -> Proof:
        """The copy is removed before the states are compared: what is left of it would be a difference."""
        states, plan = self.retrial.states, self.keeping.plan
        rows = self._rows()
        positions = self._positions()
        if error := self._run(self.keeping.preserve):
            return Proof((f"keeping failed: {error}",))
        if error := self._apply():
            return Proof((f"applying the migration over the copy failed: {error}",))
        steps = steps_of(plan.statements, (states.before, states.after), states.in_use, states.large)
        for sql_ in (*(step.sql for step in steps), self.keeping.clean):
            if error := self._run(sql_):
                return Proof((f"rolling back failed: {error}",), steps=steps)
        difference = (*self._unlike(rows, self._rows()), *_moved(self.keeping.sequences, positions, self._positions()))
        if difference:
            return Proof(difference, steps=steps)
        rehearsed = Rehearsed(self.at.reader, self._run, self._apply, self._dump)
        # Nothing is left to be run; what the rollback came to is compared as that of any other.
        proof = prove(rehearsed, replace(plan, statements=()), replace(states, rows=rows))
        return replace(proof, steps=steps)

    def _unlike(self, before: Fingerprint, now: Fingerprint) -> Iterator[str]:
        """All rows, where none are given up and none were inserted; the other tables are compared with the rest."""
        plan = self.keeping.plan
        for table, content in before.items():
            columns = [each for each in content.columns if (table, each) not in plan.lost_columns]
            if table in plan.lost_tables or table in plan.tables_with_new_rows or table not in now:
                continue
            if len(columns) == len(content.columns) and content.of(columns) != now[table].of(columns):
                yield f"table {table}: its rows are not those from before"

    def _rows(self) -> Fingerprint:
        return fingerprint(self.at.reader, read_catalog(self.at.reader), self.retrial.states.rows.keys())

    def _positions(self) -> _Positions:
        query = [_POSITION.format(sql.Identifier(each.schema, each.name)) for each in self.keeping.sequences]
        return tuple(row for each in query for row in self.at.reader.execute(each).fetchall())

    def _run(self, text: str) -> str | None:
        error = self.at.session.run(text, simple=True).error
        return error.message if error else None

    def _apply(self) -> str | None:
        """On a session of its own: temporary tables and settings of another time must not be in the way."""
        self.retrial.played.roles.put_aside()
        with Session(self.retrial.stand.cluster, Role.MIGRATION, self.at.session.database) as session:
            error = play_again(self.retrial.stand, self.retrial.played, session)
        return error.message if error else None

    def _dump(self) -> str:
        return schema_dump(self.retrial.stand.cluster, self.at.session.database)


def _moved(sequences: Sequence[Name], before: _Positions, now: _Positions) -> Iterator[str]:
    for name, was, is_ in zip(sequences, before, now, strict=True):
        if was != is_:
            yield f"sequence {name}: its position is not that from before"
