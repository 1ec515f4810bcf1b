"""REST: check runs and check suites."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from tests.github import checks, shapes_checks, suites
from tests.github.answers import body, paged, state
from tests.github.bare import Bare
from tests.github.credentials import needs
from tests.github.refusals import find
from tests.github.state import Json, Refused, Repo, Run, Suite

routes = Blueprint("checks", __name__)


@routes.post("/check-runs")
@needs("checks:write")
def create(repo: Repo) -> Any:
    return shapes_checks.run(state(), checks.create(state(), repo, body(), state().app_id)), 201


@routes.get("/check-runs/<int:number>")
@needs("checks:read")
def run(repo: Repo, number: int) -> Json:
    return shapes_checks.run(state(), find(repo.runs, number))


@routes.patch("/check-runs/<int:number>")
@needs("checks:write")
def change(repo: Repo, number: int) -> Json:
    one = find(repo.runs, number)
    checks.change(state(), one, body(), state().app_id)
    return shapes_checks.run(state(), one)


@routes.get("/check-runs/<int:number>/annotations")
@needs("checks:read")
def annotations_of(repo: Repo, number: int) -> Any:
    one = find(repo.runs, number)
    return paged(one.annotations, lambda wanted: shapes_checks.annotation(state(), one, wanted))


@routes.post("/check-runs/<int:number>/rerequest")
@needs("checks:write")
def rerequest(repo: Repo, number: int) -> Any:
    checks.rerequest(state(), find(repo.runs, number), state().bot)
    return {}, 201


@routes.get("/commits/<path:ref>/check-runs")
@needs("checks:read")
def runs_at(repo: Repo, ref: str) -> Any:
    return _listed(_suites_at(repo, ref))


@routes.get("/check-suites/<int:number>/check-runs")
@needs("checks:read")
def runs_in(repo: Repo, number: int) -> Any:
    return _listed([find(repo.suites, number)])


@routes.get("/commits/<path:ref>/check-suites")
@needs("checks:read")
def suites_at(repo: Repo, ref: str) -> Any:
    found = _suites_at(repo, ref)
    name = request.args.get("check_name")
    if name:
        found = [suite for suite in found if name in {one.name for one in shapes_checks.runs_of(suite)}]
    return paged(found, lambda suite: shapes_checks.suite(state(), suite), "check_suites")


@routes.get("/check-suites/<int:number>")
@needs("checks:read")
def suite(repo: Repo, number: int) -> Json:
    return shapes_checks.suite(state(), find(repo.suites, number))


@routes.post("/check-suites/<int:number>/rerequest")
@needs("checks:write")
def rerequest_suite(repo: Repo, number: int) -> Any:
    one = find(repo.suites, number)
    one.reset = True
    suites.announce(state(), one, "rerequested", state().bot)
    return {}, 201


def _listed(of: list[Suite]) -> Any:
    """The runs of suites, as the query wants them: the newest of each name and suite unless all are."""
    found: list[Run] = []
    for suite in of:
        runs = shapes_checks.runs_of(suite)
        found += runs if request.args.get("filter") == "all" else shapes_checks.latest(runs)
    name, status = request.args.get("check_name"), request.args.get("status")
    found = [one for one in found if name in (None, one.name) and status in (None, one.status)]
    found.sort(key=lambda one: one.id, reverse=True)
    return paged(found, lambda one: shapes_checks.run(state(), one), "check_runs")


def _suites_at(repo: Repo, ref: str) -> list[Suite]:
    bare = Bare(repo.directory)
    sha = bare.branch(ref.removeprefix("heads/")) or bare.sha(ref)
    if sha is None:
        raise Refused(422, f"No commit found for SHA: {ref}")
    app_id = request.args.get("app_id", type=int)
    return [one for one in repo.suites.values() if one.head_sha == sha and app_id in (None, one.app_id)]
