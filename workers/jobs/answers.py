"""Answers the commands of a comment: each one is done, and the comment told so with a reaction, or a reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.commands import Command, help_text, parse
from bot.commands import Reply as Misread
from bot.comment import LIMIT_BYTES
from bot.errors import Conflict, Forbidden
from bot.github import checks, comments, contents, people, pulls
from bot.github.client import Client
from bot.markup import quoted
from bot.model import Ask, Operate, Refresh, Row, Touch
from bot.outcome import Outcome, RollbackFile, Standing
from workers.jobs.admission import environments_of
from workers.jobs.enquiries import Answer, enquire
from workers.jobs.refresh import Drawn, refresh
from workers.jobs.reviewing import opened
from workers.jobs.tools import Tools
from workers.report.markup import fence

_ITEM_BYTES = 60  # of what was typed in the place of one


@dataclass(frozen=True, slots=True)
class _Hearing:
    """A comment being answered. environments: the repository's, by their names."""

    tools: Tools
    client: Client
    ask: Ask
    environments: tuple[str, ...]


def answer(tools: Tools, ask: Ask) -> None:
    """A comment that has our last reaction was answered before: a delivery may come twice, and our own memory be lost.
    The caller holds the pull request's lock. Raises Retryable, Permanent."""
    client = tools.app.client(ask.repo, urgent=True)
    if comments.is_answered(client, ask.comment):
        return
    comments.notice(client, ask.comment)
    environments = tuple(one.name for one in environments_of(tools, client))
    hearing = _Hearing(tools, client, ask, environments)
    commands = parse(ask.body, environments)
    answers = tuple(_answer(hearing, command, commands) for command in commands)
    replies = [one.reply for one in answers if one.reply]
    if replies:
        comments.reply(client, ask.number, ask.comment, "\n\n".join(replies))
    if all(one.done is not None for one in answers):
        comments.conclude(client, ask.comment, done=all(one.done for one in answers))


def _answer(hearing: _Hearing, command: Command | Misread, all_of_them: Sequence[Command | Misread]) -> Answer:
    if isinstance(command, Misread):
        return Answer(False, command.text)
    if not command.environment:
        return _ANSWERS[command.name](hearing, command)
    if len(all_of_them) > 1:
        return Answer(False, "A command about an environment needs a comment of its own.")
    if _PRESERVE in command.flags:
        return Answer(False, f"`{_PRESERVE}` is about the files of the pull request, not about an environment.")
    return enquire(hearing.tools, hearing.client, _operate(hearing.ask, command))


def _operate(ask: Ask, command: Command) -> Operate:
    environment, *arguments = command.arguments
    return Operate(
        repo=ask.repo,
        number=ask.number,
        comment=ask.comment,
        login=ask.login,
        at=ask.at,
        environment=environment,
        act=command.name,
        arguments=tuple(arguments),
        flags=tuple(sorted(command.flags)),
        because=command.because,
    )


def refuse(tools: Tools, ask: Ask, why: str) -> None:
    """Tells that a comment's commands could not be done. Raises what GitHub raises."""
    client = tools.app.client(ask.repo, urgent=True)
    comments.reply(client, ask.number, ask.comment, why)
    comments.conclude(client, ask.comment, done=False)


# ---------------------------------------------------------------- the commands


def _help(hearing: _Hearing, command: Command) -> Answer:
    return Answer(True, help_text(hearing.environments))


def _status(hearing: _Hearing, command: Command) -> Answer:
    drawn = _refreshed(hearing)
    return Answer(False, _CLOSED) if drawn is None else Answer(True, _status_text(drawn))


def _recheck(hearing: _Hearing, command: Command) -> Answer:
    if not _may(hearing, author_too=True):
        return Answer(False, _NEEDS_WRITE)
    hearing.tools.memory.forget(hearing.ask.repo.id, hearing.ask.number)
    drawn = _refreshed(hearing)
    return Answer(False, _CLOSED) if drawn is None else Answer(True)


def _ack(hearing: _Hearing, command: Command) -> Answer:
    return _touch(hearing, command, ticked=True)


def _unack(hearing: _Hearing, command: Command) -> Answer:
    return _touch(hearing, command, ticked=False)


def _rollback(hearing: _Hearing, command: Command) -> Answer:
    """Commits the files to the pull request's branch, or shows them where the branch is not ours to write to."""
    if not _may(hearing):
        return Answer(False, _NEEDS_WRITE)
    drawn = _refreshed(hearing)
    if drawn is None:
        return Answer(False, _CLOSED)
    if not drawn.outcome.rollbacks:
        return Answer(False, "There is no rollback SQL for this pull request.")
    if _PRESERVE in command.flags and not any(file.keeps for file in drawn.outcome.rollbacks):
        return Answer(False, _NOTHING_KEPT)
    if _moved(hearing, drawn):
        return Answer(False, f"The branch has moved to {drawn.pull.head_sha} since you asked; look, and ask again.")
    if drawn.pull.from_fork:
        return Answer(True, _patch("The branch is in a fork", drawn.outcome.rollbacks))
    files = _whole(hearing, drawn.pull.head_sha, drawn.outcome.rollbacks)
    try:
        commit = contents.commit_files(
            hearing.client, drawn.pull.head_ref, drawn.pull.head_sha, files, "Add rollback SQL"
        )
    except Conflict:
        return Answer(False, f"The branch is no longer at {drawn.pull.head_sha[:10]}; please ask again.")
    except Forbidden:
        return Answer(True, _patch("The branch may not be written to", drawn.outcome.rollbacks))
    return Answer(True, "" if commit != drawn.pull.head_sha else "The branch has these rollback files already.")


