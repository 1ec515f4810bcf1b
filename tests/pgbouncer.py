"""A real PgBouncer before a live server: Debian's package, where this machine has it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.live_server import OWNER, PASSWORD, LiveServer
from tests.redis_server import free_port

_START_S = 10.0
_POLL_S = 0.02


@contextlib.contextmanager
def running_pgbouncer(server: LiveServer, mode: str, *settings: str) -> Iterator[int]:
    """Its port. mode: session, transaction or statement. settings: lines of pgbouncer.ini. Skips the test where the
    program is missing."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("this machine has no pgbouncer")
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # it refuses to run as root, so it reads its files as somebody else
        (folder / "users").write_text(f'"{OWNER}" "{PASSWORD}"\n')
        (folder / "ini").write_text("\n".join((*_configuration(server, mode, port, folder), *settings, "")))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                (program, str(folder / "ini")), stdout=log, stderr=log, user=None if os.geteuid() else "nobody"
            )
            try:
                _wait(port, process, folder / "log")
                yield port
            finally:
                process.kill()
                process.wait()


def _configuration(server: LiveServer, mode: str, port: int, folder: Path) -> tuple[str, ...]:
    return (
        *("[databases]", f"* = host=127.0.0.1 port={server.port}"),
        *("[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}", "unix_socket_dir ="),
        *(f"pool_mode = {mode}", "auth_type = scram-sha-256", f"auth_file = {folder / 'users'}"),
    )


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:{port}/postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(_POLL_S)
        else:
            return
