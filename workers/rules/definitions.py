"""A table's indexes and constraints as the server prints them, read in the way statements are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workers.catalog import Catalog, Kind, Object
from workers.model import Statement
from workers.rules import schema
from workers.sql.actions import Action, CreateIndex
from workers.sql.read import read
from workers.sql.table_actions import AddConstraint, Constraint
from workers.words import Name

_NOT_VALID = " NOT VALID"


@dataclass(frozen=True, slots=True)
class Index:
    """body: what stands behind USING. constraint: the one that the index belongs to. part: of a partitioned table's
    index."""

    name: str
    form: CreateIndex
    body: str
    valid: bool
    constraint: str | None
    part: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A constraint. text: as pg_get_constraintdef prints it, but for NOT VALID. inherited: from a partitioned table."""

    name: str
    form: Constraint
    text: str
    inherited: bool
    columns: frozenset[str]  # all that it depends on, also those of a CHECK


def indexes(catalog: Catalog | None, table: Name) -> Iterator[Index]:
    """The table's indexes, those of constraints among them."""
    for owner in schema.inside(catalog, table, Kind.TABLE, Kind.MATERIALIZED_VIEW):
        yield from filter(None, map(_index, schema.parts(catalog, owner, Kind.INDEX)))


def index_named(catalog: Catalog | None, name: Name) -> Index | None:
    found = schema.find(catalog, Kind.INDEX, name.schema, name.name)
    return _index(found) if found else None


def _index(each: Object) -> Index | None:
    definition = each.text("definition") or ""
    form = _read(definition)
    if not isinstance(form, CreateIndex):
        return None
    part, constraint = each.text("attached") is not None, each.text("constraint")
    body = definition.partition(" USING ")[2]
    return Index(each.path[-1], form, body, each.flag("valid"), constraint, part)


def constraints(catalog: Catalog | None, table: Name) -> Iterator[Kept]:
    """The table's constraints, NOT NULL left out."""
    for each in schema.inside(catalog, table, Kind.CONSTRAINT):
        text = (each.text("definition") or "").removesuffix(_NOT_VALID)
        form = _read(f"ALTER TABLE t ADD {text}")
        if catalog and isinstance(form, AddConstraint) and not each.flag("domain"):
            yield Kept(each.path[-1], form.constraint, text, each.flag("inherited"), _columns(catalog, each))


def covers(index: Index, columns: tuple[str, ...]) -> bool:
    """Whether rows are found by these columns through the index: its leading columns are among them, as far as both go.
    One that leaves out NULLs finds them too, as what is looked for is none."""
    nulls_left_out = index.form.where in {f"({column} IS NOT NULL)" for column in columns}
    leading = index.form.columns[: len(columns)]
    return index.valid and set(leading) <= set(columns) and (index.form.where is None or nulls_left_out)


def _columns(catalog: Catalog, of: Object) -> frozenset[str]:
    targets = (catalog.objects[found.on] for found in catalog.on(of.id))
    return frozenset(found.path[-1] for found in targets if found.kind is Kind.COLUMN)


def _read(text: str) -> Action:
    return read(Statement(text, "", 0, 1, 1))[0]
