"""Statements that give an attribute of a surviving type or view its former value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workers.catalog import Kind, Object
from workers.rollback.composites import changed_back
from workers.rollback.creates import column_comments, column_grants, column_of_line
from workers.rollback.names import bare, ident, literal, reference, renamings
from workers.rollback.scene import Scene


def domain_default(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    value = was.text("default")
    yield f"ALTER DOMAIN {ident(*was.path)} {f'SET DEFAULT {value}' if value else 'DROP DEFAULT'};"


def domain_not_null(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    at, name = f"ALTER DOMAIN {ident(*was.path)}", was.text("not_null_constraint")
    if was.flag("not_null") and now.flag("not_null"):
        yield f"{at} RENAME CONSTRAINT {ident(now.text('not_null_constraint') or '')} TO {ident(name or '')};"
    elif was.flag("not_null") and name and name != f"{was.path[-1]}_not_null":
        yield f"{at} ADD CONSTRAINT {ident(name)} NOT NULL;"
    else:
        yield f"{at} {'SET' if was.flag('not_null') else 'DROP'} NOT NULL;"


def labels(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """Only renamed values: an enum with other values is another type."""
    for label, former in renamings(now.texts("labels"), was.texts("labels")):
        yield f"ALTER TYPE {ident(*was.path)} RENAME VALUE {literal(label)} TO {literal(former)};"


def members(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield from changed_back(was, now) or ()


def comments_inside(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    name = "member_comments" if was.kind is Kind.COMPOSITE else "column_comments"
    had, has = was.texts(name), now.texts(name)
    known = {bare(column_of_line(line)) for line in was.texts("members")} | {*was.texts("column_names")}
    columns = (column_of_line(line) for line in has if line not in had)
    lost = (f"{column} NULL" for column in columns if bare(column) in known)
    yield from column_comments(was, (*lost, *(line for line in had if line not in has)))


def grants_inside(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield from column_grants(was, now.texts("column_grants"), was.texts("column_grants"))


def column_names(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    for name, former in renamings(now.texts("column_names"), was.texts("column_names")):
        yield f"ALTER {reference(was, was.path)} RENAME COLUMN {ident(name)} TO {ident(former)};"


def populated(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"REFRESH MATERIALIZED VIEW {ident(*was.path)}{'' if was.flag('populated') else ' WITH NO DATA'};"


_OF_VIEW: Mapping[str, Callable[[Scene, Object, Object], Iterator[str]]] = {
    "populated": populated,
    "column_names": column_names,
    "column_grants": grants_inside,
    "column_comments": comments_inside,
}
TYPE_ALTERS: Mapping[Kind, Mapping[str, Callable[[Scene, Object, Object], Iterator[str]]]] = {
    Kind.ENUM: {"labels": labels},
    Kind.COMPOSITE: {"members": members, "member_comments": comments_inside},
    Kind.DOMAIN: {"default": domain_default, "not_null": domain_not_null, "not_null_constraint": domain_not_null},
    Kind.RANGE: {},
    Kind.VIEW: _OF_VIEW,
    Kind.MATERIALIZED_VIEW: _OF_VIEW,
}
