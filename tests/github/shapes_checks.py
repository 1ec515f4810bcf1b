"""Check runs and suites as GitHub writes them in JSON, and what a suite comes to."""

from __future__ import annotations

from tests.github.bare import Bare
from tests.github.shapes import api, app, node_id, repository
from tests.github.shapes_git import simple_commit
from tests.github.state import Json, Pull, Repo, Run, State, Suite, stamp

# The one that a suite of several comes to stands first.
_WORST = ("failure", "timed_out", "cancelled", "action_required", "stale", "success", "neutral", "skipped")


def run(state: State, one: Run) -> Json:
    at = api(state, f"repos/{one.suite.repo.full_name}/check-runs/{one.id}")
    return {
        "id": one.id,
        "node_id": node_id("CR", one.id),
        "name": one.name,
        "head_sha": one.suite.head_sha,
        "external_id": one.external_id,
        "url": at,
        "html_url": f"{state.url}/{one.suite.repo.full_name}/runs/{one.id}",
        "details_url": one.details_url,
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": stamp(one.started_at),
        "completed_at": stamp(one.completed_at),
        "output": {
            "title": one.title,
            "summary": one.summary,
            "text": one.text,
            "annotations_count": len(one.annotations),
            "annotations_url": f"{at}/annotations",
        },
        "check_suite": {"id": one.suite.id},
        "app": _app(state, one.suite),
        "pull_requests": [minimal_pull(state, pull) for pull in pulls_of(one.suite)],
    }


def run_in_event(state: State, one: Run) -> Json:
    return {**run(state, one), "check_suite": simple_suite(state, one.suite)}


def simple_suite(state: State, one: Suite) -> Json:
    """As it stands inside the run of an event."""
    status, conclusion = standing(one)
    return {
        "id": one.id,
        "node_id": node_id("CS", one.id),
        "head_branch": one.branch,
        "head_sha": one.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": api(state, f"repos/{one.repo.full_name}/check-suites/{one.id}"),
        "before": one.before,
        "after": one.head_sha,
        "pull_requests": [minimal_pull(state, pull) for pull in pulls_of(one)],
        "app": _app(state, one),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
    }


def suite(state: State, one: Suite) -> Json:
    simple = simple_suite(state, one)
    return {
        **simple,
        "repository": repository(state, one.repo),
        "head_commit": simple_commit(Bare(one.repo.directory).one(one.head_sha)),
        "latest_check_runs_count": len(latest(runs_of(one))),
        "check_runs_url": f"{simple['url']}/check-runs",
        "rerequestable": True,
        "runs_rerequestable": True,
    }


def annotation(state: State, one: Run, wanted: Json) -> Json:
    columns = {"start_column": None, "end_column": None, "title": None, "raw_details": None}
    path = f"{one.suite.repo.full_name}/blob/{one.suite.head_sha}/{wanted['path']}"
    return {**columns, **wanted, "blob_href": f"{state.url}/{path}"}


def minimal_pull(state: State, one: Pull) -> Json:
    return {
        "id": one.id,
        "number": one.number,
        "url": api(state, f"repos/{one.repo.full_name}/pulls/{one.number}"),
        "head": _end(state, one.head_repo, one.head_ref, one.head_sha),
        "base": _end(state, one.repo, one.base_ref, one.base_sha),
    }


def pulls_of(suite: Suite) -> list[Pull]:
    """Open pull requests of the same repository with this head; none for a fork
    (https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_suite)."""
    pulls = suite.repo.pulls.values()
    return [one for one in pulls if one.state == "open" and one.head_sha == suite.head_sha and not one.is_fork]


def runs_of(suite: Suite) -> list[Run]:
    return [one for one in suite.repo.runs.values() if one.suite is suite]


def latest(runs: list[Run]) -> list[Run]:
    """The newest of each name."""
    return list({one.name: one for one in sorted(runs, key=lambda one: one.id)}.values())


def standing(suite: Suite) -> tuple[str, str | None]:
    """A suite's status and conclusion."""
    runs = latest(runs_of(suite))
    if not runs or suite.reset:
        return "queued", None
    if any(one.status != "completed" for one in runs):
        return "in_progress", None
    return "completed", min((str(one.conclusion) for one in runs), key=_WORST.index)


def _app(state: State, suite: Suite) -> Json:
    other = {"id": suite.app_id, "slug": f"app-{suite.app_id}", "name": f"App {suite.app_id}"}
    return app(state) if suite.app_id == state.app_id else {**app(state), **other}


def _end(state: State, repo: Repo, ref: str, sha: str) -> Json:
    whole = {"id": repo.id, "url": api(state, f"repos/{repo.full_name}"), "name": repo.name}
    return {"ref": ref, "sha": sha, "repo": whole}
