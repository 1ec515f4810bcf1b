"""Reads a git repository from its objects at a commit: no checkout, no index, no hooks."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.errors import GitFailed, InputError, Missing

# Everything that could make git run a program, ask a person or change the repository is off.
GIT = ("git", "--no-replace-objects", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_GREP = ("grep", "-I", "-n", "-w", "-E", "-z", "--full-name", "--no-color", "--no-column", "--no-recurse-submodules")
_SPECIAL = re.compile(r"[][\\.^$*+?{}()|]")  # in POSIX's extended regular expressions
_GREP_BYTES, _GREP_S, _TEXT_MAX = 8 << 20, 5.0, 1000
ENVIRONMENT = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}


@dataclass(frozen=True, slots=True)
class File:
    """A regular file at a commit. `blob` is its object id: equal blobs have equal content."""

    path: str
    blob: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, from 1; its text is trimmed and cut where it is long."""

    path: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Grepped:
    """whole: these are all; else it took longer than 5 s, or 8 MB."""

    lines: tuple[Line, ...]
    whole: bool


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

    def prefix(self) -> str:
        """This very folder from the repository's root: "" for the root, and for a bare repository."""
        return os.fsdecode(self._check("rev-parse", "--show-prefix")).rstrip("/\n")

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

    def blob_here(self, revision: str, name: str) -> str | None:
        """The id of a file in this very folder at a revision; None where there is none."""
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}:./{name}")
        return found.stdout.decode().strip() if not found.returncode else None

    def contents(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """The bytes of each blob, in one git process."""
        return _batch(self._check("cat-file", "--batch", stdin=_lines(blobs)))

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """The size of each blob in bytes."""
        rows = [line.split() for line in self._check("cat-file", "--batch-check", stdin=_lines(blobs)).splitlines()]
        _refuse_missing(rows)
        return {blob.decode(): int(size) for blob, _type, size in rows}

    def grep(self, commit: str, words: Iterable[str], pathspecs: Iterable[str] = ()) -> Grepped:
        """The lines at a commit that hold one of the words as a whole word, in git's order; no binary files, and none
        that is missing here. pathspecs: with magic (https://git-scm.com/docs/gitglossary#def_pathspec)."""
        # As one pattern: git looks for each of several by itself, and 40 take ten times as long.
        alternatives = "|".join(
            _SPECIAL.sub(r"\\\g<0>", word) for word in sorted(set(words)) if word and word.isprintable()
        )
        if not alternatives:
            return Grepped((), whole=True)
        found, whole = self._first_bytes(*_GREP, "-e", f"({alternatives})", commit, "--", *pathspecs)
        # Told as `<commit>:<path> NUL <number> NUL <text>`; what was cut at the end, or has a line end in its path, has
        # not these parts.
        rows = (row.split(b"\0", 2) for row in found.split(b"\n"))
        lines = (_line(row[0][len(commit) + 1 :], row[1], row[2]) for row in rows if len(row) == 3)
        return Grepped(tuple(lines), whole)

    def differing(self, one: str, other: str) -> tuple[str, ...]:
        """The paths whose files are not the same at two commits."""
        listing = self._check("diff-tree", "-r", "-z", "--name-only", "--no-renames", one, other)
        return tuple(path.decode("utf-8", "surrogateescape") for path in listing.split(b"\0") if path)

    def tree(self, commit: str) -> str:
        """The id of the commit's tree, which is the same for commits with the same files."""
        return self._check("rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()

    def _run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **ENVIRONMENT}
        try:
            return subprocess.run(
                (*GIT, "-C", str(self.directory), *arguments),
                input=stdin,
                capture_output=True,
                env=environment,
                check=False,
            )
        except FileNotFoundError:
            raise InputError("git: not found on PATH") from None

    def _first_bytes(self, *arguments: str) -> tuple[bytes, bool]:
        """What git says within the limits, and whether that is all. A status of 1 is grep's for nothing found."""
        with (
            subprocess.Popen(
                (*GIT, "-C", str(self.directory), *arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a line for each file that is missing here
                env={**os.environ, **ENVIRONMENT},
            ) as process,
            _killed_after(process, _GREP_S),
        ):
            assert process.stdout is not None
            found = process.stdout.read(_GREP_BYTES)
            cut = len(found) == _GREP_BYTES
            if cut:
                process.kill()
            status = process.wait()
        if status > 1:
            raise GitFailed(f"git {arguments[0]} failed with status {status}")
        return found, status >= 0 and not cut

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


@contextlib.contextmanager
def _killed_after(process: subprocess.Popen[bytes], time_s: float) -> Iterator[None]:
    timer = threading.Timer(time_s, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _line(path: bytes, number: bytes, text: bytes) -> Line:
    return Line(path.decode("utf-8", "replace"), int(number), text.decode("utf-8", "replace").strip()[:_TEXT_MAX])


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
