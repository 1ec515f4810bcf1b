"""Statements that give the rarer kinds of objects a former attribute back, by kind and attribute."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from workers.catalog import Kind, Object
from workers.rollback.names import ident, reference
from workers.rollback.others import mappings, publication_options, statistics_target
from workers.rollback.scene import Scene


def _follows(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """Operators that are partners know it from each other's CREATE and DROP."""
    return iter(())


def _selectivity(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    restrict, join = was.text("restrict") or "NONE", was.text("join") or "NONE"
    yield f"ALTER {reference(was, was.path)} SET (RESTRICT = {restrict}, JOIN = {join});"


# name = 'value', as the server writes it; a number stands without quotes
_OPTION = re.compile(r"""(?:^|,[ ])("(?:[^"]|"")*"|\w+)[ ]=[ ](?:E?'(?:[^']|'')*'|[^,']+)""", re.X)


def _dictionary_options(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    """An option without a value is removed (https://www.postgresql.org/docs/current/sql-altertsdictionary.html)."""
    old, new = was.text("options") or "", now.text("options") or ""
    added = [name for name in _OPTION.findall(new) if name not in _OPTION.findall(old)]
    yield f"ALTER {reference(was, was.path)} ({', '.join([*([old] if old else []), *added])});"


def _mappings(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    at = f"ALTER {reference(was, was.path)}"
    had, has = mappings(was), mappings(now)
    if added := [token for token in has if token not in had]:
        yield f"{at} DROP MAPPING FOR {', '.join(added)};"
    for token, dictionaries in had.items():
        if token not in has:
            yield f"{at} ADD MAPPING FOR {token} WITH {dictionaries};"
        elif has[token] != dictionaries:
            yield f"{at} ALTER MAPPING FOR {token} WITH {dictionaries};"


def _target(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield statistics_target(was)


def _publication(scene: Scene, was: Object, now: Object) -> Iterator[str]:
    yield f"ALTER PUBLICATION {ident(*was.path)} SET ({', '.join(publication_options(was))});"


OTHER_ALTERS: Mapping[Kind, Mapping[str, Callable[[Scene, Object, Object], Iterator[str]]]] = {
    **{kind: {} for kind in (Kind.COLLATION, Kind.CONVERSION, Kind.CAST)},
    Kind.OPERATOR: {
        **dict.fromkeys(("restrict", "join"), _selectivity),
        **dict.fromkeys(("function", "commutator", "negator", "left", "right"), _follows),
    },
    Kind.DICTIONARY: {"options": _dictionary_options},
    Kind.CONFIGURATION: {"mappings": _mappings},
    Kind.STATISTICS: {"target": _target},
    Kind.PUBLICATION: dict.fromkeys(("publish", "via_root", "generated_columns"), _publication),
}
