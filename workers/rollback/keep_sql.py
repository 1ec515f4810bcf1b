"""The SQL around a copy: what makes it before a migration, what puts it back in a rollback, and what removes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workers.catalog import Kind, Object, ObjectId
from workers.rollback.keep_copies import Choice, Copy, columns_of, surviving
from workers.rollback.names import ident, literal
from workers.rollback.order import arrange
from workers.rollback.outline import Outline
from workers.rollback.reached import foreign_keys, parent_of, unquoted
from workers.rollback.woven import Woven

_HEAD = """\
-- Copies what the migration takes away, so that its rollback can put it back. Run it in one transaction right before
-- the migration, best in one maintenance window: what is written between the two is not in the copy."""
_BACK = "-- Puts back what was kept. Values that were written over since the migration are those from before it again."
# Another session may have another form, in which text would read as another value.
_FORMS = """\
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;"""
_UNFILTERED = "SET LOCAL row_security = off;"  # an error instead of some of the rows
_POSITIONS = "positions"
_NAME_BYTES = 63  # NAMEDATALEN - 1


@dataclass(frozen=True, slots=True)
class Text:
    """preserve, clean: whole texts. woven: for the rollback's statements."""

    preserve: str
    clean: str
    woven: Woven


def text_of(outline: Outline, choice: Choice, schema: str) -> Text:
    """schema: the name of the one that holds the copy."""
    writer = _Writer(outline, choice, schema)
    return Text(
        "".join(f"{line}\n" for line in writer.preserve()),
        f"DROP SCHEMA {ident(schema)} CASCADE;\n",
        Woven(writer.values(), tuple(writer.back()), tuple(writer.positions_back())),
    )


