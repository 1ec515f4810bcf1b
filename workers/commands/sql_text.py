"""Reads SQL that stands in a script for what it deletes: tables, schemas, databases, every row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workers.sql.actions import Action, Delete, Truncate, Where
from workers.sql.object_actions import DropObject
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.table_actions import CreateTable, DropTable
from workers.words import Name

_VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}|\$(\w+)(?!\$|\w)")
_TEMPORARY = re.compile(r"(?:^|_)te?mp(?:_|$)")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Loss:
    """statement: as written, in one line, cut where it is long. named: the databases and schemas that are lost, whose
    names may tell that they are nobody's."""

    statement: str
    does: str
    named: tuple[str, ...] = ()


def lost_by(sql: str) -> Iterator[Loss]:
    """Each statement that deletes all rows of something which the text has not made itself."""
    made: set[Name] = set()
    for statement in split(_VARIABLE.sub(r"\1\2", sql)).statements:
        for action in read(statement):
            if isinstance(action, CreateTable):
                made.add(action.table)
            does, names = _loss(action)
            gone = [name for name in names if name not in made and not _TEMPORARY.search(name.name)]
            if gone:
                named = tuple(name.name for name in gone) if isinstance(action, DropObject) else ()
                yield Loss(_short(statement.text), does, named)


def _loss(action: Action) -> tuple[str, tuple[Name, ...]]:
    match action:
        case DropTable():
            return "drops a table with all its rows", action.tables
        case Truncate():
            return "deletes every row of a table", action.tables
        case Delete() if action.where is not Where.SOME:
            return "deletes every row of a table", (action.table,)
        case DropObject() if action.kind == "database" or (action.kind == "schema" and action.cascade):
            return f"drops a {action.kind} with all that is in it", action.names
    return "", ()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
