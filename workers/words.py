"""The words of facts: lock modes, where a fact comes from, qualified names."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class LockMode(enum.IntEnum):
    """Table-level lock modes, weakest first (https://www.postgresql.org/docs/current/explicit-locking.html)."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @property
    def sql(self) -> str:
        """As LOCK TABLE spells it: ACCESS EXCLUSIVE."""
        return self.name.replace("_", " ")

    @classmethod
    def from_pg_locks(cls, mode: str) -> LockMode:
        """From pg_locks.mode, e.g. AccessExclusiveLock. Raises KeyError for any other string."""
        return _PG_LOCKS[mode]

    @property
    def blocks_writes(self) -> bool:
        """Conflicts with ROW EXCLUSIVE, which INSERT, UPDATE and DELETE take."""
        return self >= LockMode.SHARE

    @property
    def blocks_reads(self) -> bool:
        """Conflicts with ACCESS SHARE, which SELECT takes."""
        return self is LockMode.ACCESS_EXCLUSIVE


_PG_LOCKS = {mode.name.title().replace("_", "") + "Lock": mode for mode in LockMode}


class Source(enum.StrEnum):
    """Where a fact comes from. BOTH: predicted from the text and then observed."""

    OBSERVED = "observed"
    PREDICTED = "predicted"
    BOTH = "both"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A schema-qualified name, unquoted: Name("public", "User"). Reports print it as psql does: public.User."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def sql(self) -> str:
        """Quoted where SQL needs it: public."User"."""
        return f"{quote(self.schema)}.{quote(self.name)}"


def quote(identifier: str) -> str:
    """The identifier as SQL text, quoted unless it is lower-case letters, digits and underscores. A key word that is
    such a word is quoted by nobody here: use it only for text that people read, or after a schema and a dot."""
    plain = identifier.isascii() and identifier.replace("_", "a").isalnum() and identifier == identifier.lower()
    return identifier if plain and not identifier[0].isdigit() else '"' + identifier.replace('"', '""') + '"'
