"""What one job leaves for the next, and for nobody else."""

from __future__ import annotations

import secrets

import redis

from bot.github.vault import Vault

_NAME = "token 7 42"


def test_nothing_is_kept_yet(store: redis.Redis) -> None:
    assert Vault(store, "key").find(_NAME) is None


def test_another_process_finds_it(store: redis.Redis) -> None:
    Vault(store, "key").keep(_NAME, b"ghs_secret", 60)
    assert Vault(store, "key").find(_NAME) == b"ghs_secret"
    assert Vault(store, "key").find("token 7 43") is None


def test_without_the_key_there_is_nothing_to_read(store: redis.Redis) -> None:
    Vault(store, "key").keep(_NAME, b"ghs_secret", 60)
    assert Vault(store, "another key").find(_NAME) is None
    kept = repr([(name, store.get(name)) for name in store.keys("*")])
    assert "ghs_secret" not in kept
    assert "token 7" not in kept


def test_it_ends_by_itself(store: redis.Redis) -> None:
    Vault(store, "key").keep(_NAME, b"x", 60)
    (name,) = store.keys("*")
    assert 0 < store.ttl(name) <= 60


def test_what_is_dropped_or_too_long_is_gone(store: redis.Redis) -> None:
    vault = Vault(store, "key")
    vault.keep(_NAME, b"x", 60)
    vault.drop(_NAME)
    assert vault.find(_NAME) is None
    vault.keep(_NAME, b"x", 60)
    vault.keep(_NAME, secrets.token_bytes(1 << 20), 60)
    assert vault.find(_NAME) is None
