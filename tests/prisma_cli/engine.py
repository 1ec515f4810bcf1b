"""The engine below the Prisma CLI, asked for what the CLI's own sentences leave out; one process for many questions."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.prisma_cli.cli import HERE
from workers.model import Migration

_FILTERS: dict[str, list[str]] = {"externalTables": [], "externalEnums": []}


class Refusal(Exception):
    """What the engine says instead of an answer, with its code: P3018."""


@dataclass(frozen=True, slots=True)
class History:
    """What `diagnoseMigrationHistory` answers. how: its word for how the table and the folder stand to each other."""

    has_table: bool
    how: str | None
    unapplied: tuple[str, ...]  # in the folder only
    unpersisted: tuple[str, ...]  # in the table only
    failed: tuple[str, ...]
    edited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrismaEngine:
    """Connected to one database, with one schema."""

    process: subprocess.Popen[str]
    schema: Path

    def ddl(self) -> str:
        """Of the schema, in an empty database."""
        return str(self._diff({"tag": "empty"})["stdout"])

    def closing(self) -> str:
        """The SQL that makes the database what the schema declares; "" where it is."""
        answer = self._diff({"tag": "schemaDatasource", "configDir": os.fspath(self.schema.parent), **self._declared()})
        return str(answer["stdout"]) if answer["exitCode"] else ""

    def history(self, migrations: Iterable[Migration]) -> History:
        """What it makes of the history table, where these are on disk."""
        asked = {"migrationsList": _listed(migrations), "optInToShadowDatabase": False, "filters": _FILTERS}
        answer = self._ask("diagnoseMigrationHistory", asked)
        how = answer.get("history") or {}
        lists = (how.get("unappliedMigrationNames"), how.get("unpersistedMigrationNames"))
        names = (*lists, answer["failedMigrationNames"], answer["editedMigrationNames"])
        return History(answer["hasMigrationsTable"], how.get("diagnostic"), *(tuple(found or ()) for found in names))

    def _declared(self) -> Mapping[str, Any]:
        return {"files": [{"path": os.fspath(self.schema), "content": self.schema.read_text()}]}

    def _diff(self, side: Mapping[str, Any]) -> dict[str, Any]:
        to = {"tag": "schemaDatamodel", **self._declared()}
        return self._ask("diff", {"from": side, "to": to, "script": True, "exitCode": True, "filters": _FILTERS})

    def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise Refusal(answer["error"]["data"].get("error_code"), answer["error"]["data"]["message"])
        found: dict[str, Any] = answer["result"]
        return found


def _listed(migrations: Iterable[Migration]) -> dict[str, Any]:
    lock = {"path": "migration_lock.toml", "content": 'provider = "postgresql"\n'}
    folders: Sequence[dict[str, Any]] = [
        {"path": one.id, "migrationFile": {"path": "migration.sql", "content": {"tag": "ok", "value": one.text}}}
        for one in migrations
    ]
    return {"baseDir": "migrations", "lockfile": lock, "shadowDbInitScript": "", "migrationDirectories": folders}


@contextlib.contextmanager
def prisma_engine(url: str, schema: Path) -> Iterator[PrismaEngine]:
    """It ends with the block. schema: the file."""
    words = ("node", "--import", (HERE / "loopback.mjs").as_uri(), os.fspath(HERE / "engine.mjs"))
    options = ("--datamodels", os.fspath(schema), "--datasource", json.dumps({"url": url}))
    environment = {"PATH": os.environ["PATH"]}
    with subprocess.Popen(
        (*words, *options), env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield PrismaEngine(process, schema)
        finally:
            assert process.stdin is not None
            process.stdin.close()
