"""Keeps what an audit has found, so that the next one goes on behind it: after a kill, or an edit late in history."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from workers.audited import AuditedMigration
from workers.facts import Lock
from workers.model import Migration
from workers.postgres.sandbox import Tier
from workers.postgres.servers import Installation
from workers.postgres.template import template_key
from workers.ways_back import Grade, Rollback, UndoStep, Written
from workers.words import LockMode, Name, Source

_FOLDER = "audits"
_MOST_FILES = 200  # histories; the ones that were not looked at for the longest time go


@dataclass(slots=True)
class Kept:
    """known: by place in the history. A line of the file for each: its key, and what was found."""

    keys: tuple[str, ...]
    known: dict[int, AuditedMigration]
    _file: IO[str] = field(repr=False)

    def add(self, place: int, found: AuditedMigration) -> None:
        """At once on its way to the disk: whoever is killed next, this one is there."""
        self.known[place] = found
        self._file.write(json.dumps({"key": self.keys[place], "found": asdict(found)}) + "\n")
        self._file.flush()


def keys_of(history: Sequence[Migration], installation: Installation, tier: Tier) -> tuple[str, ...]:
    """One for each migration: of itself, of all before it, of the server and of this program."""
    server = f"{template_key(installation, tier)} {installation.stand_ins}"
    digest, keys = hashlib.sha256(f"{server} {_program()}".encode()), []
    for migration in history:
        digest.update(json.dumps(asdict(migration)).encode())
        keys.append(digest.hexdigest())
    return tuple(keys)


@cache
def _program() -> str:
    """All of the code: what writes and tries rollbacks is spread over most of it."""
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]
    for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.sql"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def kept(cache: Path, name: str, keys: Sequence[str], *, fresh: bool) -> Iterator[Kept]:
    """name: of the history, whatever becomes of it. fresh: forget what was found."""
    folder = cache / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget(folder)
    path = folder / hashlib.sha256(name.encode()).hexdigest()[:24]
    known = {} if fresh else _read(path, keys)
    unfinished = path.with_suffix(f".{os.getpid()}")
    with unfinished.open("w", encoding="utf-8") as file:
        told = Kept(tuple(keys), {}, file)
        for place, found in sorted(known.items()):
            told.add(place, found)
        unfinished.replace(path)
        yield told


def _read(path: Path, keys: Sequence[str]) -> dict[int, AuditedMigration]:
    """What is there for these keys. A line that a kill has cut off is none."""
    places = {key: place for place, key in enumerate(keys)}
    known = {}
    with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8") as file:
        for line in file:
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                if (place := places.get(row["key"])) is not None:
                    known[place] = _found(row["found"])
    return known


def _forget(folder: Path) -> None:
    paths = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in paths[_MOST_FILES:]:
        path.unlink(missing_ok=True)


# ---------------------------------------------------------------- from JSON


def _found(row: dict[str, Any]) -> AuditedMigration:
    rollback, written = row.pop("rollback"), row.pop("written")
    return AuditedMigration(
        **_tuples(row),
        rollback=_rollback(rollback) if rollback else None,
        written=Written(**_tuples(written)) if written else None,
    )


def _rollback(row: dict[str, Any]) -> Rollback:
    steps = tuple(UndoStep(**each) for each in row.pop("steps"))
    locks = tuple(_lock(each) for each in row.pop("locks"))
    grade = Grade(row.pop("grade"))
    return Rollback(**_tuples(row), grade=grade, steps=steps, locks=locks)


def _lock(row: dict[str, Any]) -> Lock:
    relation, mode, source = Name(**row.pop("relation")), LockMode(row.pop("mode")), Source(row.pop("source"))
    return Lock(relation, mode, source, **row)


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
