"""Runs a command of the project's own, in its own CI: for so long, for so many bytes, and never through a shell."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workers.errors import CannotAnalyse

OUTPUT_BYTES = 64 << 20
_SAID_CHARS = 400
_SECRET = re.compile(r"(?<=://)[^\s/@]*@|(?i:\b(?:password|passwd|pwd|token|secret)\s*[=:]\s*)\S+")


@dataclass(frozen=True, slots=True)
class Command:
    """text: as the policy has it; its words are cut as a shell would, and nothing else of a shell is there. words: what
    stands for what in it. environment: beside our own, which the command has as a whole: it is the project's own CI."""

    text: str
    folder: Path
    time_limit_s: int
    words: Mapping[str, str]
    environment: Mapping[str, str]

    def arguments(self) -> tuple[str, ...]:
        """Placeholders are replaced in the words that are cut already: a file's name is never two of them."""
        try:
            words = shlex.split(self.text)
        except ValueError as error:
            raise CannotAnalyse(f"the policy's command {self.text!r} cannot be read: {error}") from None
        return tuple(self._filled(word) for word in words)

    def _filled(self, word: str) -> str:
        return re.sub(r"\{\w+\}", lambda found: self.words.get(found[0], found[0]), word)


def output_of(command: Command) -> str:
    """What it prints; U+FFFD for what is not UTF-8. Raises CannotAnalyse, with the end of what it says on stderr where
    it fails; nothing of it is left running."""
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command.arguments(),
                cwd=command.folder,
                env={**os.environ, **command.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        except (OSError, IndexError) as error:
            why = getattr(error, "strerror", None) or "it is empty"
            raise CannotAnalyse(f"the policy's command {command.text!r} cannot be started: {why}") from None
        with process:
            found, fate = _read(process, command.time_limit_s)
        if fate is not None:
            raise CannotAnalyse(f"the policy's command {command.text!r} {fate}{_end_of(said)}")
    return found.decode("utf-8", "replace")


def _read(process: subprocess.Popen[bytes], time_limit_s: int) -> tuple[bytes, str | None]:
    """What it prints, and what is wrong about it, if anything is."""
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(time_limit_s, end)
    timer.start()
    try:
        assert process.stdout is not None
        found = process.stdout.read(OUTPUT_BYTES + 1)
        if len(found) <= OUTPUT_BYTES:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    finally:
        timer.cancel()
        timer.join()
        _kill(process)  # also on ^C, and whatever it has left behind
    if len(found) > OUTPUT_BYTES:
        return b"", f"prints more than {OUTPUT_BYTES >> 20} MB"
    if late.is_set():
        return b"", f"takes longer than {time_limit_s} s"
    status = process.wait()
    return found, f"ends with status {status}" if status else None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all that it has started: they are one group, whose id is nobody else's until the process is waited for."""
    os.killpg(process.pid, signal.SIGKILL)


def _end_of(said: IO[bytes]) -> str:
    """The last words, without what looks like a secret."""
    size = said.seek(0, os.SEEK_END)
    said.seek(max(size - 8 * _SAID_CHARS, 0))
    lines = _SECRET.sub("…", said.read().decode("utf-8", "replace")).splitlines()
    text = " ".join(" ".join(line for line in lines if line.strip(" ^~"))[-_SAID_CHARS:].split())
    return f": {text}" if text else "; it says nothing on stderr"
