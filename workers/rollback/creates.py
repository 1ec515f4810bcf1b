"""Statements that make an object of the earlier snapshot again, for the kinds that are one definition."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind, Object
from workers.rollback import columns
from workers.rollback.names import ident, literal, reference, sql_kind
from workers.rollback.scene import Scene


def schema(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE SCHEMA {ident(*each.path)};"


def extension(scene: Scene, each: Object) -> Iterator[str]:
    schema = each.text("schema") or "public"
    at = "" if schema == "pg_catalog" else f" SCHEMA {ident(schema)}"
    yield f"CREATE EXTENSION {ident(*each.path)}{at} VERSION {literal(each.text('version') or '')};"


def enum(scene: Scene, each: Object) -> Iterator[str]:
    labels = ", ".join(literal(label) for label in each.texts("labels"))
    yield f"CREATE TYPE {ident(*each.path)} AS ENUM ({labels});"


def domain(scene: Scene, each: Object) -> Iterator[str]:
    collation, default = each.text("collation"), each.text("default")
    parts = [f"CREATE DOMAIN {ident(*each.path)} AS {each.text('base')}"]
    parts += [f"COLLATE {collation}"] if collation else []
    parts += [f"DEFAULT {default}"] if default else []
    parts += ["NOT NULL"] if each.flag("not_null") else []
    yield " ".join(parts) + ";"


def composite(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE TYPE {ident(*each.path)} AS ({', '.join(each.texts('members'))});"


def range_type(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE TYPE {ident(*each.path)} AS RANGE ({each.text('definition')});"


def sequence(scene: Scene, each: Object) -> Iterator[str]:
    unlogged = "UNLOGGED " if each.text("persistence") == "u" else ""
    parts = [f"CREATE {unlogged}SEQUENCE {ident(*each.path)} AS {each.text('type')}", *columns.sequence_options(each)]
    if owned_by := each.text("owned_by"):
        parts.append(f"OWNED BY {owned_by}")
    yield " ".join(parts) + ";"


def view(scene: Scene, each: Object) -> Iterator[str]:
    options = f" WITH ({', '.join(each.texts('options'))})" if each.texts("options") else ""
    method = f" USING {ident(m)}" if (m := each.text("access_method")) else ""
    body = (each.text("definition") or "").rstrip().removesuffix(";")
    empty = "\n  WITH NO DATA" if each.kind is Kind.MATERIALIZED_VIEW and not each.flag("populated") else ""
    yield f"CREATE {sql_kind(each.kind)} {ident(*each.path)}{method}{options} AS\n{body}{empty};"
    for line in each.texts("column_defaults"):
        column, _, default = line.partition(" ")
        yield f"ALTER VIEW {ident(*each.path)} ALTER COLUMN {column} SET DEFAULT {default};"
    for line in each.texts("column_comments"):
        column, _, comment = line.partition(" ")
        yield f"COMMENT ON COLUMN {ident(*each.path)}.{column} IS {comment};"


def routine(scene: Scene, each: Object) -> Iterator[str]:
    if each.kind is Kind.AGGREGATE:
        yield f"CREATE AGGREGATE {ident(*each.path[:2])}({each.path[2] or '*'}) ({each.text('definition')});"
    else:
        yield (each.text("definition") or "").strip() + ";"


def index(scene: Scene, each: Object) -> Iterator[str]:
    yield f"{each.text('definition')};"
    yield from attach_index(each)
    if each.flag("clustered"):
        table = scene.before.objects[each.parent].path if each.parent else ()
        yield f"ALTER TABLE {ident(*table)} CLUSTER ON {ident(each.path[-1])};"


def attach_index(each: Object) -> Iterator[str]:
    """For the index of a partition."""
    if parent := each.text("attached"):
        yield f"ALTER INDEX {parent} ATTACH PARTITION {ident(*each.path)};"


def trigger(scene: Scene, each: Object) -> Iterator[str]:
    yield f"{each.text('definition')};"
    yield from enable(each)


def enable(each: Object) -> Iterator[str]:
    """A trigger's or rule's state, when it is not the usual one."""
    words = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
    if word := words.get(each.text("enabled") or "O"):
        yield f"ALTER TABLE {ident(*each.path[:-1])} {word} {each.kind.upper()} {ident(each.path[-1])};"


def rule(scene: Scene, each: Object) -> Iterator[str]:
    yield (each.text("definition") or "").rstrip().removesuffix(";") + ";"
    yield from enable(each)


def policy(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE {reference(each, each.path)} {each.text('definition')};"


def other(scene: Scene, each: Object) -> Iterator[str]:
    if each.path[0] == "statistics object":
        yield f"{each.text('definition')};"
