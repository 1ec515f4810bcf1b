"""Draws the check run of a commit: one conclusion for all pull requests that have it as their head. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot import record
from bot.comment import AGAIN
from bot.github.checks import WantedCheck
from bot.markup import quoted
from bot.model import Section, Verdict
from bot.outcome import Outcome, Standing

_TITLE_CHARS = 200
_LABEL_BYTES = 400
_MOST_PROBLEMS = 25  # lines of Markdown, of 2 kB at most


def queued(sha: str) -> WantedCheck:
    """What stands from the moment we hear of a commit until it is reviewed: a required check that never reports would
    block for ever, and one that is missing could be overlooked."""
    return WantedCheck(sha, "queued", None, "waiting for a review", "The migrations of this commit are to be reviewed.")


def failed(sha: str, why: str, sections: Sequence[Section]) -> WantedCheck:
    """There is no review. The record is kept, so that no tick is lost."""
    summary = f"{why}\n\n{AGAIN}"
    return WantedCheck(sha, "completed", Verdict.FAILURE, "not reviewed", summary, record.render(sections))


def concluded(
    sha: str, outcome: Outcome, own: Section, others: Sequence[Section], awaited: Collection[int]
) -> WantedCheck:
    """The worst of all sections. awaited: pull requests with the same head whose own review is still to come; until
    then there is no conclusion, as theirs may be worse."""
    sections = sorted((own, *others), key=lambda section: section.number)
    worst = max(sections, key=lambda section: (section.verdict.badness, section is own))
    title = (
        _title(outcome, own)
        if worst is own
        else f"pull request {worst.number} has the same head: {_WORDS[worst.verdict]}"
    )
    status, conclusion = ("in_progress", None) if awaited else ("completed", worst.verdict)
    return WantedCheck(
        sha, status, conclusion, title, _summary(outcome, own), record.render(sections), outcome.annotations
    )


def group(sha: str, outcome: Outcome, problems: Sequence[str]) -> WantedCheck:
    """A merge group's. problems: Markdown, one line each. A queue has no boxes to tick, so what is open fails."""
    if not problems:
        return WantedCheck(
            sha, "completed", Verdict.SUCCESS, f"together: {outcome.title}"[:_TITLE_CHARS], outcome.headline
        )
    title = f"{len(problems)} reason{'s' if len(problems) > 1 else ''} not to merge these together"
    lines = [f"- {problem}" for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > _MOST_PROBLEMS:
        lines.append(f"- and {len(problems) - _MOST_PROBLEMS:,} more")
    return WantedCheck(sha, "completed", Verdict.FAILURE, title, f"{outcome.headline}\n\n" + "\n".join(lines))


_WORDS = {
    Verdict.SUCCESS: "confirmed",
    Verdict.ACTION_REQUIRED: "items are open",
    Verdict.FAILURE: "not reviewed",
}


def _title(outcome: Outcome, own: Section) -> str:
    left = sum(not row.ticked for row in own.rows)
    if outcome.standing is not Standing.REVIEWED or not own.rows:
        return outcome.title[:_TITLE_CHARS]
    counted = f"{left} of {len(own.rows)} items open" if left else "all confirmed"
    return f"{outcome.title}, {counted}"[:_TITLE_CHARS]


def _summary(outcome: Outcome, own: Section) -> str:
    open_rows = [row for row in own.rows if not row.ticked]
    lines = [f"- {row.item} {quoted(row.label, _LABEL_BYTES)}" for row in open_rows]
    said = "Open, in the comment's list:\n" + "\n".join(lines) if lines else ""
    again = AGAIN if outcome.standing is Standing.FAILED else ""
    return "\n\n".join(part for part in (outcome.headline, outcome.reason, said, again) if part)
