"""A view of an installation that the server's user can read and in which harmless extensions count as trusted."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

from workers.errors import CannotAnalyse
from workers.postgres.folders import erase, place
from workers.postgres.servers import Installation
from workers.postgres.slots import needs_users
from workers.postgres.stand_ins import write

# Not marked trusted by their authors, though nothing in them reaches beyond the database. Migrations create them, and
# on hosted servers they may. https://www.postgresql.org/docs/current/extend-extensions.html
HARMLESS = frozenset(
    {
        "bloom",
        "earthdistance",
        "hypopg",
        "intagg",
        "moddatetime",
        "pg_ivm",
        "pg_stat_statements",
        "pg_uuidv7",
        "postgis",
        "postgres_fdw",  # its wrapper stays the superuser's, and nobody else may make a server with it
    }
    | {"postgis_topology", "ulid", "vector"}
)
_PROGRAMS = ("postgres", "initdb")
_LEFT_OUT = shutil.ignore_patterns("bitcode", "*.a", "pkgconfig", "pgxs", "doc", "man")


def shadow(installation: Installation, cache: Path) -> Installation:
    """The installation as its server is to be started: itself when it will do, else a view of it in the cache, made
    once. The programs are copied, because a server finds its other files from where its program really stands; the
    rest is linked, or copied too when other users may not read the original. Raises CannotAnalyse."""
    to_trust = (HARMLESS & installation.extensions) - installation.trusted
    readable = not needs_users() or _others_may_read(installation.bin / "postgres")
    if readable and not to_trust and not installation.stand_ins:
        return installation
    whole = (installation.bin, installation.lib, installation.share, *installation.companions)
    root = Path(os.path.commonpath(whole))
    target = cache / "servers" / f"{installation.version}-{_state(installation, to_trust, readable)}"
    if not target.exists():
        _build(installation, root, target, (to_trust, readable))
    if needs_users() and not _others_may_read(target):
        raise CannotAnalyse(
            f"the cache folder {cache} must be open for other users to read, because servers run as one"
        )
    return replace(
        installation,
        bin=target / installation.bin.relative_to(root),
        lib=target / installation.lib.relative_to(root),
        share=target / installation.share.relative_to(root),
        extensions=installation.extensions | {each.name for each in installation.stand_ins},
        trusted=installation.trusted | to_trust | {each.name for each in installation.stand_ins},
        linked=(installation.lib, installation.share) if readable else (),
    )


def _state(installation: Installation, to_trust: frozenset[str], readable: bool) -> str:
    """Changes when the package is upgraded or an extension is installed."""
    binary = (installation.bin / "postgres").stat()
    made_of = repr(
        (
            str(installation.bin),
            binary.st_mtime_ns,
            binary.st_size,
            sorted(installation.extensions),
            sorted(to_trust),
            readable,
            installation.stand_ins,
        )
    )
    return hashlib.sha256(made_of.encode()).hexdigest()[:12]


def _others_may_read(path: Path) -> bool:
    """Whether any user may pass all folders to the file and read it."""
    if not path.stat().st_mode & stat.S_IROTH:
        return False
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def _build(installation: Installation, root: Path, target: Path, how: tuple[frozenset[str], bool]) -> None:
    """Under a temporary name first: what is there under its own name is whole."""
    to_trust, readable = how
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
    try:
        unfinished.chmod(0o755)
        view = unfinished / "view"
        (view / installation.bin.relative_to(root)).mkdir(parents=True)
        for program in _PROGRAMS:
            shutil.copy2(installation.bin / program, view / installation.bin.relative_to(root) / program)
        share = view / installation.share.relative_to(root)
        for folder in (installation.lib, *installation.companions):
            _show(folder, view / folder.relative_to(root), readable)
        if readable:
            _link_entries(installation.share, share)
            (share / "extension").unlink()
            _link_entries(installation.share / "extension", share / "extension")
        else:
            _show(installation.share, share, readable)
        for name in to_trust:
            _trust(share / "extension" / f"{name}.control")
        for stand_in in installation.stand_ins:
            write(stand_in, share / "extension")
        _open_to_all(view)
        place(view, target)
    finally:
        erase(unfinished)


def _show(source: Path, target: Path, readable: bool) -> None:
    if readable:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
    else:
        shutil.copytree(source, target, ignore=_LEFT_OUT, dirs_exist_ok=True)


def _link_entries(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        (target / entry.name).symlink_to(entry)


def _trust(control: Path) -> None:
    text = control.read_text("utf8")
    control.unlink()
    control.write_text(text.rstrip("\n") + "\ntrusted = true\n", "utf8")


def _open_to_all(view: Path) -> None:
    for folder, _, files in os.walk(view):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.parent.name == "bin" else 0))
