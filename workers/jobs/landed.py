"""After the merge: which environments the migrations have reached, by whatever hands, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot import record
from bot.checklist import Moment, decide, questions
from bot.comment import boxes_of
from bot.errors import NotYet, Permanent
from bot.github import checks, comments, pulls
from bot.github.client import Client
from bot.github.pulls import Pull
from bot.model import Item, Landed, Section, Touch, Verdict
from workers.environments.model import BackupMethod, Environment, EnvironmentKind
from workers.environments.order import Desk, Order, looking
from workers.errors import Refused, Unreachable
from workers.jobs import attempts
from workers.jobs.admission import environments_of
from workers.jobs.permission import granted
from workers.jobs.sources import source_of
from workers.jobs.tools import Tools, now
from workers.report.chapters import cause_id
from workers.report.markup import prose
from workers.report.words import count

_MARKER = "<!-- migration-bot:landed -->"
_LONGEST = timedelta(days=14)
_SOON = timedelta(hours=2)
_SOON_S, _LATER_S = 60.0, 900.0


@dataclass(frozen=True, slots=True)
class _Reached:
    """An environment, and whether the pull request's migrations are there. said: plain text. clean: nothing there has
    failed."""

    environment: Environment
    there: bool
    clean: bool
    said: str


def follow(tools: Tools, client: Client, pull: Pull, touches: Sequence[Touch]) -> None:
    """For a pull request that is not open: draws what is known, and looks again later. The caller holds its lock."""
    if pull.merged and environments_of(tools, client) and _drawn(tools, client, pull, touches):
        tools.queue.add(Landed(client.repo, pull.number))


def look(tools: Tools, work: Landed) -> None:
    """Raises NotYet as long as there is something to wait for; Retryable, Permanent."""
    client = tools.app.client(work.repo)
    pull = pulls.pull(client, work.number)
    if not pull.merged:
        return
    reached = _drawn(tools, client, pull, ())
    age = datetime.now(UTC) - datetime.fromisoformat(pull.merged_at)
    if reached and not all(one.there for one in reached) and age < _LONGEST:
        raise NotYet(f"{work.number} is not everywhere yet", _SOON_S if age < _SOON else _LATER_S)


def _drawn(tools: Tools, client: Client, pull: Pull, touches: Sequence[Touch]) -> tuple[_Reached, ...]:
    """What was drawn; nothing for a pull request without migrations."""
    try:
        source = source_of(tools, client, pull)
    except Permanent:
        return ()
    if not source.own.added:
        return ()
    reached = tuple(_reached(client, source.order(one)) for one in environments_of(tools, client))
    items = tuple(item for one in reached for item in _items(pull, one))
    _recorded(tools, client, pull, items, touches)
    return reached


def _reached(client: Client, order: Order) -> _Reached:
    try:
        with looking(order) as desk:
            return _Reached(order.environment, desk.has_own, not desk.diagnosis.failed, _said(client, desk))
    except (Refused, Unreachable) as error:
        return _Reached(order.environment, False, False, str(error))


def _said(client: Client, desk: Desk) -> str:
    own, name = desk.order.own, desk.order.environment.name
    entries = [entry for entry in desk.diagnosis.applied if entry.name in own]
    if not desk.has_own:
        return f"{len(entries)} of {count(len(own), 'migration')} there"
    at = max(entry.finished_at for entry in entries if entry.finished_at).astimezone(UTC)
    ours = (one.attempt for one in attempts.records(client, name) if one.attempt.act == "deploy")
    hands = (f"by `/migrate {name}`, for {one.login}" for one in ours if own & set(one.migrations))
    return f"`{desk.book.name}` has it since {at:%Y-%m-%d %H:%M} UTC, {next(hands, 'by other hands')}"


# ---------------------------------------------------------------- what is left to do


def _items(pull: Pull, reached: _Reached) -> Iterator[Item]:
    """What the database shows is ticked by that; the rest by people, once there is something to watch."""
    name = reached.environment.name

    def item(kind: str, text: str, evidence: str = "") -> Item:
        cause = cause_id(f"landed {kind}", (name,), (pull.head_sha,))
        reason = "" if evidence else prose(reached.said)
        return Item(cause, kind, f"{kind} {name}", text, reason, evidence=evidence)

    yield item("migrated", f"**{name}** is migrated", prose(reached.said) if reached.there else "")
    clean = "no migration has failed there" if reached.there and reached.clean else ""
    yield item("status", f"**{name}**: the history is as it should be", clean)
    if reached.environment.kind is EnvironmentKind.PRODUCTION and reached.there:
        yield item("health", f"**{name}**: the application is healthy")
        yield item("performance", f"**{name}**: queries are as fast as before")
    if reached.environment.backup.method is not BackupMethod.NONE and reached.there:
        yield item(
            "retention", f"**{name}**: old backups go when their time is over", prose(_kept(reached.environment))
        )


def _kept(environment: Environment) -> str:
    kept = environment.backup.retention
    if environment.backup.method is BackupMethod.NEON:
        return f"branches are kept for {kept.branch_hours} hours, the last one always"
    return f"{kept.daily} daily, {kept.weekly} weekly and {kept.monthly} monthly ones are kept, the last one always"


def _recorded(tools: Tools, client: Client, pull: Pull, items: Sequence[Item], touches: Sequence[Touch]) -> None:
    """In the check run that the pull request was merged with, whose conclusion stays; the comment is its view."""
    run = next((one for one in checks.runs(client, pull.head_sha) if one.status == "completed"), None)
    if run is None:
        return
    sections = record.parse(run.text)
    section = record.section_of(pull.number, sections) or Section(pull.number, Verdict.SUCCESS)
    allowed = granted(client, pull, questions(items, touches))
    rows = decide(items, section.rows, touches, allowed, Moment(now(), pull.head_sha))
    ids = {row.item for row in rows}
    kept = tuple(row for row in section.rows if row.item not in ids)
    others = tuple(one for one in sections if one.number != pull.number)
    checks.amend(client, run, record.render((*others, replace(section, rows=(*kept, *rows)))))
    title = f"{_MARKER}\n### After merging\n"
    comments.ensure_comment(client, pull.number, None, f"{title}\n{boxes_of(items, rows)}", _MARKER)
