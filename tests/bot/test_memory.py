"""What is remembered comes back as it was, and ends by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import redis

from bot.errors import Retryable
from bot.memory import Memory
from bot.outcome import Annotation, Item, Outcome, RollbackFile, Standing
from bot.store import connect
from tests.redis_server import free_port

OUTCOME = Outcome(
    standing=Standing.REVIEWED,
    headline="### high-risk",
    title="1 item",
    body="body – “quoted” \N{NUL} 🚀",
    items=(Item("0123abcd", "drop-column", "label", "text", evidence="seen"),),
    annotations=(Annotation("a.sql", 1, 2, "warning", "title", "message"),),
    rollbacks=(RollbackFile("rollback.sql", "SELECT 1;"),),
)


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def memory(connection: redis.Redis) -> Memory:
    return Memory(connection)


def test_nothing_is_known_at_first(memory: Memory) -> None:
    known = (memory.comment(7, 12), memory.run(7, 12), memory.concluded(7, 12), memory.swept(7, 12))
    assert known == (None, None, None, None)
    assert (memory.base(7, "main"), memory.outcome("abc")) == (None, None)
    memory.forget(7, 12)


def test_a_pull_request_is_remembered_until_it_is_forgotten(memory: Memory) -> None:
    memory.keep_comment(7, 12, 5_000_000_000)
    memory.keep_run(7, 12, 6)
    memory.keep_concluded(7, 12, "c0ffee")
    memory.keep_swept(7, 12, "c0ffee 2026-01-31T12:00:00Z")
    memory.keep_run(7, 13, 8)
    assert memory.comment(7, 12) == 5_000_000_000
    assert memory.run(7, 12) == 6
    assert memory.concluded(7, 12) == "c0ffee"
    assert memory.swept(7, 12) == "c0ffee 2026-01-31T12:00:00Z"
    memory.forget(7, 12)
    assert (memory.run(7, 12), memory.run(7, 13)) == (None, 8)


def test_an_environment(memory: Memory) -> None:
    assert (memory.issue(7, "staging"), memory.compared(7, "staging")) == (None, (0, 0))
    memory.keep_issue(7, "staging", 12)
    memory.keep_compared(7, "staging", 1_800_000_000.7, ended=False)
    assert (memory.issue(7, "staging"), memory.compared(7, "staging")) == (12, (0, 1_800_000_000))
    memory.keep_compared(7, "staging", 1_800_000_009, ended=True)
    assert memory.compared(7, "staging") == (1_800_000_009, 1_800_000_000)
    assert (memory.issue(7, "production"), memory.compared(8, "staging")) == (None, (0, 0))


def test_what_was_measured_on_a_copy_is_remembered_with_what_it_was_of(memory: Memory) -> None:
    assert (memory.reviewed(7, 12), memory.on_copy(7, 12)) == (None, ("", ""))
    memory.keep_reviewed(7, 12, "abc")
    memory.keep_on_copy(7, 12, "abc", "| took |\n|---|\n")
    assert (memory.reviewed(7, 12), memory.on_copy(7, 12)) == ("abc", ("abc", "| took |\n|---|\n"))
    memory.forget(7, 12)
    assert memory.on_copy(7, 12) == ("", "")


def test_a_base_is_remembered(memory: Memory) -> None:
    memory.keep_base(7, "main", "one")
    memory.keep_base(7, "main", "two")
    assert (memory.base(7, "main"), memory.base(7, "release/1"), memory.base(8, "main")) == ("two", None, None)


def test_an_outcome_comes_back_equal(memory: Memory) -> None:
    memory.keep_outcome("abc", OUTCOME)
    assert memory.outcome("abc") == OUTCOME


def test_a_forgotten_pull_request_is_reviewed_again(memory: Memory) -> None:
    memory.keep_outcome("abc", OUTCOME)
    memory.keep_outcome("def", OUTCOME)
    memory.keep_reviewed(7, 12, "abc")
    memory.forget(7, 12)
    assert (memory.outcome("abc"), memory.outcome("def")) == (None, OUTCOME)


def test_all_of_it_ends(memory: Memory, connection: redis.Redis) -> None:
    memory.keep_comment(7, 12, 5)
    memory.keep_base(7, "main", "one")
    memory.keep_outcome("abc", OUTCOME)
    assert [name for name in connection.scan_iter() if connection.ttl(name) < 0] == []


@pytest.mark.parametrize("kept", [b"", b"no zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_an_outcome_that_cannot_be_read_is_none(memory: Memory, connection: redis.Redis, kept: bytes) -> None:
    connection.set("migration-bot:outcome:abc", kept)
    assert memory.outcome("abc") is None


def test_an_outcome_too_large_to_keep_is_reviewed_again(memory: Memory) -> None:
    noise = random.Random(1).randbytes(1_200_000).hex()
    memory.keep_outcome("abc", Outcome(Standing.REVIEWED, "", "", noise))
    assert memory.outcome("abc") is None


def test_without_redis_it_is_not_guessed() -> None:
    with (
        connect(f"redis://127.0.0.1:{free_port()}/0") as nobody,
        pytest.raises(Retryable, match=r"^Redis cannot be reached: "),
    ):
        Memory(nobody).comment(7, 12)
