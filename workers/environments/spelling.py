"""One schema in the words of two servers: whether what they say differs in more than words."""

from __future__ import annotations

import re

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


_QUALIFIER = re.compile(r'(?:"(?:[^"]|"")*"|\b[a-z_][\w$]*)\.(?=["a-z_])', re.I)
_BLANKS = re.compile(r"\s+")


def _spelling(text: str) -> str:
    """Servers of other versions qualify other names and break lines elsewhere; 16 writes the columns of a view's only
    table without the table."""
    return _BLANKS.sub("", _QUALIFIER.sub("", text))
