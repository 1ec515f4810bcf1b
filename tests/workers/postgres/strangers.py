"""Another user than root, and a Python that this user can start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

USER = 60999 if os.geteuid() == 0 else None  # None: we are not root already


@dataclass(frozen=True, slots=True)
class Interpreter:
    binary: Path
    library: Path


def reachable_interpreter() -> Interpreter | None:
    """A Python that a user without rights may start: ours, or the system's."""
    tell = "import json, sys, os; print(json.dumps([os.path.realpath(sys.executable), os.path.dirname(os.__file__)]))"
    for candidate in (sys.executable, "/usr/bin/python3"):
        asked = (
            subprocess.run(
                [candidate, "-I", "-S", "-c", tell], capture_output=True, check=False, user=USER, group=USER, cwd="/"
            )
            if may_start(candidate)
            else None
        )
        if asked and asked.returncode == 0:
            binary, library = map(Path, json.loads(asked.stdout))
            return Interpreter(binary, library)
    return None


def may_start(path: str) -> bool:
    file = Path(path).resolve()
    return file.exists() and (USER is None or all(folder.stat().st_mode & 0o001 for folder in (file, *file.parents)))
