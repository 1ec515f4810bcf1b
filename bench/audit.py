"""Measures the audit of a whole history, against replaying it plainly on the same machine in the same run.

    .venv/bin/python bench/audit.py REPO PATH [--revision HEAD] [--runs 1]

REPO may be a bare repository. The reference is how a script deploys: psql, one process for each file, each file in one
transaction, on a server like the one of the audit. Goals: the audit takes at most 4 times as long, with at most 400 MB
in the Python processes. Our own replay in one process is told beside it. Ends with 1 when a goal is missed."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from workers.audit import audit
from workers.audit.chain import Ground
from workers.audit.line import line_on
from workers.audit.place import Asked, find
from workers.audited import Audit
from workers.beforehand import beforehand
from workers.extensions import server_with_most
from workers.model import Migration
from workers.postgres.cluster import DATABASE, Limits, Role, default_cache, start_cluster
from workers.postgres.sandbox import Tier, strongest_tier
from workers.postgres.servers import find_installations
from workers.review import Machine

_PEAK_EVERY_S = 0.05


def main() -> int:
    asked = _arguments()
    found = find(Asked(asked.path, asked.repo, asked.revision))
    history = found.migrations.history
    before = beforehand(found.migrations.layout, history, found.policy)
    installation = server_with_most(history, before, find_installations(), found.policy.postgres_version)
    ground = Ground(installation, strongest_tier(), Limits(), default_cache(), before.sql).for_all(len(history))
    print(f"{len(history)} migrations in {found.migrations.directory}, on {installation}")
    rounds = [_round(asked, history, ground) for _ in range(asked.runs)]
    psql, replay, audited, megabytes = (statistics.median(values) for values in zip(*rounds, strict=True))
    print(f"psql, a process for each file {psql:7.1f} s")
    print(f"replay in one process         {replay:7.1f} s")
    print(f"audit                         {audited:7.1f} s")
    print(f"audit / psql                  {audited / psql:7.2f}   (goal 4)")
    print(f"audit / replay                {audited / replay:7.1f}")
    print(f"peak memory                   {megabytes:7.0f} MB (goal 400), all Python processes together")
    return 0 if audited <= 4 * psql and megabytes <= 400 else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures the audit of a whole history.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("path")
    parser.add_argument("--revision", default="HEAD")
    parser.add_argument("--runs", type=int, default=1)
    return parser.parse_args()


def _round(asked: argparse.Namespace, history: tuple[Migration, ...], ground: Ground) -> tuple[float, ...]:
    """In turn, so that all meet the same noise. The last number is the audit's peak memory, in MB."""
    psql, replay = _psql(history, ground), _replay(history, ground)
    machine = Machine(ground.cache, Limits(), 0, Tier.RLIMITS)
    began, peak = time.monotonic(), _Peak()
    with peak:
        found = audit(Asked(asked.path, asked.repo, asked.revision, fresh=True), machine)
    took = time.monotonic() - began
    print(_told(found))
    return psql, replay, took, peak.megabytes


def _told(found: Audit) -> str:
    proven = sum(each.proven for each in found.applied)
    return f"{len(found.applied)} of {len(found.migrations)} applied, {proven} proven"


def _psql(history: tuple[Migration, ...], ground: Ground) -> float:
    program = shutil.which("psql")
    if program is None:
        raise SystemExit("psql: not found on PATH")
    with (
        start_cluster(ground.installation, ground.tier, ground.limits, ground.cache) as cluster,
        tempfile.TemporaryDirectory() as folder,
    ):
        paths = [Path(folder) / f"{number}.sql" for number in range(len(history))]
        for path, migration in zip(paths, history, strict=True):
            path.write_text(migration.text)
        words = (program, "-h", str(cluster.socket_folder), "-U", Role.MIGRATION.value, "-d", DATABASE, "-Xq1")
        environment = {"PATH": os.defpath, "PGOPTIONS": "-c client_min_messages=error"}
        began = time.monotonic()
        for path in paths:
            subprocess.run((*words, "-f", str(path)), env=environment, capture_output=True, check=False)
        return time.monotonic() - began


def _replay(history: tuple[Migration, ...], ground: Ground) -> float:
    with (
        start_cluster(ground.installation, ground.tier, ground.limits, ground.cache) as cluster,
        line_on(cluster) as line,
    ):
        began = time.monotonic()
        for migration in history:
            line.apply(migration)
        return time.monotonic() - began


class _Peak:
    """The most memory that this process and the Python processes which it starts hold together, looked at 20 times a
    second: resident, with what they share counted once (PSS)."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PEAK_EVERY_S):
            held = sum(_held_kb(pid) for pid in (os.getpid(), *_children(os.getpid())) if _is_python(pid))
            self.megabytes = max(self.megabytes, held / 1024)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _is_python(pid: int) -> bool:
    try:
        return "python" in Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return False


def _held_kb(pid: int) -> int:
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in rows if row.startswith("Pss:")), 0)


if __name__ == "__main__":
    sys.exit(main())
