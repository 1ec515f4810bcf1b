"""Merges a text that both sides have changed, as git does."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from workers.repository import ENVIRONMENT, GIT


def merged(ours: str, was: str, theirs: str) -> str | None:
    """What a merge makes of a text that both sides have changed (https://git-scm.com/docs/git-merge-file); None for a
    conflict."""
    with tempfile.TemporaryDirectory(prefix="migration-bot-merge-") as folder:
        names = [Path(folder, name) for name in ("ours", "was", "theirs")]
        for name, text in zip(names, (ours, was, theirs), strict=True):
            name.write_bytes(text.encode())
        environment = {**os.environ, **ENVIRONMENT}
        words = (*GIT, "merge-file", "-p", *map(str, names))
        done = subprocess.run(words, capture_output=True, env=environment, check=False)
    return done.stdout.decode() if done.returncode == 0 else None
