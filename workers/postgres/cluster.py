"""An ephemeral PostgreSQL server for one review: a copy of the template, and nothing left at the end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from workers.errors import CannotAnalyse
from workers.postgres import server
from workers.postgres.connections import DATABASE, Role, connect
from workers.postgres.folders import copy_tree
from workers.postgres.limits import Limits
from workers.postgres.sandbox import Tier
from workers.postgres.servers import Installation
from workers.postgres.shadow import shadow
from workers.postgres.slots import Slot, slot
from workers.postgres.template import ensure_template
from workers.rehearsed import ServerInfo

_GRACE_S = 10.0  # in which sessions cancel and terminate what is past its time

__all__ = ["DATABASE", "Cluster", "Limits", "Role", "Tier", "default_cache", "start_cluster"]


def default_cache() -> Path:
    """Where templates and snapshots are kept from one run to the next. Under root not in its home folder, which the
    servers' own users cannot enter."""
    if os.geteuid() == 0:
        return Path("/var/cache/migration-bot")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "migration-bot"


@dataclass(slots=True)
class Cluster:
    """A running server. Its one owner is the process that started it; `start_cluster` makes and erases it."""

    info: ServerInfo
    installation: Installation
    tier: Tier
    limits: Limits
    _slot: Slot
    _server: server.Server
    _started_s: float = field(default_factory=time.monotonic)

    @property
    def data(self) -> Path:
        """The data directory; to be read only between `freeze` and `thaw`."""
        return self._slot.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """Holds the Unix socket .s.PGSQL.5432."""
        return self._slot.folder

    def connect(self, role: Role, database: str = DATABASE) -> psycopg.Connection:
        """An autocommit connection, for SQL of our own. What came from a migration runs in a session.Session."""
        return connect(self.socket_folder, role, database, self.limits.statement_ms)

    def create_database(self, name: str, template: str = DATABASE) -> None:
        """Clones a database nobody is connected to, as one that the migration role owns. 10 ms and the time to copy.
        STRATEGY file_copy: with fsync off it takes half the time of the default."""
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(Role.MIGRATION.value)
            )
        )

    def drop_database(self, name: str) -> None:
        """Drops a database if it exists, ending its connections."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        try:
            with self.connect(Role.ADMIN, "template1") as connection:
                connection.execute(statement)
        except psycopg.Error as refused:
            raise CannotAnalyse(f"the server refused to {statement.as_string()}: {refused}") from refused

    def alive(self) -> bool:
        """Whether the server still runs."""
        return self._server.alive()

    def kill(self) -> None:
        """Ends the server at once, whatever it is doing."""
        self._server.kill()

    def last_words(self) -> str:
        """The last line of the server's log, which holds fatal errors only; may be empty."""
        return self._server.last_words()

    def freeze(self) -> None:
        """Shuts the server down cleanly, so that `data` can be kept. All connections end. Raises CannotAnalyse."""
        if not self._server.stop():
            raise CannotAnalyse(f"the PostgreSQL server did not shut down cleanly: {self.last_words()}")

    def thaw(self) -> None:
        """Starts the server again after `freeze`."""
        self._server = server.start(self.installation, self.tier, self.limits, self._slot)

    def remaining_ms(self) -> float:
        """What is left of limits.total_ms; negative when it is used up."""
        return self.limits.total_ms - (time.monotonic() - self._started_s) * 1000


@contextlib.contextmanager
def start_cluster(
    installation: Installation, tier: Tier, limits: Limits, cache: Path, source: Path | None = None
) -> Iterator[Cluster]:
    """A server of its own on a copy of the template, or of `source`, a data directory kept from an earlier cluster of
    the same `template_key`. Stopped and erased at the end, whatever ends it. The calling thread must stay alive for as
    long, because the server dies with it. Raises CannotAnalyse."""
    installation = shadow(installation, cache)
    original = source or ensure_template(installation, tier, cache)
    with slot() as held:
        copy_tree(original, held.folder / "data", held.user)
        running = server.start(installation, tier, limits, held)
        info = ServerInfo(installation.version, installation.origin, tier.value)
        cluster = Cluster(info, installation, tier, limits, held, running)
        # The last resort, for connections that no session watches: all who wait for a killed server hear of it.
        alarm = threading.Timer(limits.total_ms / 1000 + _GRACE_S, cluster.kill)
        alarm.daemon = True
        alarm.start()
        try:
            yield cluster
        finally:
            alarm.cancel()
            if cluster.alive():
                cluster.kill()
