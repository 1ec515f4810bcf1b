"""Statements that make again what few migrations make: collations, operators, publications … And what nobody can."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.catalog import Kind, Object
from workers.rollback.grants import default_privileges as given
from workers.rollback.names import ident, literal, reference
from workers.rollback.scene import Scene


def collation(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE COLLATION {ident(*each.path)} ({each.text('definition')});"


def conversion(scene: Scene, each: Object) -> Iterator[str]:
    default = "DEFAULT " if each.flag("default") else ""
    yield f"CREATE {default}CONVERSION {ident(*each.path)} {each.text('definition')};"


def cast(scene: Scene, each: Object) -> Iterator[str]:
    yield f"CREATE CAST {each.path[0]} {each.text('definition')};"


def operator(scene: Scene, each: Object) -> Iterator[str]:
    """A partner that is not there yet is made as a shell, and filled by its own CREATE."""
    words = {"FUNCTION": "function", "LEFTARG": "left", "RIGHTARG": "right", "RESTRICT": "restrict", "JOIN": "join"}
    parts = [f"{word} = {value}" for word, name in words.items() if (value := each.text(name))]
    partners = {"COMMUTATOR": "commutator", "NEGATOR": "negator"}
    parts += [f"{word} = OPERATOR({value})" for word, name in partners.items() if (value := each.text(name))]
    parts += [word for word, name in {"HASHES": "hashes", "MERGES": "merges"}.items() if each.flag(name)]
    yield f"CREATE OPERATOR {ident(each.path[0])}.{each.path[1]} ({', '.join(parts)});"


def dictionary(scene: Scene, each: Object) -> Iterator[str]:
    options = f", {found}" if (found := each.text("options")) else ""
    yield f"CREATE {reference(each, each.path)} (TEMPLATE = {each.text('template')}{options});"


def configuration(scene: Scene, each: Object) -> Iterator[str]:
    at = reference(each, each.path)
    yield f"CREATE {at} (PARSER = {each.text('parser')});"
    together: dict[str, list[str]] = {}
    for token, dictionaries in mappings(each).items():
        together.setdefault(dictionaries, []).append(token)
    for dictionaries, tokens in together.items():
        yield f"ALTER {at} ADD MAPPING FOR {', '.join(tokens)} WITH {dictionaries};"


def mappings(each: Object) -> dict[str, str]:
    """The dictionaries by the type of token, as SQL."""
    return dict(line.split(" WITH ", 1) for line in each.texts("mappings"))


def statistics(scene: Scene, each: Object) -> Iterator[str]:
    yield f"{each.text('definition')};"
    if each.attributes["target"] is not None:
        yield statistics_target(each)


def statistics_target(each: Object) -> str:
    target = each.attributes["target"]
    return f"ALTER STATISTICS {ident(*each.path)} SET STATISTICS {-1 if target is None else target};"


def publication(scene: Scene, each: Object) -> Iterator[str]:
    every = " FOR ALL TABLES" if each.flag("all_tables") else ""
    options = [option for option in publication_options(each) if option not in _USUAL]
    clause = f" WITH ({', '.join(options)})" if options else ""
    yield f"CREATE PUBLICATION {ident(*each.path)}{every}{clause};"


_USUAL = (
    *("publish = 'insert, update, delete, truncate'", "publish_via_partition_root = false"),
    "publish_generated_columns = none",
)


def publication_options(each: Object) -> list[str]:
    options = [f"publish = {literal(each.text('publish') or '')}"]
    options.append(f"publish_via_partition_root = {str(each.flag('via_root')).lower()}")
    if generated := each.text("generated_columns"):
        options.append(f"publish_generated_columns = {generated}")
    return options


def published(scene: Scene, each: Object) -> Iterator[str]:
    columns = f" ({', '.join(each.texts('columns'))})" if each.texts("columns") else ""
    condition = f" WHERE ({found})" if (found := each.text("condition")) else ""
    yield f"ALTER PUBLICATION {ident(each.path[2])} ADD TABLE ONLY {ident(*each.path[:2])}{columns}{condition};"


def default_privileges(scene: Scene, each: Object) -> Iterator[str]:
    yield from given(each, each.texts("usual"), each.texts("given"))


# Who makes a cast must own one of its types (https://www.postgresql.org/docs/current/sql-createcast.html).
_BUILT_IN = re.compile(r"\((?:pg_catalog\.)?[^.]+ AS (?:pg_catalog\.)?[^.]+\)")


def refused(each: Object) -> str | None:
    """Why the object cannot be made again by the role that migrations run as; None where it can."""
    if each.kind is Kind.FOREIGN_TABLE or (each.kind is Kind.OTHER and each.path[0] == "server"):
        return "its foreign-data wrapper is a superuser's to install"
    if each.kind is Kind.OTHER:
        return "only a superuser can make it again"
    if each.kind is Kind.CAST and (each.text("definition") or "").startswith("WITHOUT FUNCTION"):
        return "only a superuser can make a cast without a function"
    if each.kind is Kind.CAST and _BUILT_IN.fullmatch(each.path[0]):
        return "only a superuser can make a cast between built-in types"
    if each.kind is Kind.PUBLICATION and each.flag("all_tables"):
        return "only a superuser can make a publication of all tables"
    return None
