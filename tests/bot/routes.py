"""Examples of deliveries, and the work that each asks for: of every event and action we get, of every way it can go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.model import Ask, BaseMoved, Group, GroupGone, Refresh, Repo, Rerun, Sweep, Touch, Work
from bot.routing import TABLE
from tests.bot.deliveries import APP_ID, AT, OTHER_BOT, OURSELVES, SHA, Json, payload

REPO = Repo(42, "acme/shop", 3)
GUID = "11111111-2222-3333-4444-555555555555"
ONE, TWO = "0123abcd", "89abcdef"
_URL = "https://api.github.com/repos/acme/shop/pulls/7"
_PULL: Json = {
    "issue": {"number": 7, "pull_request": dict.fromkeys(("url", "diff_url", "html_url", "patch_url"), _URL)}
}
_NO_APP: Json = {"performed_via_github_app": None}
_APP: Json = {"performed_via_github_app": {"id": APP_ID}}
_OTHER_APP: Json = {"performed_via_github_app": {"id": APP_ID + 1}}


@dataclass(frozen=True, slots=True)
class Route:
    """about: what is special. ours: the payload's fields that matter. work: None when nothing is to be done."""

    event: str
    action: str
    about: str
    ours: Mapping[str, Any] = field(default_factory=dict)
    work: Work | None = None

    @property
    def payload(self) -> Json:
        return payload(self.event, self.action, self.ours)

    def __str__(self) -> str:
        return f"{self.event}.{self.action}: {self.about}"


def box(item: str, mark: str) -> str:
    return f"- [{mark}] confirm <!-- item:{item} -->\r\n"


def _comment(about: str, body: str, work: Work | None, ours: Mapping[str, Any] | None = None) -> Route:
    comment = {"comment": {"id": 8, "body": body, "created_at": AT, **_NO_APP}}
    return Route("issue_comment", "created", about, {**_PULL, **comment, **(ours or {})}, work)


def _edited(about: str, before: str, after: str, work: Work | None, ours: Mapping[str, Any] | None = None) -> Route:
    """Of our comment by a person, unless `ours` has it otherwise."""
    comment = {"body": after, "updated_at": AT, "user": OURSELVES, **_APP}
    changes = {"body": {"from": before}}
    return Route(
        "issue_comment", "edited", about, {**_PULL, "comment": comment, "changes": changes, **(ours or {})}, work
    )


def _deleted(about: str, work: Work | None, ours: Mapping[str, Any]) -> Route:
    comment = {"user": OURSELVES, **_APP}
    return Route("issue_comment", "deleted", about, {**_PULL, "comment": comment, **ours}, work)


def _run(about: str, work: Work | None, external_id: str, button: str = "", app_id: int = APP_ID) -> Route:
    ours: Json = {"check_run": {"head_sha": SHA, "external_id": external_id, "app": {"id": app_id}}}
    if not button:
        return Route("check_run", "rerequested", about, ours, work)
    return Route("check_run", "requested_action", about, {**ours, "requested_action": {"identifier": button}}, work)


def _suite(
    action: str, about: str, work: Work | None, pulls: tuple[tuple[int, int], ...] = (), app: int = APP_ID
) -> Route:
    """pulls: the number of each pull request, and the id of the repository it would be merged into."""
    side: Json = {"ref": "main", "sha": SHA, "repo": {"id": 1, "name": "shop", "url": _URL}}
    named = [
        {"id": 1, "number": number, "url": _URL, "head": side, "base": {**side, "repo": {**side["repo"], "id": repo}}}
        for number, repo in pulls
    ]
    ours = {"check_suite": {"head_sha": SHA, "app": {"id": app}, "pull_requests": named}}
    return Route("check_suite", action, about, ours, work)


def _touch(item: str, ticked: bool) -> Touch:
    return Touch(item, ticked, "ann", AT, GUID)


_REFRESH = Refresh(REPO, 7)
_OPEN, _TICKED = box(ONE, " ") + box(TWO, " "), box(ONE, "x") + box(TWO, " ")
_GROUP = {
    "merge_group": {
        "head_sha": SHA,
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{SHA}",
        "base_sha": "f" * 40,
        "base_ref": "refs/heads/main",
    }
}

