"""Takes a dump of an environment, proves it, and only then keeps it."""

from __future__ import annotations

import hashlib
import re
import shlex
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from workers.environments.address import read_url
from workers.environments.backups.archive import Archive, last_words
from workers.environments.backups.backup import Backup
from workers.environments.backups.child import STOPPED, Ended, Look, run
from workers.environments.backups.kept import MANIFEST, Kept, manifest_of, name_of
from workers.environments.backups.programs import find_programs
from workers.environments.backups.source import held_source
from workers.environments.backups.stores import Store, full, store_of
from workers.environments.backups.verify import verify
from workers.environments.connection import connect, libpq_parameters, without_secrets
from workers.environments.model import BackupMethod, BackupPlan, Environment, Progress, Watch
from workers.errors import Cancelled, Refused, Unreachable
from workers.review import Machine

_STEP = "backup"
_MB = 1 << 20


def take_dump(environment: Environment, label: str, ground: Machine, watch: Watch) -> Backup:
    """label: of the name, pr123. ground: where the dump is proven. Nothing stays in the store but a dump that was. Its
    rows are those of one moment, whatever is written meanwhile. Raises Refused, Unreachable and Cancelled."""
    began_s, store, plan = time.monotonic(), store_of(environment), environment.backup
    look = Look(watch, began_s + environment.timeouts.total_ms / 1000)
    watch.tell(Progress(_STEP, "looking at the database"))
    with store.staging() as folder:
        with _session(environment) as connection:
            programs = find_programs(plan.pg_dump, connection.info.server_version // 10_000, ground.postgres)
            largest_bytes = min(ground.limits.file_bytes, ground.limits.disk_bytes // max(plan.sample, 1)) // 2
            with held_source(connection, plan.sample, largest_bytes, _lock_wait_ms(environment)) as source:
                taken_at = datetime.now(UTC)
                archive = Archive(folder / "archive", source, programs)
                _dump(environment, archive, look)
        checks = verify(archive, ground, look)
        packed = plan.jobs > 1
        file = _packed(archive.path) if packed else archive.path
        kept = Kept(
            name=name_of(environment.name, taken_at, label, packed=packed), taken_at=taken_at, good=True,
            bytes=file.stat().st_size, label=label, server=source.server, tables=len(source.tables),
            sha256=_sha256(file), checks=checks,
        )  # fmt: skip
        _keep(store, file, kept, watch)
    return Backup(
        kept.name, BackupMethod.DUMP, store.place(kept.name), taken_at, (time.monotonic() - began_s) * 1000,
        kept.bytes, checks, restore_commands(store, kept.name, plan.jobs),
    )  # fmt: skip


@contextmanager
def _session(environment: Environment) -> Iterator[psycopg.Connection[Any]]:
    """Tells of an error as of the environment's."""
    try:
        with closing(connect(environment, _STEP)) as connection:
            yield connection
    except psycopg.errors.LockNotAvailable as error:
        raise _locked(environment) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refused(_may_not_read(error.diag.message_primary or "")) from error
    except psycopg.Error as error:
        words = without_secrets(str(error).partition("\n")[0], environment)
        raise Unreachable(f"the backup of {environment.name} could not be taken: {words}") from None


# ---------------------------------------------------------------- pg_dump


def _dump(environment: Environment, archive: Archive, look: Look) -> None:
    parameters = libpq_parameters(environment, read_url(environment.url))
    password = parameters.pop("password")
    parameters.pop("sslpassword", None)  # has no other way than the command line, which everybody can read
    # As one string: pg_dump would take a database name with = in it for such a string.
    where = make_conninfo(**parameters, application_name=f"migration-bot: {_STEP}", gssencmode="disable")
    words = (
        str(archive.programs.pg_dump), *_format(environment.backup), "--verbose", "--no-password",
        f"--lock-wait-timeout={_lock_wait_ms(environment)}", f"--snapshot={archive.source.snapshot}",
        f"--dbname={where}", f"--file={archive.path}",
    )  # fmt: skip
    listener = _Listener(look.watch, sum(not table.partitioned for table in archive.source.tables))
    look.watch.tell(Progress(_STEP, "", 0, listener.total))
    ended = run(words, password, look, listener.hear)
    if ended.code:
        raise _why(ended, environment)


def _format(plan: BackupPlan) -> tuple[str, ...]:
    """Only the directory format can be written by several processes
    (https://www.postgresql.org/docs/current/app-pgdump.html)."""
    form = ("--format=directory", f"--jobs={plan.jobs}") if plan.jobs > 1 else ("--format=custom",)
    return *form, f"--compress={plan.compress}"


@dataclass(slots=True)
class _Listener:
    """Counts the tables that pg_dump says it dumps."""

    watch: Watch
    total: int
    done: int = field(default=0)

    def hear(self, line: str) -> None:
        _, found, table = line.partition("dumping contents of table ")
        if found:
            self.watch.tell(Progress(_STEP, table.strip('"'), self.done, self.total))
            self.done += 1


_FULL = re.compile("No space left on device|Disk quota exceeded|File too large")
_WAITED = re.compile("canceling statement due to (?:statement|lock) timeout|could not obtain lock")
_UNREADABLE = re.compile(r"ERROR: +(permission denied .*|query would be affected by row-level security .*)")


def _lock_wait_ms(environment: Environment) -> int:
    """ACCESS SHARE waits for ACCESS EXCLUSIVE alone, which is somebody's DDL: never for ever."""
    return environment.timeouts.lock_ms * environment.timeouts.lock_attempts


def _locked(environment: Environment) -> Unreachable:
    return Unreachable(
        f"the backup of {environment.name} waited {_lock_wait_ms(environment) / 1000:g} s for a table that another "
        "session holds an ACCESS EXCLUSIVE lock on: try again when that is done"
    )


def _may_not_read(what: str) -> str:
    return f"the backup needs a role that may read everything, and this one may not: {what}"


def _why(ended: Ended, environment: Environment) -> Refused | Unreachable:
    said = "\n".join(line for line in ended.said if "error: " in line)
    if _FULL.search(said):
        return Unreachable(full(environment.backup.target))
    if unreadable := _UNREADABLE.search(said):
        return Refused(_may_not_read(unreadable[1]))
    if _WAITED.search(said):
        return _locked(environment)
    return Unreachable(f"pg_dump gave up: {without_secrets(last_words(ended), environment)}")


# ---------------------------------------------------------------- keeping it


def _packed(folder: Path) -> Path:
    """The files of a dump in one, not compressed a second time; each is gone as soon as it is in."""
    target = folder.with_suffix(".tar")
    with tarfile.open(target, "w") as tar:
        for file in sorted(folder.iterdir()):
            tar.add(file, file.name)
            file.unlink()
    return target


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _keep(store: Store, file: Path, kept: Kept, watch: Watch) -> None:
    """The manifest last: a dump without one was never whole."""
    manifest = file.with_name("manifest")
    manifest.write_bytes(manifest_of(kept))
    done_bytes = 0

    def advance(more_bytes: int) -> None:
        nonlocal done_bytes
        done_bytes += more_bytes
        watch.tell(Progress(_STEP, "storing it (MB)", done_bytes // _MB, kept.bytes // _MB))
        if watch.cancelled():
            raise Cancelled(STOPPED)

    store.put(file, kept.name, advance)
    store.put(manifest, kept.name + MANIFEST, lambda _: None)


_IN_THE_WAY = "# where it fails, nothing was changed: restore into an empty database, or drop what is said to depend"


def restore_commands(store: Store, name: str, jobs: int) -> tuple[str, ...]:
    """What a person types to bring a dump back into the database that $DATABASE_URL names: all of it or, where a thing
    made since depends on it, nothing, which the last line tells them. Other things made since stay."""
    fetched, file = store.fetching(name)
    restore = 'pg_restore --clean --if-exists --no-owner --single-transaction -d "$DATABASE_URL"'
    if jobs == 1:
        return *fetched, f"{restore} {file}", _IN_THE_WAY
    folder = shlex.quote(name.removesuffix(".tar"))
    return *fetched, f"mkdir {folder} && tar -xf {file} -C {folder}", f"{restore} {folder}", _IN_THE_WAY
