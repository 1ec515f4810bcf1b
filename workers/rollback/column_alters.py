"""Statements that give an attribute of a surviving column its former value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workers.catalog import Kind, Object
from workers.rollback import columns
from workers.rollback.names import column_of, ident
from workers.rollback.scene import Scene
from workers.rollback.shapes import computed_back, shape
from workers.rollback.tables import enum_labels, is_unique, require
from workers.rollback.types import conversion

_NUMBERS = "pg_temp.migration_bot_numbers"


def _follows(scene: Scene, was: Object) -> bool:
    """Its parent's column is changed back, and this one with it."""
    return was.flag("from_parent") and was.parent not in scene.joining


def type_(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    if _follows(scene, was):
        return
    collation = f" COLLATE {c}" if (c := was.text("collation")) else ""
    retype = f"ALTER COLUMN {column} SET DATA TYPE {was.text('type') or ''}{collation}"
    if computed_back(shape(scene.before, was), shape(scene.after, now)):
        yield f"ALTER TABLE {table} {retype}{conversion(scene, was, now)};"
    else:
        yield from _emptied(scene, was, now, retype)
    if was.text("storage"):  # a new type brings its own
        yield from storage(scene, was, now)
    if was.text("compression"):
        yield from compression(scene, was, now)


def _emptied(scene: Scene, was: Object, now: Object, retype: str) -> Iterator[str]:
    """No value of the new type tells what the former one was. USING takes no window functions, but a sequence."""
    table, column = column_of(was.path)
    unique = was.flag("not_null") and is_unique(scene, was)
    number = f"nextval('{_NUMBERS}')" if unique else "1"
    value = columns.placeholder(was, enum_labels(scene, was), number) if was.flag("not_null") else None
    free = f"ALTER COLUMN {column} DROP NOT NULL, " if now.flag("not_null") and not was.flag("not_null") else ""
    instead = "rows that exist get a placeholder" if value else "it is left empty"
    note = f"-- the values of this column cannot be computed back; {instead}"
    if unique:
        yield f"CREATE SEQUENCE {_NUMBERS};"
    yield f"{note}\nALTER TABLE {table} {free}{retype} USING {value or 'NULL'};"
    if unique:
        yield f"DROP SEQUENCE {_NUMBERS};"


def not_null(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    plain = scene.before.objects[was.parent].text("partition_key") is None if was.parent else True
    only = "ONLY " if plain and not (was.text("not_null_constraint") or now.text("not_null_constraint")) else ""
    named = was.flag("not_null") and was.text("not_null_constraint") and _follows(scene, was)
    if named and any(other.flag("not_null") for other in scene.counterparts(was)):
        return
    if not was.flag("not_null"):
        if not was.text("identity"):
            yield f"ALTER TABLE {only}{table} ALTER COLUMN {column} DROP NOT NULL;"
    elif not now.flag("not_null"):
        default = scene.child(was.id, Kind.DEFAULT)
        if default:
            # Rows written since may hold NULL; those from before cannot.
            yield f"UPDATE {table} SET {column} = {default.text('definition')} WHERE {column} IS NULL;"  # noqa: S608  quoted
        yield f"ALTER TABLE {only}{table} {require(was)};"
    elif was.flag("not_null_valid") != now.flag("not_null_valid"):
        yield from _validity(was)
    elif was.flag("not_null_own") and not now.flag("not_null_own") and was.parent not in scene.joining:
        return  # it goes with that of the parents
    elif (old := was.text("not_null_constraint")) and (new := now.text("not_null_constraint")) and old != new:
        yield f"ALTER TABLE {table} RENAME CONSTRAINT {ident(new)} TO {ident(old)};"


def not_null_own(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """Its own besides that of the parents, which it would lose with theirs."""
    table, _ = column_of(was.path)
    if (
        was.flag("not_null_own")
        and not now.flag("not_null_own")
        and now.flag("not_null")
        and was.parent not in scene.joining
    ):
        yield f"ALTER TABLE {table} {require(was)};"


def _validity(was: Object) -> Iterator[str]:
    """Of NOT NULL: there is no way from valid to not valid but to make it again."""
    table, column = column_of(was.path)
    if was.flag("not_null_valid"):
        yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {ident(was.text('not_null_constraint') or '')};"
    else:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL;"
        yield f"ALTER TABLE {table} {require(was)};"


def not_null_inherits(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, _ = column_of(was.path)
    if was.flag("not_null") and now.flag("not_null"):
        inherit = "NO INHERIT" if was.flag("not_null_no_inherit") else "INHERIT"
        name = ident(was.text("not_null_constraint") or "")
        yield f"ALTER TABLE {table} ALTER CONSTRAINT {name} {inherit};"


def identity(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    at = f"ALTER TABLE {table} ALTER COLUMN {column}"
    if was.text("identity") is None:
        yield f"{at} DROP IDENTITY;"
    elif now.text("identity") is None:
        yield f"{at} ADD {columns.identity(was, scene.child(was.id, Kind.SEQUENCE))};"
    else:
        yield f"{at} SET GENERATED {'ALWAYS' if was.text('identity') == 'a' else 'BY DEFAULT'};"


def generated(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    if not _follows(scene, was):
        yield f"ALTER TABLE {table} ALTER COLUMN {column} DROP EXPRESSION;"


def storage(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    words = {"p": "PLAIN", "e": "EXTERNAL", "x": "EXTENDED", "m": "MAIN"}
    usual = "MAIN" if columns.base_type(was.text("type") or "") in ("numeric", "inet", "cidr") else "EXTENDED"
    yield f"ALTER TABLE ONLY {table} ALTER COLUMN {column} SET STORAGE {words.get(was.text('storage') or '', usual)};"


def compression(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    method = columns.COMPRESSIONS.get(was.text("compression") or "", "DEFAULT")
    yield f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION {method};"


def statistics(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    target = was.attributes["statistics"]
    yield f"ALTER TABLE ONLY {table} ALTER COLUMN {column} SET STATISTICS {-1 if target is None else target};"


COLUMN_ALTERS: Mapping[str, Callable[[Scene, Object, Object], Iterator[str]]] = {
    "generated": generated,
    "generated_kind": generated,
    "type": type_,
    "collation": type_,
    "identity": identity,
    "not_null": not_null,
    "not_null_constraint": not_null,
    "not_null_valid": not_null,
    "not_null_own": not_null_own,
    "not_null_no_inherit": not_null_inherits,
    "storage": storage,
    "compression": compression,
    "statistics": statistics,
}
