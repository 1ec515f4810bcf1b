"""Declared drift as a report tells it: the gaps that a pull request brings, and one finding about all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from workers.catalog import Kind
from workers.drift.closing import RENAMED
from workers.drift.declaration import Declaration, Dump
from workers.drift.declared import Compared, Place, compare_declared, obstacle
from workers.drift.engine import NotRendered
from workers.drift.gaps import Gap, GapKind
from workers.errors import CannotAnalyse
from workers.mentions.prisma import read_schema
from workers.policy import Policy
from workers.rules import schema_not_as_declared
from workers.verdict import Drift, DriftKind, Finding

_NAMED = 3  # objects that the finding names


@dataclass(frozen=True, slots=True)
class Declared:
    """What a report has of it; notes: why it was not checked, or what the base branch has already."""

    drift: tuple[Drift, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


def asked_about(declaration: Declaration | None, added: bool, cache: Path) -> Declaration | None:
    """What has to be checked, if anything: where the pull request changes it, or adds migrations. With why it cannot
    be, as far as no server is needed to know."""
    if declaration is None or not (declaration.changed or added):
        return None
    return replace(declaration, why_not=declaration.why_not or obstacle(declaration, cache))


def declared_drift(declaration: Declaration, place: Place, policy: Policy) -> Declared:
    """Compares, and tells what came of it. Whatever the server says to what is declared, the review goes on."""
    try:
        compared = compare_declared(declaration, replace(place, ignore=policy.drift.ignore))
    except (NotRendered, CannotAnalyse, psycopg.Error) as reason:
        return not_checked(declaration, " ".join(str(reason).split()))
    return told(declaration, compared, policy)


def not_checked(declaration: Declaration, why: str = "") -> Declared:
    """Never to be taken for "clean". why: else what the declaration says itself."""
    because = why or declaration.why_not
    return Declared(notes=(f"{declaration.place}: not checked against the migrations: {because}",))


def told(declaration: Declaration, compared: Compared, policy: Policy) -> Declared:
    """Nothing where nothing differs. The SQL stands with the last gap, as it closes all of them."""
    new = [gap for gap in compared.new if not (gap.kind is GapKind.EXTRA and _renamed(gap))]
    drift = [_drift(gap) for gap in new]
    if drift and compared.sql:
        last = drift.pop()
        drift.append(Drift(last.kind, last.object, last.expected, last.actual, "\n".join(compared.sql)))
    many = len(compared.old)
    objects = "one object differs" if many == 1 else f"{many} objects differ"
    note = f"{declaration.place}: {objects} from what the migrations build on the base branch already"
    notes = [note] if many else []
    if compared.reordered:
        tables = ", ".join(compared.reordered)
        notes.append(f"{declaration.place}: columns stand in another order than the migrations leave them in: {tables}")
    return Declared(tuple(drift), _findings(declaration, new, policy), tuple(notes))


def _drift(gap: Gap) -> Drift:
    """expected: as declared; actual: as built."""
    if gap.expected is not None and _renamed(gap):
        return Drift(DriftKind.DECLARED, gap.object, gap.expected, f"called {gap.likely}")
    likely = f" (perhaps {gap.likely}, under another name)" if gap.likely else ""
    expected = gap.expected if gap.expected is not None else "not to be there"
    actual = gap.actual if gap.actual is not None else "missing"
    return Drift(DriftKind.DECLARED, gap.object, expected + likely, actual)


def _renamed(gap: Gap) -> bool:
    """Whether it is the same on both sides but for its name: told once, by the one that is declared."""
    return gap.likely is not None and gap.of in RENAMED


def _findings(declaration: Declaration, new: Sequence[Gap], policy: Policy) -> tuple[Finding, ...]:
    rule = schema_not_as_declared.RULE
    level = policy.level(rule.name, rule.level)
    if not new or level is None:
        return ()
    path, line = _where(declaration.files, new)
    named = ", ".join(f"`{gap.object}` {_WORDS[gap.kind]}" for gap in new[:_NAMED])
    more = f", and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
    message = f"{declaration.place} says one thing and the migrations do another: {named}{more}. {_advice(declaration)}"
    return (Finding(rule.name, level, path, line, new[0].object, message),)


def _advice(declaration: Declaration) -> str:
    if isinstance(declaration.form, Dump):
        return (
            "Whoever sets up a database from it gets another one than production has. Dump it again where exactly "
            "these migrations have run, or add the one that is missing; see Drift."
        )
    return (
        "The generated client meets a database that it was not made for. Add the migration that is missing, or declare "
        "what is built; see Drift."
    )


_WORDS: Mapping[GapKind, str] = {
    GapKind.MISSING: "is declared and not built",
    GapKind.EXTRA: "is built and not declared",
    GapKind.DIFFERENT: "is built otherwise than declared",
}


def _where(files: Mapping[str, str], new: Sequence[Gap]) -> tuple[str, int]:
    """The first line of the schema that declares one of the objects; the first of all where there is none."""
    blocks = read_schema({path: text for path, text in files.items() if path.endswith(".prisma")})
    places: dict[tuple[str, ...], tuple[str, int]] = {(block.sql,): (block.path, block.line) for block in blocks}
    places |= {(block.sql, member.sql): (member.path, member.line) for block in blocks for member in block.members}
    for gap in new:
        names = gap.path[1:] if gap.of is not Kind.CONSTRAINT else gap.path[1:2]
        if place := places.get(names) or places.get(names[:1]):
            return place
    return next(iter(files), ""), 1
