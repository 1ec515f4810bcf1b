"""After the merge: which environments the migrations have reached, by whatever hands, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot import record
from bot.checklist import Moment, decide, questions
from bot.comment import boxes_of
from bot.errors import NotYet, Permanent
from bot.github import checks, comments, pulls
from bot.github.client import Client
from bot.github.pulls import Pull
from bot.locks import lock
from bot.model import Landed, Refresh, Section, Touch, Verdict
from bot.outcome import Item
from bot.queue import key
from workers.environments.model import BackupMethod, Environment, EnvironmentKind
from workers.environments.order import Desk, looking
from workers.errors import Refused, Unreachable
from workers.jobs import attempts
from workers.jobs.admission import environments_of
from workers.jobs.permission import granted
from workers.jobs.sources import Source, source_of
from workers.jobs.tools import Tools, now, of_commit
from workers.report.chapters import cause_id
from workers.report.markup import prose
from workers.report.words import count, tick

_MARKER = "<!-- migration-bot:landed -->"
_LONGEST = timedelta(days=14)
_LONGEST_ATTEMPT = timedelta(days=2)  # one is a day at most, and clocks differ
_SOON = timedelta(hours=2)
_SOON_S, _LATER_S = 60.0, 900.0


@dataclass(frozen=True, slots=True)
class _Reached:
    """An environment, and whether the pull request's migrations are there. said: plain text. wrong: what is not as
    it should be with the history there, plain text."""

    environment: Environment
    there: bool
    wrong: str
    said: str


def follow(tools: Tools, client: Client, pull: Pull, touches: Sequence[Touch]) -> None:
    """For a pull request that is not open: draws what is known, and looks again later. The caller holds its lock."""
    if not pull.merged or not environments_of(tools, client):
        return
    if not _is_everywhere(_drawn(tools, client, pull, touches)):
        tools.queue.add(Landed(client.repo, pull.number), _SOON_S)


def look(tools: Tools, work: Landed) -> None:
    """Raises NotYet as long as there is something to wait for; Retryable, Permanent."""
    client = tools.app.client(work.repo)
    pull = pulls.pull(client, work.number)
    if not pull.merged:
        return
    with lock(tools.redis, key(Refresh(work.repo, work.number))):  # as in a refresh: no tick comes in between
        reached = _drawn(tools, client, pull, ())
    age = datetime.now(UTC) - datetime.fromisoformat(pull.merged_at)
    if not _is_everywhere(reached) and age < _LONGEST:
        raise NotYet(f"{work.number} is not everywhere yet", _SOON_S if age < _SOON else _LATER_S)


def _is_everywhere(reached: Sequence[_Reached]) -> bool:
    """Also what has nowhere to go."""
    return all(one.there for one in reached)


def _drawn(tools: Tools, client: Client, pull: Pull, touches: Sequence[Touch]) -> tuple[_Reached, ...]:
    """What was drawn; nothing for a pull request without migrations."""
    try:
        source = source_of(tools, client, pull)
    except Permanent:
        return ()
    if not any(share.own.added for share in source.shares):
        return ()
    reached = tuple(_reached(client, source, one) for one in environments_of(tools, client) if source.concerns(one))
    items = tuple(item for one in reached for item in _items(pull, one))
    _recorded(tools, client, pull, items, touches)
    return reached


def _reached(client: Client, source: Source, environment: Environment) -> _Reached:
    try:
        order = source.order(environment)
        with looking(order) as desk:
            return _Reached(order.environment, desk.has_own, _wrong(desk), _said(client, desk))
    except (Permanent, Refused, Unreachable) as error:
        return _Reached(environment, False, "", str(error))


def _wrong(desk: Desk) -> str:
    failed = tuple(entry.name for entry in desk.diagnosis.failed)
    edited = tuple(name for name in desk.diagnosis.edited if name in desk.order.own)
    told = (("failed there", failed), ("ran there as another text than was merged", edited))
    return "; ".join(f"{', '.join(map(tick, names))} {what}" for what, names in told if names)


def _said(client: Client, desk: Desk) -> str:
    own, name = desk.order.own, desk.order.environment.name
    entries = [entry for entry in desk.diagnosis.applied if entry.name in own & desk.there]
    if not desk.has_own:
        there = f"{len(entries)} of {count(len(own), 'migration')} there"
        return "; ".join(part for part in (there, _wrong(desk)) if part)
    ends = [entry.finished_at for entry in entries if entry.finished_at]  # none in a table without times
    at = f" since {max(ends).astimezone(UTC):%Y-%m-%d %H:%M} UTC" if ends else ""
    began = min((entry.started_at for entry in entries if entry.started_at), default=None)
    since = began - _LONGEST_ATTEMPT if began else datetime.fromtimestamp(0, UTC)
    return f"`{desk.reader.name}` has it{at}, {_hands(client, name, own, since)}"


def _hands(client: Client, environment: str, own: Set[str], since: datetime) -> str:
    """Who brought the migrations there. since: no attempt that began before did."""
    left, logins = set(own), []
    for recorded in attempts.records(client, environment):
        if not left or datetime.fromisoformat(recorded.deployment.created_at) < since:
            break
        if recorded.attempt.act == "deploy" and left & set(recorded.attempt.migrations):
            left -= set(recorded.attempt.migrations)
            logins.append(recorded.attempt.login)
    if not logins:
        return "by other hands"
    ours = f"by `/migrate {environment}`, for {' and '.join(dict.fromkeys(logins))}"
    return f"{ours}, and in part by other hands" if left else ours


# ---------------------------------------------------------------- what is left to do


def _items(pull: Pull, reached: _Reached) -> Iterator[Item]:
    """What the database shows is ticked by that; the rest by people, once there is something to watch."""
    name, said = reached.environment.name, prose(reached.said)

    def item(kind: str, text: str, reason: str = "", evidence: str = "") -> Item:
        cause = cause_id(f"landed {kind}", (name,), (pull.head_sha,))
        return Item(cause, kind, f"{kind} {name}", text, reason, evidence=evidence)

    if not reached.there:
        yield item("migrated", f"**{name}** is migrated", said)
        return
    yield item("migrated", f"**{name}** is migrated", evidence=said)
    clean = "" if reached.wrong else "no migration has failed there"
    yield item("status", f"**{name}**: the history is as it should be", prose(reached.wrong), clean)
    if reached.environment.kind is EnvironmentKind.PRODUCTION:
        yield item("health", f"**{name}**: the application is healthy", said)
        yield item("performance", f"**{name}**: queries are as fast as before", said)
    if reached.environment.backup.method is not BackupMethod.NONE:
        kept = prose(_kept(reached.environment))
        yield item("retention", f"**{name}**: old backups go when their time is over", evidence=kept)


def _kept(environment: Environment) -> str:
    kept = environment.backup.retention
    if environment.backup.method is BackupMethod.NEON:
        return f"branches are kept for {kept.branch_hours} hours, the last one always"
    return f"{kept.daily} daily, {kept.weekly} weekly and {kept.monthly} monthly ones are kept, the last one always"


def _recorded(tools: Tools, client: Client, pull: Pull, items: Sequence[Item], touches: Sequence[Touch]) -> None:
    """In the check run that the pull request was merged with, whose conclusion stays; the comment is its view."""
    allowed = granted(client, pull, questions(items, touches))
    with of_commit(tools, client.repo, pull.head_sha):
        run = next((one for one in checks.runs(client, pull.head_sha) if one.status == "completed"), None)
        if run is None:
            return
        sections = record.parse(run.text)
        unreviewed = Section(pull.number, Verdict.FAILURE)  # what is merged may have been without a review
        section = record.section_of(pull.number, sections) or unreviewed
        rows = decide(items, section.rows, touches, allowed, Moment(now(), pull.head_sha))
        ids = {row.item for row in rows}
        kept = tuple(row for row in section.rows if row.item not in ids)
        others = tuple(one for one in sections if one.number != pull.number)
        checks.amend(client, run, record.render((*others, replace(section, rows=(*kept, *rows)))))
    title = f"{_MARKER}\n### After merging\n"
    comments.ensure_comment(client, pull.number, None, f"{title}\n{boxes_of(items, rows)}", _MARKER)