def _whole(hearing: _Hearing, head: str, files: Sequence[RollbackFile]) -> dict[str, str]:
    """The texts by their paths, with what stands there before what is appended. Nothing is appended twice."""
    texts = {file.path: file.sql for file in files if not file.appended}
    appended = [file for file in files if file.appended]
    if appended:
        with opened(hearing.tools, hearing.client) as copy:
            copy.fetch((head,))
            there = {file.path: copy.repository.file(head, file.path) or b"" for file in appended}
        for file in appended:
            before = there[file.path].decode("utf-8", "replace")
            texts[file.path] = before if file.sql in before else f"{before.rstrip()}\n{file.sql}"
    return texts


_ANSWERS: dict[str, Callable[[_Hearing, Command], Answer]] = {
    "help": _help,
    "status": _status,
    "recheck": _recheck,
    "ack": _ack,
    "unack": _unack,
    "rollback": _rollback,
}
_CLOSED = "This pull request is not open."
_PRESERVE = "--preserve"
_NOTHING_KEPT = (
    "The review wrote no SQL that keeps data: that takes `rollback: {preserve: true}` in `.github/migrations.yml`, and "
    "a migration that takes what can be kept."
)
_NEEDS_WRITE = "This needs write access to the repository."


def _refreshed(hearing: _Hearing, touches: Sequence[Touch] = ()) -> Drawn | None:
    return refresh(hearing.tools, Refresh(hearing.ask.repo, hearing.ask.number), touches, urgent=True)


def _moved(hearing: _Hearing, drawn: Drawn) -> bool:
    """Whether the head is one that the author of the command cannot have seen. A comment does not say which it was; our
    first check of a commit tells when that commit came."""
    began = [run.started_at for run in checks.runs(hearing.client, drawn.pull.head_sha) if run.started_at]
    return bool(began) and min(began) > hearing.ask.at


def _may(hearing: _Hearing, author_too: bool = False) -> bool:
    """Asked of GitHub each time: nothing else knows who has lost access since."""
    if author_too and pulls.pull(hearing.client, hearing.ask.number).author == hearing.ask.login:
        return True
    return people.may_write(hearing.client, hearing.ask.login)


# ---------------------------------------------------------------- ack, unack


def _touch(hearing: _Hearing, command: Command, ticked: bool) -> Answer:
    ask = hearing.ask
    touches = tuple(
        Touch(item, ticked, ask.login, ask.at, f"comment {ask.comment}", command.because) for item in command.arguments
    )
    drawn = _refreshed(hearing, touches)
    if drawn is None:
        return Answer(False, _CLOSED)
    wrong = tuple(filter(None, (_wrong(drawn, touch) for touch in touches)))
    return Answer(not wrong, "\n".join(wrong))


def _wrong(drawn: Drawn, touch: Touch) -> str:
    """Why a touch did not come to be; empty when it did."""
    row = next((row for row in drawn.rows if row.item == touch.item), None)
    if row is None:
        return f"There is no item {quoted(touch.item, _ITEM_BYTES)}. {_listed(drawn.rows)}"
    if row.ticked is touch.ticked:
        return ""
    item = next((item for item in drawn.outcome.items if item.id == touch.item), None)
    if item and item.evidence:
        return f"{quoted(touch.item)} is what the review saw for itself: {item.text}"
    return f"{quoted(touch.item)}: {quoted(row.note)}" if row.note else f"{quoted(touch.item)} was changed since."


def _listed(rows: Sequence[Row]) -> str:
    ids = ", ".join(quoted(row.item) for row in rows if not row.ticked)
    return f"Open are {ids}." if ids else "No item is open."


# ---------------------------------------------------------------- what is said


def _status_text(drawn: Drawn) -> str:
    if drawn.outcome.standing is not Standing.REVIEWED:
        return drawn.outcome.reason or drawn.outcome.headline
    rows = "".join(_status_row(drawn.outcome, row) for row in drawn.rows)
    table = f"\n\n| item | | by | at |\n|---|---|---|---|\n{rows}" if rows else ""
    return f"{drawn.outcome.headline}\n\nReviewed at {drawn.pull.head_sha[:10]}.{table}"


def _status_row(outcome: Outcome, row: Row) -> str:
    text = next((item.text for item in outcome.items if item.id == row.item), row.label)
    mark, by = ("✅", quoted(row.login)) if row.ticked else ("⬜", quoted(row.note))
    return f"| {quoted(row.item)} | {mark} {text} | {by} | {row.at[:16].replace('T', ' ')} |\n"


def _patch(why: str, files: Sequence[RollbackFile]) -> str:
    """The files themselves, for somebody else to commit."""
    shown = "\n\n".join(f"{quoted(file.path)}\n\n{fence(file.sql)}" for file in files)
    text = f"{why}, so here are the files to commit:\n\n{shown}"
    if len(text.encode()) <= LIMIT_BYTES:
        return text
    return f"{why}, and the SQL is too long for a comment: `migration-bot review --format json` prints it."
