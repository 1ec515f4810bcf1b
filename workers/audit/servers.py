"""Chooses the server that a whole history is tried on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workers.errors import CannotAnalyse
from workers.model import Migration
from workers.postgres.servers import Installation, choose
from workers.review import extensions_of


def server_for(history: Iterable[Migration], found: Sequence[Installation], wanted_major: int | None) -> Installation:
    """One with every extension, else one with the most of them: the migrations that want another fail by name, and the
    others are looked at. Raises CannotAnalyse where there is no server."""
    extensions = frozenset(extensions_of(history))
    try:
        return choose(found, wanted_major, extensions)
    except CannotAnalyse:
        most = max((len(extensions & one.extensions) for one in found), default=0)
        able = [one for one in found if len(extensions & one.extensions) == most]
        return choose(able, wanted_major, frozenset())
