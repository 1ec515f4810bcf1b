"""Finds pg_dump, and pg_restore beside it, new enough for a server."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.errors import Refused
from workers.postgres.servers import _version as version_of

# Where packagers put clients, also those that come without a server. The servers of our own Python package are not
# looked at: they have no pg_restore, and no TLS.
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/libpq/bin", "/usr/local/opt/libpq/bin")


@dataclass(frozen=True, slots=True)
class Programs:
    """version: of both, 15.18."""

    pg_dump: Path
    pg_restore: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def find_programs(named: Path | None, server_major: int, more: Sequence[Path] = ()) -> Programs:
    """The oldest that can dump the server: what it writes, the team's own pg_restore can read. named: the pg_dump that
    is to be taken. more: folders to look in first. pg_dump refuses a server newer than itself
    (https://www.postgresql.org/docs/current/app-pgdump.html#PG-DUMP-NOTES). Raises Refused with what to install."""
    looked = [named] if named else list(_candidates(more))
    found = [programs for pg_dump in looked if (programs := _read(pg_dump))]
    fitting = [programs for programs in found if programs.major >= server_major]
    if fitting:
        return min(fitting, key=lambda programs: programs.major)
    raise Refused(f"PostgreSQL {server_major} needs pg_dump {server_major} or newer; {_why_none(named, found)}: "
                  f"install postgresql-client-{server_major}, or name one with backup.pg_dump")  # fmt: skip


def _candidates(more: Sequence[Path]) -> Iterator[Path]:
    """PATH comes last: Debian's programs there are wrappers that choose a version by themselves."""
    for folder in more:
        yield folder / "pg_dump"
    for place in _PLACES:
        yield from (Path(folder) / "pg_dump" for folder in sorted(glob.glob(place)))  # noqa: PTH207  absolute
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path)


def _read(pg_dump: Path) -> Programs | None:
    pg_restore = pg_dump.with_name("pg_restore")
    if not (os.access(pg_dump, os.X_OK) and os.access(pg_restore, os.X_OK)):
        return None
    version = version_of(pg_dump)
    return Programs(pg_dump, pg_restore, version) if version else None


def _why_none(named: Path | None, found: Sequence[Programs]) -> str:
    if found:
        return "found " + ", ".join(f"{programs.version} at {programs.pg_dump}" for programs in found)
    return f"{named} is not a pg_dump with a pg_restore beside it" if named else "found none"
