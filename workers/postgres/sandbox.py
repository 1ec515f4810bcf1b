"""The command line that runs a server inside the strongest confinement this machine offers."""

from __future__ import annotations

import contextlib
import enum
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workers.errors import CannotAnalyse
from workers.postgres import confine
from workers.postgres.limits import Limits
from workers.postgres.slots import FIRST_USER_ID, SLOTS

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # all that a server gets to see of ours


class Tier(enum.StrEnum):
    """Kinds of confinement, strongest first. All have rlimits and, under root, a user of their own."""

    BUBBLEWRAP = "bubblewrap"  # namespaces: no network, no other process, no file but the server's own; seccomp
    LANDLOCK = "landlock"  # the same files by Landlock, no network by seccomp; other processes are seen, not reached
    RLIMITS = "rlimits"  # what the database roles forbid, and nothing else


@dataclass(frozen=True, slots=True)
class Cell:
    """What the confined program may touch and use."""

    read: tuple[Path, ...]  # beside the system's own libraries
    execute: Path
    write: Path
    user: int | None  # uid and gid; None: as ourselves
    limits: Limits


# What a server needs of the system: shared libraries, time zones, locales.
_SYSTEM = (
    "/lib/*-linux-*",
    "/usr/lib/*-linux-*",
    "/lib64",
    "/usr/lib64",
    "/lib/ld-linux-*",
    "/lib/ld-musl-*",
    "/usr/lib/ld-linux-*",
    "/lib/lib*.so*",  # musl systems
    "/usr/lib/lib*.so*",  # Arch and musl systems keep them there
    "/nix/store",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
    "/etc/localtime",  # zoneinfo/localtime links to it on Debian, and pg_timezone_names looks at every file
    "/usr/lib/locale",
)
_LOADERS = ("/lib64/ld-linux-*", "/lib/ld-linux-*", "/lib/ld-musl-*", "/lib/*-linux-*/ld-linux-*")
_DEVICES = ("/dev/null", "/dev/urandom")


def command(tier: Tier, cell: Cell, program: Sequence[str], descriptors: Sequence[int] = ()) -> list[str]:
    """The arguments that run `program` (its first word is cell.execute) confined. `descriptors` are needed for
    BUBBLEWRAP: one that bwrap writes its child's pid to, and one that holds `confine.seccomp_filter()`. Every tier
    starts with confine.py, which drops the user, sets the rlimits and dies with the thread that started it."""
    if tier is Tier.BUBBLEWRAP:
        program = [*_bubblewrap(cell, *descriptors), "--", *program]
    order = confine.Order(
        parent=os.getpid(),
        user=cell.user,
        rlimits=cell.limits.rlimits(own_user=cell.user is not None),
        landlock=tier is Tier.LANDLOCK,
        seccomp={Tier.BUBBLEWRAP: "no", Tier.LANDLOCK: "require", Tier.RLIMITS: "try"}[tier],
        read=[*map(str, cell.read), *_existing(_SYSTEM), *_DEVICES],
        execute=[str(cell.execute), *_existing(_LOADERS)],
        write=[str(cell.write), "/dev/null"],
    )
    return [sys.executable, "-I", "-S", confine.__file__, json.dumps(order), "--", *program]


def _existing(patterns: Sequence[str]) -> list[str]:
    return [found for pattern in patterns for found in sorted(glob.glob(pattern))]  # noqa: PTH207  absolute patterns


def _bubblewrap(cell: Cell, info: int, seccomp: int) -> list[str]:
    """As pid 1 of the new namespace, so that the pid bwrap reports is the server's own and its end ends all."""
    words = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1"]
    words += ["--info-fd", str(info), "--seccomp", str(seccomp)]
    for path in ("/lib", "/lib64"):
        if Path(path).is_symlink():  # /usr has been merged
            words += ["--symlink", str(Path(path).readlink()), path]
    linked = [path for path in _existing(_SYSTEM) if not (path.startswith("/lib") and Path("/lib").is_symlink())]
    for path in [*linked, *map(str, cell.read), str(cell.execute)]:
        words += ["--ro-bind", path, path]
    for path in _DEVICES:
        words += ["--dev-bind", path, path]
    return [*words, "--bind", str(cell.write), str(cell.write), "--remount-ro", "/", "--chdir", "/"]


def available_tiers() -> tuple[Tier, ...]:
    """The tiers that work here, strongest first; each was tried on a harmless program."""
    return tuple(tier for tier in Tier if why_not(tier) is None)


def strongest_tier() -> Tier:
    """The first of `available_tiers`, without trying the weaker ones."""
    return next(tier for tier in Tier if why_not(tier) is None)


def sandbox_of(require: Tier) -> Tier:
    """The strongest tier of this machine. Raises CannotAnalyse where it is weaker than the one that is required."""
    tier = strongest_tier()
    if list(Tier).index(tier) > list(Tier).index(require):
        raise CannotAnalyse(f"the strongest sandbox of this machine is {tier}, and {require} is required")
    return tier


def why_not(tier: Tier) -> str | None:
    """Why a tier does not work on this machine, in a sentence; None when it does. Tries it: 10 to 40 ms."""
    if tier is Tier.RLIMITS:
        return None
    if tier is Tier.BUBBLEWRAP and not shutil.which("bwrap"):
        return "the program bwrap (package bubblewrap) is not installed"
    if not sys.platform.startswith("linux"):
        return "it is made of Linux features"
    if tier is Tier.LANDLOCK and not confine.landlock_abi():
        return "this kernel has no Landlock (it came with Linux 5.13), or a container forbids it"
    return _try(tier)


def _try(tier: Tier) -> str | None:
    """Runs `true` in the tier, as the user a server would have."""
    harmless = Path(shutil.which("true") or "/bin/true").resolve()
    user = FIRST_USER_ID + SLOTS if os.geteuid() == 0 else None
    folder = Path("/dev/null")  # something to write to that everybody has
    cell = Cell((), harmless, folder, user, Limits())
    try:
        with filter_descriptor(tier) as seccomp, open(os.devnull, "wb") as info:  # noqa: PTH123  os.devnull is no path of ours
            descriptors = (info.fileno(), seccomp)
            child = spawn(command(tier, cell, [str(harmless)], descriptors), subprocess.PIPE, descriptors)
            said = child.communicate(timeout=10)[0].decode("utf8", "replace").strip()
    except (OSError, subprocess.TimeoutExpired) as failed:
        return str(failed)
    if child.returncode == 0:
        return None
    return said.splitlines()[-1] if said else f"it ended with code {child.returncode}"


@contextlib.contextmanager
def filter_descriptor(tier: Tier) -> Iterator[int]:
    """A descriptor to read the seccomp filter from, as `command` wants it; empty where the tier does not need it."""
    with tempfile.TemporaryFile() as file:
        if tier is Tier.BUBBLEWRAP:
            file.write(confine.seccomp_filter())
            file.seek(0)
        yield file.fileno()


def spawn(words: Sequence[str], output: int | IO[bytes], descriptors: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    """Starts a program with nothing of ours: no environment, no input, no terminal; only the descriptors named. It
    should be called from a thread that outlives the program, which dies with it."""
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        cwd="/",
        umask=0o077,
        start_new_session=True,  # Ctrl-C in our terminal is ours to act on
        pass_fds=descriptors,
    )
