"""The parts of a rollback that are committed one after another: what would hold a lock for long is done aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.model import Statement
from workers.rehearsed import Observation
from workers.rollback.arrays import settled
from workers.rollback.drops import drop
from workers.rollback.names import ident
from workers.rollback.tables import added
from workers.sql.actions import CreateIndex, DropIndex
from workers.sql.read import read
from workers.ways_back import UndoStep
from workers.words import Name

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s';"
_PATIENCE = "-- Gives up on a lock after five seconds, as others wait behind it meanwhile; it can then be run again."
_ASIDE = "-- Outside a transaction. Where it fails it leaves an invalid index, to be dropped before another try."
_CHECK = (
    "-- Done apart, this lets others read and write. Where rows are in the way, put them right, then run this again."
)
_PATIENT = f"{_PATIENCE}\n{LOCK_TIMEOUT}\n"
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


def steps_of(
    statements: Sequence[str], states: Around, tables: frozenset[ObjectId], large: frozenset[ObjectId] = frozenset()
) -> tuple[UndoStep, ...]:
    """The statements of a rollback, in order, with those apart that drop or build an index of one of the tables: drops
    first, builds later, where nothing else stands on the index. Conditions and references of the large ones are put
    back without a look at the rows, which comes last."""
    before, after = states
    first = [one for one in _droppable(after, tables) if one in statements]
    last = [one for one in _buildable(before, tables, statements) if one in statements]
    checks = {one: check for one, check in _checkable(before, large) if one in statements}
    rest = [_unchecked(one) if one in checks else one for one in statements if one not in first and one not in last]
    return (
        *(_aside(one) for one in first),
        *([_together(rest)] if rest else []),
        *(_aside(one) for one in last),
        *([UndoStep(f"{_CHECK}\n{_PATIENT}{''.join(checks.values())}")] if checks else []),
    )


def text_of(steps: Sequence[UndoStep]) -> str:
    """One text of all steps. A lone one has no BEGIN of its own: it can be run with psql --single-transaction."""
    if len(steps) < 2:
        return "".join(step.sql for step in steps)
    return "\n".join(f"BEGIN;\n{step.sql}COMMIT;\n" if step.transaction else step.sql for step in steps)


def bare(step: UndoStep) -> str:
    """Without the patience of ours, for who has his own."""
    return step.sql.replace(_PATIENT, "", 1)


def _together(statements: Sequence[str]) -> UndoStep:
    return UndoStep(_PATIENT + "".join(f"{line}\n" for line in statements))


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


def _checkable(before: Catalog, tables: frozenset[ObjectId]) -> Iterator[tuple[str, str]]:
    """How a constraint is added, and how its rows are checked later. What a partition has in common with the whole must
    be valid when it is attached, and a partitioned table's reference could not be NOT VALID before PostgreSQL 18."""
    for each in before.of_kind(Kind.CONSTRAINT) if tables else ():
        table = before.objects[each.parent] if each.parent in tables else None
        alone = table is not None and not table.text("partition_key") and not table.texts("parents")
        if alone and each.text("type") in ("c", "f") and each.flag("validated"):
            check = f"ALTER TABLE {ident(*each.path[:-1])} VALIDATE CONSTRAINT {ident(each.path[-1])};\n"
            yield settled(added(each)), check


def _unchecked(statement: str) -> str:
    return f"{statement.removesuffix(';')} NOT VALID;"


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
