"""Statements that make an object of the earlier snapshot again, for the kinds that are one definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workers.catalog import Kind, Object
from workers.rollback import columns
from workers.rollback.names import aside, ident, literal, reference, sql_kind
from workers.rollback.scene import Scene, decorate


def schema(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE SCHEMA {ident(*each.path)};"


def extension(scene: Scene, each: Object) -> Iterator[str]:
    schema = each.text("schema") or "public"
    at = "" if schema == "pg_catalog" else f" SCHEMA {ident(schema)}"
    yield f"CREATE EXTENSION {ident(*each.path)}{at} VERSION {literal(each.text('version') or '')};"
    if each.text("comment") is None:
        yield f"COMMENT ON EXTENSION {ident(*each.path)} IS NULL;"  # it brings one along


def enum(scene: Scene, each: Object) -> Iterator[str]:
    labels = ", ".join(literal(label) for label in each.texts("labels"))
    yield f"CREATE TYPE {ident(*each.path)} AS ENUM ({labels});"


def domain(scene: Scene, each: Object) -> Iterator[str]:
    collation, default = each.text("collation"), each.text("default")
    parts = [f"CREATE DOMAIN {ident(*each.path)} AS {each.text('base')}"]
    parts += [f"COLLATE {collation}"] if collation else []
    parts += [f"DEFAULT {default}"] if default else []
    if each.flag("not_null"):
        name = each.text("not_null_constraint")
        usual = name in (None, f"{each.path[-1]}_not_null")
        parts += ["NOT NULL" if usual else f"CONSTRAINT {ident(name or '')} NOT NULL"]
    inline = [child for child in scene.children.get(each.id, ()) if scene.made_with(child)]
    parts += [f"CONSTRAINT {ident(child.path[-1])} {child.text('definition')}" for child in inline]
    yield " ".join(parts) + ";"
    for child in inline:
        yield from decorate(scene, child)


def composite(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE TYPE {ident(*each.path)} AS ({', '.join(each.texts('members'))});"
    yield from column_comments(each, each.texts("member_comments"))


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
        column, default = _divided(line)
        yield f"ALTER VIEW {ident(*each.path)} ALTER COLUMN {column} SET DEFAULT {default};"
    for line in each.texts("column_settings"):
        yield f"ALTER MATERIALIZED VIEW {ident(*each.path)} ALTER COLUMN {line};"
    yield from column_comments(each, each.texts("column_comments"))
    yield from column_grants(each, (), each.texts("column_grants"))


def column_comments(each: Object, lines: Iterable[str]) -> Iterator[str]:
    """Of a view or a composite type; a line is the quoted name and what COMMENT ON takes."""
    for line in lines:
        column, comment = _divided(line)
        yield f"COMMENT ON COLUMN {ident(*each.path)}.{column} IS {comment};"


def column_grants(each: Object, now: tuple[str, ...], was: tuple[str, ...]) -> Iterator[str]:
    """Of a view; a line is the quoted name, the privilege and whose."""
    for word, lines, others in (("REVOKE", now, was), ("GRANT", was, now)):
        for line in lines:
            if line not in others:
                column, grant = _divided(line)
                privilege, _, grantee = grant.partition(" TO ")
                to = f"FROM {grantee.removesuffix(' WITH GRANT OPTION')}" if word == "REVOKE" else f"TO {grantee}"
                yield f"{word} {privilege} ({column}) ON TABLE {ident(*each.path)} {to};"


def column_of_line(line: str) -> str:
    """The quoted name that a line begins with."""
    return _divided(line)[0]


def _divided(line: str) -> tuple[str, str]:
    """A quoted name, and what follows it."""
    end = line.index('"', line.index('"') + 1) if line.startswith('"') else line.index(" ") - 1
    while line[end + 1] == '"':
        end = line.index('"', end + 2)
    return line[: end + 1], line[end + 2 :]


def routine(scene: Scene, each: Object) -> Iterator[str]:
    if each.kind is Kind.AGGREGATE:
        yield f"CREATE AGGREGATE {ident(*each.path[:2])}({each.path[2] or '*'}) ({each.text('definition')});"
    else:
        yield (each.text("definition") or "").strip() + ";"


def index(scene: Scene, each: Object) -> Iterator[str]:
    yield f"{each.text('definition')};"
    if each.parent not in scene.joining:
        yield from attach_index(each)
    yield from index_settings(scene, each)


def index_settings(scene: Scene, each: Object) -> Iterator[str]:
    """What the definition of an index, or of the constraint that made it, does not say."""
    at, table = f"ALTER INDEX {ident(*each.path)}", scene.before.objects[each.parent] if each.parent else each
    if (options := each.texts("options")) and each.text("constraint"):
        yield f"{at} SET ({', '.join(options)});"
    if tablespace := each.text("tablespace"):
        yield f"{at} SET TABLESPACE {ident(tablespace)};"
    for line in each.texts("column_statistics"):
        column, _, target = line.partition(" ")
        yield f"{at} ALTER COLUMN {column} SET STATISTICS {target};"
    if each.flag("clustered"):
        yield f"ALTER {reference(table, table.path)} CLUSTER ON {ident(each.path[-1])};"
    if table.text("replica_identity") == f"i:{each.path[-1]}":
        yield f"ALTER TABLE {ident(*table.path)} REPLICA IDENTITY USING INDEX {ident(each.path[-1])};"


def attach_index(each: Object) -> Iterator[str]:
    """For the index of a partition."""
    if parent := each.text("attached"):
        yield f"ALTER INDEX {parent} ATTACH PARTITION {ident(*each.path)};"


_NAMED = re.compile(r'(?<=^CREATE CONSTRAINT TRIGGER )(?:"(?:[^"]|"")*"|\S+)')


def trigger(scene: Scene, each: Object) -> Iterator[str]:
    """A constraint trigger makes a constraint of its own name, which either of them may have lost since: by ALTER
    TRIGGER … RENAME, by ALTER TABLE … RENAME CONSTRAINT."""
    name, first = each.path[-1], _first_name(scene, each)
    if not each.flag("inherited"):
        definition = each.text("definition") or ""
        yield f"{definition if first == name else _NAMED.sub(lambda _: ident(first), definition)};"
    if (constraint := each.text("constraint_name")) not in (None, first):
        yield renamed_constraint(each, first, constraint or "")
    if first != name and not each.flag("inherited"):
        yield f"ALTER TRIGGER {ident(first)} ON {ident(*each.path[:-1])} RENAME TO {ident(name)};"
    if each.text("enabled") != "O":
        yield enable(each)


def _first_name(scene: Scene, each: Object) -> str:
    """That it is made with, which is nobody else's; a part has it from the whole."""
    name = each.path[-1]
    if each.flag("inherited"):
        above = (other for other in scene.counterparts(each) if other.id in scene.created)
        return next((_first_name(scene, other) for other in above), name)
    return name if each.text("constraint_name") in (None, name) else aside(name)


def renamed_constraint(trigger: Object, now: str, was: str) -> str:
    """Of a constraint trigger: its own name stays."""
    return f"ALTER TABLE {ident(*trigger.path[:-1])} RENAME CONSTRAINT {ident(now)} TO {ident(was)};"


def enable(each: Object) -> str:
    """Gives a trigger or rule its state."""
    words = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
    only = "ONLY " if each.kind is Kind.TRIGGER else ""
    word = words[each.text("enabled") or "O"]
    return f"ALTER TABLE {only}{ident(*each.path[:-1])} {word} {each.kind.upper()} {ident(each.path[-1])};"


def rule(scene: Scene, each: Object) -> Iterator[str]:
    yield (each.text("definition") or "").rstrip().removesuffix(";") + ";"
    if each.text("enabled") != "O":
        yield enable(each)


def policy(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE {reference(each, each.path)} {each.text('definition')};"
