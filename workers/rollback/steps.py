"""The parts of a rollback that are committed one after another: indexes of tables in use are dropped, built aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.model import Statement
from workers.rehearsed import Observation
from workers.rollback.arrays import settled
from workers.rollback.drops import drop
from workers.rollback.names import ident
from workers.sql.actions import CreateIndex, DropIndex
from workers.sql.read import read
from workers.ways_back import UndoStep
from workers.words import Name

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s';"
_PATIENCE = "-- Gives up on a lock after five seconds, as others wait behind it meanwhile; it can then be run again."
_ASIDE = "-- Outside a transaction. Where it fails it leaves an invalid index, to be dropped before another try."
Around = tuple[Catalog, Catalog]  # before the migration, after it

_OPENING = re.compile(r"(?:CREATE (?:UNIQUE )?|DROP )INDEX ")


def in_use(statements: Sequence[Statement], seen: Sequence[Observation | None], states: Around) -> frozenset[ObjectId]:
    """The tables that existed before the migration and on which it builds or drops an index CONCURRENTLY: its author
    knows that they are in use."""
    tables: set[Name] = set()
    before, after = states
    owners = {Name(*each.path): each.parent for each in (*after.of_kind(Kind.INDEX), *before.of_kind(Kind.INDEX))}
    found: set[ObjectId] = set()
    for statement, one in zip(statements, seen, strict=True):
        for action in read(statement) if one else ():
            if isinstance(action, CreateIndex) and action.concurrently:
                tables.add(action.table)
            elif isinstance(action, DropIndex) and action.concurrently:
                found |= {owner for index in action.indexes if (owner := owners.get(index))}
    found |= {each.id for catalog in states for each in catalog.of_kind(Kind.TABLE) if Name(*each.path) in tables}
    return frozenset(id for id in found if id in before.objects)


def steps_of(statements: Sequence[str], states: Around, tables: frozenset[ObjectId]) -> tuple[UndoStep, ...]:
    """The statements of a rollback, in order, with those apart that drop or build an index of one of the tables: drops
    first, builds last, where nothing else stands on the index."""
    before, after = states
    first = [one for one in _droppable(after, tables) if one in statements]
    last = [one for one in _buildable(before, tables, statements) if one in statements]
    rest = [one for one in statements if one not in first and one not in last]
    steps = [*(_aside(one) for one in first), *([_together(rest)] if rest else []), *(_aside(one) for one in last)]
    return tuple(steps)


def text_of(steps: Sequence[UndoStep]) -> str:
    """One text of all steps. A lone one has no BEGIN of its own: it can be run with psql --single-transaction."""
    if len(steps) < 2:
        return "".join(step.sql for step in steps)
    return "\n".join(f"BEGIN;\n{step.sql}COMMIT;\n" if step.transaction else step.sql for step in steps)


def bare(step: UndoStep) -> str:
    """Without the patience of ours, for who has his own."""
    return step.sql.replace(f"{_PATIENCE}\n{LOCK_TIMEOUT}\n", "", 1)


def _together(statements: Sequence[str]) -> UndoStep:
    return UndoStep("".join(f"{line}\n" for line in (_PATIENCE, LOCK_TIMEOUT, *statements)))


def _aside(statement: str) -> UndoStep:
    concurrently = _OPENING.sub(lambda found: f"{found[0]}CONCURRENTLY ", statement, count=1)
    return UndoStep(f"{_ASIDE}\n{concurrently}\n", transaction=False)


def _droppable(after: Catalog, tables: frozenset[ObjectId]) -> Iterator[str]:
    for index in _indexes(after, tables):
        if statement := drop(index, index.path):
            yield statement


def _buildable(before: Catalog, tables: frozenset[ObjectId], statements: Sequence[str]) -> Iterator[str]:
    """What is said of an index after it was made would come too early."""
    for index in _indexes(before, tables):
        build, named = settled(f"{index.text('definition')};"), ident(index.path[-1])
        if not any(named in one for one in statements if one != build and not one.startswith("DROP INDEX ")):
            yield build


def _indexes(catalog: Catalog, tables: frozenset[ObjectId]) -> Iterator[Object]:
    """Those that nothing stands on: no constraint, no foreign key, no partition. A partitioned table's cannot be
    built or dropped CONCURRENTLY (https://www.postgresql.org/docs/current/sql-createindex.html)."""
    found = [each for each in catalog.of_kind(Kind.INDEX) if each.parent in tables] if tables else []
    stood_on = {d.on for id in (catalog.objects if found else ()) for d in catalog.on(id)}
    for each in found:
        table = catalog.objects.get(each.parent) if each.parent else None
        whole = table is not None and not table.text("partition_key")
        part = any(d.type in "iPS" for d in catalog.on(each.id))
        if whole and not part and each.id not in stood_on and not each.text("attached"):
            yield each
