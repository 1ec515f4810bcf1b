"""A report in the words of GitHub: the plain values that cross to the bot."""

from __future__ import annotations

from dataclasses import asdict

from bot.comment import LIMIT_BYTES, checklist_bytes
from bot.outcome import Annotation, Item, Outcome, Place, RollbackFile, Standing, Suggestion
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


def present(report: Report, policy: Policy) -> Outcome:
    """The outcome of a review that took place; as if there was none, where it only looked for drift and saw none."""
    if not (report.migrations or report.findings or report.drift):
        return NO_MIGRATIONS
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
        migrations=tuple(one.id for one in report.migrations if one.change is Change.ADDED),
        places=tuple(Place(whole, part) for whole, part in places(report)),
        suggestions=tuple(Suggestion(**asdict(one)) for one in suggestions(report)),
    )


def asked_by_findings(report: Report, policy: Policy) -> tuple[Item, ...]:
    """The items that stand for findings, each under the id that it has in a report of its migration alone."""
    rules = {rule.name for rule in RULES}
    return tuple(Item(**asdict(point)) for point in points(report, policy, most=None) if point.kind in rules)


def not_reviewed(why: str) -> Outcome:
    """The outcome where there is no review. why: a sentence, which may quote the pull request."""
    return Outcome(Standing.FAILED, "### ⚠️ The migrations were not reviewed", "not reviewed", reason=prose(why))
