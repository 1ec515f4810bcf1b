"""Folders as a whole: copied, given away, put in place, measured, removed."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

from workers.errors import CannotAnalyse


def copy_tree(source: Path, target: Path, user: int | None) -> None:
    """Copies a data directory and gives it to a user (None: to us). `cp` takes half the time that Python needs.
    Raises CannotAnalyse when the copy fails, for example for want of space."""
    copied = subprocess.run(["/bin/cp", "-a", source, target], capture_output=True, text=True, check=False)
    if copied.returncode:
        erase(target)
        raise CannotAnalyse(f"copying {source} failed: {copied.stderr.strip().splitlines()[-1]}")
    if os.geteuid() == 0:
        give(target, user or 0)


def give(folder: Path, user: int) -> None:
    """Makes a user the owner of a folder and all in it; never follows a link."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(parent, name), user, user, follow_symlinks=False)  # noqa: PTH118  half the time
    os.chown(folder, user, user)


def place(folder: Path, target: Path) -> None:
    """Gives a finished folder its name; nothing happens when another process was faster."""
    try:
        folder.rename(target)
    except OSError as failed:
        if failed.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def folder_bytes(folder: Path) -> int:
    """What the files below a folder occupy. Files that vanish meanwhile do not count; links are not followed."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def erase(folder: Path) -> None:
    """Removes a folder and all in it; again when a dying process wrote another file meanwhile."""
    for _ in range(20):
        if not folder.is_symlink() and not folder.exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
    raise CannotAnalyse(f"{folder} could not be removed")
