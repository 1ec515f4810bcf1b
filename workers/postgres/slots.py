"""Gives each running cluster a folder and, under root, a user id of its own, and sweeps what dead processes left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.errors import CannotAnalyse
from workers.postgres.folders import erase
from workers.postgres.processes import Process, kill_all_of

SLOTS = 64
# In a range that nobody hands out (https://systemd.io/UIDS-GIDS/). A server needs no passwd entry, only initdb does.
FIRST_USER_ID = 60800
_ROOMY_BYTES = 512 << 20
_FALLBACK = Path("/tmp")  # noqa: S108  not TMPDIR: all processes of a user must see the same slots
_TMPFS = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it, checked and 0711


@dataclass(frozen=True, slots=True)
class Slot:
    """A folder that only this process uses, empty at first, erased at the end."""

    folder: Path  # 0700, owned by `user` when that is not None
    user: int | None  # uid and gid to run the server as; None: as ourselves
    lock: int  # descriptor of the lock file, which also records the server

    def record(self, server: Process) -> None:
        """Writes down which process to kill should we die without stopping it."""
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, server.identity.encode(), 0)


def needs_users() -> bool:
    """Whether servers run as users of their own: under root, which PostgreSQL refuses to run as."""
    return os.geteuid() == 0


def in_memory() -> bool:
    """Whether there is a tmpfs to work in that is large enough; containers often have one of 64 MB."""
    if not os.access(_TMPFS, os.W_OK):
        return False
    found = os.statvfs(_TMPFS)
    return found.f_blocks * found.f_frsize >= _ROOMY_BYTES


def slots_folder() -> Path:
    """The folder of this user's slots: in memory (tmpfs) where the system has that. Raises CannotAnalyse when somebody
    else has made a folder of that name."""
    parent = _TMPFS if in_memory() else _FALLBACK
    folder = parent / f"migration-bot-{os.geteuid()}"
    # The servers' own users must be able to pass through, not to look.
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o711)
        folder.chmod(0o711)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise CannotAnalyse(f"{folder} is not a folder that only we can write; remove it")
    return folder


@contextlib.contextmanager
def slot() -> Iterator[Slot]:
    """A free slot, swept of what a dead owner left in any slot. Raises CannotAnalyse when all are in use."""
    parent = slots_folder()
    held = _take_free(parent)
    try:
        _sweep_others(parent)
        held.folder.mkdir(mode=0o700)
        if held.user is not None:
            os.chown(held.folder, held.user, held.user)
        yield held
    finally:
        if held.user is not None:
            kill_all_of(held.user)
        erase(held.folder)
        os.ftruncate(held.lock, 0)
        os.close(held.lock)  # releases the lock


def _take_free(parent: Path) -> Slot:
    for number in range(SLOTS):
        if (lock := _lock(parent, number)) is not None:
            _sweep(parent, number, lock)
            user = FIRST_USER_ID + number if needs_users() else None
            return Slot(parent / str(number), user, lock)
    raise CannotAnalyse(f"{SLOTS} reviews are running on this machine already; try again later")


def _sweep_others(parent: Path) -> None:
    for folder in parent.iterdir():
        if folder.name.isdigit() and (lock := _lock(parent, int(folder.name))) is not None:
            _sweep(parent, int(folder.name), lock)
            os.close(lock)


def _lock(parent: Path, number: int) -> int | None:
    """The descriptor of the slot's lock file, locked; None when a living process (we ourselves, too) holds it."""
    lock = os.open(parent / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _sweep(parent: Path, number: int, lock: int) -> None:
    """Ends the server of a dead owner and erases its folder. The lock is ours."""
    if recorded := Process.from_identity(os.pread(lock, 200, 0).decode("ascii", "replace")):
        recorded.kill_with_children()
    if needs_users():
        kill_all_of(FIRST_USER_ID + number)
    erase(parent / str(number))
    os.ftruncate(lock, 0)
