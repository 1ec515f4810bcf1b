"""A repository on a real server, and a mirror of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.git_server import GitServer, running_git_server
from tests.repositories import Repo
from workers.mirror import Copy, Mirror, MirrorLimits

TOKEN = "ghs_1234_not.a.secret"


@dataclass(frozen=True)
class Origin:
    """A project on the server, with what GitHub makes of its pull requests."""

    repo: Repo
    server: GitServer
    mirror: Mirror

    def limited(self, size_bytes: int = 1 << 30, time_ms: int = 60_000) -> Mirror:
        """The same mirror with other limits."""
        return replace(self.mirror, limits=MirrorLimits(size_bytes, time_ms))

    def pull(self, number: int, head: str) -> None:
        """Opens a pull request, or moves its head."""
        self.repo.git("update-ref", f"refs/pull/{number}/head", head)

    def merge(self, number: int, base: str, head: str) -> str:
        """Makes the test merge of a pull request."""
        tree = self.repo.git("merge-tree", "--write-tree", base, head)
        commit = self.repo.git("commit-tree", tree, "-p", base, "-p", head, "-m", "merge")
        self.repo.git("update-ref", f"refs/pull/{number}/merge", commit)
        return commit


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    repo = Repo.at(tmp_path / "origin")
    with running_git_server() as server:
        server.repositories["acme/shop"] = repo.folder / ".git"
        server.tokens.add(TOKEN)
        folder = tmp_path / "mirrors" / "1.git"
        yield Origin(repo, server, Mirror(folder, server.url("acme/shop"), MirrorLimits(1 << 30, 60_000)))


@pytest.fixture
def copy(origin: Origin) -> Iterator[Copy]:
    with origin.mirror.opened(TOKEN) as opened:
        yield opened


def noise(size_bytes: int, seed: int = 0) -> bytes:
    """Lines that hardly compress."""
    lines = random.Random(seed).randbytes(size_bytes // 2).hex()
    return "\n".join(lines[i : i + 80] for i in range(0, len(lines), 80)).encode()
