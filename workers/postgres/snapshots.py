"""Keeps data directories of replayed histories, so that the next review starts where an earlier one stood."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.postgres.folders import copy_tree, erase, folder_bytes, place

MAX_BYTES = 2 << 30
SPARED_S = 300  # what was used so recently may be in the middle of being copied, so it is not evicted
_ABANDONED_S = 3600  # an unfinished copy that old has lost its process
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class _Kept:
    digest: str
    size_bytes: int
    used_s: float  # of the clock that time.time reads
    path: Path


class Snapshots:
    """The kept directories of one cache folder, at most `max_bytes` of them besides those used in the last five
    minutes. Several processes may use one folder at once. A key must name everything that the content depends on:
    template.template_key, and the history's text."""

    def __init__(self, cache: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder = cache / "snapshots"
        self._max_bytes = max_bytes

    def find(self, keys: Sequence[str]) -> tuple[int, Path] | None:
        """`keys` name the prefixes of a history, shortest first. The index and the data directory of the longest one
        that is kept, counted as used now; None when there is none. Not to be changed, only copied (start_cluster)."""
        kept = {found.digest: found for found in self._kept()}
        for index in range(len(keys) - 1, -1, -1):
            if found := kept.get(_digest(keys[index])):
                try:
                    os.utime(found.path)
                except FileNotFoundError:  # evicted this very moment
                    continue
                return index, found.path
        return None

    def keep(self, key: str, data: Path) -> None:
        """Copies the data directory of a frozen cluster; nothing is done when the key is kept already. Then evicts,
        least recently used first. Raises CannotAnalyse when the copy fails."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = _digest(key)
        if all(found.digest != digest for found in self._kept()):
            unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
            try:
                copy_tree(data, unfinished / "data", None)
                os.utime(unfinished / "data")  # the copy has the original's time
                place(unfinished / "data", self._folder / f"{digest}-{folder_bytes(unfinished)}")
            finally:
                erase(unfinished)
        self._evict()

    def size_bytes(self) -> int:
        """What all kept directories occupy together."""
        return sum(found.size_bytes for found in self._kept())

    def _kept(self) -> Iterator[_Kept]:
        try:
            entries = list(os.scandir(self._folder))
        except FileNotFoundError:
            return
        for entry in entries:
            digest, _, size = entry.name.partition("-")
            if size.isdigit():
                try:
                    yield _Kept(digest, int(size), entry.stat().st_mtime, Path(entry.path))
                except FileNotFoundError:  # evicted by another process
                    continue

    def _evict(self) -> None:
        now_s = time.time()
        kept = sorted(self._kept(), key=lambda found: found.used_s, reverse=True)
        total_bytes = 0
        for found in kept:
            total_bytes += found.size_bytes
            if total_bytes > self._max_bytes and now_s - found.used_s > SPARED_S:
                self._remove(found.path)
        for abandoned in self._folder.glob(_UNFINISHED + "*"):
            with contextlib.suppress(FileNotFoundError):  # finished this very moment
                if now_s - abandoned.stat().st_mtime > _ABANDONED_S:
                    self._remove(abandoned)

    def _remove(self, path: Path) -> None:
        """Out of sight first, so that nobody finds half a directory."""
        doomed = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            path.rename(doomed / "data")
        erase(doomed)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]
