"""The schema of a database as pg_dump writes it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from workers.errors import CannotAnalyse
from workers.postgres.cluster import Cluster, Role
from workers.postgres.servers import Installation, find_installations

_LONGEST_S = 60.0
_KEY = re.compile(r"\\(?:un)?restrict ")  # random in each dump, https://www.postgresql.org/docs/current/app-pgdump.html

_GONE = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = %s AND application_name = 'pg_dump')"


def schema_dump(cluster: Cluster, database: str, onlooker: psycopg.Connection[Any] | None = None) -> str:
    """`pg_dump --schema-only`, as the migration role sees the database: 100 ms. No lock of it is left, as `onlooker`
    tells, or a connection that is made for it. Raises CannotAnalyse where no installation of this machine has a pg_dump
    for the server, or it gave up."""
    program = _program(cluster.installation)
    if program is None:
        raise CannotAnalyse(f"no pg_dump for PostgreSQL {cluster.installation.major} was found")
    wait_s = max(1.0, min(_LONGEST_S, cluster.remaining_ms() / 1000))
    address = make_conninfo(
        host=str(cluster.socket_folder), port=5432, user=Role.MIGRATION.value, dbname=database, sslmode="disable",
        gssencmode="disable", passfile=str(cluster.socket_folder / "none"), application_name="pg_dump",
    )  # fmt: skip
    words = [str(program), "--schema-only", "--no-password", "--lock-wait-timeout=5s", f"--dbname={address}"]
    # Nothing of ours reaches it: PG… variables would change what it does.
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(cluster.socket_folder / "none")}
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=wait_s, env=environment,
                              check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CannotAnalyse(f"pg_dump was not done in {wait_s:.0f} seconds") from None
    except OSError as refused:
        raise CannotAnalyse(f"{program} could not be started: {refused.strerror}") from None
    with contextlib.suppress(psycopg.OperationalError):  # the server is gone itself
        _wait(cluster, database, onlooker)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise CannotAnalyse(f"pg_dump gave up: {said[0].removeprefix('pg_dump: error: ')[:300]}")
    return "".join(
        line for line in done.stdout.decode("utf-8", "replace").splitlines(keepends=True) if not _KEY.match(line)
    )


def _program(server: Installation) -> Path | None:
    """The server's own, where it runs or where it came from; else one of the same version, or the next newer: pg_dump
    refuses a server newer than itself (https://www.postgresql.org/docs/current/app-pgdump.html#PG-DUMP-NOTES). Some
    packagers keep clients apart."""
    own = (folder / "pg_dump" for folder in (server.bin, Path(server.origin)))
    return next((program for program in own if _runs(program)), None) or _elsewhere(server.major)


@functools.cache
def _elsewhere(major: int) -> Path | None:
    found = [one for one in find_installations() if one.major >= major and _runs(one.bin / "pg_dump")]
    return min(found, key=lambda one: one.major).bin / "pg_dump" if found else None


def _runs(program: Path) -> bool:
    return os.access(program, os.X_OK)


def _wait(cluster: Cluster, database: str, onlooker: psycopg.Connection[Any] | None) -> None:
    with contextlib.nullcontext(onlooker) if onlooker else cluster.connect(Role.OBSERVER, "template1") as connection:
        _until_gone(connection, database)


def _until_gone(connection: psycopg.Connection[Any], database: str) -> None:
    """Its server process ends a moment after it, and holds its locks until then; no event tells."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if connection.execute(_GONE, (database,)).fetchone() == (True,):
            return
        time.sleep(0.001)
