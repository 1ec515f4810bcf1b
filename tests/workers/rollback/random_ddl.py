"""Random statements over whatever a small database holds at the moment; what the server refuses is left out."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from tests.workers.rollback.random_here import HERE, Draw, Here
from tests.workers.rollback.random_objects import OBJECT_STATEMENTS
from tests.workers.rollback.random_tables import TABLE_STATEMENTS

Connection = psycopg.Connection[tuple[object, ...]]
_STATEMENTS = (*TABLE_STATEMENTS, *OBJECT_STATEMENTS)


def random_ddl(connection: Connection, draws: Iterable[Draw]) -> tuple[str, ...]:
    """The statements that the server takes, one after the other; the connection is in a transaction, and keeps them."""
    taken = []
    for draw in draws:
        names: dict[str, list[str]] = {}
        for kind, name in connection.execute(HERE).fetchall():
            names.setdefault(str(kind), []).append(str(name))
        try:
            statement = _STATEMENTS[draw[0] % len(_STATEMENTS)](Here(names, draw))
            with connection.transaction():
                connection.execute(statement.encode())
        except (LookupError, psycopg.Error):
            continue
        taken.append(statement)
    return tuple(taken)
