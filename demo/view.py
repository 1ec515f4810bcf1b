"""What the pages show: the stand-in's records as frozen values, in the words of GitHub's own pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from demo.diff import File, changed
from demo.markdown import picture, render
from tests.github import pulls, shapes_checks
from tests.github.bare import Bare
from tests.github.state import Comment, Group, Json, Pull, Repo, Run, State

_REACTIONS = {"eyes": "👀", "rocket": "🚀", "confused": "😕", "+1": "👍", "-1": "👎"}
_QUEUE = "github-merge-queue[bot]"
_GOOD = ("success", "neutral", "skipped")
_WORDS = {
    "success": "Successful",
    "failure": "Failing",
    "action_required": "Action required",
    "cancelled": "Cancelled",
    "neutral": "Neutral",
    "stale": "Stale",
    "queued": "Queued",
    "in_progress": "In progress",
}
_MERGEABILITY = {
    "good": "No conflicts with the base branch",
    "bad": "A required check has not passed",
    "pending": "A required check has still to report",
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks at the page."""

    login: str
    may_write: bool


@dataclass(frozen=True, slots=True)
class Check:
    """tone: good, bad or pending, as a required check counts."""

    id: int
    name: str
    sha: str
    tone: str
    word: str
    title: str
    summary: Markup
    text: Markup
    annotations: tuple[Json, ...]
    actions: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A comment. version: its text's, for whoever clicks on a box of what may be an older one."""

    id: int
    login: str
    by_app: bool
    at: datetime
    edited: bool
    html: Markup
    reactions: tuple[tuple[Markup, str], ...]
    version: int


@dataclass(frozen=True, slots=True)
class Pushed:
    sha: str
    login: str
    at: datetime
    message: str
    check: Check | None


@dataclass(frozen=True, slots=True)
class Queued:
    """A merge group that has the pull request. reason: empty while it waits for its check."""

    sha: str
    reason: str
    check: Check | None


@dataclass(frozen=True, slots=True)
class Page:
    """A pull request. state: open, merged or closed. tone: of the merge box."""

    repo: str
    number: int
    title: str
    state: str
    author: str
    body: Markup
    base: str
    head: str
    head_sha: str
    opened: datetime
    ended: tuple[str, datetime] | None
    checks: tuple[Check, ...]
    commits: tuple[Pushed, ...]
    comments: tuple[Said, ...]
    files: tuple[File, ...]
    group: Queued | None
    tone: str
    may_queue: bool

    @property
    def merging(self) -> str:
        """What stands below the merge box's headline."""
        return _MERGEABILITY[self.tone]

    def timeline(self) -> list[Said | Pushed]:
        """Oldest first."""
        return sorted((*self.commits, *self.comments), key=lambda one: one.at)

    def annotations(self, path: str, line: int | None) -> tuple[Json, ...]:
        """Those that end on a line of a file at the head."""
        last = [note for check in self.checks for note in check.annotations]
        return tuple(note for note in last if (note["path"], note["end_line"]) == (path, line))


def page(state: State, pull: Pull, viewer: Viewer) -> Page:
    """The caller holds the state's lock."""
    bare = Bare(pull.repo.directory)
    fork = bare.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    checks = _checks(state, pull.repo, pull.head_sha)
    tone = _tone(state, pull)
    group = _group(state, pull)
    waits = group is not None and not group.reason
    return Page(
        repo=pull.repo.full_name,
        number=pull.number,
        title=pull.title,
        state="merged" if pull.merged_at else pull.state,
        author=pull.author.login,
        body=render(pull.body),
        base=pull.base_ref,
        head=pull.head_ref,
        head_sha=pull.head_sha,
        opened=pull.created_at,
        ended=_ended(pull),
        checks=checks,
        commits=tuple(_commits(state, pull, fork)),
        comments=tuple(_said(one, viewer) for one in _comments(pull)),
        files=changed(pull.repo.directory, fork, pull.head_sha),
        group=group,
        tone=tone,
        may_queue=viewer.may_write and tone == "good" and pull.state == "open" and not waits,
    )


def _ended(pull: Pull) -> tuple[str, datetime] | None:
    """Here nothing is merged but by the queue."""
    if pull.merged_at:
        return _QUEUE, pull.merged_at
    return (pull.author.login, pull.closed_at) if pull.closed_at else None


def _tone(state: State, pull: Pull) -> str:
    if pull.mergeable is False:
        return "bad"
    return {"success": "good", "failing": "bad"}.get(pulls.required(state, pull.repo, pull.head_sha), "pending")


def _checks(state: State, repo: Repo, sha: str) -> tuple[Check, ...]:
    """The newest of each name."""
    suites = (suite for suite in repo.suites.values() if suite.head_sha == sha)
    runs = [run for suite in suites for run in shapes_checks.latest(shapes_checks.runs_of(suite))]
    return tuple(_check(run) for run in runs)


def _check(run: Run) -> Check:
    done = run.status == "completed"
    word = str(run.conclusion if done else run.status)
    waits = not done or run.suite.reset
    return Check(
        id=run.id,
        name=run.name,
        sha=run.suite.head_sha,
        tone="pending" if waits else "good" if run.conclusion in _GOOD else "bad",
        word="Waiting to run again" if done and waits else _WORDS.get(word, word),
        title=run.title or "",
        summary=render(run.summary or ""),
        text=render(run.text or ""),
        annotations=tuple(run.annotations),
        actions=tuple(run.actions) if done else (),
    )


def _commits(state: State, pull: Pull, fork: str) -> Iterator[Pushed]:
    for one in Bare(pull.repo.directory).log(pull.head_sha, f"^{fork}"):
        check = next(iter(_checks(state, pull.repo, one.sha)), None)
        message = one.message.partition("\n")[0]
        yield Pushed(one.sha, one.author.name, datetime.fromisoformat(one.committer.date), message, check)


def _comments(pull: Pull) -> list[Comment]:
    return sorted((one for one in pull.repo.comments.values() if one.pull is pull), key=lambda one: one.id)


def _said(one: Comment, viewer: Viewer) -> Said:
    return Said(
        id=one.id,
        login=one.user.login,
        by_app=one.by_app,
        at=one.created_at,
        edited=one.updated_at.replace(microsecond=0) > one.created_at,
        html=render(one.body, tickable=viewer.may_write or one.user.login == viewer.login),
        reactions=tuple(
            (picture(_REACTIONS.get(given.content, given.content)), given.user.login) for given in one.reactions
        ),
        version=version(one),
    )


def version(comment: Comment) -> int:
    """Of a comment's text."""
    return hash(comment.body)


def _group(state: State, pull: Pull) -> Queued | None:
    """The last one that it was in."""
    found: list[Group] = [one for one in state.groups if pull in one.pulls]
    if not found:
        return None
    check = next(iter(_checks(state, pull.repo, found[-1].head_sha)), None)
    return Queued(found[-1].head_sha, found[-1].reason or "", check)
