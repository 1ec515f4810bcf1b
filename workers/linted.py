"""Judges files as they lie on the disk, by their text alone: SQL, and the files that hold commands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from workers.around import around
from workers.code import ChangedFile, TextFile
from workers.commands.files import holds_commands
from workers.errors import InputError
from workers.judge import lint
from workers.policy import Policy
from workers.repository import Repository
from workers.verdict import Report

_SQL = frozenset((".sql", ".psql", ".pgsql", ".ddl", ""))  # the last: what has no name of its own, as /dev/stdin


def lint_files(paths: Sequence[Path], since: str | None) -> Report:
    """The report on files, SQL in the order it would run. since: a revision; of files with commands, only what they did
    not hold then is told. Raises InputError."""
    policy = Policy()
    of_commands = [path for path in paths if holds_commands(_named(path))]
    sql = [path for path in paths if path not in of_commands]
    for path in sql:
        if path.suffix.lower() not in _SQL:
            raise InputError(f"{path}: neither SQL nor a file whose commands are read")
    found = around([_changed(path, since) for path in of_commands], policy)
    return lint([(str(path), _text(path)) for path in sql], policy, found)


def _named(path: Path) -> str:
    """From the current folder, so that the names of the folders around it say nothing."""
    return Path(os.path.relpath(path)).as_posix()


def _changed(path: Path, since: str | None) -> ChangedFile:
    name = _named(path)
    after = TextFile(name, _text(path))
    if since is None:
        return ChangedFile(after)
    repository = Repository(path.resolve().parent)
    blob = repository.blob_here(since, path.name)
    if blob is None:
        return ChangedFile(after)
    return ChangedFile(after, (TextFile(name, repository.contents((blob,))[blob].decode("utf-8", "replace")),))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8") from None
