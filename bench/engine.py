"""Measures the engine on a repository's own history, against a reference in the same run.

    .venv/bin/python bench/engine.py REPO [--revision HEAD] [--runs 5]

Goals: cold replay at most 1.3 times the same files sent over one psycopg connection to the same server; a warm review
of the newest migration at most 1.0 s, of which at most 0.2 s to acquire the server; at most 250 MB in the Python
process on its way through the whole history. Prints one line each; ends with 1 when a goal is missed."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from workers.extensions import extensions_of
from workers.gather import Between, gather
from workers.model import MigrationSet
from workers.postgres.cluster import Limits, Role, default_cache, start_cluster
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import choose, find_installations
from workers.postgres.template import ensure_template
from workers.projects import Wanted
from workers.replay import Ground, replayed
from workers.repository import open_repository

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
_REVIEW = """
import os, resource, sys
from workers.__main__ import main
sys.argv = ["migration-bot", *sys.argv[1:]]
code = main()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def main() -> int:
    asked = _arguments()
    repository = open_repository(asked.repo)
    commit = repository.commit(asked.revision)
    (migrations,) = gather(repository, Between(commit, commit), (Wanted(directory=asked.path),))
    print(f"{len(migrations.history)} migrations in {migrations.directory}")
    with tempfile.TemporaryDirectory(prefix="migration-bot-bench-") as folder:
        met = [_replay(migrations, asked.runs), _review(migrations, Path(folder), asked.runs)]
    return 0 if all(met) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures cold replay, warm review and memory.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--revision", default="HEAD")
    parser.add_argument("--path")
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


# ---------------------------------------------------------------- cold replay


def _replay(migrations: MigrationSet, runs: int) -> bool:
    """Ours and the reference in turn, so that both meet the same noise."""
    ground = _ground(migrations)
    ensure_template(ground.installation, ground.tier, ground.cache)
    pairs = [(_ours(migrations, ground), _reference(migrations, ground)) for _ in range(runs)]
    ours, reference = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"cold replay    {ours:7.0f} ms, psycopg {reference:.0f} ms: ratio {ratio:.2f} (goal 1.30)")
    return ratio <= 1.3


def _ground(migrations: MigrationSet) -> Ground:
    installation = choose(find_installations(), None, frozenset(extensions_of(migrations.history)))
    return Ground(installation, strongest_tier(), Limits(), default_cache(), 0, lambda: None)


def _ours(migrations: MigrationSet, ground: Ground) -> float:
    with tempfile.TemporaryDirectory() as cache:
        # A cache of its own, with the template of the usual one: nothing of the history is kept there.
        Path(cache).chmod(0o755)
        (Path(cache) / "templates").symlink_to(ground.cache / "templates")
        with replayed(migrations.history, replace(ground, cache=Path(cache))) as base:
            assert base.snapshot == "miss"
            return base.replay_ms


def _reference(migrations: MigrationSet, ground: Ground) -> float:
    """Each file as one simple query over one connection, with the rights of the migrations' role."""
    with (
        start_cluster(ground.installation, ground.tier, ground.limits, ground.cache) as cluster,
        cluster.connect(Role.MIGRATION) as connection,
    ):
        began = time.monotonic()
        for migration in migrations.history:
            connection.pgconn.exec_(migration.text.encode())
        return (time.monotonic() - began) * 1000


# ---------------------------------------------------------------- review


def _review(migrations: MigrationSet, folder: Path, runs: int) -> bool:
    _commit(migrations, folder)
    cold = _run(folder)
    warm = [_run(folder) for _ in range(runs)]
    wall_ms = statistics.median(one["wall_ms"] for one in warm)
    acquire_ms = statistics.median(one["acquire_ms"] for one in warm)
    memory_mb = max(one["memory_mb"] for one in (cold, *warm))
    print(f"cold review    {cold['wall_ms']:7.0f} ms, snapshot {cold['snapshot']}")
    print(f"warm review    {wall_ms:7.0f} ms (goal 1000), snapshot {warm[-1]['snapshot']}")
    print(f"server acquire {acquire_ms:7.0f} ms (goal 200)")
    print(f"peak memory    {memory_mb:7.0f} MB (goal 250)")
    return wall_ms <= 1000 and acquire_ms <= 200 and memory_mb <= 250


def _commit(migrations: MigrationSet, folder: Path) -> None:
    """main has all but the newest migration, the branch has that one."""

    def git(*arguments: str) -> None:
        subprocess.run((*_GIT, *arguments), cwd=folder, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    *merged, newest = migrations.history
    # A comment makes the history another one each time, so that the first review is cold.
    for migration in merged:
        path = folder / migration.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(migration.text + (f"\n-- {time.time()}\n" if migration is merged[0] else ""))
    git("add", "-A")
    git("commit", "-q", "-m", "history")
    git("switch", "-q", "-c", "branch")
    (folder / newest.path).parent.mkdir(parents=True, exist_ok=True)
    (folder / newest.path).write_text(newest.text)
    git("add", "-A")
    git("commit", "-q", "-m", "newest")


def _run(folder: Path) -> dict[str, float]:
    command = (sys.executable, "-c", _REVIEW, "review", "--repo", str(folder), "--format", "json", "--fail-on", "never")
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall_ms = (time.monotonic() - began) * 1000
    if not done.stdout:
        raise SystemExit(done.stderr)
    timing = json.loads(done.stdout)["timing"]
    memory_mb = int(done.stderr.splitlines()[-1]) / 1024
    return {"wall_ms": wall_ms, "memory_mb": memory_mb, **timing}


if __name__ == "__main__":
    sys.exit(main())
