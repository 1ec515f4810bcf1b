"""Statements that make tables, columns, defaults and constraints again, and fill what must not stay empty."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind, Object
from workers.rollback import columns
from workers.rollback.creates import attach_index, index_settings
from workers.rollback.names import column_of, ident
from workers.rollback.scene import Scene, decorate

_IDENTITIES = {"f": "FULL", "n": "NOTHING"}
_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "x": "EXTENDED", "m": "MAIN"}


def table(scene: Scene, each: Object) -> Iterator[str]:
    """CREATE TABLE with its columns; constraints, indexes and triggers are statements of their own."""
    found = [child for child in scene.children.get(each.id, ()) if child.kind is Kind.COLUMN]
    found.sort(key=lambda column: column.id.sub)
    partition = each.text("bound") is not None
    lines = [_column(scene, column) for column in found if partition or not column.flag("inherited")]
    name = ident(*each.path)
    unlogged = "UNLOGGED " if each.text("persistence") == "u" else ""
    foreign = "FOREIGN " if each.kind is Kind.FOREIGN_TABLE else ""
    body = "(\n    " + ",\n    ".join(lines) + "\n)" if lines else "()"
    yield f"CREATE {unlogged}{foreign}TABLE {name} {body}{_clauses(each, partition)};"
    if partition:
        yield from _attachable(scene, each)
        yield f"ALTER TABLE {each.texts('parents')[0]} ATTACH PARTITION {name} {each.text('bound')};"
    if each.flag("row_security"):
        yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"
    if each.flag("force_row_security"):
        yield f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY;"
    if identity := _IDENTITIES.get(each.text("replica_identity") or "d"):
        yield f"ALTER TABLE {name} REPLICA IDENTITY {identity};"
    for column in found:
        if not partition and column.flag("inherited"):
            yield from _own_default(scene, column)
        yield from settings(column)
        yield from decorate(scene, column)
    if type := each.text("of_type"):
        yield f"ALTER TABLE {name} OF {type};"


def part(scene: Scene, each: Object) -> Iterator[str]:
    """What is left to say of a column that its table has from a parent, once that has it again."""
    yield from _own_default(scene, each)
    yield from settings(each)


def _own_default(scene: Scene, each: Object) -> Iterator[str]:
    """The parent passes on its default, which need not have been the child's."""
    default = scene.child(each.id, Kind.DEFAULT)
    above = [scene.child(other.id, Kind.DEFAULT) for other in scene.ancestors(each)]
    table, name = column_of(each.path)
    if default is None and any(above):
        yield f"ALTER TABLE ONLY {table} ALTER COLUMN {name} DROP DEFAULT;"
    elif default and scene.inline_default(each):
        yield f"ALTER TABLE ONLY {table} ALTER COLUMN {name} SET DEFAULT {default.text('definition')};"


def _attachable(scene: Scene, each: Object) -> Iterator[str]:
    """The indexes and constraints that ATTACH PARTITION would otherwise make, under names of its own choice."""
    for child in sorted(scene.children.get(each.id, ()), key=lambda child: child.id):
        if child.kind is Kind.CONSTRAINT and child.flag("inherited") and child.text("type") != "f":
            yield from _added(scene, child)
            yield from decorate(scene, child)
        elif child.kind is Kind.INDEX and child.text("attached") and not child.text("constraint"):
            yield f"{child.text('definition')};"
            yield from index_settings(scene, child)
            yield from decorate(scene, child)


def _clauses(each: Object, partition: bool) -> str:
    clauses = []
    if each.texts("parents") and not partition:
        clauses.append(f"INHERITS ({', '.join(each.texts('parents'))})")
    if key := each.text("partition_key"):
        clauses.append(f"PARTITION BY {key}")
    if server := each.text("server"):
        clauses.append(f"SERVER {server}")
    if method := each.text("access_method"):
        clauses.append(f"USING {ident(method)}")
    if options := each.texts("options"):
        clauses.append(f"WITH ({', '.join(options)})")
    if tablespace := each.text("tablespace"):
        clauses.append(f"TABLESPACE {ident(tablespace)}")
    return "".join(f" {clause}" for clause in clauses)


def _column(scene: Scene, each: Object, required: bool = True) -> str:
    default = scene.inline_default(each)
    written = columns.definition(each, default.text("definition") if default else None, required)
    if each.text("identity"):
        written += " " + columns.identity(each, scene.child(each.id, Kind.SEQUENCE))
    return written


def settings(each: Object) -> Iterator[str]:
    """What is not said in its definition."""
    table, column = column_of(each.path)
    if each.flag("not_null") and not each.flag("not_null_valid") and not each.flag("inherited"):
        yield f"ALTER TABLE {table} {require(each)};"
    if storage := each.text("storage"):
        yield f"ALTER TABLE ONLY {table} ALTER COLUMN {column} SET STORAGE {_STORAGE[storage]};"
    if (statistics := each.attributes.get("statistics")) is not None:
        yield f"ALTER TABLE ONLY {table} ALTER COLUMN {column} SET STATISTICS {statistics};"
    if options := each.texts("options"):
        yield f"ALTER TABLE ONLY {table} ALTER COLUMN {column} SET ({', '.join(options)});"


def column(scene: Scene, each: Object) -> Iterator[str]:
    """ADD COLUMN to a table that may hold rows: where it must not be NULL and nothing gives it a value, the rows get a
    placeholder, because their own values are gone."""
    table, _ = column_of(each.path)
    filled = each.flag("not_null") and each.flag("not_null_valid") and not fills_itself(scene, each)
    yield f"ALTER TABLE {table} ADD COLUMN {_column(scene, each, required=not filled)};"
    if filled and each.id not in scene.kept:
        yield from completed(scene, each)
    yield from settings(each)


