from __future__ import annotations

import pytest

from bot.errors import NotFound, Retryable
from bot.github import pulls
from bot.github.client import Client
from tests.bot.github.scripted import Answer, Scripted
from tests.github.faults import refusal
from tests.github.state import Repo
from tests.github.world import World


def numbers(found: tuple[pulls.Pull, ...]) -> list[int]:
    return [one.number for one in found]


def test_none(here: Client) -> None:
    assert (pulls.open_pulls(here), pulls.pulls_of(here, "0" * 40)) == ((), ())


def test_one(world: World, shop: Repo, here: Client) -> None:
    sha = world.push(shop, "feature/x", {"b.sql": "SELECT 2;\n"})
    there = world.open_pull(shop, "feature/x", world.add_user("ann").login)
    found = pulls.pull(here, there.number)
    assert (found.state, found.author, found.from_fork) == ("open", "ann", False)
    assert (found.head_sha, found.head_ref, found.head_repo) == (sha, "feature/x", "acme/shop")
    assert (found.base_ref, found.base_sha) == ("main", there.base_sha)
    assert (found.title, found.merged, found.merge_commit_sha) == ("feature/x", False, there.merge_sha)


def test_a_closed_one(world: World, shop: Repo, here: Client) -> None:
    world.allow(shop, "ann", "admin")
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"})
    there = world.open_pull(shop, "feature", "ann")
    world.close("ann", there)
    found = pulls.pull(here, there.number)
    assert (found.state, found.merged) == ("closed", False)
    assert pulls.open_pulls(here) == ()


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merged_one(world: World, shop: Repo, here: Client, method: str) -> None:
    shop.required = ""
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"}, by=world.add_user("ann").login)
    there = world.open_pull(shop, "feature", "ann")
    world.merge("ann", there, method)
    found = pulls.pull(here, there.number)
    assert (found.state, found.merged, found.merge_commit_sha) == ("closed", True, there.merge_sha)
    assert pulls.merge_base(here, "main", there.merge_sha or "") == there.merge_sha


def test_patience_with_one_that_is_not_there_yet(world: World, shop: Repo, here: Client) -> None:
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"})
    there = world.open_pull(shop, "feature", world.add_user("ann").login)
    world.fail("GET", f"/pulls/{there.number}$", refusal(404, "Not Found"), times=2)
    assert pulls.pull(here, there.number, patience=(0, 0)).number == there.number
    world.fail("GET", f"/pulls/{there.number}$", refusal(404, "Not Found"))
    with pytest.raises(NotFound):
        pulls.pull(here, there.number)


def test_open_ones(world: World, shop: Repo, here: Client) -> None:
    world.add_user("ann")
    world.push(shop, "release", {"r.sql": "SELECT 0;\n"})
    made = []
    for name, base in (("a", "main"), ("b", "release"), ("c", "main")):
        world.push(shop, name, {f"{name}.sql": "SELECT 2;\n"})
        made.append(world.open_pull(shop, name, "ann", base=base))
    world.close("ann", made[2])
    assert numbers(pulls.open_pulls(here)) == [made[0].number, made[1].number]
    assert numbers(pulls.open_pulls(here, base="release")) == [made[1].number]


def test_those_of_a_commit_also_from_a_fork(world: World, shop: Repo, here: Client) -> None:
    world.add_user("ann")
    world.push(shop, "release", {"r.sql": "SELECT 0;\n"})
    fork = world.fork(shop, "ann")
    sha = world.push(fork, "feature", {"b.sql": "SELECT 2;\n"}, by="ann")
    made = [world.open_pull(shop, "feature", "ann", base=base, fork=fork).number for base in ("main", "release")]
    found = pulls.pulls_of(here, sha)
    assert numbers(found) == made
    assert [(one.from_fork, one.head_repo) for one in found] == [(True, "ann/shop")] * 2


def test_commits_and_their_merge_base(world: World, shop: Repo, here: Client) -> None:
    world.add_user("ann")
    shas = [world.push(shop, "feature/x", {f"{n}.sql": "SELECT 2;\n"}, message=f"number {n}\n\nmore") for n in range(3)]
    there = world.open_pull(shop, "feature/x", "ann")
    main = world.push(shop, "main", {"m.sql": "SELECT 3;\n"})
    assert pulls.commits(here, there.number) == tuple(reversed(shas))
    assert pulls.merge_base(here, main, shas[-1]) == there.base_sha
    assert pulls.merge_base(here, "main", "feature/x") == there.base_sha
    found = pulls.between(here, main, shas[-1])
    assert [one.sha for one in found] == shas
    assert [one.message.splitlines()[0] for one in found] == ["number 0", "number 1", "number 2"]
    with pytest.raises(NotFound):
        pulls.merge_base(here, "main", "0" * 40)


def test_a_fork_that_is_gone_and_an_account_that_is(client: Client, github: Scripted) -> None:
    base = {"ref": "main", "sha": "b" * 40, "repo": {"full_name": "octo/shop", "default_branch": "main"}}
    head = {"ref": "x", "sha": "a" * 40, "repo": None}
    told = {"number": 1, "state": "open", "updated_at": "t", "user": None, "head": head, "base": base}
    github.on("GET", "/repos/octo/shop/pulls/1", Answer(json=told))
    found = pulls.pull(client, 1)
    assert (found.author, found.head_repo, found.from_fork) == ("", None, True)


def test_half_a_pull_request(client: Client, github: Scripted) -> None:
    github.on("GET", "/repos/octo/shop/pulls/1", Answer(json={"number": "one", "state": "open", "base": None}))
    with pytest.raises(Retryable) as caught:
        pulls.pull(client, 1)
    missing = (
        "base.ref, base.repo.default_branch, base.repo.full_name, base.sha, head.ref, head.sha, number, updated_at"
    )
    assert str(caught.value) == f"pull request 1: GitHub's answer has no usable {missing}"
