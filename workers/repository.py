"""Reads a git repository from its objects at a commit: no checkout, no index, no hooks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workers.errors import InputError

# Everything that could make git run a program, ask a person or change the repository is off.
_GIT = ("git", "--no-replace-objects", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_ENVIRONMENT = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}


@dataclass(frozen=True, slots=True)
class File:
    """A regular file at a commit. `blob` is its object id: equal blobs have equal content."""

    path: str
    blob: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A git directory. Its methods raise InputError for what git cannot find."""

    directory: Path

    def commit(self, revision: str) -> str:
        """The full SHA of the commit a revision names."""
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.returncode:
            raise InputError(f"{revision}: no such revision in {self.directory}")
        return found.stdout.decode().strip()

    def has(self, revision: str) -> bool:
        """Whether the revision names a commit."""
        return not self._run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        ).returncode

    def merge_base(self, base: str, head: str) -> str:
        """The best common ancestor; base itself when the two share no history."""
        found = self._run("merge-base", base, head)
        return found.stdout.decode().strip() if not found.returncode else base

    def files(self, commit: str) -> tuple[File, ...]:
        """All regular files at a commit, in git's order; no symbolic links, no submodules."""
        listing = self._check("ls-tree", "-r", "-z", "--full-tree", commit)
        return tuple(_file(entry) for entry in listing.split(b"\0") if entry.startswith(b"100"))

    def file(self, commit: str, path: str) -> bytes | None:
        """The bytes of one file at a commit; None when it has no such file."""
        found = self._run("cat-file", "blob", f"{commit}:{path}")
        return None if found.returncode else found.stdout

    def contents(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """The bytes of each blob, in one git process."""
        return _batch(self._check("cat-file", "--batch", stdin=_lines(blobs)))

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """The size of each blob in bytes."""
        lines = self._check("cat-file", "--batch-check", stdin=_lines(blobs)).decode().splitlines()
        return {blob: int(size) for blob, _type, size in (line.split() for line in lines)}

    def _run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **_ENVIRONMENT}
        try:
            return subprocess.run(
                (*_GIT, "-C", str(self.directory), *arguments),
                input=stdin,
                capture_output=True,
                env=environment,
                check=False,
            )
        except FileNotFoundError:
            raise InputError("git: not found on PATH") from None

    def _check(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = self._run(*arguments, stdin=stdin)
        if done.returncode:
            raise InputError(_first_line(done.stderr) or f"git {arguments[0]} failed with status {done.returncode}")
        return done.stdout


def open_repository(directory: Path) -> Repository:
    """The repository that holds `directory`. Raises InputError when there is none, or when git refuses to read it."""
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory")
    repository = Repository(directory)
    found = repository._run("rev-parse", "--git-dir")
    if found.returncode:
        why = _first_line(found.stderr)
        raise InputError(
            f"{directory}: not in a git repository" if "not a git repository" in why else f"{directory}: {why}"
        )
    return repository


def _file(entry: bytes) -> File:
    meta, _, path = entry.partition(b"\t")
    _mode, _type, blob = meta.split()
    return File(path.decode("utf-8", "backslashreplace"), blob.decode())


def _lines(blobs: Iterable[str]) -> bytes:
    return "".join(f"{blob}\n" for blob in sorted(set(blobs))).encode()


def _batch(output: bytes) -> dict[str, bytes]:
    """`<oid> blob <size>\\n<bytes>\\n` repeated (https://git-scm.com/docs/git-cat-file#_batch_output)."""
    found, position = {}, 0
    while position < len(output):
        end = output.index(b"\n", position)
        header = output[position:end].decode().split()
        if len(header) != 3:
            raise InputError(f"git: object {header[0]} is {header[-1]}")
        size = int(header[2])
        found[header[0]] = output[end + 1 : end + 1 + size]
        position = end + size + 2
    return found


def _first_line(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[0].removeprefix("fatal: ") if lines else ""
