from __future__ import annotations

import pytest

from bot.errors import Conflict, Forbidden, NotFound, Retryable
from bot.github.client import Client
from bot.github.contents import commit_files
from tests.github.bare import Bare
from tests.github.faults import lost_response
from tests.github.state import Repo
from tests.github.world import World

FILES = {"migrations/2/rollback.sql": "DROP TABLE é;\n", "a.sql": "SELECT 2;\n"}


def head(shop: Repo, branch: str = "feature/x") -> str | None:
    return Bare(shop.directory).branch(branch)


@pytest.fixture
def before(world: World, shop: Repo) -> str:
    return world.push(shop, "feature/x", {"b.sql": "SELECT 2;\n"})


def test_files_that_are_there_already(world: World, shop: Repo, here: Client, before: str) -> None:
    assert commit_files(here, "feature/x", before, {"b.sql": "SELECT 2;\n"}, "again") == before
    assert head(shop) == before


def test_one_commit(shop: Repo, here: Client, before: str) -> None:
    made = commit_files(here, "feature/x", before, FILES, "Add rollback SQL")
    bare = Bare(shop.directory)
    assert head(shop) == made
    assert bare.git("log", "--format=%P %an %s", "-1", made) == f"{before} migration-bot[bot] Add rollback SQL"
    assert bare.git("ls-tree", "-r", "--name-only", made).split() == ["a.sql", "b.sql", "migrations/2/rollback.sql"]
    assert bare.raw("cat-file", "blob", f"{made}:migrations/2/rollback.sql").decode() == "DROP TABLE é;\n"


def test_a_branch_that_moved(world: World, shop: Repo, here: Client, before: str) -> None:
    now = world.push(shop, "feature/x", {"c.sql": "SELECT 3;\n"})
    with pytest.raises(Conflict, match=f"^feature/x is at {now}, not at {before}$"):
        commit_files(here, "feature/x", before, FILES, "late")
    assert (head(shop), world.writes()) == (now, [])


def test_a_branch_that_moves_meanwhile(world: World, shop: Repo, here: Client, before: str) -> None:
    later = {"c.sql": "SELECT 3;\n"}
    world.meanwhile("PATCH", "/git/refs/", lambda: world.push(shop, "feature/x", later))
    with pytest.raises(Conflict, match=r"422 Update is not a fast forward$"):
        commit_files(here, "feature/x", before, FILES, "late")
    assert Bare(shop.directory).git("log", "--format=%P", "-1", "feature/x") == before


def test_a_lost_reply(world: World, shop: Repo, here: Client, before: str) -> None:
    world.fail("PATCH", "/git/refs/", lost_response())
    with pytest.raises(Retryable):
        commit_files(here, "feature/x", before, FILES, "words")
    now = head(shop)
    assert now not in (None, before)
    assert commit_files(here, "feature/x", now or "", FILES, "words") == now


def test_no_branch(here: Client) -> None:
    with pytest.raises(NotFound):
        commit_files(here, "gone", "0" * 40, FILES, "words")


def test_not_allowed(world: World, shop: Repo, here: Client, before: str) -> None:
    world.accept_permissions(world.installation(shop), contents="read")
    with pytest.raises(Forbidden):
        commit_files(here, "feature/x", before, FILES, "words")
    assert head(shop) == before
