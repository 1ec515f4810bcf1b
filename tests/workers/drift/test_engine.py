"""Prisma's own engine, confined, makes DDL of a schema; without it, or with another, nothing is rendered."""

from __future__ import annotations

import functools
import http.server
import io
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.drift import engine
from workers.drift.engine import NotReadable, NotRendered, render
from workers.drift.install import install
from workers.drift.pins import BUILDS, GLUE, PACKAGE, WASM, Build, build_for, verified
from workers.errors import InputError
from workers.postgres.sandbox import Tier, available_tiers, strongest_tier

PACKED = Path(__file__).parents[2] / "prisma_cli" / "node_modules" / "@prisma" / "schema-engine-wasm"
SEVEN = BUILDS[1]
SCHEMA = """datasource db {
  provider = "postgresql"
}

model Größe {
  id   Int    @id
  name String @default("ä\U0001f600") @db.VarChar(20)
  @@map("größen")
}
"""
DDL = """-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "größen" (
    "id" INTEGER NOT NULL,
    "name" VARCHAR(20) NOT NULL DEFAULT 'ä\U0001f600',

    CONSTRAINT "größen_pkey" PRIMARY KEY ("id")
);
"""

needs_engine = pytest.mark.skipif(
    not PACKED.is_dir() or engine.find_host() is None, reason="needs Node.js and what bin/setup installs with npm"
)


def installed(cache: Path) -> Path:
    """The cache, with the engine for Prisma 7 as the lock file of the tests' Prisma CLI has it."""
    folder = SEVEN.folder(cache)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (WASM, GLUE):
        if not (folder / name).is_file():
            part = folder / f"{name}.{os.getpid()}"
            shutil.copyfile(PACKED / name, part)
            part.replace(folder / name)
    return cache


@pytest.fixture
def engines(tmp_path: Path) -> Path:
    return installed(tmp_path)


@needs_engine
@pytest.mark.parametrize("tier", available_tiers())
def test_a_schema_becomes_ddl(engines: Path, tier: Tier) -> None:
    assert render(SEVEN, engines, {"schema.prisma": SCHEMA}, tier).strip() == DDL.strip()


@needs_engine
def test_several_files_are_one_schema(engines: Path) -> None:
    files = {"a.prisma": SCHEMA, "b.prisma": "model Other {\n  id Int @id\n}\n"}
    assert 'CREATE TABLE "Other"' in render(SEVEN, engines, files, strongest_tier())


@needs_engine
def test_a_broken_schema_is_refused_with_its_place(engines: Path) -> None:
    broken = SCHEMA.replace("Int    @id", "Nothing @id")
    with pytest.raises(NotReadable, match=r"^prisma/schema\.prisma:6: Type \"Nothing\" is neither a built-in type"):
        render(SEVEN, engines, {"prisma/schema.prisma": broken}, strongest_tier())


@pytest.mark.campaign
@needs_engine
def test_a_schema_of_megabytes_is_in_time(engines: Path) -> None:
    fields = "".join(f"  field_{number} String? /// {'a comment ' * 5}\n" for number in range(60))
    models = "".join(f"\nmodel M{number} {{\n  id Int @id\n{fields}}}\n" for number in range(1000))
    assert len(models) > 4 << 20
    ddl = render(SEVEN, engines, {"a.prisma": 'datasource db {\n  provider = "postgresql"\n}\n' + models}, Tier.RLIMITS)
    assert ddl.count("CREATE TABLE") == 1000


@needs_engine
def test_an_engine_that_takes_too_long_is_ended(engines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_TIME_S", 0.01)
    with pytest.raises(NotRendered, match=r"^Prisma's engine took more than 0\.01 s$"):
        render(SEVEN, engines, {"schema.prisma": SCHEMA}, strongest_tier())


def test_each_major_has_its_build() -> None:
    assert [build_for(major) for major in (5, 6, 7, 8)] == [None, *BUILDS, None]


def test_without_the_engine_nothing_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_host", lambda: engine.Host(("/bin/true",), ()))
    with pytest.raises(NotRendered, match=r"^Prisma's engine 7\.10\.0 is not installed; see bin/setup --prisma$"):
        render(SEVEN, tmp_path, {}, strongest_tier())


def test_another_engine_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_host", lambda: engine.Host(("/bin/true",), ()))
    folder = SEVEN.folder(tmp_path)
    folder.mkdir(parents=True)
    for name in (WASM, GLUE):
        (folder / name).write_bytes(b"another")
    with pytest.raises(NotRendered, match="not the engine that this version of migration-bot knows"):
        render(SEVEN, tmp_path, {}, strongest_tier())


def test_without_a_host_nothing_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_host", lambda: None)
    with pytest.raises(NotRendered, match=r"neither mini-racer nor Node\.js"):
        render(SEVEN, tmp_path, {}, strongest_tier())


# ---------------------------------------------------------------- installing


def tarball(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A registry on this machine, and the file that it has for the engine."""
    folder = tmp_path / "registry"
    place = folder / PACKAGE / "-" / f"schema-engine-wasm-{SEVEN.version}.tgz"
    place.parent.mkdir(parents=True)
    handler = functools.partial(_Quiet, directory=os.fspath(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", place
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """No lines among those of the tests."""


@needs_engine
def test_the_engine_is_fetched_once(registry: tuple[str, Path], tmp_path: Path) -> None:
    url, place = registry
    place.write_bytes(tarball({name: (PACKED / name).read_bytes() for name in (WASM, GLUE)}))
    folder = install(SEVEN, tmp_path, url)
    assert verified(SEVEN, {path.name: path.read_bytes() for path in folder.iterdir()})
    place.unlink()
    assert install(SEVEN, tmp_path, url) == folder


def test_other_files_are_refused(registry: tuple[str, Path], tmp_path: Path) -> None:
    url, place = registry
    place.write_bytes(tarball({WASM: b"another", GLUE: b"another"}))
    with pytest.raises(InputError, match="not the files that this version of migration-bot knows"):
        install(SEVEN, tmp_path, url)
    assert not SEVEN.folder(tmp_path).exists()


def test_a_registry_without_encryption_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^http://example\.org: the registry has to be an https address$"):
        install(Build(7, "1.0.0", ((WASM, ""),)), tmp_path, "http://example.org")
