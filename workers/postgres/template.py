"""The data directory every cluster starts as a copy of: made once per server version, then kept."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from workers.errors import CannotAnalyse
from workers.postgres import server
from workers.postgres.connections import DATABASE, Role, connect
from workers.postgres.folders import copy_tree, give, place
from workers.postgres.limits import Limits
from workers.postgres.sandbox import Cell, Tier, command, spawn
from workers.postgres.servers import Installation
from workers.postgres.slots import Slot, slot

# --locale=C: the same on every machine. 1 MB of WAL per segment: the copy is a third smaller.
_INITDB = ("--no-sync", "-A", "trust", "--no-instructions", "-E", "UTF8", "--locale=C", "--wal-segsize=1")
_INITDB_FROM_18 = ("--no-data-checksums",)  # on by default since 18; a copy in memory does not rot

# The bootstrap superuser is not called postgres, so that the role without superuser rights can be: dumps then load.
_ROLES = (
    f"CREATE ROLE {Role.MIGRATION.value} LOGIN NOSUPERUSER CREATEDB CONNECTION LIMIT 4",
    f"CREATE ROLE {Role.OBSERVER.value} LOGIN NOSUPERUSER",
    f"GRANT pg_monitor, pg_signal_backend TO {Role.OBSERVER.value}",
    f"GRANT SET ON PARAMETER session_replication_role TO {Role.MIGRATION.value}",
    # Ours to be reached through whatever migrations do to their own databases.
    "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
    f"GRANT CONNECT ON DATABASE template1 TO {Role.OBSERVER.value}",
    f"CREATE DATABASE {DATABASE} TEMPLATE template0 OWNER {Role.MIGRATION.value}",
    "UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'",
    "DROP DATABASE template0",
    "DROP DATABASE postgres",
)
# Since 16 CREATEROLE gives no way to the predefined roles that read files and start programs
# (https://www.postgresql.org/docs/16/release-16.html); the second line lets the owner use the roles it makes. Who has
# BYPASSRLS may give it to them; before 16 only a superuser may
# (https://www.postgresql.org/docs/current/sql-createrole.html).
_ROLES_FROM_16 = (
    f"ALTER ROLE {Role.MIGRATION.value} CREATEROLE BYPASSRLS",
    f"ALTER ROLE {Role.MIGRATION.value} SET createrole_self_grant = 'set, inherit'",
)
_ROLES_OF_15_IN_A_SANDBOX = (f"ALTER ROLE {Role.MIGRATION.value} CREATEROLE",)
# pg_dump writes COMMENT ON EXTENSION plpgsql, which only the extension's owner may say.
_DATABASE = (
    f"UPDATE pg_extension SET extowner = (SELECT oid FROM pg_roles WHERE rolname = '{Role.MIGRATION.value}')",  # noqa: S608  our own name
    "VACUUM FREEZE",
    "CHECKPOINT",
)


def template_key(installation: Installation, tier: Tier) -> str:
    """Names the template, and with it all that a data directory depends on besides the SQL run in it. A snapshot made
    under one key must not be used under another: on 15 the roles differ between the tiers."""
    made_of = repr(
        (installation.version, installation.origin, _initdb_options(installation), _statements(installation, tier))
    )
    return f"{installation.version}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"


def _initdb_options(installation: Installation) -> tuple[str, ...]:
    return _INITDB + (_INITDB_FROM_18 if installation.major >= 18 else ())


def _statements(installation: Installation, tier: Tier) -> tuple[str, ...]:
    if installation.major >= 16:
        return _ROLES + _ROLES_FROM_16 + _DATABASE
    return _ROLES + (_ROLES_OF_15_IN_A_SANDBOX if tier is Tier.BUBBLEWRAP else ()) + _DATABASE


def ensure_template(installation: Installation, tier: Tier, cache: Path) -> Path:
    """The template's folder, made if need be (about a second). Safe when several processes ask at once; what was made
    half is never used. Raises CannotAnalyse when the server's own programs fail."""
    target = cache / "templates" / template_key(installation, tier)
    if target.exists():
        return target
    target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            with slot() as workshop:
                _make(installation, tier, workshop)
                unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
                copy_tree(workshop.folder / "data", unfinished / "data", None)
            place(unfinished / "data", target)
            unfinished.rmdir()
    return target


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds an exclusive lock on a file, waiting for it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(installation: Installation, tier: Tier, workshop: Slot) -> None:
    data = workshop.folder / "data"
    _initialise(installation, workshop)
    if workshop.user is not None:
        give(workshop.folder, workshop.user)
    running = server.start(installation, Tier.RLIMITS, Limits(), workshop)
    try:
        statements = _statements(installation, tier)
        with connect(workshop.folder, Role.ADMIN, "template1") as connection:
            for statement in statements[: -len(_DATABASE)]:
                connection.execute(statement)
        with connect(workshop.folder, Role.ADMIN, DATABASE) as connection:
            for statement in _DATABASE:
                connection.execute(statement)
        if not running.stop():
            raise CannotAnalyse(f"the new data directory {data} was not shut down cleanly: {running.last_words()}")
    except psycopg.Error as refused:
        raise CannotAnalyse(f"{installation} refused to prepare its data directory: {refused}") from refused
    finally:
        if running.alive():
            running.kill()


def _initialise(installation: Installation, workshop: Slot) -> None:
    """initdb, unlike the server, insists on a user with a passwd entry."""
    user = None
    if workshop.user is not None:
        user = _some_user()
        os.chown(workshop.folder, user, user)
    binary = installation.bin / "initdb"
    program = [str(binary), "-D", str(workshop.folder / "data"), "-U", Role.ADMIN.value, *_initdb_options(installation)]
    cell = Cell((), binary, workshop.folder, user, Limits())
    child = spawn(command(Tier.RLIMITS, cell, program), subprocess.PIPE)
    said = child.communicate(timeout=120)[0].decode("utf8", "replace").strip()
    if child.returncode:
        raise CannotAnalyse(f"{installation} could not make a data directory: {said.splitlines()[-1] if said else ''}")


def _some_user() -> int:
    """A user that may not do much: postgres, nobody, or any but root."""
    by_name = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in ("postgres", "nobody", *by_name):
        if name in by_name:
            return by_name[name]
    raise CannotAnalyse("initdb needs a user other than root in /etc/passwd, and there is none")
