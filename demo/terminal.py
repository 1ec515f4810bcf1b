"""The review of the shop's branch on the command line, without GitHub."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from demo import shop
from tests.github.bare import Bare

_FINDINGS = 1  # the exit code of a review that finds what this one should


def play(keep: bool) -> int:
    """Reviews, and says how to do it again. keep: the folder stays, to play with. Returns the exit code."""
    program = Path(sys.executable).with_name("migration-bot")
    with _folder(keep) as folder:
        _checkout(folder)
        review = (program, "review", "--repo", folder, "--base", "main", "--head", shop.LOYALTY.name)
        print(f"A shop with migrations is in {folder};", flush=True)
        print(f"those that its branch {shop.LOYALTY.name} adds are run on a throw-away PostgreSQL:\n", flush=True)
        status = subprocess.run(review, check=False).returncode
        if status != _FINDINGS:
            print(f"bin/demo: the review was expected to exit 1, for its findings; it exited {status}", file=sys.stderr)
            return 1
        print("\nDone: the history was replayed, each new statement run and watched, each rollback written and tried.")
        if keep:
            print(f"Again, after a change in {folder} (the branch has to hold it as a commit):")
            print(f"  {' '.join(map(str, review))}")
    return 0


@contextlib.contextmanager
def _folder(keep: bool) -> Iterator[Path]:
    if keep:
        yield Path(tempfile.mkdtemp(prefix="migration-bot-demo."))
    else:
        with tempfile.TemporaryDirectory(prefix="migration-bot-demo.") as folder:
            yield Path(folder)


def _checkout(folder: Path) -> None:
    """Makes an empty folder a repository with main, and the branch checked out."""
    repository = Bare(folder)
    repository.git("init", "--quiet", "--template=", "--initial-branch=main")
    shop.build(repository)
    repository.git("checkout", "--quiet", "--force", shop.LOYALTY.name)
