"""What a new dump has otherwise than the merged one, where nobody knows the SQL that makes it so: told, never run."""

from __future__ import annotations

import psycopg

from workers.drift.declaration import Declaration
from workers.drift.declared import Place, compare_declared
from workers.drift.engine import NotRendered
from workers.drift.gaps import Gap, GapKind
from workers.drift.told import Declared, not_checked
from workers.errors import CannotAnalyse

_NAMED, _SHOWN_CHARS = 20, 120
_WORDS = {GapKind.MISSING: "is new", GapKind.EXTRA: "is gone"}


def evidence(declaration: Declaration, place: Place) -> Declared:
    """One note with the objects that differ; nothing where none does."""
    try:
        found = compare_declared(declaration, place).new
    except (NotRendered, CannotAnalyse, psycopg.Error) as reason:
        return not_checked(declaration, " ".join(str(reason).split()))
    return Declared(notes=(_note(declaration.place, found),)) if found else Declared()


def _note(place: str, found: tuple[Gap, ...]) -> str:
    named = ", ".join(f"{gap.object} {_said(gap)}" for gap in found[:_NAMED])
    more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{place} says what the code comes to, not how it gets there: {named}{more}."


def _said(gap: Gap) -> str:
    if gap.kind is not GapKind.DIFFERENT:
        return f"{_WORDS[gap.kind]} (perhaps {gap.likely}, renamed)" if gap.likely else _WORDS[gap.kind]
    texts = f"{gap.actual} → {gap.expected}"
    return f"is another ({texts})" if len(texts) <= _SHOWN_CHARS else "is another"
