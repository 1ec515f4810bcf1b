"""Chooses the server that has the extensions which migrations create."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from workers.errors import CannotAnalyse
from workers.model import Migration, MigrationSet
from workers.policy import Policy
from workers.postgres.servers import Installation, choose
from workers.sql.read import extensions_wanted
from workers.sql.split import split

_EXTENSION = re.compile(r"\bcreate\s+extension\b", re.I)


def server_with_all(migrations: MigrationSet, policy: Policy, found: tuple[Installation, ...]) -> Installation:
    """Raises CannotAnalyse with file and line of an extension that no server here has."""
    wanted = extensions_of((*migrations.history, *migrations.added))
    try:
        return choose(found, policy.postgres_version, frozenset(wanted))
    except CannotAnalyse as none:
        if not wanted:
            raise
        first = min(wanted.keys() - frozenset().union(*(one.extensions for one in found)) or wanted)
        raise CannotAnalyse(f"{wanted[first]}: {none}") from none


def extensions_of(migrations: Iterable[Migration]) -> dict[str, str]:
    """The extensions that these migrations create, each with the place that first does: path:line."""
    found: dict[str, str] = {}
    for migration in migrations:
        if _EXTENSION.search(migration.text):
            for name, line in extensions_wanted(split(migration.text)):
                found.setdefault(name, f"{migration.path}:{line}")
    return found


def server_with_most(
    history: Iterable[Migration], found: Sequence[Installation], wanted_major: int | None
) -> Installation:
    """One with every extension, else one with the most of them: the migrations that want another fail by name, and the
    others are looked at. Raises CannotAnalyse where there is no server."""
    extensions = frozenset(extensions_of(history))
    try:
        return choose(found, wanted_major, extensions)
    except CannotAnalyse:
        most = max((len(extensions & one.extensions) for one in found), default=0)
        able = [one for one in found if len(extensions & one.extensions) == most]
        return choose(able, wanted_major, frozenset())
