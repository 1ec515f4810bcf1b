"""The bare git repositories behind the stand-in GitHub: commits, refs and test merges, by plumbing alone."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Files = Mapping[str, str | bytes | None]  # path → content, None to delete
ZERO = "0" * 40
_IDENTITY = {"NAME": "Some One", "EMAIL": "someone@example.org"}
ENVIRONMENT = {
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _IDENTITY.items()},
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "LC_ALL": "C",
}
# What GitHub's own servers allow: partial clones, and any object by its id.
_CONFIG = {
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
_HUNK = re.compile(r"^@@ [^+]*\+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01"


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class Bare:
    """One repository. Methods raise CalledProcessError for what git refuses."""

    directory: Path

    @classmethod
    def create(cls, directory: Path, branch: str) -> Bare:
        made = cls(directory)
        command = ("git", "init", "-q", "--bare", "--template=", "-b", branch, str(directory))
        subprocess.run(command, env=ENVIRONMENT, check=True)
        with (directory / "config").open("a") as config:
            for name, value in _CONFIG.items():
                section, _, key = name.partition(".")
                config.write(f"[{section}]\n\t{key} = {value}\n")
        return made

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        return self.raw(*arguments, stdin=stdin).decode().rstrip("\n")

    def raw(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        command = ("git", "-C", str(self.directory), *arguments)
        whole = {**ENVIRONMENT, **(environment or {})}
        return subprocess.run(command, input=stdin, env=whole, check=True, capture_output=True).stdout

    def asks(self, *arguments: str) -> bool:
        command = ("git", "-C", str(self.directory), *arguments)
        return not subprocess.run(command, env=ENVIRONMENT, check=False, capture_output=True).returncode

    def sha(self, revision: str) -> str | None:
        """The full SHA of a commit; None when there is none of that name."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        except subprocess.CalledProcessError:
            return None

    def branch(self, name: str) -> str | None:
        return self.sha(f"refs/heads/{name}")

    def update(self, ref: str, sha: str | None) -> None:
        """Sets a ref, or deletes it."""
        self.git("update-ref", *((ref, sha) if sha else ("-d", ref)))

    def commit(self, files: Files, parent: str | None, message: str) -> str:
        """A commit of the files on a parent, in one process."""
        lines = [b"commit refs/scratch", f"committer {_IDENTITY['NAME']} <{_IDENTITY['EMAIL']}> now".encode()]
        lines += [_data(message.encode())]
        if parent:
            lines.append(b"from " + parent.encode())
        for path, content in files.items():
            if content is None:
                lines.append(b"D " + path.encode())
            else:
                data = content if isinstance(content, bytes) else content.encode()
                lines += [b"M 100644 inline " + path.encode(), _data(data)]
        self.git("fast-import", "--quiet", "--force", "--date-format=now", stdin=b"\n".join(lines) + b"\n")
        sha = self.git("rev-parse", "refs/scratch")
        self.update("refs/scratch", None)
        return sha

    def merge(self, base: str, head: str, message: str) -> str | None:
        """The merge of head into base; None when it conflicts."""
        try:
            tree = self.git("merge-tree", "--write-tree", base, head)
        except subprocess.CalledProcessError as error:
            if error.returncode == 1:
                return None
            raise
        return self.git("commit-tree", tree, "-p", base, "-p", head, "-m", message)

    def fetch(self, other: Bare, sha: str, ref: str) -> None:
        """Brings a commit of another repository here, under a ref."""
        self.git("fetch", "-q", "--no-tags", str(other.directory), f"+{sha}:{ref}")

    def is_ancestor(self, older: str, newer: str) -> bool:
        return self.asks("merge-base", "--is-ancestor", older, newer)

    def merge_base(self, one: str, other: str) -> str | None:
        try:
            return self.git("merge-base", one, other)
        except subprocess.CalledProcessError:
            return None

    def log(self, *revisions: str) -> tuple[Commit, ...]:
        """The commits that `git log` shows, oldest first."""
        text = self.git("log", "--reverse", f"--format={_FORMAT}", *revisions)
        return tuple(_commit(entry) for entry in text.split("\x01") if entry.strip())

    def one(self, revision: str) -> Commit:
        return self.log("-1", revision)[0]

    def shas(self, *revisions: str) -> tuple[str, ...]:
        return tuple(self.git("rev-list", *revisions).split())

    def changed(self, before: str, after: str) -> dict[str, Sequence[str]]:
        """The paths of a push event's commits."""
        found: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
        words = {"A": "added", "D": "removed"}
        listing = self.git("diff-tree", "-r", "--no-renames", "--name-status", before, after)
        for line in listing.splitlines():
            letter, _, path = line.partition("\t")
            found[words.get(letter, "modified")].append(path)
        return dict(found)

    def shown(self, base: str, head: str, path: str) -> set[int]:
        """The lines of a file at head that the pull request's diff shows, three of context with them."""
        hunks = _HUNK.finditer(self.git("diff", "--no-color", f"{base}...{head}", "--", path))
        return {line for hunk in hunks for line in range(int(hunk[1]), int(hunk[1]) + int(hunk[2] or 1))}

    def blob(self, revision: str, path: str) -> tuple[str, bytes] | None:
        """The id and the bytes of a file."""
        try:
            sha = self.git("rev-parse", "--verify", "--quiet", f"{revision}:{path}")
        except subprocess.CalledProcessError:
            return None
        return sha, self.raw("cat-file", "blob", sha)


def _data(content: bytes) -> bytes:
    return b"data %d\n%s" % (len(content), content)


def _commit(entry: str) -> Commit:
    sha, tree, parents, *rest = entry.lstrip("\n").split("\x00")
    author, committer = Signature(*rest[0:3]), Signature(*rest[3:6])
    return Commit(sha, tree, tuple(parents.split()), author, committer, rest[6].rstrip("\n"))
