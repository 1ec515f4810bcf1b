"""One postmaster on one data directory, inside a sandbox: started, watched, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workers.errors import CannotAnalyse
from workers.postgres.limits import Limits
from workers.postgres.processes import Process, remove_shared_memory
from workers.postgres.sandbox import Cell, Tier, command, filter_descriptor, spawn
from workers.postgres.servers import Installation
from workers.postgres.slots import Slot

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30

# Settings on the command line cannot be lowered by a role without superuser where they matter, and win over the file.
# fsync and full_page_writes: nothing here must survive a power cut. wal_level stays replica, because minimal hides the
# WAL of rewrites. dynamic_shared_memory_type mmap: in the data directory, where it is measured and erased.
_SETTINGS = {
    "autovacuum": "off",
    "checkpoint_timeout": "1d",
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "huge_pages": "off",
    "jit": "off",
    "listen_addresses": "",
    "log_destination": "stderr",
    "log_min_messages": "fatal",
    "logging_collector": "off",
    "max_connections": "20",
    "max_logical_replication_workers": "0",
    "max_parallel_maintenance_workers": "0",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_prepared_transactions": "0",
    "max_replication_slots": "0",
    "max_wal_senders": "0",
    "max_wal_size": "64MB",
    "max_worker_processes": "0",
    "min_wal_size": "8MB",
    "restart_after_crash": "off",
    "shared_buffers": "16MB",
    "ssl": "off",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "wal_level": "replica",
}


@dataclass(slots=True)
class Server:
    """A running postmaster. `process` is the postmaster itself, `launched` our own child: the same, or bwrap."""

    launched: subprocess.Popen[bytes]
    process: Process
    data: Path
    log: Path

    def alive(self) -> bool:
        return self.launched.poll() is None

    def stop(self) -> bool:
        """Clean, fast shutdown, after which the data directory may be copied; whether it went as it should."""
        self.process.signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.launched.wait(STOP_TIMEOUT_S) == 0
        self.kill()
        return False

    def kill(self) -> None:
        """Ends the server at once, also when a backend is in a computation that hears no signal."""
        segment = _shared_memory(self.data)
        self.process.kill_with_children()
        self.launched.kill()
        self.launched.wait()
        if segment is not None:
            remove_shared_memory(segment)

    def last_words(self) -> str:
        """The last line of the server's log; empty when it said nothing."""
        return _tail(self.log)


def start(installation: Installation, tier: Tier, limits: Limits, slot: Slot) -> Server:
    """Starts the server on `slot.folder/data`, its socket in `slot.folder`, and waits until it accepts connections.
    Raises CannotAnalyse with the server's own words when it does not."""
    binary, data, log = installation.bin / "postgres", slot.folder / "data", slot.folder / "log"
    settings = {**_SETTINGS, "temp_file_limit": f"{limits.file_bytes >> 10}kB"}
    program = [str(binary), "-D", str(data), "-k", str(slot.folder)]
    program += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    cell = Cell((*installation.linked, installation.lib, installation.share), binary, slot.folder, slot.user, limits)
    with log.open("wb") as output, filter_descriptor(tier) as seccomp, _pipe() as (info, told):
        descriptors = (told.fileno(), seccomp) if tier is Tier.BUBBLEWRAP else ()
        launched = spawn(command(tier, cell, program, descriptors), output, descriptors)
        try:
            slot.record(_running(launched.pid, log))
            told.close()
            pid = _pid_inside(info, log) if tier is Tier.BUBBLEWRAP else launched.pid
            server = Server(launched, _running(pid, log), data, log)
            slot.record(server.process)
            _wait_until_ready(server)
        except BaseException:
            _end(launched)
            raise
    return server


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as info, os.fdopen(writing, "wb", 0) as told:
        yield info, told


def _running(pid: int, log: Path) -> Process:
    process = Process.running(pid)
    if process is None:
        raise CannotAnalyse(_did_not_start(log))
    return process


def _did_not_start(log: Path) -> str:
    return f"the PostgreSQL server did not start: {_tail(log) or 'it said nothing'}"


def _tail(log: Path) -> str:
    """The last line of a log, which the server's user can write: bounded, printable."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        lines = file.read(2000).decode("utf8", "replace").strip().splitlines()
        return "".join(c for c in lines[-1] if c.isprintable())[:500] if lines else ""
    return ""


def _pid_inside(info: IO[bytes], log: Path) -> int:
    """The pid of bwrap's child, which is the server: read from a JSON object that arrives in pieces."""
    read, deadline = b"", time.monotonic() + START_TIMEOUT_S
    while select.select([info], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = info.read(4096)
        read += piece
        with contextlib.suppress(ValueError, KeyError):
            return int(json.loads(read)["child-pid"])
        if not piece:
            break
    raise CannotAnalyse(_did_not_start(log))


def _wait_until_ready(server: Server) -> None:
    """Until postmaster.pid says so: its eighth line is the status
    (https://github.com/postgres/postgres/blob/master/src/include/utils/pidfile.h)."""
    status, deadline = server.data / "postmaster.pid", time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.alive():
        with contextlib.suppress(OSError):
            if b"ready" in status.read_bytes():
                return
        time.sleep(0.001)
    raise CannotAnalyse(_did_not_start(server.log))


def _end(launched: subprocess.Popen[bytes]) -> None:
    if process := Process.running(launched.pid):
        process.kill_with_children()
    launched.kill()
    launched.wait()


def _shared_memory(data: Path) -> int | None:
    """The System V segment of a running postmaster: the second number of the seventh line of postmaster.pid."""
    try:
        words = (data / "postmaster.pid").read_text("ascii").splitlines()[6].split()
        return int(words[1])
    except (OSError, IndexError, ValueError):
        return None
