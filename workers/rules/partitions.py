"""What a schema's tables are to each other: partitions, of which a thing is told once; and which are no tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from workers.catalog import Catalog, Kind
from workers.verdict import Finding
from workers.words import Name

_OF_ANY = "blocking-work"  # says less than any other rule that has found work on the same tables
_NO_WORK = "rows-rejected"


def partitions_of(catalog: Catalog | None) -> dict[Name, Name]:
    """Each partition's parent."""
    if catalog is None:
        return {}
    tables = {Name(*each.path): each for each in catalog.of_kind(Kind.TABLE, Kind.FOREIGN_TABLE)}
    spelled = {_bare(str(name)): name for name in tables}
    return {
        name: spelled[_bare(parent)]
        for name, each in tables.items()
        if each.text("bound")
        for parent in each.texts("parents")
        if _bare(parent) in spelled
    }


def materialized_views(catalog: Catalog | None) -> frozenset[Name]:
    return frozenset(Name(*each.path) for each in catalog.of_kind(Kind.MATERIALIZED_VIEW)) if catalog else frozenset()


def told_once(findings: tuple[Finding, ...], partitions: Mapping[Name, Name]) -> tuple[Finding, ...]:
    """The findings about one statement, without those about a partition that its rule has also about the table at the
    top, or, one for one, about a partition before it."""
    if not partitions or len(findings) < 2:
        return findings
    tops = {finding: _top(finding, partitions) for finding in findings}
    of_tops = {(one.rule, top) for one, (top, part) in tops.items() if top and not part}
    others = {top for one, (top, _) in tops.items() if one.rule not in (_OF_ANY, _NO_WORK)}
    kept: dict[tuple[str, Name, int] | Finding, Finding] = {}
    number: Counter[tuple[str, str]] = Counter()
    for finding, (top, part) in tops.items():
        if top is None or not part:
            kept[finding] = finding
        elif (finding.rule, top) not in of_tops and not (finding.rule == _OF_ANY and top in others):
            kept.setdefault((finding.rule, top, number[finding.rule, part]), finding)
            number[finding.rule, part] += 1
    return tuple(kept.values())


def _top(finding: Finding, partitions: Mapping[Name, Name]) -> tuple[Name | None, str]:
    """The table at the top of all partitions, and the partition that the finding is about: "" for the table itself."""
    for table in (*partitions, *partitions.values()):
        if finding.object == str(table) or finding.object.startswith(f"{table}."):
            top = table
            while top in partitions:
                top = partitions[top]
            return top, "" if top == table else str(table)
    return None, ""


def _bare(spelling: str) -> str:
    return spelling.replace('"', "")
