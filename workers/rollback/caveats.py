"""What to know of a rollback though it brings back schema and data: each is a sentence, and changes no grade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.catalog import Kind, ObjectId
from workers.rollback.difference import Difference
from workers.rollback.outline import Outline
from workers.rollback.reached import former
from workers.words import Name


def caveats(outline: Outline, taken: Sequence[Name], outside: Sequence[str]) -> Iterator[str]:
    """taken: sequences of which numbers were taken; outside: the statements that reach beyond the database."""
    yield from _new_values(outline.difference)
    yield from _moved_columns(outline)
    for id in dict.fromkeys(id for name in taken for id in own_sequences(outline.difference, name)):
        if id in outline.difference.pairs and id not in outline.difference.again:
            label = outline.difference.before.objects[id].label
            yield f"Numbers were taken from {label}; its position stays where the migration leaves it."
    for statement in outside:
        yield f"{statement}, reaches beyond the database; it is not undone."


def _new_values(difference: Difference) -> Iterator[str]:
    """Without them an enum is another type: https://www.postgresql.org/docs/current/sql-altertype.html"""
    new = {each.path: each for id in difference.new if (each := difference.after.objects[id]).kind is Kind.ENUM}
    for id in sorted(difference.gone):
        was = difference.before.objects[id]
        if was.kind is Kind.ENUM and (now := new.get(was.path)):
            values = [value for value in now.texts("labels") if value not in was.texts("labels")]
            if values:
                told = ", ".join(values)
                yield f"The rollback fails once rows use a value that {was.label} has only with the migration: {told}."


def _moved_columns(outline: Outline) -> Iterator[str]:
    """https://www.postgresql.org/docs/current/sql-altertable.html: ADD COLUMN has no place to name."""
    before, difference = outline.difference.before, outline.difference
    anew = (before.objects[id] for id in (*outline.created, *difference.again))
    tables = {each.parent for each in anew if each.kind is Kind.COLUMN and each.parent} - outline.created
    for table in sorted(tables & difference.pairs.keys()):
        columns = [each for each in before.children[table] if each.kind is Kind.COLUMN]
        columns.sort(key=lambda column: column.id)
        made = [column for column in columns if column.id in outline.created]
        if any(column.flag("inherited") for column in made):
            continue  # said of the table that they come from
        staying = [column for column in columns if column.id not in outline.created]
        staying.sort(key=lambda column: difference.pairs[column.id])
        for column, other in zip(columns, (*staying, *made), strict=True):
            if column.id != other.id:
                told = ", ".join(each.path[-1] for each in made or columns)
                where = f"table {'.'.join(column.path[:2])}"
                yield f"Columns of {where} come back behind the others, not in their former place: {told}."
                break


def own_sequences(difference: Difference, name: Name) -> Iterator[ObjectId]:
    """The sequence of this name, or those of the table of this name, as they were before."""
    table = former(difference, name)
    for each in difference.before.of_kind(Kind.SEQUENCE):
        of_table = table and each.parent and each.parent[:2] == table.id[:2]
        if of_table or each.path == (name.schema, name.name):
            yield each.id
