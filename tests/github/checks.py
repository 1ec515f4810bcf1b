"""Check runs: made, changed, asked for again; and who is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.github import check_rules, groups, shapes_checks, suites
from tests.github.bare import Bare
from tests.github.events import emit
from tests.github.refusals import invalid
from tests.github.state import Json, Refused, Repo, Run, State, User, now

# https://docs.github.com/en/rest/checks/runs#create-a-check-run
MOST_RUNS_OF_A_NAME = 1000
# https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-checks: then GitHub marks it stale.
_STALE_AFTER = timedelta(days=14)


def create(state: State, repo: Repo, wanted: Json, app_id: int) -> Run:
    check_rules.check(wanted, None)
    sha = wanted.get("head_sha")
    if not isinstance(sha, str) or Bare(repo.directory).sha(sha) != sha:
        raise invalid("CheckRun", "head_sha", f"No commit found for SHA: {sha}")
    suite = suites.suite_of(state, repo, sha, app_id)
    made = Run(state.next_id(), suite, str(wanted["name"]), details_url="https://migration-bot.example.org")
    repo.runs[made.id] = made
    _apply(made, wanted)
    same = sorted(run.id for run in shapes_checks.runs_of(suite) if run.name == made.name)
    for old in same[:-MOST_RUNS_OF_A_NAME]:
        del repo.runs[old]
    _tell(state, made, ("created", "completed") if made.status == "completed" else ("created",))
    return made


def change(state: State, run: Run, wanted: Json, app_id: int) -> None:
    if run.suite.app_id != app_id:
        message = f"Invalid app_id `{app_id}` - check run can only be modified by the GitHub App that created it."
        raise Refused(403, message)
    check_rules.check(wanted, run)
    was = run.conclusion
    _apply(run, wanted)
    _tell(state, run, ("completed",) if run.conclusion != was else ())


def rerequest(state: State, run: Run, sender: User) -> None:
    """The run stays as it is; its suite waits again (https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run)."""
    run.suite.reset = True
    announce(state, run, "rerequested", sender)


def announce(state: State, run: Run, action: str, sender: User, **more: object) -> None:
    """rerequested and requested_action go to the app that owns the run only."""
    if run.suite.app_id != state.app_id and action not in ("created", "completed"):
        return
    payload = {"action": action, "check_run": shapes_checks.run_in_event(state, run), **more}
    emit(state, run.suite.repo, "check_run", sender, payload)


def age(repo: Repo, by: timedelta) -> None:
    """What GitHub does to runs that nobody completes."""
    for run in repo.runs.values():
        run.started_at -= by
        if run.status != "completed" and now() - run.started_at > _STALE_AFTER:
            run.status, run.conclusion, run.completed_at = "completed", "stale", now()


def _apply(run: Run, wanted: Json) -> None:
    run.suite.reset = False
    for name in ("name", "external_id", "details_url"):
        setattr(run, name, wanted.get(name) or getattr(run, name))
    run.status = wanted.get("status") or run.status
    if wanted.get("conclusion"):
        run.status, run.conclusion = "completed", wanted["conclusion"]  # whatever status was sent with it
        run.completed_at = now()
    for name in ("started_at", "completed_at"):
        if wanted.get(name):
            setattr(run, name, datetime.fromisoformat(wanted[name]))
    output = wanted.get("output", {})
    for name in ("title", "summary", "text"):
        setattr(run, name, output.get(name, getattr(run, name)))
    run.annotations += output.get("annotations", [])
    run.actions = wanted.get("actions", run.actions)


def _tell(state: State, run: Run, actions: tuple[str, ...]) -> None:
    sender = state.bot
    for action in actions:
        announce(state, run, action, sender)
    if "completed" in actions and shapes_checks.standing(run.suite)[0] == "completed":
        suites.announce(state, run.suite, "completed", sender)
    groups.consider(state, run.suite.repo, run.suite.head_sha)
