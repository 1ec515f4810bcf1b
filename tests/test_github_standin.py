"""The stand-in GitHub says no where GitHub says no, in GitHub's words and status, and counts as GitHub counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.github import checks, faults
from tests.github.asking import Asking
from tests.github.state import Pull, Refused, Repo
from tests.github.world import World

SUMMARY = {"title": "1 of 2", "summary": "one is open"}
NOTE = {"path": "m/2.sql", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "locks"}
BUTTON = {"label": "Re-run", "description": "Review again", "identifier": "rerun"}
REPO = "/repos/acme/shop"


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("github")) as running:
        yield running


@pytest.fixture(scope="module")
def shop(github: World) -> Repo:
    made = github.create_repository("acme/shop", {"m/1.sql": "create table a (id int);\n"})
    github.allow(made, "ann", "write")
    github.allow(made, "ben", "read")
    return made


@pytest.fixture(scope="module")
def pull(github: World, shop: Repo) -> Pull:
    github.push(shop, "feature", {"m/2.sql": "drop table a;\n"}, by="ann")
    return github.open_pull(shop, "feature", "ann")


@pytest.fixture
def client(github: World, shop: Repo, pull: Pull) -> Iterator[Asking]:
    asking = Asking(github)
    asking.become(shop)
    yield asking
    asking.session.close()
    github.state.faults.clear()


def test_nothing_reads_as_nothing(client: Asking, github: World, shop: Repo) -> None:
    sha = github.push(shop, "quiet", {"m/8.sql": "select 8;\n"})
    assert client.get(f"{REPO}/pulls?head=acme:quiet") == []
    assert client.get(f"{REPO}/commits/{sha}/check-runs") == {"total_count": 0, "check_runs": []}
    assert github.checks(shop, sha) == []


def refusal(answer: requests.Response) -> tuple[int, str]:
    said = answer.json()
    assert (said["documentation_url"], said["status"]) == ("https://docs.github.com/rest", str(answer.status_code))
    return answer.status_code, said["message"].split("\n")[-1]


# ---------------------------------------------------------------- check runs


def make(client: Asking, pull: Pull, **more: Any) -> requests.Response:
    return client.ask("POST", f"{REPO}/check-runs", {"name": "migrations", "head_sha": pull.head_sha, **more})


BAD_RUNS: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "name is missing"),
    "completed without conclusion": ({"status": "completed"}, "conclusion is missing: a completed run needs one"),
    "stale is GitHub's own": (
        {"conclusion": "stale"},
        "conclusion: stale is not one of ('action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', "
        "'timed_out')",
    ),
    "unknown status": ({"status": "done"}, "status: done is not one of ('queued', 'in_progress', 'completed')"),
    "no title": ({"output": {"summary": "x"}}, "output: title is missing"),
    "no summary": ({"output": {"title": "x"}}, "output: summary is missing"),
    "long summary": (
        {"output": {**SUMMARY, "summary": "x" * 65_536}},
        "output: summary has 65536 bytes, over 65535",
    ),
    "long text, in bytes": (
        {"output": {**SUMMARY, "text": "ä" * 32_768}},
        "output: text has 65536 bytes, over 65535",
    ),
    "51 annotations": (
        {"output": {**SUMMARY, "annotations": [NOTE] * 51}},
        "annotations: no more than 50 items are allowed",
    ),
    "annotation without a message": (
        {"output": {**SUMMARY, "annotations": [{**NOTE, "message": None}]}},
        "annotations: message is missing",
    ),
    "annotation of line 0": (
        {"output": {**SUMMARY, "annotations": [{**NOTE, "start_line": 0}]}},
        "annotations: lines 0 to 1",
    ),
    "columns on many lines": (
        {"output": {**SUMMARY, "annotations": [{**NOTE, "end_line": 2, "start_column": 1}]}},
        "annotations: columns only where start_line is end_line",
    ),
    "long annotation title": (
        {"output": {**SUMMARY, "annotations": [{**NOTE, "title": "x" * 256}]}},
        "annotations: title has 256 bytes, over 255",
    ),
    "long message": (
        {"output": {**SUMMARY, "annotations": [{**NOTE, "message": "x" * 65_537}]}},
        "annotations: message has 65537 bytes, over 65536",
    ),
    "long details": (
        {"output": {**SUMMARY, "annotations": [{**NOTE, "raw_details": "x" * 65_537}]}},
        "annotations: raw_details has 65537 bytes, over 65536",
    ),
    "unknown level": (
        {"output": {**SUMMARY, "annotations": [{**NOTE, "annotation_level": "error"}]}},
        "annotations: annotation_level error is not one of ('notice', 'warning', 'failure')",
    ),
    "four buttons": ({"actions": [BUTTON] * 4}, "actions: no more than 3 items are allowed"),
    "long label": (
        {"actions": [{**BUTTON, "label": "x" * 21}]},
        "actions: label is missing or over 20 characters",
    ),
    "long description": (
        {"actions": [{**BUTTON, "description": "x" * 41}]},
        "actions: description is missing or over 40 characters",
    ),
    "long identifier": (
        {"actions": [{**BUTTON, "identifier": "x" * 21}]},
        "actions: identifier is missing or over 20 characters",
    ),
}


@pytest.mark.parametrize("case", BAD_RUNS)
def test_a_bad_check_run_is_refused(client: Asking, pull: Pull, case: str) -> None:
    wanted, why = BAD_RUNS[case]
    assert refusal(make(client, pull, **wanted)) == (422, why)


def test_the_largest_check_run_is_accepted(client: Asking, pull: Pull) -> None:
    output = {"title": "x", "summary": "x" * 65_535, "text": "x" * 65_535, "annotations": [NOTE] * 50}
    made = make(client, pull, output=output, actions=[BUTTON] * 3)
    assert (made.status_code, made.json()["output"]["annotations_count"]) == (201, 50)


def test_a_check_run_of_an_unknown_commit_is_refused(client: Asking, pull: Pull) -> None:
    answer = make(client, pull, head_sha="1" * 40)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (422, f"No commit found for SHA: {'1' * 40}")


def test_a_conclusion_completes_and_nothing_reopens(client: Asking, pull: Pull) -> None:
    made = make(client, pull, status="in_progress").json()
    path = f"{REPO}/check-runs/{made['id']}"
    assert (made["status"], made["conclusion"]) == ("in_progress", None)
    done = client.ask("PATCH", path, {"status": "in_progress", "conclusion": "failure"}).json()
    assert (done["status"], done["conclusion"], done["completed_at"] is None) == ("completed", "failure", False)
    why = "status: a completed run cannot go back to queued"
    assert refusal(client.ask("PATCH", path, {"status": "queued"})) == (422, why)
    again = client.ask("PATCH", path, {"conclusion": "success"}).json()
    assert (again["status"], again["conclusion"]) == ("completed", "success")


def test_annotations_are_added_by_each_patch(client: Asking, pull: Pull) -> None:
    made = make(client, pull, output={**SUMMARY, "annotations": [NOTE] * 50}).json()
    path = f"{REPO}/check-runs/{made['id']}"
    client.ask("PATCH", path, {"output": {**SUMMARY, "annotations": [NOTE] * 20}})
    assert len(client.get(f"{path}/annotations?per_page=100")) == 70


def test_another_apps_run_is_not_ours_to_change(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    run = github.other_app_reports(shop, pull.head_sha, "migrations", "success")
    status, why = refusal(client.ask("PATCH", f"{REPO}/check-runs/{run.id}", {"conclusion": "failure"}))
    assert (status, why.partition(" - ")[2]) == (
        403,
        "check run can only be modified by the GitHub App that created it.",
    )
    ours = f"{REPO}/commits/{pull.head_sha}/check-runs?app_id={github.state.app_id}&filter=all&per_page=100"
    assert run.id not in {one["id"] for one in client.get(ours)["check_runs"]}


def test_only_the_newest_of_a_name_is_listed_and_counts(client: Asking, github: World, shop: Repo) -> None:
    sha = github.push(shop, "listing", {"m/3.sql": "select 1;\n"})
    assert github.required_state(shop, sha) == "pending"
    ids = []
    for conclusion in ("failure", "neutral"):
        body = {"name": "migrations", "head_sha": sha, "conclusion": conclusion}
        ids.append(client.ask("POST", f"{REPO}/check-runs", body).json()["id"])
    path = f"{REPO}/commits/{sha}/check-runs?check_name=migrations"
    assert [one["id"] for one in client.get(path)["check_runs"]] == ids[1:]
    assert [one["id"] for one in client.get(f"{path}&filter=all")["check_runs"]] == ids[::-1]
    assert github.required_state(shop, sha) == "success"


def test_the_oldest_of_too_many_runs_is_dropped(
    client: Asking, github: World, shop: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.MOST_RUNS_OF_A_NAME == 1000
    monkeypatch.setattr(checks, "MOST_RUNS_OF_A_NAME", 2)
    sha = github.push(shop, "many", {"m/6.sql": "select 6;\n"})
    body = {"name": "migrations", "head_sha": sha}
    ids = [client.ask("POST", f"{REPO}/check-runs", body).json()["id"] for _ in range(3)]
    assert [run.id for run in github.checks(shop, sha)] == ids[1:]
    assert client.ask("PATCH", f"{REPO}/check-runs/{ids[0]}", {"conclusion": "success"}).status_code == 404


def test_what_nobody_completes_grows_stale(client: Asking, github: World, shop: Repo) -> None:
    sha = github.push(shop, "old", {"m/7.sql": "select 7;\n"})
    made = client.ask("POST", f"{REPO}/check-runs", {"name": "migrations", "head_sha": sha}).json()
    github.days_pass(shop, 13)
    assert github.required_state(shop, sha) == "pending"
    github.days_pass(shop, 2)
    assert client.get(f"{REPO}/check-runs/{made['id']}")["conclusion"] == "stale"
    assert github.required_state(shop, sha) == "failing"


@pytest.mark.parametrize(
    ("wanted", "state"),
    [
        ({"status": "queued"}, "pending"),
        ({"conclusion": "skipped"}, "success"),
        ({"conclusion": "action_required"}, "failing"),
        ({"conclusion": "cancelled"}, "failing"),
    ],
)
def test_what_a_required_check_lets_pass(client: Asking, github: World, shop: Repo, wanted: Any, state: str) -> None:
    sha = github.push(shop, f"required-{'-'.join(wanted.values())}", {"m/4.sql": f"-- {wanted}\n"})
    client.ask("POST", f"{REPO}/check-runs", {"name": "migrations", "head_sha": sha, **wanted})
    assert github.required_state(shop, sha) == state


# ---------------------------------------------------------------- comments


def test_a_comment_of_65536_is_the_longest(client: Asking, pull: Pull) -> None:
    path = f"{REPO}/issues/{pull.number}/comments"
    assert client.ask("POST", path, {"body": "x" * 65_536}).status_code == 201
    answer = client.ask("POST", path, {"body": "x" * 65_537})
    assert answer.json()["errors"][0]["message"] == "Body is too long (maximum is 65536 characters)"
    assert refusal(answer) == (422, "Validation Failed")
    assert refusal(client.ask("POST", path, {"body": " "})) == (422, "Validation Failed")


def test_comments_are_paged_thirty_at_a_time(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    github.push(shop, "talk", {"m/5.sql": "select 5;\n"})
    number = github.open_pull(shop, "talk", "ann").number
    for n in range(31):
        github.comment("ann", shop.pulls[number], str(n))
    first = client.ask("GET", f"{REPO}/issues/{number}/comments")
    second = client.ask("GET", first.links["next"]["url"])
    assert (len(first.json()), [one["body"] for one in second.json()]) == (30, ["30"])
    assert ("next" in second.links, second.links["prev"]["url"].partition("?")[2]) == (False, "page=1&per_page=30")


def test_the_apps_comment_says_so_and_readers_cannot_edit_it(client: Asking, github: World, pull: Pull) -> None:
    body = "- [ ] one <!-- item:0000aaaa -->\n- [ ] two <!-- item:1111bbbb -->"
    made = client.ask("POST", f"{REPO}/issues/{pull.number}/comments", {"body": body}).json()
    assert (made["user"]["login"], made["performed_via_github_app"]["id"]) == ("migration-bot[bot]", 4711)
    with pytest.raises(Refused, match="403: ben may not edit"):
        github.tick("ben", pull, "1111bbbb")
    with pytest.raises(LookupError, match="no box for item ffff"):
        github.tick("ann", pull, "ffff")
    github.tick("ann", pull, "1111bbbb")
    assert github.boxes(pull) == {"0000aaaa": False, "1111bbbb": True}
    ticked = body.replace("\n- [ ] two", "\r\n- [x] two")
    assert client.get(f"{REPO}/issues/comments/{made['id']}")["body"] == ticked
    assert client.ask("DELETE", f"{REPO}/issues/comments/{made['id']}").status_code == 204
    assert refusal(client.ask("PATCH", f"{REPO}/issues/comments/{made['id']}", {"body": "x"})) == (404, "Not Found")


def test_a_reaction_twice_is_one(client: Asking, github: World, pull: Pull) -> None:
    path = f"{REPO}/issues/comments/{github.comment('ann', pull, 'hello').id}/reactions"
    assert [client.ask("POST", path, {"content": "eyes"}).status_code for _ in "ab"] == [201, 200]
    assert client.ask("POST", path, {"content": "wave"}).status_code == 422
    assert client.ask("DELETE", f"{path}/{client.get(path)[0]['id']}").status_code == 204
    assert client.get(path) == []


# ---------------------------------------------------------------- who asks


BAD_CLAIMS: dict[str, tuple[dict[str, int | None], int, str]] = {
    "far future": ({"exp": 661}, 401, "'Expiration time' claim ('exp') is too far in the future"),
    "over": ({"exp": -61}, 401, "'Expiration time' claim ('exp') must be a numeric value in the future"),
    "not yet": ({"iat": 60}, 401, "'Issued at' claim ('iat') must be an Integer representing a time in the past"),
    "no such app": ({"iss": None}, 404, "Integration not found"),
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_a_bad_jwt_is_refused(client: Asking, case: str) -> None:
    claims, status, why = BAD_CLAIMS[case]
    sent = client.jwt(**{name: int(time.time()) + offset if offset else "99" for name, offset in claims.items()})
    assert refusal(client.ask("GET", "/app", Authorization=f"Bearer {sent}")) == (status, why)


def test_tokens_and_jwts_do_not_stand_in_for_each_other(client: Asking) -> None:
    assert refusal(client.ask("GET", "/app")) == (401, "A JSON web token could not be decoded")
    as_app = f"Bearer {client.jwt()}"
    assert refusal(client.ask("GET", REPO, Authorization=as_app)) == (401, "Bad credentials")
    assert refusal(client.ask("GET", REPO, Authorization="")) == (401, "Requires authentication")


def test_a_token_is_for_its_repositories_and_permissions(client: Asking, github: World, shop: Repo, pull: Pull) -> None:
    second = github.create_repository("acme/second", {"a": "b"})
    client.become(shop, repository_ids=[second.id], permissions={"checks": "read", "metadata": "read"})
    assert refusal(client.ask("GET", REPO)) == (404, "Not Found")
    assert client.get("/installation/repositories")["total_count"] == 1
    assert client.become(shop)
    pages = [client.get(f"/installation/repositories?per_page=1&page={page}") for page in (1, 2, 3)]
    assert [[one["name"] for one in page["repositories"]] for page in pages] == [["shop"], ["second"], []]
    client.become(shop, repository_ids=[shop.id], permissions={"checks": "read", "metadata": "read"})
    assert refusal(make(client, pull)) == (403, "Resource not accessible by integration")
    assert client.ask("GET", f"{REPO}/commits/{pull.head_sha}/check-runs").status_code == 200
    path = f"/app/installations/{github.installation(shop).id}/access_tokens"
    for wanted in ({"repository_ids": [1]}, {"repository_ids": [1] * 501}, {"permissions": {"actions": "write"}}):
        assert Asking(github).ask("POST", path, wanted).status_code == 422


def test_a_revoked_token_is_401(client: Asking, github: World, shop: Repo) -> None:
    github.revoke_tokens(github.installation(shop))
    assert refusal(client.ask("GET", REPO)) == (401, "Bad credentials")


def test_roles_and_teams(client: Asking, github: World, shop: Repo) -> None:
    github.allow(shop, "mia", "maintain")
    github.add_user("nobody")
    github.add_team("acme", "dba", "mia")
    answers = {who: client.get(f"{REPO}/collaborators/{who}/permission") for who in ("mia", "ben", "nobody")}
    assert {who: (one["permission"], one["role_name"]) for who, one in answers.items()} == {
        "mia": ("write", "maintain"),
        "ben": ("read", "read"),
        "nobody": ("none", "none"),
    }
    assert refusal(client.ask("GET", f"{REPO}/collaborators/ghost/permission")) == (404, "ghost is not a user")
    assert client.get("/orgs/acme/teams/dba/memberships/mia")["state"] == "active"
    assert client.ask("GET", "/orgs/acme/teams/dba/memberships/ann").status_code == 404


# ---------------------------------------------------------------- limits and faults


def test_what_is_unchanged_costs_nothing(client: Asking) -> None:
    first = client.ask("GET", f"{REPO}/pulls")
    again = client.ask("GET", f"{REPO}/pulls", If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]


def test_the_hours_requests_end(client: Asking, github: World, shop: Repo) -> None:
    installation = github.installation(shop)
    github.leave_requests(installation, 1)
    last = client.ask("GET", REPO)
    assert (last.status_code, last.headers["x-ratelimit-remaining"]) == (200, "0")
    over = client.ask("GET", REPO)
    assert refusal(over) == (403, f"API rate limit exceeded for installation ID {installation.id}.")
    assert over.headers["x-ratelimit-remaining"] == "0"
    assert int(over.headers["x-ratelimit-reset"]) > time.time()
    assert client.get("/rate_limit")["resources"]["core"]["remaining"] == 0
    github.leave_requests(installation, installation.limit)


FAULTS: dict[str, tuple[faults.Answer, int, dict[str, str | None]]] = {
    "primary": (faults.primary_limit(), 403, {"x-ratelimit-remaining": "0", "retry-after": None}),
    "secondary": (faults.secondary_limit(30), 403, {"retry-after": "30"}),
    "secondary that says nothing": (faults.secondary_limit(None, 429), 429, {"retry-after": None}),
    "bad gateway": (faults.server_error(), 502, {"content-type": "text/html"}),
    "too soon": (faults.refusal(404, "Not Found"), 404, {}),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_come_when_asked_for_and_go_away(client: Asking, github: World, case: str) -> None:
    effect, status, headers = FAULTS[case]
    github.fail("GET", "/pulls$", effect, times=2, after=1)
    answers = [client.ask("GET", f"{REPO}/pulls") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, status, status, 200]
    assert answers[1].headers["x-ratelimit-limit"] == "15000"
    assert {name: answers[1].headers.get(name) for name in headers} == headers


def test_a_lost_response_is_of_work_that_was_done(client: Asking, github: World, pull: Pull) -> None:
    path = f"{REPO}/issues/{pull.number}/comments"
    for effect, done in ((faults.lost_response(), 1), (faults.broken_connection(), 0)):
        before = len(github.comments(pull))
        github.fail("POST", "/comments$", effect)
        with pytest.raises(requests.ConnectionError):
            client.ask("POST", path, {"body": "once"})
        assert len(github.comments(pull)) - before == done
    assert [(one.method, one.status) for one in github.writes()[-2:]] == [("POST", 0), ("POST", 0)]


def test_something_happens_while_a_request_is_under_way(client: Asking, github: World, pull: Pull) -> None:
    one = github.comment("ann", pull, "draft")
    github.meanwhile("PATCH", f"/comments/{one.id}$", lambda: github.delete_comment("ann", one))
    assert client.ask("PATCH", f"{REPO}/issues/comments/{one.id}", {"body": "new"}).status_code == 404


# ---------------------------------------------------------------- addresses


def test_a_renamed_repository_redirects(client: Asking, github: World) -> None:
    old = github.create_repository("acme/old", {"a": "b"})
    client.become(old)
    github.rename(old, "new")
    moved = client.session.get(
        f"{github.url}/api/v3/repos/acme/old/pulls", headers=client.headers, allow_redirects=False, timeout=30
    )
    assert (moved.status_code, moved.headers["location"]) == (301, f"{github.url}/api/v3/repositories/{old.id}/pulls")
    assert client.get(f"/repositories/{old.id}")["full_name"] == "acme/new"
    assert client.get("/repos/acme/old/pulls") == []


def test_unknown_routes_and_versions(client: Asking) -> None:
    assert refusal(client.ask("GET", "/nothing/here")) == (404, "Not Found")
    version = {"X_GitHub_Api_Version": "1999-01-01"}
    assert refusal(client.ask("GET", REPO, **version)) == (400, "1999-01-01 is not a supported version")


def test_the_newest_api_version_has_no_merge_commit_sha(client: Asking, pull: Pull) -> None:
    path = f"{REPO}/pulls/{pull.number}"
    assert client.get(path)["merge_commit_sha"] == pull.merge_sha
    assert "merge_commit_sha" not in client.get(path, X_GitHub_Api_Version="2026-03-10")


def test_mergeable_may_take_a_while(client: Asking, pull: Pull) -> None:
    pull.unknown_reads = 2
    answers = [client.get(f"{REPO}/pulls/{pull.number}") for _ in range(3)]
    assert [(one["mergeable"], one["mergeable_state"]) for one in answers] == [
        (None, "unknown"),
        (None, "unknown"),
        (True, "blocked"),
    ]
