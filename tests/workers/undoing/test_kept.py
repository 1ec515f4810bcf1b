"""The pair that keeps data, made in a review, and proven as any other way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workers.model import Migration, Transaction
from workers.policy import Policy, RollbackPolicy, TablePolicy
from workers.postgres.limits import Limits
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation
from workers.rehearse import rehearse
from workers.rehearsed import Rehearsal
from workers.replay import Ground, replayed
from workers.ways_back import Grade, KeptTable
from workers.words import Name

BASE = """
CREATE TABLE users (id serial PRIMARY KEY, email varchar(40) NOT NULL UNIQUE, name text, last int);
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, total int);
CREATE TABLE bare (a int);
"""
USERS, ORDERS = Name("public", "users"), Name("public", "orders")
INSERTED = "Rows were inserted into table public.bare; they stay, also when the migration is applied again."
Rehearsed = Callable[..., Rehearsal]


@pytest.fixture
def rehearsed(installation: Installation, cache: Path) -> Rehearsed:
    def call(*texts: str) -> Rehearsal:
        ground = Ground(installation, strongest_tier(), Limits(), cache, 1 << 30, lambda: None)
        policy = Policy(tables=((USERS, TablePolicy(7, size_bytes=4096)),), rollback=RollbackPolicy(preserve=True))
        added = [Migration(str(n), f"m/{n}.sql", text, Transaction.FILE) for n, text in enumerate(texts, start=1)]
        with replayed((Migration("0", "m/0.sql", BASE, Transaction.SIMPLE_QUERY),), ground) as base:
            return rehearse(base, added, policy)

    return call


def test_what_is_kept(rehearsed: Rehearsed) -> None:
    """Each on what the ones before it left; nothing is lost by the first. What the last one does to values is not in
    the catalog: its USING tells."""
    found = rehearsed(
        "ALTER TABLE users ADD nick text;",
        "ALTER TABLE users DROP email, DROP last; UPDATE users SET nick = upper(name);",
        "DELETE FROM users WHERE id > 2; INSERT INTO bare VALUES (1);",
        "ALTER TABLE users DROP nick, ALTER name TYPE text USING reverse(name);",
    ).migrations
    first, second, third, last = (one.kept for one in found)
    assert first is None
    assert second is not None
    assert (second.rollback.grade, second.rollback.proven) == (Grade.EXACT, True)
    assert second.tables == (KeptTable(USERS, ("id", "email", "last", "nick"), 7, 4096),)
    assert third is not None
    assert (third.rollback.grade, third.rollback.proven) == (Grade.LOSSY, True)
    assert third.rollback.reasons == (INSERTED,)
    assert third.tables == (KeptTable(USERS, (), 7, 4096), KeptTable(ORDERS, ()))
    assert last is not None
    assert (last.rollback.grade, last.rollback.proven) == (Grade.EXACT, True)
