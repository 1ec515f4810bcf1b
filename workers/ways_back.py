"""The ways back from a migration: our SQL, the pair that keeps its data, and the file that its authors wrote."""

from __future__ import annotations

import enum
import textwrap
from dataclasses import dataclass

from workers.facts import Lock
from workers.words import Name

_LINE_CHARS = 240


class Grade(enum.StrEnum):
    """What a rollback brings back. LOSSY: the schema, not all data. IRREVERSIBLE: not even the schema."""

    EXACT = "exact"
    LOSSY = "lossy"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True, slots=True)
class UndoStep:
    """To be committed before the next one begins. transaction: False where a statement takes no transaction block."""

    sql: str
    transaction: bool = True


@dataclass(frozen=True, slots=True)
class Rollback:
    """SQL that undoes one migration. `proven`: applied, rolled back, catalogs and surviving rows compared equal,
    applied again. `difference` names what differed when it is not. locks: the strongest
    that it held on each table that existed before the migration."""

    sql: str
    grade: Grade
    proven: bool
    reasons: tuple[str, ...] = ()
    difference: tuple[str, ...] = ()
    steps: tuple[UndoStep, ...] = ()  # `sql`, in its parts
    locks: tuple[Lock, ...] = ()
    takes: tuple[str, ...] = ()  # what of it makes others wait: sentences of the rules
    notes: tuple[str, ...] = ()  # what was not compared, sentences without their full stops


@dataclass(frozen=True, slots=True)
class KeptTable:
    """What is copied of one table. rows, bytes: as the policy's row counts make them, None where they are not told."""

    table: Name
    columns: tuple[str, ...]  # empty for whole rows
    rows: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A pair that loses less. preserve: to be run before the migration; copies what it would take into a schema of its
    own. rollback: puts it back. clean: removes the copy, once nobody wants to go back any more."""

    preserve: str
    rollback: Rollback
    clean: str
    tables: tuple[KeptTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What the authors' own way back came to. restores: the schema was as before. difference: in what it was not, or
    why it could not be run; where it was, why the migration cannot be applied again. loses: rows from before the
    migration, which it had left alone."""

    path: str
    restores: bool
    difference: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """All that is wrong with it, in short lines: the definition of a function can be of any length."""
        return tuple(textwrap.shorten(line, _LINE_CHARS, placeholder=" …") for line in (*self.difference, *self.loses))
