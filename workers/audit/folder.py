"""A plain folder outside of git, read as if it were a repository with one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.errors import InputError
from workers.repository import File, Repository

_MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Folder(Repository):
    """Its files' paths begin with its own name, which tells a layout what it holds; a file's path is its blob's id."""

    def commit(self, revision: str) -> str:
        return ""

    def files(self, commit: str) -> tuple[File, ...]:
        found = tuple(File(path, path) for path in sorted(self._paths()))
        if len(found) > _MOST_FILES:
            raise InputError(f"{self.directory}: more than {_MOST_FILES:,} files; name the migrations' own folder")
        return found

    def file(self, commit: str, path: str) -> bytes | None:
        place = self._place(path)
        inside = path.startswith(f"{self.directory.name}/")
        return place.read_bytes() if inside and place.is_file() else None

    def contents(self, blobs: Iterable[str]) -> dict[str, bytes]:
        return {blob: self._place(blob).read_bytes() for blob in blobs}

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        return {blob: self._place(blob).stat().st_size for blob in blobs}

    def _paths(self) -> Iterator[str]:
        number = 0
        for path in self.directory.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(self.directory.parent).as_posix()
                number += 1
                if number > _MOST_FILES:
                    return

    def _place(self, path: str) -> Path:
        return self.directory.parent / path
