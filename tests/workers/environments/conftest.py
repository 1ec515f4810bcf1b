"""A database of the environment's owner, and a connection to it. Modules that want another make their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.live_server import LiveServer, live_server
from tests.workers.environments.staging import emptied


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture
def url(server: LiveServer) -> str:
    """Of an empty database."""
    return emptied(server)


@pytest.fixture
def c(url: str) -> Iterator[psycopg.Connection[Any]]:
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection
