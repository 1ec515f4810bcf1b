"""Reads, from the repository, the files with commands that a pull request adds or changes."""

from __future__ import annotations

from collections.abc import Iterable

from workers.code import ChangedFile, TextFile
from workers.commands.files import LIMIT_BYTES, holds_commands
from workers.repository import Repository


def changed_files(repository: Repository, fork: str, base: str, head: str) -> tuple[ChangedFile, ...]:
    """Those that are at head neither as at the fork point nor as at the tip of base, with both of these. One that is
    gone is empty now. Full SHAs."""
    paths = [path for path in repository.differing(fork, head) if holds_commands(path)]
    if not paths:
        return ()
    head_files, *earlier = [{file.path: file for file in repository.files(commit)} for commit in (head, fork, base)]
    states = {path: (head_files.get(path), [files[path] for files in earlier if path in files]) for path in paths}
    changed = {path: state for path, state in states.items() if state[0] not in state[1]}
    texts = _texts(repository, (file.blob for after, before in changed.values() for file in (after, *before) if file))
    return tuple(
        ChangedFile(
            TextFile(path, texts.get(after.blob, "") if after else ""),
            tuple(TextFile(path, texts.get(file.blob, "")) for file in before),
        )
        for path, (after, before) in changed.items()
    )


def _texts(repository: Repository, blobs: Iterable[str]) -> dict[str, str]:
    """By blob, without those that are too long."""
    short = [blob for blob, size in repository.sizes(blobs).items() if size <= LIMIT_BYTES]
    return {blob: content.decode("utf-8", "replace") for blob, content in repository.contents(short).items()}
