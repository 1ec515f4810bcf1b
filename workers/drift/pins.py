"""Which builds of Prisma's schema engine we know, each by its version and the sha256 of its files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "@prisma/schema-engine-wasm"
WASM, GLUE = "schema_engine_bg.wasm", "schema_engine_bg.js"


@dataclass(frozen=True, slots=True)
class Build:
    """A release of the engine that reads schemas of one major version of Prisma."""

    prisma_major: int
    version: str
    sha256: tuple[tuple[str, str], ...]  # by file, hexadecimal

    def folder(self, cache: Path) -> Path:
        """Where `bin/setup --prisma` puts its files."""
        return cache / "prisma" / self.version


# Prisma 7 refuses the `url` that Prisma 6 demands in the datasource block, so that each needs a build of its own.
BUILDS = (
    Build(
        6,
        "6.19.0-26.2ba551f319ab1df4bc874a89965d8b3641056773",
        (
            (WASM, "febbb50ef48a4e577b6d3652841166fac47eb129e63f727f9c9401f3d4b84bf1"),
            (GLUE, "e069e04a3cfdbd5ce3c066dd883fdb0744de427f5359f0066b5e9980818c63ee"),
        ),
    ),
    Build(
        7,
        "7.10.0-4.0edf323efd1d98336f3f0a68684b56f689b900d3",
        (
            (WASM, "c8d00b95bdf2259b6a41914ad28e9b247d1e46462cd92a02f0939c6d17577a1e"),
            (GLUE, "e705215d9df34adb9cb1e81e4e0312c10ef5d01350e0e9c026ee7564dbf26d84"),
        ),
    ),
)


def build_for(prisma_major: int) -> Build | None:
    """The build that reads the schemas of this major version; None where we have none."""
    return next((build for build in BUILDS if build.prisma_major == prisma_major), None)


def verified(build: Build, files: dict[str, bytes]) -> bool:
    """Whether these are the build's files, to the byte."""
    return all(hashlib.sha256(files.get(name, b"")).hexdigest() == digest for name, digest in build.sha256)
