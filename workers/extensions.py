"""Chooses the server that has the extensions which migrations create."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from workers.beforehand import Before
from workers.errors import CannotAnalyse
from workers.model import Migration
from workers.postgres.packages import how_to_get
from workers.postgres.servers import Installation, choose
from workers.postgres.stand_ins import SAME, passed_over
from workers.sql.read import extensions_wanted
from workers.sql.split import split

_EXTENSION = re.compile(r"\bcreate\s+extension\b", re.I)


def server_with_all(
    migrations: Iterable[Migration], before: Before, found: Sequence[Installation], wanted_major: int | None
) -> Installation:
    """A server's own extension comes before a stand-in of ours. Raises CannotAnalyse with file and line of an extension
    that no server here has."""
    wanted = extensions_of((*before.sql, *migrations))
    needed = frozenset(wanted) - before.provided
    if not any(needed <= one.extensions for one in found):
        needed -= SAME.keys()
    try:
        return _standing_in(choose(found, wanted_major, needed), wanted, before)
    except CannotAnalyse as none:
        if not needed:
            raise
        first = min(needed - frozenset().union(*(one.extensions for one in found)) or needed)
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
    history: Iterable[Migration], before: Before, found: Sequence[Installation], wanted_major: int | None
) -> Installation:
    """One with every extension, else one with the most of them: the migrations that want another fail by name, and the
    others are looked at. Raises CannotAnalyse where there is no server."""
    history = tuple(history)
    try:
        return server_with_all(history, before, found, wanted_major)
    except CannotAnalyse:
        wanted = extensions_of((*before.sql, *history))
        needed = wanted.keys() - before.provided - SAME.keys()
        most = max((len(needed & one.extensions) for one in found), default=0)
        able = [one for one in found if len(needed & one.extensions) == most]
        return _standing_in(choose(able, wanted_major, frozenset()), wanted, before)


def _standing_in(server: Installation, wanted: Iterable[str], before: Before) -> Installation:
    """With a stand-in for each extension that is wanted, and passed over or missing. One for all that are passed over
    where there is one for any: a pull request must not have us make a server for each choice among them."""
    names = frozenset(wanted)
    same = tuple(stand_in for name, stand_in in SAME.items() if name in names - server.extensions - before.provided)
    passed = before.provided if before.provided & names else frozenset()
    rest = (replace(passed_over(name), told=name in names) for name in sorted(passed))
    return replace(server, stand_ins=(*same, *rest))


def lacking(server: Installation, migrations: Iterable[Migration], before: Before) -> tuple[str, ...]:
    """What a report says about extensions that this server has not."""
    there = server.extensions.union(each.name for each in server.stand_ins)
    names = sorted(extensions_of((*before.sql, *migrations)).keys() - there)
    return (f"not on this server: {', '.join(names)}. {how_to_get(names)}",) if names else ()


def stood_in(server: Installation) -> tuple[str, ...]:
    """What a report says about stand-ins."""
    same = ", ".join(each.name for each in server.stand_ins if each.same)
    passed = ", ".join(each.name for each in server.stand_ins if each.told and not each.same)
    return (
        *([f"not on this server: {same}; a stand-in of ours does the same"] if same else ()),
        *([f"CREATE EXTENSION passes over {passed}: there is what the prelude makes of it"] if passed else ()),
    )
