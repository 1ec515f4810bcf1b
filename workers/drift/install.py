"""Fetches Prisma's schema engine from npm, never at review time: `python -m workers.drift.install [CACHE]`."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import urllib.request
from pathlib import Path

from workers.drift.pins import BUILDS, PACKAGE, Build, verified
from workers.errors import InputError
from workers.postgres.cluster import default_cache

_REGISTRY = "https://registry.npmjs.org"
_TIMEOUT_S = 60
_TARBALL_BYTES, _FILE_BYTES = 16 << 20, 32 << 20


def install(build: Build, cache: Path, registry: str) -> Path:
    """The folder with the build's files, fetched if they are not there. Raises InputError for files that are not the
    ones we know, OSError when the registry cannot be reached."""
    folder = build.folder(cache)
    if verified(build, {name: (folder / name).read_bytes() for name, _ in build.sha256 if (folder / name).is_file()}):
        return folder
    url = f"{registry.rstrip('/')}/{PACKAGE}/-/{PACKAGE.partition('/')[2]}-{build.version}.tgz"
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise InputError(f"{registry}: the registry has to be an https address")
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310  https, and nothing is run
        files = _unpacked(answer.read(_TARBALL_BYTES), build)
    if not verified(build, files):
        raise InputError(f"{url}: not the files that this version of migration-bot knows")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        part = folder / f"{name}.{os.getpid()}"
        part.write_bytes(content)
        part.replace(folder / name)
    return folder


def _unpacked(tarball: bytes, build: Build) -> dict[str, bytes]:
    files = {}
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for name, _ in build.sha256:
            member = archive.extractfile(f"package/{name}")
            files[name] = member.read(_FILE_BYTES) if member else b""
    return files


def main(arguments: list[str]) -> int:
    """Installs all builds; 0 when they are there."""
    cache = Path(arguments[0]) if arguments else default_cache()
    registry = os.environ.get("NPM_CONFIG_REGISTRY") or _REGISTRY
    for build in BUILDS:
        try:
            install(build, cache, registry)
        except (OSError, KeyError, tarfile.TarError, InputError) as failed:
            print(f"{PACKAGE} {build.version}: {failed}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
