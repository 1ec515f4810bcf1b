"""A thing to confirm before merging, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workers.policy import ChecklistPolicy, Policy
from workers.report.chapters import Chapter
from workers.report.markup import prose
from workers.report.words import visible
from workers.verdict import Report

LINE_BYTES = 500  # of text and reason together, so that the checklist always fits its comment
_TEXT_BYTES = 300
_EVIDENCE_BYTES = 300
_SLACK_BYTES = 24  # by which prose() may miss its limit: an ellipsis and a closing tag
_LABEL_CHARS = 120


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to confirm. id: 8 hexadecimal digits of its cause. label: plain text that pairs a point with its
    successor when the cause changed. text, reason, evidence: one line of Markdown each, safe to show. who: write,
    author, not-author or @org/team. A point that has evidence is confirmed by the machine, and by nobody else."""

    id: str
    kind: str
    label: str
    text: str
    reason: str = ""
    who: str = "write"
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What points are made of."""

    report: Report
    policy: Policy
    all: Chapter

    def policy_of(self, path: str) -> Policy:
        """For the project that a migration is of."""
        projects = (one.directory for one in self.report.parts if any(each.path == path for each in one.migrations))
        return self.policy.of(next(projects, ""))

    @property
    def checklist(self) -> ChecklistPolicy:
        return self.policy.checklist


def as_line(point: Point) -> Point:
    """The point in Markdown of bounded size; before, its texts are our own sentences with the pull request's names."""
    text = prose(point.text, _TEXT_BYTES - _SLACK_BYTES)
    return replace(
        point,
        label=" ".join(visible(point.label).split())[:_LABEL_CHARS],
        text=text,
        reason=prose(point.reason, LINE_BYTES - len(text.encode()) - _SLACK_BYTES),
        evidence=prose(point.evidence, _EVIDENCE_BYTES - _SLACK_BYTES),
    )


def first_sentence(message: str) -> str:
    """Without its full stop; a name may have a full stop in it, but hardly one with a blank behind it."""
    sentence, stop, _ = message.partition(". ")
    return sentence if stop else message.removesuffix(".")
