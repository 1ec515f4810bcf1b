"""Which rows and values a copy made before a migration can bring back, and by what key they are found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.difference import Difference
from workers.rollback.grading import Cause, Loss
from workers.rollback.outline import Outline
from workers.rollback.reached import parent_of

_WHOLE_NUMBERS = ("smallint", "integer", "bigint")
_LETTERS = ("text", "character varying")


@dataclass(slots=True)
class Copy:
    """What is kept of one table, all as it was before. everything: its rows are all gone, and all put back; deleted:
    those whose key is missing are. updates: columns whose values are set again, in rows that are found by the key."""

    table: Object
    key: tuple[Object, ...] = ()
    everything: bool = False
    deleted: bool = False
    updates: dict[ObjectId, Object] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return self.everything or self.deleted


@dataclass(frozen=True, slots=True)
class Choice:
    """sequences: whose positions are put back. covered: the losses that are none any more; left: the others, with why
    a copy does not help."""

    copies: tuple[Copy, ...]
    sequences: tuple[Object, ...]
    covered: tuple[Loss, ...]
    left: tuple[tuple[Loss, str], ...]


def choose(outline: Outline, lost: tuple[Loss, ...], written: frozenset[ObjectId]) -> Choice:
    """written: the tables into which the migration inserts rows."""
    return _Chooser(outline, lost, written).choice()


class _Chooser:
    def __init__(self, outline: Outline, lost: tuple[Loss, ...], written: frozenset[ObjectId]) -> None:
        self._difference = outline.difference
        self._before = outline.difference.before
        self._lost = lost
        self._written = written
        self._columns = columns_of(self._before)
        self._altered = outline.altered
        self._copies: dict[ObjectId, Copy] = {}

    def choice(self) -> Choice:
        whys = {loss: self._why_not(loss) for loss in self._lost}
        covered = tuple(loss for loss, why in whys.items() if why is None)
        for loss in covered:
            self._add(loss)
        left = tuple((loss, why) for loss, why in whys.items() if why is not None)
        about = {loss.about for loss in covered}
        sequences = [each for each in self._before.of_kind(Kind.SEQUENCE) if self._comes_back(each, about)]
        copies = tuple(self._copies[id] for id in sorted(self._copies) if not self._is_in_another(self._copies[id]))
        return Choice(copies, tuple(sorted(sequences, key=lambda each: each.id)), covered, left)

    def _is_in_another(self, copy: Copy) -> bool:
        """A partition, of whose parent all rows are kept and put back."""
        above = [self._copies[each.id] for each in self._above(copy.table) if each.id in self._copies]
        return not copy.updates and any(each.whole for each in above)

    def _comes_back(self, sequence: Object, about: set[ObjectId | None]) -> bool:
        """Also with the table or the column that it belongs to."""
        gone = sequence.id in self._difference.gone | self._difference.again
        with_it = sequence.parent and {sequence.parent, sequence.parent._replace(sub=0)} & about
        return sequence.id in about or bool(gone and with_it)

    # ------------------------------------------------------------ one loss

    def _why_not(self, loss: Loss) -> str | None:
        """Why no copy helps against the loss; None where one does, the empty text where that goes without saying."""
        table = self._table(loss)
        match loss.cause:
            case Cause.OTHER:
                return ""
            case Cause.PLACED:
                return None if self._restarted_with_its_table(loss) else ""
            case Cause.DROPPED if table is None:
                return None  # a sequence
        if table is None or not self._kept_columns(table):
            return ""
        if loss.cause is Cause.TRUNCATED or (loss.cause is Cause.DROPPED and loss.about == table.id):
            return "the migration writes rows into it itself" if table.id in self._written else None
        if loss.cause is Cause.DELETED and table.id in self._written:
            return "the migration writes rows into it itself"
        if self._inherits(table):
            return "other tables inherit from it, or it from them"
        return None if self._key(table) else "it has no key that the migration leaves alone"

    def _table(self, loss: Loss) -> Object | None:
        """Of a partition that is written through its parent: the parent."""
        about = self._before.objects[loss.about] if loss.about else None
        if about is None or about.kind is Kind.SEQUENCE:
            return None
        table = self._before.objects[about.parent] if about.kind is Kind.COLUMN and about.parent else about
        if loss.cause in (Cause.UPDATED, Cause.DELETED):
            named = {each.about for each in self._lost if each.cause is loss.cause}
            above = [each for each in self._above(table) if each.id in named]
            return above[-1] if above else table
        return table

    def _above(self, table: Object) -> Iterator[Object]:
        """The tables that it is a partition of, the nearest first."""
        while above := parent_of(self._before, table):
            yield above
            table = above

    def _inherits(self, table: Object) -> bool:
        """Other than as a partition."""
        if table.text("bound") is None and table.texts("parents"):
            return True
        return any(
            each.text("bound") is None and any(d.on == table.id for d in self._before.on(each.id))
            for each in self._before.of_kind(Kind.TABLE)
            if each.texts("parents")
        )

    def _restarted_with_its_table(self, loss: Loss) -> bool:
        """By TRUNCATE … RESTART IDENTITY."""
        sequence = self._before.objects[loss.about] if loss.about else None
        table = sequence.parent._replace(sub=0) if sequence and sequence.parent else None
        truncated = (each for each in self._lost if each.cause is Cause.TRUNCATED)
        return any(each.about == table and self._why_not(each) is None for each in truncated)

    def _kept_columns(self, table: Object) -> tuple[Object, ...]:
        return tuple(each for each in self._columns.get(table.id, ()) if not each.flag("generated"))

    # ------------------------------------------------------------ keys

    def _key(self, table: Object) -> tuple[Object, ...]:
        """Columns that tell each row from the others, and that the migration leaves as they are; the primary key if it
        can be."""
        changed = {column.id for loss in self._lost for column in self._updated(loss) if self._table(loss) is table}
        keys = sorted(unique_keys(self._before, table), key=lambda key: (not key[0], [each.id for each in key[1]]))
        for _, columns in keys:
            if not any(each.id in changed or not self._stays(each) for each in columns):
                return columns
        return ()

    def _stays(self, column: Object) -> bool:
        """With values that compare equal, whatever else was changed."""
        if column.flag("generated") or column.id not in self._difference.pairs or column.id in self._difference.again:
            return False
        if "type" not in self._altered.get(column.id, ()):
            return True
        now = self._difference.after.objects[self._difference.pairs[column.id]]
        types = [(each.text("type") or "").partition("(")[0] for each in (column, now)]
        return all(type in _WHOLE_NUMBERS for type in types) or all(type in _LETTERS for type in types)

    def _updated(self, loss: Loss) -> tuple[Object, ...]:
        """The columns whose values the loss is about."""
        if loss.cause in (Cause.DROPPED, Cause.CONVERTED) and loss.about and loss.about.sub:
            return (self._before.objects[loss.about],)
        table = self._table(loss)
        if loss.cause is not Cause.UPDATED or table is None or loss.columns is None or self._has_triggers(table):
            return ()
        return tuple(each for each in self._kept_columns(table) if self._names(each) & loss.columns)

    def _names(self, column: Object) -> set[str]:
        now = self._difference.pairs.get(column.id)
        return {column.path[-1], *([self._difference.after.objects[now].path[-1]] if now else [])}

    def _has_triggers(self, table: Object) -> bool:
        """They may set other columns than the statement."""
        now = self._difference.pairs.get(table.id)
        kinds = (Kind.TRIGGER, Kind.RULE)
        found = (*self._before.of_kind(*kinds), *self._difference.after.of_kind(*kinds))
        return any(each.parent in (table.id, now) and each.text("enabled") != "D" for each in found)

    # ------------------------------------------------------------ the copies

    def _add(self, loss: Loss) -> None:
        if (table := self._table(loss)) is None:
            return
        copy = self._copies.setdefault(table.id, Copy(table))
        if loss.cause is Cause.TRUNCATED or (loss.cause is Cause.DROPPED and loss.about == table.id):
            copy.everything = True
            return
        copy.key = self._key(table)
        copy.deleted |= loss.cause is Cause.DELETED
        columns = self._updated(loss)
        if loss.cause is Cause.UPDATED and not columns:
            columns = tuple(each for each in self._kept_columns(table) if each not in copy.key)
        copy.updates |= {each.id: each for each in columns}


def columns_of(catalog: Catalog) -> dict[ObjectId, list[Object]]:
    """By table, in their order."""
    found: dict[ObjectId, list[Object]] = {}
    for each in sorted(catalog.of_kind(Kind.COLUMN), key=lambda column: column.id):
        if each.parent:
            found.setdefault(each.parent, []).append(each)
    return found


def unique_keys(catalog: Catalog, table: Object) -> Iterator[tuple[bool, tuple[Object, ...]]]:
    """(whether it is the primary key, its columns): unique indexes of plain columns that are never NULL. The columns'
    numbers are read from Object.raw, which begins with pg_index.indkey."""
    constraints = [each for each in catalog.of_kind(Kind.CONSTRAINT) if each.parent == table.id]
    primary = {each.path[-1] for each in constraints if each.text("type") == "p"}
    for each in catalog.of_kind(Kind.INDEX):
        definition = each.text("definition") or ""
        if each.parent != table.id or not definition.startswith("CREATE UNIQUE") or not each.flag("valid"):
            continue
        numbers = [int(number) for number in each.raw.partition("/")[0].split()]
        columns = tuple(found for n in numbers if (found := catalog.objects.get(table.id._replace(sub=n))) and n)
        whole = len(columns) == len(numbers) and all(column.flag("not_null") for column in columns)
        if whole and " WHERE " not in definition:
            yield each.text("constraint") in primary, columns


def surviving(difference: Difference, remade: frozenset[ObjectId], each: Object) -> Object | None:
    """As it is after the migration, where the rollback neither drops it nor makes it again."""
    now = difference.pairs.get(each.id)
    return difference.after.objects[now] if now and each.id not in remade else None