def completed(scene: Scene, each: Object) -> Iterator[str]:
    """NOT NULL for a column that was added without it, with a placeholder for the rows that have no value."""
    table, _ = column_of(each.path)
    default = scene.child(each.id, Kind.DEFAULT)
    if not (default and default.id in scene.created):
        if fill := "".join(_fill(scene, each)):
            yield fill
        yield f"ALTER TABLE {table} {require(each)};"


def fills_itself(scene: Scene, each: Object) -> bool:
    """ADD COLUMN gives existing rows a value."""
    return bool(each.text("identity") or each.text("generated") or scene.inline_default(each))


def require(each: Object) -> str:
    """The action that sets NOT NULL, under the constraint's own name where it has one (PostgreSQL 18 and newer)."""
    form = columns.not_null(each)
    if form == "NOT NULL" and each.flag("not_null_valid"):
        return f"ALTER COLUMN {ident(each.path[-1])} SET NOT NULL"
    words = [
        "" if each.flag("not_null_valid") else " NOT VALID",
        " NO INHERIT" if each.flag("not_null_no_inherit") else "",
    ]
    return f"ADD {columns.not_null_name(each)}NOT NULL {ident(each.path[-1])}{''.join(words)}"


def _fill(scene: Scene, each: Object) -> Iterator[str]:
    """Each row gets the same value, unless rows must differ: then one made from its number."""
    table, name = column_of(each.path)
    unique = is_unique(scene, each)
    number = "rows.n" if unique else "1"
    if referenced := referenced_column(scene, each):
        other, key = column_of(referenced.path)
        value: str | None = f"(SELECT {key} FROM {other} ORDER BY 1 OFFSET {number} - 1 LIMIT 1)"  # noqa: S608  quoted
    else:
        value = columns.placeholder(each, enum_labels(scene, each), number)
    if value is None:
        return
    note = "-- the values of this column are gone; rows that exist get a placeholder"
    missing = ""
    if each.id in scene.kept:
        note = "-- rows that were written since have no value of their own; they get a placeholder"
        missing = f"\n{'AND' if unique else 'WHERE'} {table}.{name} IS NULL"
    yield f"{note}\nUPDATE {table} SET {name} = {value}"
    if unique:
        rows = f"(SELECT ctid AS place, tableoid AS part, row_number() OVER () AS n FROM {table}) AS rows"  # noqa: S608  quoted
        yield f" FROM {rows}\nWHERE {table}.ctid = rows.place AND {table}.tableoid = rows.part"
    yield f"{missing};"


def is_unique(scene: Scene, each: Object) -> bool:
    """Whether a key or an index may ask for another value of the column in each row."""
    return any(
        user.attributes.get("type") in ("p", "u") or (user.text("definition") or "").startswith("CREATE UNIQUE")
        for user in scene.users(each.id)
    )


def enum_labels(scene: Scene, each: Object) -> tuple[str, ...]:
    """The values of the column's type where that is an enum."""
    found = (scene.before.objects[d.on] for d in scene.before.on(each.id))
    return next((type.texts("labels") for type in found if type.kind is Kind.ENUM), ())


def referenced_column(scene: Scene, each: Object) -> Object | None:
    """The other end of a foreign key of this one column."""
    for key in scene.users(each.id):
        if key.attributes.get("type") == "f" and key.parent == each.parent:
            targets = [scene.before.objects[d.on] for d in scene.before.on(key.id) if d.type == "n"]
            found = [target for target in targets if target.kind is Kind.COLUMN]
            if len(found) == 1:
                return found[0]
    return None


def default(scene: Scene, each: Object) -> Iterator[str]:
    """SET DEFAULT; where its column was made again for it, the rows get it too."""
    table, name = column_of(each.path)
    yield f"ALTER TABLE ONLY {table} ALTER COLUMN {name} SET DEFAULT {each.text('definition')};"
    column = scene.before.objects[each.parent] if each.parent else None
    if column and column.id in scene.created and column.parent not in scene.created and column.flag("not_null"):
        missing = f" WHERE {name} IS NULL" if column.id in scene.kept else ""
        yield f"UPDATE {table} SET {name} = DEFAULT{missing};"  # noqa: S608  quoted
        yield f"ALTER TABLE {table} {require(column)};"


def constraint(scene: Scene, each: Object) -> Iterator[str]:
    table, name = column_of(each.path)
    if each.flag("domain"):
        yield f"ALTER DOMAIN {table} ADD CONSTRAINT {name} {each.text('definition')};"
        return
    yield from _added(scene, each)
    for index in _indexes(scene, each):
        if index.parent not in scene.joining:
            yield from attach_index(index)


def _added(scene: Scene, each: Object) -> Iterator[str]:
    owner = scene.before.objects[each.parent] if each.parent else None
    yield added(each, only=bool(owner and owner.text("partition_key")) and each.text("type") in ("p", "u", "x"))
    for index in _indexes(scene, each):
        yield from index_settings(scene, index)
        yield from decorate(scene, index)


def added(each: Object, *, only: bool = False) -> str:
    """The constraint of a table, with its semicolon."""
    table, name = column_of(each.path)
    return f"ALTER TABLE {'ONLY ' if only else ''}{table} ADD CONSTRAINT {name} {each.text('definition')};"


def _indexes(scene: Scene, each: Object) -> list[Object]:
    """That of the constraint, if it has one."""
    found = scene.children.get(each.parent, ()) if each.parent else ()
    return [one for one in found if one.kind is Kind.INDEX and one.text("constraint") == each.path[-1]]
