"""One schema in the words of two servers: whether what they say differs in more than words."""

from __future__ import annotations

import re
from dataclasses import replace

from workers.catalog import RARE, Catalog, Kind, Object, Value
from workers.rollback.comparison import by_name

Key = tuple[Kind, tuple[str, ...]]


def named(catalog: Catalog) -> dict[Key, Object]:
    """Default privileges are called after the role that they are of, here and there another."""
    return {(kind, _path(kind, path, catalog.user)): each for (kind, path), each in by_name(catalog).items()}


def _path(kind: Kind, path: tuple[str, ...], user: str) -> tuple[str, ...]:
    if kind is not Kind.DEFAULT_PRIVILEGES:
        return path
    return (re.sub(rf'^for role "?{re.escape(user)}"? ', "for role CURRENT_USER ", path[0]),)


def same(each: Object, name: str, one: Value, other: Value, exact: bool) -> bool:
    """Whether two values of an object's attribute mean the same. exact: both are of servers of one version. What a
    server of another version prints of a kind whose rows are shown as they stand in its catalog is not compared."""
    if one == other:
        return True
    if each.kind in RARE:
        return not exact or each.kind is Kind.DEFAULT_PRIVILEGES
    if exact:
        return False
    if name in ("not_null_constraint", "not_null_valid"):
        return True
    return isinstance(one, str) and isinstance(other, str) and _spelling(one) == _spelling(other)


def in_words_of(one: Catalog, other: Catalog, exact: bool) -> Catalog:
    """The other catalog, where it says the same as the one, in the words of that."""
    if exact:
        return other
    known = by_name(one)
    return replace(other, objects={id: _in_words_of(known.get((e.kind, e.path)), e) for id, e in other.objects.items()})


def _in_words_of(one: Object | None, other: Object) -> Object:
    if one is None:
        return other
    told = one.attributes
    agreed = {n: told[n] for n, v in other.attributes.items() if n in told and same(one, n, told[n], v, exact=False)}
    return replace(other, attributes={**other.attributes, **agreed})


_QUALIFIER = re.compile(r'(?:"(?:[^"]|"")*"|\b[a-z_][\w$]*)\.(?=["a-z_])', re.I)
_BLANKS = re.compile(r"\s+")


def _spelling(text: str) -> str:
    """Servers of other versions qualify other names and break lines elsewhere; 16 writes the columns of a view's only
    table without the table."""
    return _BLANKS.sub("", _QUALIFIER.sub("", text))
