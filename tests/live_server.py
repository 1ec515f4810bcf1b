"""A PostgreSQL server as a team has one: over TCP, with passwords, and data that outlives it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.redis_server import free_port
from workers.postgres.servers import Installation, find_installations

PASSWORD = "correct-horse-battery"  # of servers that end with their test; nothing may ever print it
OWNER = "shop_owner"  # no superuser, as with every hosted PostgreSQL
_START_S = 30.0
_POLL_S = 0.02
_PLACES = ("/dev/shm", "/var/tmp")  # reachable for the user that the server runs as


@dataclass
class LiveServer:
    """settings: lines of postgresql.conf. Stop it, kill it, start it again: the data stay."""

    installation: Installation
    folder: Path
    settings: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Returns when it takes connections; on the same port each time."""
        self.port = self.port or free_port()
        options = (
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            *_FAST,
            *self.settings,
        )
        arguments = [part for option in options for part in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                (str(self.installation.bin / "postgres"), "-D", str(self.folder / "data"), *arguments),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, **_as_user(),
            )  # fmt: skip
        deadline = time.monotonic() + _START_S
        while True:
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, self.tail()
                assert time.monotonic() < deadline, self.tail()
                time.sleep(_POLL_S)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: sessions are ended, as in a restart for an update. SIGQUIT: as in a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    def create_database(self, name: str) -> str:
        """A database of OWNER's; its URL, with the password."""
        with self.admin() as connection:
            connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER}')
        return self.url(OWNER, name)

    def url(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """A superuser's connection, in autocommit."""
        return psycopg.connect(self.url("postgres", database), autocommit=True)

    def tail(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")[-3000:]


_FAST = (
    *("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=40"),
    *("fsync=off", "shared_buffers=32MB", "timezone=UTC", "log_timezone=UTC"),
)


@contextlib.contextmanager
def live_server(*settings: str, installation: Installation | None = None) -> Iterator[LiveServer]:
    """Runs until the block ends; nothing of it stays. installation: None for the machine's own, else the embedded."""
    folder = Path(tempfile.mkdtemp(prefix="migration-bot-live-", dir=next(p for p in _PLACES if os.access(p, os.W_OK))))
    server = LiveServer(installation or own_installation(), folder, settings)
    try:
        _initialise(server)
        server.start()
        with server.admin() as connection:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(folder)


def own_installation() -> Installation:
    """The one whose programs a team would have: with TLS, if this machine has such a one."""
    found = find_installations()
    return next((one for one in found if not one.embedded), found[0])


def _initialise(server: LiveServer) -> None:
    password = server.folder / "password"
    password.write_text(PASSWORD)
    (server.folder / "log").touch()
    user = _user()
    if user is not None:
        for place in (server.folder, password):
            os.chown(place, user.pw_uid, user.pw_gid)
    subprocess.run(
        (
            str(server.installation.bin / "initdb"), "-D", str(server.folder / "data"), "-U", "postgres", "--no-sync",
            "-A", "scram-sha-256", "--pwfile", str(password), "-E", "UTF8", "--locale=C", "--no-instructions",
        ),
        check=True, capture_output=True, **_as_user(),
    )  # fmt: skip


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as, where we are root, which it refuses to run as; None: as ourselves."""
    return None if os.geteuid() else pwd.getpwnam("nobody")


def _as_user() -> dict[str, Any]:
    user = _user()
    return {"cwd": "/"} if user is None else {"cwd": "/", "user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
