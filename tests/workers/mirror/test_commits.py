"""Which commits stand for a pull request, and that they show what the whole repository would."""

from __future__ import annotations

import pytest

from tests.repositories import prisma
from tests.workers.mirror.conftest import TOKEN, Origin, noise
from workers.errors import Gone
from workers.mirror import Commits, Copy, as_it_would_merge
from workers.model import MigrationSet
from workers.reading import Asked, gathered

ONE, TWO = "CREATE TABLE one (id int);\n", "CREATE TABLE two (id int);\n"


def nobody(base: str, head: str) -> str:
    raise AssertionError("the merge base is not needed")


def asked(origin: Origin, copy: Copy, head: str) -> Commits:
    return as_it_would_merge(copy, 5, head, "main", lambda *two: origin.repo.git("merge-base", *two))


def changed(copy: Copy, commits: Commits) -> list[tuple[str, str]]:
    wanted = Asked(copy.directory, commits.base, commits.head, fork=commits.fork)
    return summary(copy.whole(lambda: gathered(wanted))[0].migrations)


def summary(found: MigrationSet) -> list[tuple[str, str]]:
    return [(c.change.value, c.migration.id) for c in found.changed]


@pytest.fixture
def tip(origin: Origin) -> str:
    """The base branch went on after the pull request's branch left it."""
    origin.repo.commit(prisma(m1=ONE))
    origin.repo.git("switch", "-q", "-c", "feature")
    origin.pull(5, origin.repo.commit(prisma(m3=TWO)))
    origin.repo.git("switch", "-q", "main")
    return origin.repo.commit(prisma(m2=TWO))


@pytest.fixture
def head(origin: Origin, tip: str) -> str:
    return origin.repo.git("rev-parse", "feature")


def test_a_test_merge(origin: Origin, copy: Copy, tip: str, head: str) -> None:
    merge = origin.merge(5, tip, head)
    commits = as_it_would_merge(copy, 5, head, "main", nobody)
    assert commits == Commits(tip, merge, fork=tip, merged=True)
    assert changed(copy, commits) == [("added", "m3")]
    assert len(origin.server.seen) == 3  # what the server can do, its refs, one pack


def test_no_test_merge(origin: Origin, copy: Copy, tip: str, head: str) -> None:
    fork = origin.repo.git("merge-base", tip, head)
    commits = asked(origin, copy, head)
    assert commits == Commits(tip, head, fork, merged=False)
    assert changed(copy, commits) == [("added", "m3")]
    whole = gathered(Asked(origin.repo.folder, tip, head))[0].migrations
    mirrored = gathered(Asked(copy.directory, tip, head, fork=fork))[0].migrations
    assert mirrored == whole


def test_a_test_merge_with_an_older_base(origin: Origin, copy: Copy, tip: str, head: str) -> None:
    origin.merge(5, tip, head)
    newer = origin.repo.commit(prisma(m4=ONE))
    commits = asked(origin, copy, head)
    assert (commits.base, commits.head, commits.merged) == (newer, head, False)
    assert changed(copy, commits) == [("added", "m3")]


def test_a_test_merge_of_an_older_head(origin: Origin, copy: Copy, tip: str, head: str) -> None:
    origin.merge(5, tip, head)
    origin.repo.git("switch", "-q", "feature")
    newer = origin.repo.commit(prisma(m5=ONE))
    commits = asked(origin, copy, newer)
    assert (commits.base, commits.head, commits.merged) == (tip, newer, False)
    assert changed(copy, commits) == [("added", "m3"), ("added", "m5")]


def test_a_head_that_only_the_pull_request_holds(origin: Origin, copy: Copy, tip: str, head: str) -> None:
    """As with a fork: the branch is in another repository."""
    origin.repo.git("branch", "-D", "feature")
    origin.server.settings["uploadpack.allowAnySHA1InWant"] = "false"
    origin.server.settings["uploadpack.allowReachableSHA1InWant"] = "true"
    assert asked(origin, copy, head).head == head


def test_base_branch_or_head_is_no_more(origin: Origin, copy: Copy, tip: str, head: str) -> None:
    with pytest.raises(Gone) as gone:
        as_it_would_merge(copy, 5, head, "nowhere", nobody)
    assert gone.value.what == "refs/heads/nowhere"
    with pytest.raises(Gone) as gone:
        as_it_would_merge(copy, 5, "f" * 40, "main", lambda base, head: base)
    assert gone.value.what == "f" * 40


def test_the_next_push_costs_little(origin: Origin, tip: str, head: str) -> None:
    tip = origin.repo.commit({"noise": noise(200_000)})
    sent = []
    for _ in range(2):
        merge = origin.merge(5, tip, head)
        before = origin.server.sent_bytes
        with origin.mirror.opened(TOKEN) as copy:
            assert as_it_would_merge(copy, 5, head, "main", nobody).head == merge
        sent.append(origin.server.sent_bytes - before)
        origin.repo.git("switch", "-q", "feature")
        head = origin.repo.commit(prisma(m5=ONE))
    assert sent[0] > 100_000
    assert sent[1] < 5_000
