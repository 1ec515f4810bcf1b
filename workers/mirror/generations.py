"""The copies of one repository on disk: one writer at a time; made anew when broken or outgrown, not under a reader."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.errors import FetchFailed
from workers.mirror.server import MirrorLimits
from workers.postgres.folders import erase, folder_bytes

_PACKS = 200  # each fetch leaves one, and every look-up of an object asks each
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Generations:
    """Bare git directories with numbers for names. The highest is in use; a lower one stays while somebody reads it."""

    folder: Path
    limits: MirrorLimits

    @contextlib.contextmanager
    def writing(self) -> Iterator[int]:
        """Makes us the one writer; yields the lock's descriptor. Raises FetchFailed when others write for too long."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + self.limits.time_ms / 1000
        with (self.folder / "lock").open("w") as lock:
            while not _taken(lock.fileno(), fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise FetchFailed(f"others are still fetching into {self.folder}", retryable=True)
                time.sleep(_POLL_S)
            yield lock.fileno()

    @contextlib.contextmanager
    def newest(self) -> Iterator[Path]:
        """The directory in use, which stays as long as the block runs. Raises FetchFailed."""
        with contextlib.ExitStack() as held:
            with self.writing():
                try:
                    directory = self._newest()
                except (OSError, subprocess.CalledProcessError) as failed:  # no room, no git
                    raise FetchFailed(f"nothing can be kept in {self.folder}: {failed}", retryable=True) from failed
                held.enter_context(_shared(directory))
            yield directory

    def outgrown(self, directory: Path) -> bool:
        """Whether a directory holds more than it may."""
        return folder_bytes(directory) > self.limits.size_bytes

    def leave(self, directory: Path) -> None:
        """Puts an empty directory in the place of one that cannot be trusted. The caller is writing."""
        if self._numbers()[-1] == int(directory.name):
            self._make(int(directory.name) + 1)

    def _newest(self) -> Path:
        """Takes away what a killed git left behind, and directories that are not in use and that nobody reads."""
        *old, newest = self._numbers() or [self._make(1)]
        directory = self.folder / str(newest)
        _tidy(directory)
        if self.outgrown(directory) or sum(1 for _ in directory.glob("objects/pack/*.pack")) > _PACKS:
            old.append(newest)
            directory = self.folder / str(self._make(newest + 1))
        for number in old:
            _erase_unread(self.folder / str(number))
        for unfinished in self.folder.glob(".unfinished-*"):
            erase(unfinished)
        return directory

    def _numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal())

    def _make(self, number: int) -> int:
        unfinished = tempfile.mkdtemp(prefix=".unfinished-", dir=self.folder)
        # No template, so no hooks; and nothing of our environment.
        command = ("git", "init", "--quiet", "--bare", "--template=", unfinished)
        subprocess.run(
            command,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": unfinished, "GIT_CONFIG_NOSYSTEM": "1"},
            check=True,
        )
        Path(unfinished).rename(self.folder / str(number))
        return number


def _tidy(directory: Path) -> None:
    """Nobody else writes: lock files and unfinished packs are those of a git that was killed."""
    for pattern in ("**/*.lock", "objects/pack/tmp_*"):
        for litter in directory.glob(pattern):
            litter.unlink()


@contextlib.contextmanager
def _shared(directory: Path) -> Iterator[None]:
    with _opened(directory) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


def _erase_unread(directory: Path) -> None:
    with _opened(directory) as descriptor:
        if _taken(descriptor, fcntl.LOCK_EX):
            erase(directory)


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
