"""What a pull request takes away from the code that runs, or asks of it: names, and values of new columns. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import (
    CatalogChange,
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    DefaultChanged,
    NotNullDropped,
    TableCreated,
    TableDropped,
    TableRenamed,
)
from workers.mentions.spelling import Part, Sought
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
)
from workers.rehearsed import Rehearsal, RehearsedMigration
from workers.rules.mentioned import rows
from workers.rules.objects import path
from workers.rules.steps import look
from workers.sql.known import Known
from workers.words import Name

# Of what is no table: what code names. Nobody names an index or a trigger, and types are renamed to change them.
_KINDS = frozenset({"view", "materialized view", "function", "procedure", "schema"})
_MAX = 30  # each makes the search longer


def sought(rehearsal: Rehearsal) -> tuple[Sought, ...]:
    """The tables, columns, enum values and other objects that stood before the pull request and have no longer their
    name at its end, and the tables that it leaves with a new column which each INSERT has to set; as observed, or as
    predicted where nothing was run."""
    ledger = _Ledger()
    for migration in rehearsal.migrations:
        for change in _changes(migration):
            ledger.take(change)
    return (*ledger.still_gone(), *ledger.demands())[:_MAX]


def _changes(rehearsed: RehearsedMigration) -> Iterator[CatalogChange]:
    seen = rehearsed.observations
    if all(one is not None and one.error is None for one in seen):
        facts = [one.facts for one in seen if one]
    else:
        facts = [each.facts for each in look(rehearsed, Known())[0]]
    return (change for each in facts for change in each.changes)


class _Ledger:
    """What is gone, while the changes are read."""

    def __init__(self) -> None:
        self.gone: dict[str, Sought] = {}
        self._new: set[str] = set()  # and so unknown to code that is deployed
        self._there: set[str] = set()  # names that something new, or renamed, has now
        self._was: dict[str, tuple[Name, str | None]] = {}  # what has another name now: that in the code
        self._demanded: dict[str, Sought] = {}  # by the column that asks for it

    def take(self, change: CatalogChange) -> None:
        self._demand(change)
        if made := _made(change):
            key = _key(*made)
            self._new.add(key)
            self._named(key)
        if (taken := _taken(change)) is None:
            return
        part, owner, word = taken
        key = _key(owner, word)
        known = not self._new & {_key(owner), key}
        was = self._before(owner, word)
        self._there.discard(key)
        if known:
            self.gone[key] = Sought(key, part, *was)
        if moved := _moved(change):
            self._named(_key(*moved))
            self._was[_key(*moved)] = was
            if not known:
                self._new.add(_key(*moved))

    def still_gone(self) -> Iterator[Sought]:
        """Without what has the name again that code knows."""
        return (each for each in self.gone.values() if _key(each.owner, each.word) not in self._there)

    def demands(self) -> Iterator[Sought]:
        """One for each table."""
        yield from {each.key: each for each in self._demanded.values()}.values()

    def _demand(self, change: CatalogChange) -> None:
        """Code that is deployed sets a column that it knew: one that is dropped and made anew asks for nothing."""
        match change:
            case ColumnAdded() if change.not_null and not change.has_default:
                key = _key(change.table, change.column)
                if key not in self.gone and _key(change.table) not in self._new:
                    owner, _ = self._before(change.table, None)
                    self._demanded[key] = Sought(rows(change.table), Part.ROWS, owner)
            case NotNullDropped() | ColumnDropped() | DefaultChanged():
                self._demanded.pop(_key(change.table, change.column), None)

    def _named(self, key: str) -> None:
        self._there.add(key)
        self.gone.pop(key, None)

    def _before(self, owner: Name, word: str | None) -> tuple[Name, str | None]:
        """Its name in the code that is deployed."""
        of_owner, _ = self._was.get(_key(owner), (owner, None))
        return self._was.get(_key(owner, word), (of_owner, word))


def _key(owner: Name, word: str | None = None) -> str:
    """As findings name it: a schema stands in none."""
    return path(owner) if word is None else f"{path(owner)}.{word}"


def _made(change: CatalogChange) -> tuple[Name, str | None] | None:
    match change:
        case TableCreated():
            return change.table, None
        case ObjectCreated() if change.kind in _KINDS:
            return change.name, None
        case ColumnAdded():
            return change.table, change.column
        case EnumValueAdded():
            return change.type, change.value
    return None


def _taken(change: CatalogChange) -> tuple[Part, Name, str | None] | None:
    match change:
        case TableDropped() | TableRenamed():
            return Part.TABLE, change.table, None
        case ObjectDropped() | ObjectRenamed() if change.kind in _KINDS:
            return Part.OBJECT, change.name, None
        case ColumnDropped() | ColumnRenamed():
            return Part.COLUMN, change.table, change.column
        case EnumValueRemoved() | EnumValueRenamed():
            return Part.VALUE, change.type, change.value
    return None


def _moved(change: CatalogChange) -> tuple[Name, str | None] | None:
    match change:
        case TableRenamed():
            return change.new, None
        case ObjectRenamed() if change.kind in _KINDS:
            return change.new, None
        case ColumnRenamed():
            return change.table, change.new
        case EnumValueRenamed():
            return change.type, change.new
    return None
