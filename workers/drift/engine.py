"""Asks Prisma's own schema engine for the DDL of a schema, in a confined process: no network, nothing of ours."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workers.drift.pins import GLUE, WASM, Build, verified
from workers.postgres.limits import Limits
from workers.postgres.sandbox import Cell, Tier, command, filter_descriptor, spawn
from workers.postgres.slots import FIRST_USER_ID, SLOTS

_HERE = Path(__file__).parent
_TIME_S = 20.0
_MEMORY_BYTES = 1 << 30
_ANSWER_BYTES = 64 << 20
# V8's. One compiler is enough for a program that runs once; a page has 64 KiB.
_FLAGS = ("--single-threaded", "--liftoff-only", "--max-old-space-size=512", "--wasm-max-mem-pages=8192")
_EXPORT = re.compile(r"^export (?=function (\w+)|class (\w+))", re.M)


class NotRendered(Exception):
    """Why there is no DDL, in one sentence."""


class NotReadable(NotRendered):
    """The engine refused the schema itself."""


@dataclass(frozen=True, slots=True)
class Host:
    """What runs JavaScript and WebAssembly here. words: its command line, without the job's file."""

    words: tuple[str, ...]
    read: tuple[Path, ...]
    package: str = ""  # mini-racer's folder


def find_host() -> Host | None:
    """mini-racer where it is installed (the extra `prisma`), else Node.js on the PATH."""
    racer, python = importlib.util.find_spec("py_mini_racer"), Path(sys.executable).resolve()
    if racer is not None and racer.origin is not None:
        package, library = Path(racer.origin).parent, Path(sysconfig.get_paths()["stdlib"])
        if all(_enterable(path) for path in (package, library, python)):
            return Host((str(python), "-I", "-S", str(_HERE / "racer_host.py")), (package, library), str(package))
    if (node := shutil.which("node")) and _enterable(Path(node).resolve()):
        # Debian keeps a part of Node.js in a folder of its own
        words = (str(Path(node).resolve()), *_FLAGS, "--openssl-config=/dev/null", str(_HERE / "node_host.cjs"))
        return Host(words, (Path("/usr/share/nodejs"),))
    return None


def _enterable(path: Path) -> bool:
    """Under root the engine runs as a user of its own, whom root's home folder is closed to."""
    return os.geteuid() != 0 or all(above.stat().st_mode & stat.S_IXOTH for above in path.parents)


def missing(build: Build, cache: Path) -> str | None:
    """What has to be installed before this build can be asked, in a sentence."""
    if find_host() is None:
        return "there is neither mini-racer nor Node.js to run Prisma's engine in; see bin/setup --prisma"
    if not all((build.folder(cache) / name).is_file() for name, _ in build.sha256):
        return f"Prisma's engine {build.version.partition('-')[0]} is not installed; see bin/setup --prisma"
    return None


def render(build: Build, cache: Path, files: Mapping[str, str], tier: Tier) -> str:
    """The DDL that makes the schema in an empty database; files: texts by path. Raises NotRendered."""
    host = find_host()
    if host is None or missing(build, cache):
        raise NotRendered(missing(build, cache))
    job = json.dumps({**_engine(build, cache), "files": list(files.items()), "package": host.package})
    answer = _answer(_run(host, job, tier))
    if "error" in answer:
        raise NotReadable(_one_line(answer["error"]))
    return answer["ddl"]


def _engine(build: Build, cache: Path) -> dict[str, object]:
    folder = build.folder(cache)
    found = {name: (folder / name).read_bytes() for name, _ in build.sha256}
    if not verified(build, found):
        raise NotRendered(f"{folder}: not the engine that this version of migration-bot knows; see bin/setup --prisma")
    glue = found[GLUE].decode()
    names = [function or class_ for function, class_ in _EXPORT.findall(glue)]
    parts = ((_HERE / "engine.js").read_text("utf-8"), _EXPORT.sub("", glue), f"const GLUE = {{{', '.join(names)}}}")
    return {"program": "\n".join(parts), "wasm": base64.b64encode(found[WASM]).decode(), "flags": _FLAGS}


@dataclass(frozen=True, slots=True)
class _EngineLimits(Limits):
    """V8 reserves more address space than any limit would leave it, so that what it writes to is bounded instead."""

    def rlimits(self, own_user: bool) -> dict[str, int]:
        """See Limits; nothing may be written to a file."""
        found = {"DATA": self.memory_bytes, "FSIZE": 0, "NOFILE": self.open_files, "CORE": 0, "CPU": int(_TIME_S)}
        return {**found, "NPROC": self.processes} if own_user else found


def _run(host: Host, job: str, tier: Tier) -> str:
    """What the engine's process printed. Raises NotRendered."""
    user = FIRST_USER_ID + SLOTS if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="migration-bot-prisma-") as folder, filter_descriptor(tier) as seccomp:
        place = Path(folder)
        (place / "job").write_text(job, "utf-8")
        if user is not None:
            os.chown(place, user, user)
            os.chown(place / "job", user, user)
        read = (_HERE, *(path for path in host.read if path.exists()))
        limits = _EngineLimits(memory_bytes=_MEMORY_BYTES, processes=256)
        cell = Cell(read, Path(host.words[0]), place, user, limits)
        with open(os.devnull, "wb") as info:  # noqa: PTH123  os.devnull is no path of ours
            descriptors = (info.fileno(), seccomp)
            words = command(tier, cell, [*host.words, str(place / "job")], descriptors)
            with spawn(words, subprocess.PIPE, descriptors) as process, _killed_after(process, _TIME_S) as late:
                assert process.stdout is not None
                said = process.stdout.read(_ANSWER_BYTES)
                if len(said) == _ANSWER_BYTES:
                    process.kill()
    if late.is_set():
        raise NotRendered(f"Prisma's engine took more than {_TIME_S:g} s")
    return said.decode("utf-8", "replace")


@contextlib.contextmanager
def _killed_after(process: subprocess.Popen[bytes], time_s: float) -> Iterator[threading.Event]:
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(time_s, kill)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        timer.join()


def _answer(said: str) -> dict[str, str]:
    last = said.strip().rpartition("\n")[2]
    try:
        answer = json.loads(last)
    except ValueError:
        raise NotRendered(f"Prisma's engine did not answer: {last[:200] or 'it said nothing'}") from None
    if not isinstance(answer, dict):
        raise NotRendered("Prisma's engine did not come to an end")
    return answer


def _one_line(error: str) -> str:
    """`error: Argument "url" is missing …` and where: the engine draws the place on lines of their own."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    where = next((line.removeprefix("-->").strip() for line in lines if line.startswith("-->")), "")
    said = lines[0].removeprefix("error: ") if lines else "no reason given"
    return f"{where}: {said}" if where else said
