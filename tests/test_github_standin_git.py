"""The stand-in GitHub's git is git: clones, test merges, forks, commits made over the API, the merge queue."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github.asking import Asking
from tests.github.bare import Bare
from tests.github.state import Refused, Repo
from tests.github.world import World
from tests.repositories import Repo as WorkingCopy

REPO = "/repos/acme/shop"
TABLE = "create table a (id int);\n"


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("github")) as running:
        yield running


@pytest.fixture
def shop(github: World) -> Iterator[Repo]:
    """A new one for each test."""
    made = github.create_repository("acme/shop", {"m/1.sql": TABLE})
    github.allow(made, "ann", "write")
    yield made
    github.rename(made, f"shop-{made.id}")
    made.old_names.clear()


@pytest.fixture
def client(github: World, shop: Repo) -> Iterator[Asking]:
    asking = Asking(github)
    asking.become(shop)
    yield asking
    asking.session.close()


def git(folder: Path, *arguments: str, password: str = "") -> subprocess.CompletedProcess[str]:
    """As a mirror would: the token in the environment, nowhere else."""
    secret = base64.b64encode(f"x-access-token:{password}".encode()).decode()
    header = ("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "http.extraHeader")
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **(dict(header) | {"GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}"} if password else {}),
    }
    command = ("git", "-C", str(folder), *arguments)
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def fetch(github: World, folder: Path, what: str, token: str, name: str = "acme/shop") -> str:
    """What git says; nothing when it went well."""
    git(folder, "init", "-q", "--bare", ".")
    options = ("--depth=1", "--filter=blob:limit=1m", "--no-tags")
    return git(folder, "fetch", "-q", *options, f"{github.url}/{name}.git", what, password=token).stderr


def test_a_commit_is_fetched_by_its_sha(github: World, client: Asking, shop: Repo, tmp_path: Path) -> None:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    sha = github.push(shop, "feature", {"m/2.sql": "drop table a;\n"})
    github.push(shop, "feature", {"m/2.sql": "drop table b;\n"})
    assert fetch(github, tmp_path, sha, token) == ""
    assert git(tmp_path, "show", f"{sha}:m/2.sql").stdout == "drop table a;\n"
    assert git(tmp_path, "rev-list", "--count", sha).stdout == "1\n"


def test_a_git_directory_can_be_the_start(github: World, tmp_path: Path) -> None:
    local = WorkingCopy.at(tmp_path / "local")
    sha = local.commit({"m/1.sql": TABLE})
    copy = github.create_repository("acme/copy", tmp_path / "local")
    assert Bare(copy.directory).branch("main") == sha


def test_the_pull_requests_of_a_deleted_branch_close(github: World, shop: Repo) -> None:
    github.push(shop, "feature", {"m/2.sql": "drop table a;\n"})
    pull = github.open_pull(shop, "feature", "ann")
    github.delete_branch(shop, "feature")
    assert pull.state == "closed"


def test_git_needs_a_token_of_that_repository(github: World, client: Asking, shop: Repo, tmp_path: Path) -> None:
    second = github.create_repository("acme/second", {"a": "b"})
    for nobody in ("", "ghs_wrong"):
        assert "could not read Username" in fetch(github, tmp_path, "main", nobody)
    other = client.become(shop, repository_ids=[second.id])
    assert "Repository not found" in fetch(github, tmp_path, "main", other)
    blind = client.become(shop, permissions={"checks": "write"})
    assert "403" in fetch(github, tmp_path, "main", blind)
    github.revoke_tokens(github.installation(shop))
    assert "could not read Username" in fetch(github, tmp_path, "main", other)


def test_a_renamed_repository_is_found_by_git(github: World, client: Asking, shop: Repo, tmp_path: Path) -> None:
    token = client.become(shop)
    github.rename(shop, "store")
    assert fetch(github, tmp_path, "main", token) == ""


def test_pull_refs_follow(github: World, client: Asking, shop: Repo, tmp_path: Path) -> None:
    bare = Bare(shop.directory)
    github.push(shop, "feature", {"m/2.sql": "drop table a;\n"})
    pull = github.open_pull(shop, "feature", "ann")
    assert bare.sha("refs/pull/1/head") == pull.head_sha
    assert bare.one("refs/pull/1/merge").parents == (bare.branch("main"), pull.head_sha)
    assert fetch(github, tmp_path, "refs/pull/1/merge", client.become(shop)) == ""
    old_base = pull.base_sha
    moved = github.push(shop, "main", {"m/3.sql": "create table b (id int);\n"})
    assert bare.one("refs/pull/1/merge").parents == (moved, pull.head_sha)
    assert client.get(f"{REPO}/pulls/1")["base"]["sha"] == old_base
    github.push(shop, "main", {"m/2.sql": "create table c (id int);\n"})
    answer = client.get(f"{REPO}/pulls/1")
    assert (answer["mergeable"], answer["mergeable_state"], answer["merge_commit_sha"]) == (False, "dirty", None)
    assert bare.sha("refs/pull/1/merge") is None
    assert client.get(f"{REPO}/pulls/1/commits")[0]["sha"] == pull.head_sha


def test_a_fork_has_its_own_repository(github: World, client: Asking, shop: Repo) -> None:
    fork = github.fork(shop, "zoe")
    sha = github.push(fork, "idea", {"m/2.sql": "drop table a;\n"}, by="zoe")
    pull = github.open_pull(shop, "idea", "zoe", fork=fork)
    answer = client.get(f"{REPO}/pulls/{pull.number}")
    assert (answer["head"]["repo"]["full_name"], answer["head"]["label"]) == ("zoe/shop", "zoe:idea")
    assert (answer["head"]["sha"], Bare(shop.directory).sha("refs/pull/1/head")) == (sha, sha)
    after = github.push(fork, "idea", {"m/3.sql": "select 1;\n"}, by="zoe")
    assert Bare(shop.directory).sha("refs/pull/1/head") == after
    assert client.ask("GET", "/repos/zoe/shop").status_code == 404


def test_the_head_that_moved_while_closed_is_seen_at_reopening(github: World, shop: Repo) -> None:
    github.push(shop, "feature", {"m/2.sql": "drop table a;\n"})
    pull = github.open_pull(shop, "feature", "ann")
    github.close("ann", pull)
    before, after = pull.head_sha, github.push(shop, "feature", {"m/3.sql": "select 1;\n"})
    github.hooks.settle()
    assert (pull.head_sha, Bare(shop.directory).sha("refs/pull/1/merge")) == (before, None)
    assert "pull_request.synchronize" not in _events(github, shop)
    github.reopen("ann", pull)
    assert pull.head_sha == after


def test_compare_and_the_pulls_of_a_commit(github: World, client: Asking, shop: Repo) -> None:
    first = github.push(shop, "feature", {"m/2.sql": "drop table a;\n"})
    second = github.push(shop, "feature", {"m/3.sql": "select 1;\n"})
    base = Bare(shop.directory).branch("main")
    github.push(shop, "main", {"README": "hello\n"})
    pull = github.open_pull(shop, "feature", "ann")
    answer = client.get(f"{REPO}/compare/main...feature")
    assert (answer["status"], answer["ahead_by"], answer["behind_by"]) == ("diverged", 2, 1)
    assert answer["merge_base_commit"]["sha"] == base
    assert [one["sha"] for one in answer["commits"]] == [first, second]
    for sha in (first, second):
        assert [one["number"] for one in client.get(f"{REPO}/commits/{sha}/pulls")] == [pull.number]
    assert client.get(f"{REPO}/commits/{base}/pulls") == []
    assert client.ask("GET", f"{REPO}/compare/main...{'1' * 40}").status_code == 404


# ---------------------------------------------------------------- commits over the API


def test_a_commit_over_the_api_moves_the_pull_request(github: World, client: Asking, shop: Repo) -> None:
    github.push(shop, "feature", {"m/2.sql": "drop table a;\n", "old": "x"})
    pull = github.open_pull(shop, "feature", "ann")
    before, sha = pull.head_sha, _commit(client, "feature", {"m/rollback.sql": "create table a ();", "old": None})
    moved = client.ask("PATCH", f"{REPO}/git/refs/heads/feature", {"sha": sha})
    assert (moved.status_code, pull.head_sha) == (200, sha)
    bare = Bare(shop.directory)
    assert bare.git("ls-tree", "-r", "--name-only", sha).split() == ["m/1.sql", "m/2.sql", "m/rollback.sql"]
    github.hooks.settle()
    event = next(one for one in github.hooks.deliveries[::-1] if one.name == "pull_request.synchronize").payload
    assert (event["before"], event["after"], event["sender"]["type"]) == (before, sha, "Bot")


def test_only_fast_forwards_unless_forced(github: World, client: Asking, shop: Repo) -> None:
    sha = _commit(client, "main", {"a": "b"})
    github.push(shop, "main", {"README": "meanwhile\n"})
    path = f"{REPO}/git/refs/heads/main"
    answer = client.ask("PATCH", path, {"sha": sha})
    assert (answer.status_code, answer.json()["message"]) == (422, "Update is not a fast forward")
    assert client.ask("PATCH", path, {"sha": "1" * 40}).json()["message"] == "Object does not exist"
    assert client.ask("PATCH", path, {"sha": sha, "force": True}).status_code == 200
    assert client.get(f"{REPO}/git/ref/heads/main")["object"]["sha"] == sha


def test_contents_are_read_and_written(client: Asking, shop: Repo) -> None:
    path = f"{REPO}/contents/m/1.sql"
    there = client.get(path)
    assert base64.b64decode(there["content"]).decode() == TABLE
    wanted: dict[str, Any] = {"message": "change", "content": base64.b64encode(b"select 1;").decode()}
    assert client.ask("PUT", path, wanted).status_code == 422
    assert client.ask("PUT", path, {**wanted, "sha": "1" * 40}).status_code == 409
    assert client.ask("PUT", path, {**wanted, "sha": there["sha"]}).status_code == 200
    assert client.ask("PUT", f"{REPO}/contents/new.sql", wanted).status_code == 201
    assert client.ask("GET", f"{REPO}/contents/none.sql").status_code == 404
    assert Bare(shop.directory).git("show", "main:m/1.sql") == "select 1;"


def _commit(client: Asking, branch: str, files: dict[str, str | None]) -> str:
    """Blobs, a tree, a commit: no ref moves yet."""
    parent = client.get(f"{REPO}/git/ref/heads/{branch}")["object"]["sha"]
    entries = []
    for path, content in files.items():
        blob = {"sha": None}
        if content is not None:
            blob = client.ask("POST", f"{REPO}/git/blobs", {"content": content, "encoding": "utf-8"}).json()
        entries.append({"path": path, "mode": "100644", "type": "blob", "sha": blob["sha"]})
    base = client.get(f"{REPO}/git/commits/{parent}")["tree"]["sha"]
    tree = client.ask("POST", f"{REPO}/git/trees", {"base_tree": base, "tree": entries}).json()["sha"]
    made = client.ask("POST", f"{REPO}/git/commits", {"message": "more", "tree": tree, "parents": [parent]})
    return str(made.json()["sha"])


# ---------------------------------------------------------------- the merge queue


def test_a_group_merges_when_its_check_passes(github: World, client: Asking, shop: Repo) -> None:
    bare, pulls = Bare(shop.directory), []
    for name in ("one", "two"):
        github.push(shop, name, {f"m/{name}.sql": f"create table {name} (id int);\n"})
        pulls.append(github.open_pull(shop, name, "ann"))
    with pytest.raises(Refused, match="migrations is pending"):
        github.queue("ann", *pulls)
    for pull in pulls:
        _report(client, pull.head_sha, "success")
    base = bare.branch("main")
    group = github.queue("ann", *pulls)
    assert group.head_ref == f"refs/heads/gh-readonly-queue/main/pr-2-{base}"
    assert bare.shas(group.head_sha, "--merges", f"^{base}") == (group.head_sha, bare.one(group.head_sha).parents[0])
    _report(client, group.head_sha, "success")
    assert (bare.branch("main"), [pull.state for pull in pulls]) == (group.head_sha, ["closed", "closed"])
    assert client.get(f"{REPO}/pulls/1")["merged"] is True
    github.hooks.settle()
    assert _events(github, shop)[-4:] == ["pull_request.closed", "pull_request.closed", "push", "merge_group.destroyed"]


def test_a_group_whose_check_fails_is_given_up(github: World, client: Asking, shop: Repo) -> None:
    github.push(shop, "one", {"m/2.sql": "drop table a;\n"})
    pull = github.open_pull(shop, "one", "ann")
    _report(client, pull.head_sha, "success")
    group = github.queue("ann", pull)
    _report(client, group.head_sha, "action_required")
    assert (pull.state, group.reason, Bare(shop.directory).sha(group.head_ref)) == ("open", "dequeued", None)


def test_the_merge_button_waits_for_the_check(github: World, client: Asking, shop: Repo) -> None:
    github.push(shop, "one", {"m/2.sql": "drop table a;\n"})
    pull = github.open_pull(shop, "one", "ann")
    _report(client, pull.head_sha, "action_required")
    with pytest.raises(Refused, match='405: Required status check "migrations" is failing'):
        github.merge("ann", pull)
    _report(client, pull.head_sha, "success")
    github.merge("ann", pull)
    assert (pull.state, Bare(shop.directory).branch("main")) == ("closed", pull.merge_sha)


def _report(client: Asking, sha: str, conclusion: str) -> None:
    made = client.ask("POST", f"{REPO}/check-runs", {"name": "migrations", "head_sha": sha, "conclusion": conclusion})
    assert made.status_code == 201


def _events(github: World, repo: Repo) -> list[str]:
    return [one.name for one in github.hooks.deliveries if one.repository_id == repo.id]
