"""A report in the words of GitHub: the plain values that cross to the bot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from bot.comment import LIMIT_BYTES, checklist_bytes
from bot.outcome import Added, Annotation, Item, Outcome, Place, RollbackFile, Standing, Suggestion
from workers.conflicts import places
from workers.model import Change
from workers.policy import Policy
from workers.report import annotations as on_lines
from workers.report import phrases
from workers.report.comment import comment
from workers.report.markup import prose
from workers.report.points import points
from workers.report.rollback_file import rollback_files
from workers.report.suggestions import suggestions
from workers.rules import RULES
from workers.verdict import Report

NO_MIGRATIONS = Outcome(Standing.NONE, "No migrations are touched.", "no migrations")
_TOP_BYTES = 2_000  # marker, headline and title
_WHY_BYTES = 4_000


def present(report: Report, policy: Policy) -> Outcome:
    """The outcome of a review that took place; as if there was none, where it only looked for drift and saw none."""
    if not (report.migrations or report.findings or report.drift or report.unread):
        return NO_MIGRATIONS
    if any(project.failed for project in report.projects):
        return _in_part(report)
    items = tuple(Item(**asdict(point)) for point in points(report, policy))
    drawn = comment(report, LIMIT_BYTES - checklist_bytes(items) - _TOP_BYTES)
    return Outcome(
        standing=Standing.REVIEWED,
        headline=drawn.headline,
        title=f"{report.level.word}: {phrases.found(report)}",
        body=drawn.body,
        items=items,
        annotations=tuple(Annotation(**asdict(one)) for one in on_lines.annotations(report)),
        rollbacks=tuple(RollbackFile(**asdict(one)) for one in rollback_files(report, policy.rollback.form)),
        migrations=tuple(_ids(report)),
        places=tuple(Place(whole, part) for whole, part in places(report)),
        suggestions=tuple(Suggestion(**asdict(one)) for one in suggestions(report)),
        added=tuple(_added(report)),
    )


def _added(report: Report) -> Iterator[Added]:
    for project in report.parts:
        if paths := tuple(one.path for one in project.migrations if one.change is Change.ADDED):
            yield Added(project.layout, project.directory, paths)


def _ids(report: Report) -> Iterator[str]:
    """What the new migrations are called. Where a repository has several projects, each may have one of an id."""
    for project in report.parts:
        of = f"{project.directory}/" if report.projects else ""
        yield from (f"{of}{one.id}" for one in project.migrations if one.change is Change.ADDED)


def _in_part(report: Report) -> Outcome:
    """The outcome where one of several projects could not be analysed: there is no review of the whole, but what is
    found in the others is shown."""
    failed = [project for project in report.projects if project.failed]
    drawn = comment(report, LIMIT_BYTES - _TOP_BYTES - _WHY_BYTES)
    return Outcome(
        standing=Standing.FAILED,
        headline="### ⚠️ Not all migrations were reviewed",
        title=f"not reviewed: {', '.join(project.directory for project in failed)}",
        body=f"{drawn.headline}\n\n{drawn.body}",
        reason=prose("; ".join(f"`{project.directory}`: {project.failed}" for project in failed), _WHY_BYTES),
        annotations=tuple(Annotation(**asdict(one)) for one in on_lines.annotations(report)),
    )


def asked_by_findings(report: Report, policy: Policy) -> tuple[Item, ...]:
    """The items that stand for findings, each under the id that it has in a report of its migration alone."""
    rules = {rule.name for rule in RULES}
    return tuple(Item(**asdict(point)) for point in points(report, policy, most=None) if point.kind in rules)


def not_reviewed(why: str) -> Outcome:
    """The outcome where there is no review. why: a sentence, which may quote the pull request."""
    return Outcome(Standing.FAILED, "### ⚠️ The migrations were not reviewed", "not reviewed", reason=prose(why))
