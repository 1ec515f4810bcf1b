"""Which statement ended a migration."""

from __future__ import annotations

from collections.abc import Sequence

from workers.rehearsed import Observation

# The server refuses to run the statement inside a transaction block: 25001 active_sql_transaction; 2D000 for a
# procedure that commits (https://www.postgresql.org/docs/current/errcodes-appendix.html).
REFUSED_IN_BLOCK = frozenset({"25001", "2D000"})


def failure(observations: Sequence[Observation | None]) -> int | None:
    """The index of the statement that ended the play, or None when it came to its end."""
    for index, seen in enumerate(observations):
        if seen and seen.error and seen.error.sqlstate not in REFUSED_IN_BLOCK:
            return index
    return None
