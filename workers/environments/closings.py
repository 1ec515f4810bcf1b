"""The SQL that closes the gaps of live drift in either direction, each proven in a copy of the shadow's database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.catalog import Catalog, Kind
from workers.drift.closing import Sides, closing_sql
from workers.drift.comparable import Terms, as_compared, sound_indexes
from workers.drift.gaps import Gap, GapKind
from workers.drift.live import Closing
from workers.drift.making import catalog_of, copied
from workers.environments.spelling import in_words_of
from workers.postgres.cluster import DATABASE
from workers.postgres.session import Session
from workers.replay import Replayed

_COPY = "closed"  # a database of our own


@dataclass(frozen=True, slots=True)
class Shadow:
    """exact: its server's version is the live one's."""

    base: Replayed
    terms: Terms
    exact: bool

    def short_of(self, wanted: Catalog, role: str) -> str:
        """What the copy has otherwise than a catalog, whose migrations ran as the role; "" where nothing."""
        copy = catalog_of(self.base.cluster, _COPY)
        sides, _ = as_compared(copy, in_words_of(copy, wanted, self.exact), self.terms, role)
        return _left(self.terms.gaps(*sides.told))


@dataclass(frozen=True, slots=True)
class Difference:
    """built, live: whole, in the same words; sides: the two as they are compared; gaps: between those."""

    built: Catalog
    live: Catalog
    sides: Sides
    gaps: tuple[Gap, ...]


def closings(shadow: Shadow, difference: Difference) -> tuple[Closing, Closing]:
    """For the live database, so that it becomes what the migrations build, and for a new migration, so that they build
    what is live."""
    built, live, sides, found = difference.built, difference.live, difference.sides, difference.gaps
    wanted = sound_indexes(live)
    back = closing_sql(sides, found)
    forth = _to_live(shadow, sides if wanted is live else as_compared(built, wanted, shadow.terms)[0])
    losses = [_losses(found, kind) for kind in (GapKind.EXTRA, GapKind.MISSING)]
    with copied(shadow.base.cluster, _COPY, DATABASE):
        refused = _run(shadow, forth) or shadow.short_of(wanted, shadow.terms.owner)
        why_not = f"what is live could not be made here: {refused}" if refused else ""
        unmet = why_not or _run(shadow, back) or shadow.short_of(built, shadow.terms.builder)
    return Closing(back, not unmet, unmet, losses[0]), Closing(forth, not refused, refused, losses[1])


def _to_live(shadow: Shadow, sides: Sides) -> tuple[str, ...]:
    expected, actual = sides.told
    return closing_sql(Sides(sides.actual, sides.expected, (actual, expected)), shadow.terms.gaps(actual, expected))


def _run(shadow: Shadow, statements: Sequence[str]) -> str:
    """Why they cannot be run in the copy; "" where they can."""
    with Session(shadow.base.cluster, database=_COPY) as session:
        for statement in statements:
            error = session.run(statement).error
            while error and shadow.base.prelude.remedied(error.sqlstate, error.message, _COPY):
                error = session.run(statement).error
            if error:
                return f"{statement.splitlines()[0]} fails: {error.message}"
    return ""


def _left(gaps: Sequence[Gap]) -> str:
    """What still differs; "" where nothing does."""
    if not gaps:
        return ""
    more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
    return f"{gaps[0].object}{more} would still differ"


def _losses(gaps: Sequence[Gap], kind: GapKind) -> tuple[str, ...]:
    """What the statements drop that may hold rows."""
    return tuple(gap.object for gap in gaps if gap.kind is kind and gap.of in (Kind.TABLE, Kind.COLUMN))
