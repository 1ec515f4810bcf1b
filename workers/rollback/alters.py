"""Statements that give an attribute of a surviving object its former value, by kind and attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workers.catalog import ROUTINES, Kind, Object, ObjectId
from workers.rollback import columns
from workers.rollback.column_alters import COLUMN_ALTERS
from workers.rollback.composites import changed_back
from workers.rollback.creates import attach_index, enable, renamed_constraint, routine
from workers.rollback.difference import kept_parents
from workers.rollback.grants import granted, regrant
from workers.rollback.names import column_of, ident, literal, reference
from workers.rollback.other_alters import OTHER_ALTERS
from workers.rollback.scene import Scene
from workers.rollback.type_alters import TYPE_ALTERS

Alter = Callable[[Scene, Object, Object], Iterator[str]]


def alter(scene: Scene, was: Object, now: Object, names: tuple[str, ...]) -> Iterator[str]:
    """The statements for the attributes named. Parents, schemas and the object itself have their former names already.
    Attributes without a form are left as they are."""
    forms = ALTERS.get(was.kind, {})
    for form in dict.fromkeys(forms[name] for name in names if name in forms):
        yield from form(scene, was, now)


def replaceable(was: Object, now: Object, name: str) -> bool:
    """Whether alter has a form for the attribute. A routine is replaced only where its signature is the same."""
    if was.kind in ROUTINES and name == "definition":
        same = all(was.attributes[part] == now.attributes[part] for part in ("arguments", "result"))
        return same and was.kind is not Kind.AGGREGATE
    if was.kind is Kind.INDEX and name == "definition":
        return was.text("constraint") is not None  # that of the constraint tells
    if was.kind is Kind.COMPOSITE and name == "members":
        return changed_back(was, now) is not None
    if name == "not_null_own":
        return was.flag(name) or not (was.flag("not_null") and now.flag("not_null"))
    if name == "constraint_name":
        return was.flag("inherited")  # else its former name might not be free yet
    if name in ("inherited", "from_parent"):
        return not was.flag(name)
    if was.kind is Kind.COLUMN and name in ("type", "collation"):
        return not was.flag("in_partition_key")
    if name == "column_names" and len(was.texts(name)) != len(now.texts(name)):
        return False
    return name in ALTERS.get(was.kind, {})


def _nothing(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """It follows from something else."""
    return iter(())


def _owner(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER {reference(was, was.path)} OWNER TO {ident(was.text('owner') or '')};"


def _comment(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    comment = was.text("comment")
    if was.kind is not Kind.DEFAULT:
        yield f"COMMENT ON {reference(was, was.path)} IS {literal(comment) if comment is not None else 'NULL'};"


def _grants(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield from regrant(was, granted(now), granted(was))


def _options(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    at = f"ALTER {reference(was, was.path)}"
    if was.kind is Kind.COLUMN:
        table, column = column_of(was.path)
        at = f"ALTER TABLE {table} ALTER COLUMN {column}"
    had, has = dict(o.split("=", 1) for o in was.texts("options")), dict(o.split("=", 1) for o in now.texts("options"))
    if lost := [f"{name}={literal(value)}" for name, value in had.items() if has.get(name) != value]:
        yield f"{at} SET ({', '.join(lost)});"
    if added := [name for name in has if name not in had]:
        yield f"{at} RESET ({', '.join(added)});"


def _persistence(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER {reference(was, was.path)} SET {'UNLOGGED' if was.text('persistence') == 'u' else 'LOGGED'};"


def _row_security(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    enable_ = "ENABLE" if was.flag("row_security") else "DISABLE"
    yield f"ALTER TABLE {ident(*was.path)} {enable_} ROW LEVEL SECURITY;"


def _force_row_security(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    force = "FORCE" if was.flag("force_row_security") else "NO FORCE"
    yield f"ALTER TABLE {ident(*was.path)} {force} ROW LEVEL SECURITY;"


def _replica_identity(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    word, _, index = (was.text("replica_identity") or "d").partition(":")
    if any(child.path[-1] == index and child.id in scene.created for child in scene.children.get(was.id, ())):
        return  # once that is there
    form = f"USING INDEX {ident(index)}" if index else {"f": "FULL", "n": "NOTHING"}.get(word, "DEFAULT")
    yield f"ALTER TABLE {ident(*was.path)} REPLICA IDENTITY {form};"


def _tablespace(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER {reference(was, was.path)} SET TABLESPACE {ident(was.text('tablespace') or 'pg_default')};"


def _parents(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """Attached or inheriting again as it was; it has left its other parents already."""
    name = ident(*was.path)
    for parent in was.texts("parents")[kept_parents(was, now) :]:
        if was.text("bound"):
            for key in _exclusions(scene, was.id):
                yield f"ALTER TABLE {name} DROP CONSTRAINT {ident(key.path[-1])};"
            yield f"ALTER TABLE {parent} ATTACH PARTITION {name} {was.text('bound')};"
        else:
            yield f"ALTER TABLE {name} INHERIT {parent};"


def _exclusions(scene: Scene, partition: ObjectId) -> Iterator[Object]:
    """What the partition had from the whole, of which ATTACH PARTITION always makes a new one.
    https://github.com/postgres/postgres/blob/master/src/backend/catalog/index.c, CompareIndexInfo"""
    for each in scene.children.get(partition, ()):
        if each.kind is Kind.CONSTRAINT and each.text("type") == "x" and each.flag("inherited"):
            yield each


