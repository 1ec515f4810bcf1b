"""Keeps the one check run of a commit as it should be, with as few writes as will do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from bot.github.client import Client
from bot.github.reading import Text, at, read, same_text
from bot.outcome import Annotation

NAME = "migrations"
MOST_ANNOTATIONS = 200
_BATCH = 50  # POST /repos/{owner}/{repo}/check-runs takes no more; each PATCH appends
_LIMIT_BYTES = 65_000
_TITLE_CHARS = 255
_COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Action:
    """A button on a completed run. GitHub's limits: label 20, description 40, identifier 20 characters."""

    label: str
    description: str
    identifier: str


RERUN = Action("Re-run", "Review this commit again", "rerun")


@dataclass(frozen=True, slots=True)
class Run:
    """A check run of ours. summary: with the mark of its annotations. conclusion: None until it is completed."""

    id: int
    sha: Annotated[str, at("head_sha")]
    status: str
    conclusion: str | None = None
    title: Annotated[Text, at("output", "title")] = ""
    summary: Annotated[Text, at("output", "summary")] = ""
    text: Annotated[Text, at("output", "text")] = ""
    external_id: Text = ""
    annotations_count: Annotated[int, at("output", "annotations_count")] = 0
    started_at: Text = ""
    app_id: Annotated[int | None, at("app", "id")] = None


@dataclass(frozen=True, slots=True)
class WantedCheck:
    """What the run of a commit should say. status: queued, in_progress or completed, and only then a conclusion.
    summary, text: Markdown of at most 65,000 bytes each. Annotations after the two hundredth are left out."""

    sha: str
    status: str
    conclusion: str | None
    title: str
    summary: str
    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    actions: tuple[Action, ...] = (RERUN,)

    def __post_init__(self) -> None:
        assert (self.status == _COMPLETED) == (self.conclusion is not None), f"{self.status}, {self.conclusion}"
        for text in (self.summary, self.text):
            assert len(text.encode()) <= _LIMIT_BYTES, f"{len(text.encode())} bytes for a check run"


def runs(client: Client, sha: str) -> tuple[Run, ...]:
    """All runs of ours on a commit, also those that newer ones hide, the newest first."""
    path = f"commits/{sha}/check-runs"
    told = client.pages(path, "check_runs", check_name=NAME, app_id=client.app_id, filter="all")
    found = (read(Run, one, "check run") for one in told)
    own = (one for one in found if one.app_id == client.app_id)
    return tuple(sorted(own, key=lambda one: one.id, reverse=True))


def run(client: Client, run_id: int) -> Run:
    """One run as it is now. Raises NotFound."""
    return read(Run, client.get(f"check-runs/{run_id}"), f"check run {run_id}")


def conclude(client: Client, open_run: Run) -> None:
    """Cancels a run that nobody will bring to an end."""
    client.patch(f"check-runs/{open_run.id}", {"status": _COMPLETED, "conclusion": "cancelled"})


def amend(client: Client, old: Run, text: str) -> None:
    """Another text for a run whose conclusion stays as it is."""
    if not same_text(old.text, text):
        output = {"title": old.title, "summary": old.summary, "text": text}
        client.patch(f"check-runs/{old.id}", {"output": output})


def ensure_check(client: Client, wanted: WantedCheck, external_id: str) -> Run:
    """Brings the newest run to what is wanted, or makes a new one, and concludes older ones that are still open. To be
    called under a lock for the commit. After a lost reply it may be called again: it goes on where it was."""
    known = runs(client, wanted.sha)
    written = _written(client, known[0] if known and _can_become(known[0], wanted) else None, wanted, external_id)
    for old in known:
        if old.id != written.id and old.status != _COMPLETED:
            conclude(client, old)
    return written


def _can_become(old: Run, wanted: WantedCheck) -> bool:
    """A completed run stays completed, one that GitHub called stale is GitHub's, and annotations cannot be taken back:
    in each of these cases a new run of the same name takes its place."""
    if old.status == _COMPLETED and (wanted.status != _COMPLETED or old.conclusion == "stale"):
        return False
    return not old.annotations_count or _mark(wanted) in old.summary.splitlines()


def _written(client: Client, old: Run | None, wanted: WantedCheck, external_id: str) -> Run:
    """The first request says everything; the rest only bring more annotations."""
    left = wanted.annotations[old.annotations_count if old else 0 : MOST_ANNOTATIONS]
    if old and not left and _says(old, wanted, external_id):
        return old
    first, *more = (
        {**_told(wanted, external_id), "output": _output(wanted, left[start : start + _BATCH])}
        for start in range(0, max(len(left), 1), _BATCH)
    )
    if old is None:
        told = client.post("check-runs", {**first, "name": NAME, "head_sha": wanted.sha})
    else:
        told = client.patch(f"check-runs/{old.id}", first)
    written = read(Run, told, "check run")
    for batch in more:
        written = read(Run, client.patch(f"check-runs/{written.id}", batch), "check run")
    return written


def _says(old: Run, wanted: WantedCheck, external_id: str) -> bool:
    """Buttons are not compared: GitHub does not tell which ones a run has."""
    return (
        (old.status, old.conclusion, old.title) == (wanted.status, wanted.conclusion, wanted.title)
        and old.external_id == external_id
        and same_text(old.summary, _summary(wanted))
        and same_text(old.text, wanted.text)
    )


def _told(wanted: WantedCheck, external_id: str) -> Mapping[str, Any]:
    conclusion = {"conclusion": wanted.conclusion} if wanted.conclusion else {}
    actions = [asdict(action) for action in wanted.actions]
    return {"status": wanted.status, **conclusion, "external_id": external_id, "actions": actions}


def _output(wanted: WantedCheck, batch: Sequence[Annotation]) -> Mapping[str, Any]:
    told = {"title": wanted.title, "summary": _summary(wanted), "text": wanted.text}
    return {**told, "annotations": [_annotation(one) for one in batch]} if batch else told


def _annotation(one: Annotation) -> Mapping[str, Any]:
    return {
        "path": one.path,
        "start_line": one.line,
        "end_line": one.end_line,
        "annotation_level": one.level,
        "title": one.title[:_TITLE_CHARS],
        "message": one.message,
    }


def _summary(wanted: WantedCheck) -> str:
    return f"{wanted.summary}\n\n{_mark(wanted)}" if wanted.annotations else wanted.summary


def _mark(wanted: WantedCheck) -> str:
    """Says in the run itself which annotations it has or is getting: with GitHub's count of them, that is all it takes
    to never send one twice."""
    told = json.dumps([_annotation(one) for one in wanted.annotations[:MOST_ANNOTATIONS]])
    return f"<!-- migration-bot:annotations {hashlib.sha256(told.encode()).hexdigest()[:16]} -->"
