"""Real git repositories for tests."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
_LOCK = 'provider = "postgresql"\n'


@dataclass(frozen=True, slots=True)
class Repo:
    """A working copy whose commits are made from dictionaries: path → text, or None to delete."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Repo:
        folder.mkdir(parents=True, exist_ok=True)
        repo = cls(folder)
        repo.git("init", "-q", "-b", "main")
        return repo

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            (*_GIT, *arguments), cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, files: dict[str, str | bytes | None], branch: str | None = None) -> str:
        """Writes the files and commits them, on a new branch if one is named; the commit's SHA."""
        if branch:
            self.git("switch", "-q", "-c", branch)
        for path, content in files.items():
            place = self.folder / path
            if content is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")


def prisma(**migrations: str | bytes | None) -> dict[str, str | bytes | None]:
    """A Prisma project's files: prisma(m1_users="CREATE TABLE …")."""
    files = {f"prisma/migrations/{name}/migration.sql": text for name, text in migrations.items()}
    return {"prisma/migrations/migration_lock.toml": _LOCK, **files}


def plain(**migrations: str | bytes | None) -> dict[str, str | bytes | None]:
    """A plain project's files: plain(_1_users="CREATE TABLE …") is migrations/1_users.sql."""
    return {f"migrations/{name.lstrip('_')}.sql": text for name, text in migrations.items()}