def _sequence(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    options = [f"AS {was.text('type')}", *columns.sequence_options(was, all_of_them=True)]
    yield f"ALTER SEQUENCE {ident(*was.path)} {' '.join(options)};"


def _owned_by(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """It has left its other owner already."""
    if owner := was.text("owned_by"):
        yield f"ALTER SEQUENCE {ident(*was.path)} OWNED BY {owner};"


def _default(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    yield f"ALTER TABLE ONLY {table} ALTER COLUMN {column} SET DEFAULT {was.text('definition')};"


def _enabled(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield enable(was)


def _constraint_name(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield renamed_constraint(was, now.text("constraint_name") or "", was.text("constraint_name") or "")


def _clustered(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table = scene.before.objects[was.parent] if was.parent else was
    others = [child for child in scene.children.get(table.id, ()) if child.flag("clustered")]
    mark = f"CLUSTER ON {ident(was.path[-1])}" if was.flag("clustered") else "SET WITHOUT CLUSTER"
    if was.flag("clustered") or not others:
        yield f"ALTER {reference(table, table.path)} {mark};"


def _index_statistics(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    had, has = (dict(line.split(" ") for line in each.texts("column_statistics")) for each in (was, now))
    for column in sorted({*had, *has}, key=int):
        if had.get(column) != has.get(column):
            yield f"ALTER INDEX {ident(*was.path)} ALTER COLUMN {column} SET STATISTICS {had.get(column, '-1')};"


def _attached(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """To be attached again; an index comes off its parent together with its table."""
    made_anew = (key.path[-1] for key in _exclusions(scene, was.parent)) if was.parent else ()
    if was.text("constraint") not in made_anew:
        yield from attach_index(was)


def _of_type(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    type = was.text("of_type")
    yield f"ALTER TABLE {ident(*was.path)} {f'OF {type}' if type else 'NOT OF'};"


def _routine(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield from routine(scene, was)


def _schema(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER EXTENSION {ident(*was.path)} SET SCHEMA {ident(was.text('schema') or '')};"


_COMMON: Mapping[str, Alter] = {"owner": _owner, "comment": _comment, "grants": _grants}
_SEQUENCE = dict.fromkeys(["type", "start", "increment", "minimum", "maximum", "cache", "cycle"], _sequence)
_FOLLOWING: Mapping[str, Alter] = dict.fromkeys(("inherited", "from_parent", "in_partition_key"), _nothing)
_TRIGGER: Mapping[str, Alter] = {"enabled": _enabled, "comment": _comment, "constraint_name": _constraint_name}

ALTERS: Mapping[Kind, Mapping[str, Alter]] = {
    Kind.SCHEMA: _COMMON,
    **{kind: {**_COMMON, "options": _options, **forms} for kind, forms in TYPE_ALTERS.items()},
    **{kind: {**_COMMON, "definition": _routine} for kind in ROUTINES},
    **dict.fromkeys((Kind.TRIGGER, Kind.RULE), _TRIGGER),
    **{kind: {"comment": _comment, "inherited": _nothing} for kind in (Kind.CONSTRAINT, Kind.POLICY)},
    Kind.DEFAULT: {"definition": _default},
    Kind.EXTENSION: {"schema": _schema, "comment": _comment},
    **{kind: {**_COMMON, **forms} for kind, forms in OTHER_ALTERS.items()},
    Kind.SEQUENCE: {
        **_COMMON,
        **_SEQUENCE,
        "owned_by": _owned_by,
        "persistence": _persistence,
        "identity": _nothing,
    },
    Kind.TABLE: {
        **_COMMON,
        "persistence": _persistence,
        "options": _options,
        "row_security": _row_security,
        "force_row_security": _force_row_security,
        "replica_identity": _replica_identity,
        "tablespace": _tablespace,
        "parents": _parents,
        "bound": _parents,
        "of_type": _of_type,
    },
    Kind.INDEX: {
        "options": _options,
        "tablespace": _tablespace,
        "comment": _comment,
        "clustered": _clustered,
        "column_statistics": _index_statistics,
        "attached": _attached,
        "definition": _nothing,
        "table_kind": _nothing,
        "constraint": _nothing,
    },
    Kind.COLUMN: {**COLUMN_ALTERS, "comment": _comment, "grants": _grants, "options": _options, **_FOLLOWING},
}
