"""What is found alike in several statements of a file is told once, with all their lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workers.report import phrases
from workers.verdict import Finding, Rewrite

_MOST = 8


@dataclass(frozen=True, slots=True)
class Told:
    """One or more findings that differ in nothing but their lines, and in what to write instead."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def numbers(self) -> str:
        """Of the lines: 5; 2, 5 and 8."""
        *before, last = dict.fromkeys(f"{finding.line}" for finding in self.findings)
        return f"{', '.join(before)} and {last}" if before else last

    @property
    def lines(self) -> str:
        """line 5; lines 2, 5 and 8."""
        return f"line{'s' if ' and ' in self.numbers else ''} {self.numbers}"

    @property
    def advice(self) -> Iterator[tuple[str, Rewrite]]:
        """What to write instead, each behind a sentence about it."""
        for finding in self.findings:
            if rewrite := phrases.advised(finding):
                said = phrases.instead(rewrite)
                yield said if len(self.findings) == 1 else f"Line {finding.line}. {said}", rewrite


def together(findings: Iterable[Finding]) -> tuple[Told, ...]:
    """In the order of the first of each; no more of them than can be read at a time."""
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for each in findings:
        alike.setdefault((each.rule, each.level, each.path, each.object, each.message), []).append(each)
    return tuple(Told(part) for found in alike.values() for part in _parts(found))


def _parts(found: Sequence[Finding]) -> Iterator[tuple[Finding, ...]]:
    return (tuple(found[start : start + _MOST]) for start in range(0, len(found), _MOST))
