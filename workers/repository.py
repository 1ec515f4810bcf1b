"""Reads a git repository from its objects at a commit: no checkout, no index, no hooks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workers.errors import GitFailed, InputError, Missing

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

    def parents(self, commit: str) -> tuple[str, ...]:
        """The commit's parents, in its own words: also those that a shallow copy does not have."""
        header = self._check("cat-file", "commit", commit).partition(b"\n\n")[0]
        return tuple(line.split()[1].decode() for line in header.splitlines() if line.startswith(b"parent "))

    def refs(self) -> dict[str, str]:
        """Every ref with the SHA of its commit, the newest commit first."""
        listing = self._check("for-each-ref", "--sort=-committerdate", "--format=%(refname) %(objectname)")
        return dict(line.split() for line in listing.decode().splitlines())

    def files(self, commit: str) -> tuple[File, ...]:
        """All regular files at a commit, in git's order; no symbolic links, no submodules."""
        listing = self._check("ls-tree", "-r", "-z", "--full-tree", commit)
        return tuple(_file(entry) for entry in listing.split(b"\0") if entry.startswith(b"100"))

    def file(self, commit: str, path: str) -> bytes | None:
        """The bytes of one file at a commit; None when it has no such file."""
        meta = self._check("ls-tree", "--full-tree", commit, "--", path).split()[:3]
        if meta[1:2] != [b"blob"]:
            return None
        blob = meta[2].decode()
        return self.contents((blob,))[blob]

    def contents(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """The bytes of each blob, in one git process."""
        return _batch(self._check("cat-file", "--batch", stdin=_lines(blobs)))

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """The size of each blob in bytes."""
        rows = [line.split() for line in self._check("cat-file", "--batch-check", stdin=_lines(blobs)).splitlines()]
        _refuse_missing(rows)
        return {blob.decode(): int(size) for blob, _type, size in rows}

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
            raise GitFailed(_first_line(done.stderr) or f"git {arguments[0]} failed with status {done.returncode}")
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
    found, rows, position = {}, [], 0
    while position < len(output):
        end = output.index(b"\n", position)
        rows.append(output[position:end].split())
        size = int(rows[-1][2]) if len(rows[-1]) == 3 else -1
        found[rows[-1][0].decode()] = output[end + 1 : end + 1 + max(size, 0)]
        position = end + size + 2
    _refuse_missing(rows)
    return found


def _refuse_missing(rows: Iterable[list[bytes]]) -> None:
    """`<oid> missing` stands where type and size would."""
    missing = tuple(row[0].decode() for row in rows if len(row) == 2)
    if missing:
        raise Missing(missing)


def _first_line(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[0].removeprefix("fatal: ") if lines else ""
