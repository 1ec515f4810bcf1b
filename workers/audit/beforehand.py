"""What a platform provides is there before the migration that turns out to need it."""

from __future__ import annotations

from dataclasses import dataclass

from workers.model import Migration, Transaction
from workers.postgres.prelude import Prelude


@dataclass(slots=True)
class Beforehand(Prelude):
    """For one attempt at a migration. made: something that was missing; the attempt has left nothing behind, and the
    caller looks at the database again and begins anew. partly: some of the migration may be committed by now, so that
    it goes on where it is."""

    made: bool = False
    partly: bool = False

    def note(self, text: str) -> None:
        """Told of a migration that is run in another manner than at first."""
        self.partly = True
        Prelude.note(self, text)

    def remedied(self, sqlstate: str, message: str, database: str) -> bool:
        goes_on = self.partly
        done = Prelude.remedied(self, sqlstate, message, database)
        self.made = done and not goes_on
        return done and goes_on


def for_attempt(prelude: Prelude, migration: Migration) -> Beforehand:
    """The same notes, of the same cluster."""
    return Beforehand(prelude.cluster, prelude.notes, partly=migration.transaction is Transaction.STATEMENT)
