"""Issues as GitHub writes them in JSON, pull requests among them."""

from __future__ import annotations

from tests.github.shapes import api, app, node_id, user
from tests.github.shapes_pulls import association, tally
from tests.github.shapes_pulls import issue as of_pull
from tests.github.state import Issue, Json, Pull, State, stamp


def any_issue(state: State, one: Pull | Issue) -> Json:
    return of_pull(state, one) if isinstance(one, Pull) else issue(state, one)


def issue(state: State, one: Issue) -> Json:
    """One that is no pull request."""
    home = api(state, f"repos/{one.repo.full_name}")
    at = f"{home}/issues/{one.number}"
    return {
        "id": one.id,
        "node_id": node_id("I", one.id),
        "number": one.number,
        "title": one.title,
        "body": one.body or None,
        "state": one.state,
        "state_reason": one.reason,
        "user": user(state, one.author),
        "url": at,
        "repository_url": home,
        **{f"{name}_url": f"{at}/{name}" for name in ("comments", "events", "timeline")},
        "labels_url": f"{at}/labels{{/name}}",
        "html_url": f"{state.url}/{one.repo.full_name}/issues/{one.number}",
        "labels": [],
        "assignees": [],
        **dict.fromkeys(("assignee", "milestone", "active_lock_reason")),
        "locked": False,
        "comments": sum(comment.pull is one for comment in one.repo.comments.values()),
        **{name: stamp(getattr(one, name)) for name in ("created_at", "updated_at", "closed_at")},
        "author_association": association(one.repo, one.author),
        "reactions": tally(f"{at}/reactions", []),
        "performed_via_github_app": app(state) if one.by_app else None,
    }