class _Writer:
    def __init__(self, outline: Outline, choice: Choice, schema: str) -> None:
        self._outline = outline
        self._before = outline.difference.before
        self._choice = choice
        self._schema = schema
        self._columns = columns_of(self._before)
        self._names = {copy.table.id: self._name(n, copy) for n, copy in enumerate(choice.copies, start=1)}
        self._as_text = any(is_foreign(column) for copy in choice.copies for column in self._stored(copy))

    def _name(self, number: int, copy: Copy) -> str:
        name = f"{number}_{copy.table.path[-1]}".encode()[:_NAME_BYTES].decode(errors="ignore")
        return ident(self._schema, name)

    def _own(self, table: Object) -> list[Object]:
        return [each for each in self._columns[table.id] if not each.flag("generated")]

    def _stored(self, copy: Copy) -> list[Object]:
        if copy.whole:
            return self._own(copy.table)
        wanted = {each.id for each in copy.key} | copy.updates.keys()
        return [each for each in self._columns[copy.table.id] if each.id in wanted]

    def values(self) -> frozenset[ObjectId]:
        """The columns that rows get values in again."""
        return frozenset(id for copy in self._choice.copies for id in copy.updates)

    # ------------------------------------------------------------ before the migration

    def preserve(self) -> Iterator[str]:
        yield _HEAD
        yield _UNFILTERED
        if self._as_text:
            yield _FORMS
        yield f"CREATE SCHEMA {ident(self._schema)};"
        yield f"REVOKE ALL ON SCHEMA {ident(self._schema)} FROM PUBLIC;"
        yield from self._forced("NO FORCE")
        for copy in self._choice.copies:
            values = ", ".join(map(_kept_value, self._stored(copy)))
            yield f"CREATE TABLE {self._names[copy.table.id]} AS SELECT {values} FROM {_rows(copy.table)};"  # noqa: S608  quoted
        yield from self._forced("FORCE")
        if self._choice.sequences:
            each = [
                f"SELECT {number} AS n, last_value, is_called FROM {ident(*sequence.path)}"  # noqa: S608  quoted
                for number, sequence in enumerate(self._choice.sequences, start=1)
            ]
            yield f"CREATE TABLE {ident(self._schema, _POSITIONS)} AS {' UNION ALL '.join(each)};"

    def _forced(self, word: str) -> Iterator[str]:
        """Row security must not apply to the owner meanwhile."""
        for copy in self._choice.copies:
            if copy.table.flag("force_row_security"):
                yield f"ALTER TABLE {ident(*copy.table.path)} {word} ROW LEVEL SECURITY;"

    # ------------------------------------------------------------ in the rollback

    def back(self) -> Iterator[str]:
        copies = self._choice.copies
        if not copies:
            return
        yield f"{_BACK}\n{_UNFILTERED}"
        if self._as_text:
            yield _FORMS
        silenced = [each for copy in copies for each in self._silenced(copy.table)]
        yield from self._forced("NO FORCE")
        for was, _ in silenced:
            yield f"ALTER TABLE {ident(*was.path[:-1])} DISABLE {was.kind.upper()} {ident(was.path[-1])};"
        yield from self._inserts()
        for copy in copies:
            if copy.updates:
                yield from self._update(copy)
        if any("INITIALLY DEFERRED" in unquoted(each) for each in self._before.of_kind(Kind.CONSTRAINT)):
            yield "SET CONSTRAINTS ALL IMMEDIATE;"
        for was, now in silenced:
            always = "ALWAYS " if now.text("enabled") == "A" else ""
            yield f"ALTER TABLE {ident(*was.path[:-1])} ENABLE {always}{was.kind.upper()} {ident(was.path[-1])};"
        yield from self._forced("FORCE")

    def _silenced(self, table: Object) -> Iterator[tuple[Object, Object]]:
        """The triggers and rules, before and after, that what is written now must not set off."""
        for each in self._before.objects.values():
            if each.kind not in (Kind.TRIGGER, Kind.RULE) or each.parent is None:
                continue
            if each.parent != table.id and (each.flag("inherited") or not self._is_part(each.parent, table)):
                continue  # what a partition has from its parent follows the parent's
            now = surviving(self._outline.difference, self._outline.remade, each)
            if now and now.text("enabled") in ("O", "A"):
                yield each, now

    def _is_part(self, id: ObjectId, table: Object) -> bool:
        """Of a partitioned table, at any depth."""
        each: Object | None = self._before.objects[id]
        while each and each.id != table.id:
            each = parent_of(self._before, each)
        return each is not None

    def _inserts(self) -> Iterator[str]:
        """Parents first; in one statement where tables refer to each other: keys are checked at its end."""
        copies = {copy.table.id: copy for copy in self._choice.copies if copy.whole}
        needs: dict[ObjectId, set[ObjectId]] = {id: set() for id in copies}
        for key in foreign_keys(self._before):
            here, there = (next((id for id in copies if id.oid == oid), None) for oid in (key.table, key.referenced))
            if here and there and here != there:
                needs[here].add(there)
        done, rest = arrange(copies, needs, lambda id: id)
        yield from (f"{self._insert(copies[id])};" for id in done)
        if rest:
            *first, last = [self._insert(copies[id]) for id in sorted(rest)]
            parts = ", ".join(f"part_{number} AS ({each})" for number, each in enumerate(first, start=1))
            yield f"WITH {parts}\n{last};" if parts else f"{last};"

    def _insert(self, copy: Copy) -> str:
        columns = self._own(copy.table)
        names = ", ".join(ident(each.path[-1]) for each in columns)
        identity = " OVERRIDING SYSTEM VALUE" if any(each.text("identity") for each in columns) else ""
        values = ", ".join(map(_value_back, columns))
        kept = self._names[copy.table.id]
        missing = ""
        if not copy.everything:
            there = f"SELECT FROM {_rows(copy.table)} AS t WHERE {_same_key(copy)}"
            missing = f" WHERE NOT EXISTS ({there})"
        return f"INSERT INTO {ident(*copy.table.path)} ({names}){identity}\nSELECT {values} FROM {kept} AS k{missing}"

    def _update(self, copy: Copy) -> Iterator[str]:
        """Identity columns that are always generated take no other value by UPDATE
        (https://www.postgresql.org/docs/current/sql-createtable.html, GENERATED … AS IDENTITY)."""
        table = ident(*copy.table.path)
        columns = copy.updates.values()
        always = [ident(each.path[-1]) for each in columns if each.text("identity") == "a"]
        yield from (f"ALTER TABLE {table} ALTER COLUMN {column} SET GENERATED BY DEFAULT;" for column in always)
        values = ", ".join(f"{ident(each.path[-1])} = {_value_back(each)}" for each in columns)
        kept = self._names[copy.table.id]
        yield f"UPDATE {_rows(copy.table)} AS t SET {values}\nFROM {kept} AS k WHERE {_same_key(copy)};"  # noqa: S608  quoted
        for number, sequence in enumerate(self._choice.sequences, start=1):
            if sequence.flag("identity") and sequence.parent in copy.updates:
                yield self._position_back(number, sequence)
                yield self._numbered(copy, sequence)
        yield from (f"ALTER TABLE {table} ALTER COLUMN {column} SET GENERATED ALWAYS;" for column in always)

    def _numbered(self, copy: Copy, sequence: Object) -> str:
        """Rows that were written since have numbers from the beginning, as those had that are there again."""
        column = ident(self._before.objects[sequence.parent].path[-1]) if sequence.parent else ""
        following = f"pg_catalog.nextval({literal(ident(*sequence.path))})"
        kept = f"SELECT FROM {self._names[copy.table.id]} AS k WHERE {_same_key(copy)}"
        return f"UPDATE {_rows(copy.table)} AS t SET {column} = {following}\nWHERE NOT EXISTS ({kept});"  # noqa: S608  quoted

    def positions_back(self) -> Iterator[str]:
        for number, sequence in enumerate(self._choice.sequences, start=1):
            if not (sequence.flag("identity") and any(sequence.parent in copy.updates for copy in self._choice.copies)):
                yield self._position_back(number, sequence)

    def _position_back(self, number: int, sequence: Object) -> str:
        positions, name = ident(self._schema, _POSITIONS), literal(ident(*sequence.path))
        return f"SELECT pg_catalog.setval({name}, last_value, is_called) FROM {positions} WHERE n = {number};"  # noqa: S608  quoted


def _rows(table: Object) -> str:
    """A partitioned table has its rows in its partitions; what inherits from any other is kept by itself."""
    return ident(*table.path) if table.text("partition_key") else f"ONLY {ident(*table.path)}"


def is_foreign(column: Object) -> bool:
    """Of a type that is not PostgreSQL's own, and could not be dropped while the copy has a column of it."""
    return "." in (column.text("type") or "")


def _kept_value(column: Object) -> str:
    name = ident(column.path[-1])
    if is_foreign(column):
        return f"{name}::text AS {name}"
    return f'{name} COLLATE pg_catalog."default" AS {name}' if column.text("collation") else name


def _value_back(column: Object) -> str:
    name = f"k.{ident(column.path[-1])}"
    return f"{name}::{column.text('type')}" if is_foreign(column) else name


def _same_key(copy: Copy) -> str:
    pairs = ((ident(each.path[-1]), "::text" if is_foreign(each) else "") for each in copy.key)
    return " AND ".join(f"t.{name}{cast} = k.{name}" for name, cast in pairs)
