"""What is fetched, what is not fetched again, and that reading asks nobody."""

from __future__ import annotations

import pytest

from tests.repositories import plain, prisma
from tests.workers.mirror.conftest import TOKEN, Origin, noise
from workers.errors import FetchFailed, Gone, Missing
from workers.mirror import Copy
from workers.model import MigrationSet, Transaction
from workers.reading import Asked, gathered

ONE, TWO = "CREATE TABLE one (id int);\n", "CREATE TABLE two (id int);\n"
NOWHERE = "f" * 40


def read(copy: Copy, base: str, head: str) -> MigrationSet:
    return copy.whole(lambda: gathered(Asked(copy.directory, base, head, fork=base))[0].migrations)


def test_nothing_wanted_nothing_asked(origin: Origin, copy: Copy) -> None:
    copy.fetch(())
    assert copy.heads(()) == {}
    assert origin.server.seen == []


def test_what_is_there_is_not_fetched_again(origin: Origin, copy: Copy) -> None:
    commit = origin.repo.commit(plain(_1_a=ONE))
    copy.fetch((commit,))
    asked = list(origin.server.seen)
    with origin.mirror.opened(TOKEN) as again:
        again.fetch((commit,))
        assert [file.path for file in again.repository.files(commit)] == ["migrations/1_a.sql"]
    assert origin.server.seen == asked


def test_only_what_differs_is_sent(origin: Origin, copy: Copy) -> None:
    first = origin.repo.commit({"noise": noise(400_000), **plain(_1_a=ONE)})
    copy.fetch((first,))
    sent = origin.server.sent_bytes
    assert sent > 200_000
    second = origin.repo.commit(plain(_2_b=TWO))
    copy.fetch((second,))
    assert origin.server.sent_bytes - sent < 5_000
    assert [m.id for m in read(copy, first, second).added] == ["2_b"]


def test_parents_are_known_and_not_there(origin: Origin, copy: Copy) -> None:
    first = origin.repo.commit({"a": "1"})
    second = origin.repo.commit({"a": "2"})
    copy.fetch((second,))
    assert copy.repository.parents(second) == (first,)
    assert not copy.repository.has(first)


def test_the_server_has_no_such_commit(origin: Origin, copy: Copy) -> None:
    origin.repo.commit({"a": "1"})
    with pytest.raises(Gone) as gone:
        copy.fetch((NOWHERE,))
    assert (gone.value.what, gone.value.retryable) == (NOWHERE, False)


def test_a_commit_that_was_force_pushed_away(origin: Origin, copy: Copy) -> None:
    origin.repo.commit({"a": "1"})
    away = origin.repo.commit({"a": "2"})
    origin.repo.git("reset", "-q", "--hard", "HEAD~1")
    copy.fetch((away,))
    assert copy.repository.has(away)


def test_heads_and_those_that_are_not_there(origin: Origin, copy: Copy) -> None:
    main = origin.repo.commit({"a": "1"})
    fork = origin.repo.commit({"a": "2"}, branch="feature")
    origin.pull(7, fork)
    wanted = ("refs/heads/main", "refs/pull/7/head", "refs/pull/7/merge", "refs/heads/main/deeper")
    assert copy.heads(wanted) == {"refs/heads/main": main, "refs/pull/7/head": fork}
    moved = origin.repo.commit({"a": "3"})
    origin.repo.git("branch", "-f", "main", moved)
    assert copy.heads(("refs/heads/main",)) == {"refs/heads/main": moved}
    assert copy.repository.has(moved)


def test_a_branch_in_the_place_of_a_folder_of_branches(origin: Origin, copy: Copy) -> None:
    origin.repo.commit({"a": "1"})
    origin.repo.git("branch", "topic/one")
    copy.heads(("refs/heads/topic/one",))
    origin.repo.git("branch", "-D", "topic/one")
    origin.repo.git("branch", "topic")
    assert list(copy.heads(("refs/heads/topic", "refs/heads/topic/one"))) == ["refs/heads/topic"]


# ---------------------------------------------------------------- files beyond the filter


def test_reading_a_file_that_was_left_out_asks_nobody(origin: Origin, copy: Copy) -> None:
    commit = origin.repo.commit({"large": noise(1_200_000)})
    copy.fetch((commit,))
    asked = list(origin.server.seen)
    (large,) = copy.repository.files(commit)
    for reading in (copy.repository.contents, copy.repository.sizes):
        with pytest.raises(Missing) as missing:
            reading((large.blob,))
        assert missing.value.blobs == (large.blob,)
    with pytest.raises(Missing):
        copy.repository.file(commit, "large")
    assert origin.server.seen == asked


def test_large_migrations_come_together(origin: Origin, copy: Copy) -> None:
    sql = f"CREATE TABLE one (id text);\n/*\n{noise(1_200_000).decode()}\n*/"
    base = origin.repo.commit({**plain(_1_a=sql), "large": noise(1_200_000, seed=1)})
    head = origin.repo.commit(plain(_2_b=f"{sql}\n"))
    copy.fetch((base, head))
    asked = len(origin.server.seen)
    found = read(copy, base, head)
    assert [m.text for m in (*found.history, *found.added)] == [sql, f"{sql}\n"]
    assert len(origin.server.seen) - asked == 4  # one for the newest, which tells the layout, one for all others
    assert read(copy, base, head) == found
    assert len(origin.server.seen) - asked == 4
    with pytest.raises(Missing):
        copy.repository.file(base, "large")


def test_a_large_policy_and_a_large_lock_file_count(origin: Origin, copy: Copy) -> None:
    lock = f'{{"packages": {{"node_modules/prisma": {{"version": "7.4.0"}}}}, "x": "{noise(600_000).hex()}"}}'
    policy = f"small_rows: 12\n# {noise(600_000).hex()}\n"
    commit = origin.repo.commit({**prisma(m1=ONE), "package-lock.json": lock, ".github/migrations.yml": policy})
    copy.fetch((commit,))
    (found,) = copy.whole(lambda: gathered(Asked(copy.directory, commit, commit, fork=commit)))
    assert found.policy.small_rows == 12
    assert found.migrations.history[0].transaction is Transaction.STATEMENT


def test_a_change_is_sent_against_a_file_that_was_left_out(origin: Origin, copy: Copy) -> None:
    """The server believes that we have all of the first commit."""
    large = noise(1_200_000)
    copy.fetch((origin.repo.commit({"data": large}),))
    small = large[:900_000]
    commit = origin.repo.commit({"data": small})
    copy.fetch((commit,))
    assert copy.repository.file(commit, "data") == small


def test_a_server_that_keeps_a_file_to_itself(origin: Origin, copy: Copy) -> None:
    commit = origin.repo.commit({"large": noise(1_200_000)})
    copy.fetch((commit,))

    def never() -> None:
        raise Missing((copy.repository.files(commit)[0].blob,))

    with pytest.raises(FetchFailed, match="does not send all files") as failed:
        copy.whole(never)
    assert failed.value.retryable