_TOLD: tuple[Route, ...] = (
    *(
        Route("pull_request", action, "a pull request", {"number": 7}, _REFRESH)
        for action in ("opened", "synchronize", "reopened", "ready_for_review", "stacked", "closed")
    ),
    Route("pull_request", "edited", "its title", {"number": 7, "changes": {"title": {"from": "x"}}}),
    Route(
        "pull_request",
        "edited",
        "its base",
        {"number": 7, "changes": {"base": {"ref": {"from": "x"}, "sha": {"from": SHA}}}},
        _REFRESH,
    ),
    _comment("a command", "/migrate help", Ask(REPO, 7, 8, "ann", AT, "/migrate help")),
    _comment("not even a command", "/migrate hlep", Ask(REPO, 7, 8, "ann", AT, "/migrate hlep")),
    _comment("no command", "LGTM", None),
    _comment("a quoted command", "> /migrate help", None),
    _comment("a bot's command", "/migrate help", None, {"sender": OTHER_BOT}),
    _comment("on an issue", "/migrate help", None, {"issue": {"number": 7}}),
    _edited("a tick", _OPEN, _TICKED, Refresh(REPO, 7, (_touch(ONE, True),))),
    _edited("a tick taken back", _TICKED, _OPEN, Refresh(REPO, 7, (_touch(ONE, False),))),
    _edited(
        "two at once", _TICKED, box(TWO, "x") + box(ONE, " "), Refresh(REPO, 7, (_touch(TWO, True), _touch(ONE, False)))
    ),
    _edited("other text", _OPEN, f"{_OPEN}mine\r\n", _REFRESH),
    _edited("a box is gone", _TICKED, box(TWO, " "), _REFRESH),
    _edited("an open box is new", "", _OPEN, _REFRESH),
    _edited("a ticked box is new", "", _TICKED, Refresh(REPO, 7, (_touch(ONE, True),))),
    _edited("nobody says what it was", "", _TICKED, _REFRESH, {"changes": {}}),
    _edited("by another bot", _OPEN, _TICKED, _REFRESH, {"sender": OTHER_BOT}),
    _edited("by ourselves", _OPEN, _TICKED, None, {"sender": OURSELVES}),
    _edited("a person's comment", _OPEN, _TICKED, None, {"comment": {"body": _TICKED, **_NO_APP}}),
    _edited("another app's comment", _OPEN, _TICKED, None, {"comment": {"body": _TICKED, **_OTHER_APP}}),
    _edited("on an issue", _OPEN, _TICKED, None, {"issue": {"number": 7}}),
    _deleted("our comment", _REFRESH, {}),
    _deleted("our comment, by another bot", _REFRESH, {"sender": OTHER_BOT}),
    _deleted("our comment, by ourselves", None, {"sender": OURSELVES}),
    _deleted("a person's comment", None, {"comment": _NO_APP}),
    _run("our run", Rerun(REPO, SHA, 7), "42:7"),
    _run("our run, no number", Rerun(REPO, SHA), "7"),
    _run("our run, another repository's number", Rerun(REPO, SHA), "41:7"),
    _run("another app's run", None, "42:7", app_id=APP_ID + 1),
    _run("our button", Rerun(REPO, SHA, 7), "42:7", "rerun"),
    _run("another button", None, "42:7", "fix"),
    _run("another app's button", None, "42:7", "rerun", APP_ID + 1),
    _suite("rerequested", "our suite", Rerun(REPO, SHA), ((7, 42),)),
    _suite("rerequested", "another app's suite", None, ((7, 42),), APP_ID + 1),
    _suite("requested", "of one pull request", _REFRESH, ((7, 42),)),
    _suite("requested", "and of another repository's", _REFRESH, ((9, 41), (7, 42))),
    _suite("requested", "of none", None),
    _suite("requested", "of two", None, ((7, 42), (8, 42))),
    _suite("requested", "another app's suite", None, ((7, 42),), APP_ID + 1),
    Route(
        "merge_group",
        "checks_requested",
        "a group",
        _GROUP,
        Group(REPO, SHA, f"refs/heads/gh-readonly-queue/main/pr-7-{SHA}", "f" * 40, "refs/heads/main"),
    ),
    Route("merge_group", "destroyed", "a group", _GROUP, GroupGone(REPO, SHA)),
    Route("push", "", "a branch", {"ref": "refs/heads/release/1", "deleted": False}, BaseMoved(REPO, "release/1")),
    Route("push", "", "a branch that is gone", {"ref": "refs/heads/main", "deleted": True}),
    Route("push", "", "a tag", {"ref": "refs/tags/v1", "deleted": False}),
    Route("push", "", "a merge group", {"ref": "refs/heads/gh-readonly-queue/main/pr-7", "deleted": False}),
    *(
        Route("installation", action, "an account", {"installation": {"id": 3}}, Sweep(3))
        for action in ("created", "new_permissions_accepted", "unsuspend")
    ),
    Route("installation_repositories", "added", "repositories", {"installation": {"id": 3}}, Sweep(3)),
)
_TOLD_NAMES = {(route.event, route.action) for route in _TOLD}
# What the table leaves alone by name.
_LEFT = tuple(Route(event, action, "left alone") for event, action in TABLE if (event, action) not in _TOLD_NAMES)
ROUTES = (*_TOLD, *_LEFT)
