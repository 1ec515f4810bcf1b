"""Statements that drop, rename and move objects, one form per kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workers.catalog import Kind, Object
from workers.rollback.grants import default_privileges
from workers.rollback.names import column_of, ident, reference

Path = tuple[str, ...]

# pg_identify_object's word for a kind, where DROP has another.
_OTHER = {"foreign-data wrapper": "FOREIGN DATA WRAPPER"}


def drop(each: Object, path: Path) -> str:
    """The statement that drops the object, which now has the name `path`; default privileges may take several."""
    if each.kind is Kind.OTHER:
        kind = each.path[0]
        return f"DROP {_OTHER.get(kind, kind.upper())} {each.path[1]};"
    form = _DROPS.get(each.kind)
    return form(each, path) if form else f"DROP {reference(each, path)};"


def _drop_column(each: Object, path: Path) -> str:
    table, column = column_of(path)
    return f"ALTER TABLE {table} DROP COLUMN {column};"


def _drop_default(each: Object, path: Path) -> str:
    table, column = column_of(path)
    return f"ALTER TABLE ONLY {table} ALTER COLUMN {column} DROP DEFAULT;"


def _drop_constraint(each: Object, path: Path) -> str:
    table, constraint = column_of(path)
    return f"ALTER {'DOMAIN' if each.flag('domain') else 'TABLE'} {table} DROP CONSTRAINT {constraint};"


def _drop_on_table(each: Object, path: Path) -> str:
    return f"DROP {each.kind.upper()} {ident(path[-1])} ON {ident(*path[:-1])};"


def _drop_published(each: Object, path: Path) -> str:
    return f"ALTER PUBLICATION {ident(path[2])} DROP TABLE {ident(*path[:2])};"


def _drop_default_privileges(each: Object, path: Path) -> str:
    return "\n".join(default_privileges(each, each.texts("given"), each.texts("usual")))


_DROPS: Mapping[Kind, Callable[[Object, Path], str]] = {
    Kind.COLUMN: _drop_column,
    Kind.DEFAULT: _drop_default,
    Kind.CONSTRAINT: _drop_constraint,
    Kind.TRIGGER: _drop_on_table,
    Kind.RULE: _drop_on_table,
    Kind.POLICY: _drop_on_table,
    Kind.PUBLISHED: _drop_published,
    Kind.DEFAULT_PRIVILEGES: _drop_default_privileges,
}

# They have no name of their own, or take it from what they belong to.
NAMELESS = frozenset({Kind.DEFAULT, Kind.OTHER, Kind.EXTENSION, Kind.CAST, Kind.PUBLISHED, Kind.DEFAULT_PRIVILEGES})


def rename(each: Object, path: Path, name: str) -> str:
    """Gives the object, which is now called `path`, another name in the place where it is."""
    old, new = ident(path[-1]), ident(name)
    if each.kind is Kind.COLUMN:
        return f"ALTER TABLE {ident(*path[:-1])} RENAME COLUMN {old} TO {new};"
    if each.kind is Kind.CONSTRAINT:
        domain = each.flag("domain")
        return f"ALTER {'DOMAIN' if domain else 'TABLE'} {ident(*path[:-1])} RENAME CONSTRAINT {old} TO {new};"
    return f"ALTER {reference(each, path)} RENAME TO {new};"


def move(each: Object, path: Path, schema: str) -> str:
    """ALTER … SET SCHEMA."""
    return f"ALTER {reference(each, path)} SET SCHEMA {ident(schema)};"
