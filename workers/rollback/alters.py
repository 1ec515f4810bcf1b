"""Statements that give an attribute of a surviving object its former value, by kind and attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workers.catalog import ROUTINES, Kind, Object
from workers.rollback import columns
from workers.rollback.column_alters import COLUMN_ALTERS
from workers.rollback.creates import attach_index, enable, routine
from workers.rollback.names import column_of, ident, literal, reference
from workers.rollback.scene import Scene, regrant

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
    yield from regrant(was, now.texts("grants"), was.texts("grants"))


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
    form = f"USING INDEX {ident(index)}" if index else {"f": "FULL", "n": "NOTHING"}.get(word, "DEFAULT")
    yield f"ALTER TABLE {ident(*was.path)} REPLICA IDENTITY {form};"


def _tablespace(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER {reference(was, was.path)} SET TABLESPACE {ident(was.text('tablespace') or 'pg_default')};"


def _parents(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """Attached or inheriting again as it was. The names in `now` are still those of the later snapshot."""
    name = ident(*was.path)
    had, has = was.texts("parents"), now.texts("parents")
    for parent in has:
        if now.text("bound"):
            yield f"ALTER TABLE {parent} DETACH PARTITION {name};"
        elif parent not in had:
            yield f"ALTER TABLE {name} NO INHERIT {parent};"
    for parent in had:
        if was.text("bound"):
            yield f"ALTER TABLE {parent} ATTACH PARTITION {name} {was.text('bound')};"
        elif parent not in has:
            yield f"ALTER TABLE {name} INHERIT {parent};"


def _sequence(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    options = [f"AS {was.text('type')}", *columns.sequence_options(was, all_of_them=True)]
    yield f"ALTER SEQUENCE {ident(*was.path)} {' '.join(options)};"


def _owned_by(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER SEQUENCE {ident(*was.path)} OWNED BY {was.text('owned_by') or 'NONE'};"


def _default(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table, column = column_of(was.path)
    yield f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {was.text('definition')};"


def _domain_default(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    value = was.text("default")
    yield f"ALTER DOMAIN {ident(*was.path)} {f'SET DEFAULT {value}' if value else 'DROP DEFAULT'};"


def _domain_not_null(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER DOMAIN {ident(*was.path)} {'SET' if was.flag('not_null') else 'DROP'} NOT NULL;"


def _enabled(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    if was.text("enabled") == "O":
        yield f"ALTER TABLE {ident(*was.path[:-1])} ENABLE {was.kind.upper()} {ident(was.path[-1])};"
    yield from enable(was)


def _clustered(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    table = ident(*scene.before.objects[was.parent].path) if was.parent else ""
    mark = f"CLUSTER ON {ident(was.path[-1])}" if was.flag("clustered") else "SET WITHOUT CLUSTER"
    yield f"ALTER TABLE {table} {mark};"


def _attached(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """To be attached again; an index comes off its parent together with its table."""
    yield from attach_index(was)


def _labels(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """Only renamed values: an enum with other values is another type."""
    for old, new in zip(was.texts("labels"), now.texts("labels"), strict=True):
        if old != new:
            yield f"ALTER TYPE {ident(*was.path)} RENAME VALUE {literal(new)} TO {literal(old)};"


def _routine(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield from routine(scene, was)


def _version(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER EXTENSION {ident(*was.path)} UPDATE TO {literal(was.text('version') or '')};"


_COMMON: Mapping[str, Alter] = {"owner": _owner, "comment": _comment, "grants": _grants}
_SEQUENCE = dict.fromkeys(["type", "start", "increment", "minimum", "maximum", "cache", "cycle"], _sequence)
_TRIGGER: Mapping[str, Alter] = {"enabled": _enabled, "comment": _comment}

ALTERS: Mapping[Kind, Mapping[str, Alter]] = {
    **dict.fromkeys((Kind.SCHEMA, Kind.COMPOSITE, Kind.RANGE), _COMMON),
    Kind.ENUM: {**_COMMON, "labels": _labels},
    **{kind: {**_COMMON, "options": _options} for kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW)},
    **{kind: {**_COMMON, "definition": _routine} for kind in ROUTINES},
    **dict.fromkeys((Kind.TRIGGER, Kind.RULE), _TRIGGER),
    **{kind: {"comment": _comment, "inherited": _nothing} for kind in (Kind.CONSTRAINT, Kind.POLICY)},
    Kind.DEFAULT: {"definition": _default},
    Kind.DOMAIN: {**_COMMON, "default": _domain_default, "not_null": _domain_not_null},
    Kind.EXTENSION: {"version": _version, "comment": _comment},
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
    },
    Kind.INDEX: {
        "options": _options,
        "tablespace": _tablespace,
        "comment": _comment,
        "clustered": _clustered,
        "attached": _attached,
        "table_kind": _nothing,
        "constraint": _nothing,
    },
    Kind.COLUMN: {**COLUMN_ALTERS, "comment": _comment, "grants": _grants, "options": _options, "inherited": _nothing},
}
