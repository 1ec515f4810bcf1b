"""A server process: its identity beyond its number, signals to it, and its children."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process named by its pid and the moment it started, because pids are used again."""

    pid: int
    started: str

    @classmethod
    def running(cls, pid: int) -> Process | None:
        """The process that has this pid now; None when there is none, or a dead one that nobody reaped."""
        started = _started(pid)
        return cls(pid, started) if started else None

    @classmethod
    def from_identity(cls, text: str) -> Process | None:
        """The process that `identity` named, if it still runs."""
        pid, _, started = text.partition(" ")
        process = cls.running(int(pid)) if pid.isdigit() and started else None
        return process if process and process.started == started else None

    @property
    def identity(self) -> str:
        """One line that names this process for another program."""
        return f"{self.pid} {self.started}"

    def alive(self) -> bool:
        return _started(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; nothing happens when the process is gone."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, timeout_ms: float) -> bool:
        """Whether the process is gone, at the latest after the timeout. Not for our own children: those are reaped."""
        deadline = time.monotonic() + timeout_ms / 1000
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True

    def kill_with_children(self) -> None:
        """SIGKILL to the process and to its children, which would outlive a postmaster while they are busy."""
        children = [child for child in map(Process.running, _children(self.pid)) if child]
        self.signal(signal.SIGKILL)
        for child in children:
            child.signal(signal.SIGKILL)
        for process in (self, *children):
            process.wait(2000)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty when there is no such process."""
    try:
        return (_PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> str:
    """Clock ticks since boot (Linux) or a date (elsewhere); empty when no such process runs."""
    if sys.platform.startswith("linux"):
        fields = _stat(pid)
        return fields[19] if fields and fields[0] not in "ZX" else ""
    answer = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return "" if answer.startswith("Z") else answer.partition(" ")[2]


def _children(pid: int) -> Iterator[int]:
    if sys.platform.startswith("linux"):
        for entry in _PROC.iterdir():
            if entry.name.isdigit() and _stat(int(entry.name))[1:2] == [str(pid)]:
                yield int(entry.name)
        return
    found = subprocess.run(["/usr/bin/pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    yield from map(int, found.stdout.split())


def kill_all_of(user: int) -> None:
    """SIGKILL to every process of a user that nothing but one server runs as."""
    for entry in _PROC.iterdir() if _PROC.exists() else ():
        with contextlib.suppress(OSError):  # gone meanwhile
            if entry.name.isdigit() and entry.stat().st_uid == user and (process := Process.running(int(entry.name))):
                process.signal(signal.SIGKILL)
                process.wait(2000)


def remove_shared_memory(identifier: int) -> None:
    """Removes a System V segment, which a killed postmaster leaves behind (shmctl with IPC_RMID); one that is gone
    already is no error."""
    ctypes.CDLL(None).shmctl(ctypes.c_int(identifier), ctypes.c_int(0), None)
