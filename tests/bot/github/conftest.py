from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot import model
from bot.github.client import App, Client
from bot.settings import GitHubSettings, read_settings
from tests.bot.github.scripted import REPO, Scripted, serving
from tests.github.state import Repo
from tests.github.world import World


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


@pytest.fixture
def github() -> Iterator[Scripted]:
    with serving() as script:
        yield script


@pytest.fixture
def settings(github: Scripted, pem: str) -> GitHubSettings:
    return GitHubSettings(app_id=99, private_key=pem, webhook_secrets=("s",), url=github.url, write_gap_ms=1)


@pytest.fixture
def store(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def app(settings: GitHubSettings, store: redis.Redis) -> App:
    return App(settings, store, pauses_s=(0, 0))


@pytest.fixture
def client(app: App) -> Client:
    return app.client(REPO)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The stand-in GitHub, with which a verb has to come to terms."""
    with World(tmp_path) as github:
        yield github


@pytest.fixture
def shop(world: World) -> Repo:
    return world.create_repository("acme/shop", {"a.sql": "SELECT 1;\n"})


@pytest.fixture
def installed(world: World, store: redis.Redis) -> App:
    """The App on the stand-in."""
    settings = read_settings({**world.app_settings(), "MIGRATION_BOT_WRITE_GAP_MS": "1"}).github
    assert settings is not None
    return App(settings, store, pauses_s=(0, 0))


@pytest.fixture
def here(world: World, installed: App, shop: Repo) -> Client:
    """acme/shop as the App sees it."""
    return installed.client(model.Repo(shop.id, shop.full_name, world.installation(shop).id))
