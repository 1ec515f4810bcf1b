"""How much a rehearsal may take of the machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what migrations may use. Memory is per connection, and a review opens few."""

    statement_ms: int = 60_000  # one statement, before it is cancelled
    total_ms: int = 600_000  # all statements of one cluster
    memory_bytes: int = 1 << 30  # address space of one server process, 150 MB of it the program itself
    disk_bytes: int = 1 << 30  # the whole data directory, measured while a statement runs
    file_bytes: int = 256 << 20  # any single file, and all temporary files of one connection
    processes: int = 64
    open_files: int = 512

    def rlimits(self, own_user: bool) -> dict[str, int]:
        """RLIMIT names and values. The number of processes is counted per user, so it is bounded only where the server
        has a user of its own. CPU time is a backstop for the case that nobody watches any more."""
        found = {
            "AS": self.memory_bytes,
            "FSIZE": self.file_bytes,
            "NOFILE": self.open_files,
            "CORE": 0,
            "CPU": 2 * self.total_ms // 1000 + 1,
        }
        return {**found, "NPROC": self.processes} if own_user else found
