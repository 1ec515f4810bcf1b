"""Runs the Prisma CLI of tests/prisma_cli/node_modules, over the WebAssembly engine, with no network but loopback."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from workers.model import Migration

HERE = Path(__file__).parent
_MODULES = HERE / "node_modules"
_CLI = _MODULES / "prisma" / "build" / "index.js"
_OLDEST_NODE = (20, 19)  # `engines` of prisma 7
_CALL_S = 120.0
_FILES = {
    "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n}\n',
    "prisma/migrations/migration_lock.toml": 'provider = "postgresql"\n',
    "prisma.config.mjs": """export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL },
}
""",
}


@functools.cache
def available() -> str:
    """ "" where the CLI can run; else why not, for a test to skip with."""
    node = shutil.which("node")
    if node is None:
        return "the Prisma CLI needs node, which is not installed"
    version = subprocess.run((node, "--version"), capture_output=True, text=True, check=True).stdout.strip()
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < _OLDEST_NODE:
        return f"the Prisma CLI needs node 20.19, and this is {version}"
    if not (_MODULES / "stamp").exists():
        return "the Prisma CLI is not installed: bin/setup does it where npm reaches its registry"
    return ""


@dataclass(frozen=True, slots=True)
class Completed:
    """What the CLI said on both channels, without colours, and its exit code."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class PrismaCli:
    """A project of the layout that Prisma proposes, in a folder of its own."""

    folder: Path

    def __post_init__(self) -> None:
        for name, text in _FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def write(self, *migrations: Migration) -> None:
        """Puts them where the CLI looks for them, beside those that are there."""
        for migration in migrations:
            path = self.folder / "prisma" / "migrations" / migration.id / "migration.sql"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(migration.text.encode())

    def status(self, url: str) -> Completed:
        """Exit code 0 where all is applied, 1 otherwise."""
        return self.finish(self.start(url, "status"))

    def deploy(self, url: str) -> Completed:
        return self.finish(self.start(url, "deploy"))

    def resolve(self, url: str, how: str, name: str) -> Completed:
        """how: --applied or --rolled-back."""
        return self.finish(self.start(url, "resolve", how, name))

    def diff(self, url: str) -> Completed:
        """The SQL that makes the database what schema.prisma declares; exit code 2 where there is any, 0 where not."""
        wanted = ("--from-config-datasource", "--to-schema", "prisma/schema.prisma", "--script", "--exit-code")
        return self.finish(self.start(url, "diff", *wanted))

    def start(self, url: str, *arguments: str) -> subprocess.Popen[str]:
        """`prisma migrate ARGUMENTS`, not waited for. For `finish`."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DATABASE_URL": url,
            "NO_COLOR": "1",
            "CHECKPOINT_DISABLE": "1",
            "PRISMA_HIDE_UPDATE_MESSAGE": "1",
            "PRISMA_SCHEMA_ENGINE_BINARY": str(HERE / "engine.mjs"),
            "NODE_OPTIONS": f"--import {(HERE / 'loopback.mjs').as_uri()}",
        }
        return subprocess.Popen(
            ("node", str(_CLI), "migrate", *arguments),
            cwd=self.folder, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def finish(self, process: subprocess.Popen[str]) -> Completed:
        """Waits for it, and ends it where it takes too long."""
        with process:
            try:
                output, _ = process.communicate(timeout=_CALL_S)
            except BaseException:
                process.kill()
                raise
        assert "stopped from leaving this machine" not in output, output
        return Completed(process.returncode, output)
