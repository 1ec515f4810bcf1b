"""What native code could do in each tier, had an attack got that far: tried by a Python inside the cell."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workers.postgres.strangers import USER, Interpreter, reachable_interpreter
from workers.postgres.limits import Limits
from workers.postgres.sandbox import (
    ENVIRONMENT,
    Cell,
    Tier,
    available_tiers,
    command,
    filter_descriptor,
    spawn,
    why_not,
)

LIMITS = Limits(memory_bytes=256 << 20, file_bytes=1 << 20, processes=16)
STRONG = (Tier.BUBBLEWRAP, Tier.LANDLOCK)
EVERY = tuple(Tier)
FILTERED = EVERY if why_not(Tier.LANDLOCK) is None else STRONG  # the weakest tier filters calls too, where that works
OTHER_USER = EVERY if USER is not None else STRONG  # prevented by the server's being another user than we are


@dataclass(frozen=True, slots=True)
class Deed:
    """`code` prints "done" when it succeeds; {outside} is a folder open to all, {secret} a file in it, {socket} a
    listening Unix socket there, {port} a listening TCP port, {parent} our own pid."""

    name: str
    code: str
    prevented_by: tuple[Tier, ...] = STRONG


DEEDS = (
    Deed("connect by TCP", "import socket; socket.create_connection(('127.0.0.1', {port}))", FILTERED),
    Deed("open a UDP socket", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", FILTERED),
    Deed("open an IPv6 socket", "import socket; socket.socket(socket.AF_INET6)", FILTERED),
    Deed("open a netlink socket", "import socket; socket.socket(16, 3)", FILTERED),
    Deed(
        "connect to another program's socket",
        "import socket; socket.socket(socket.AF_UNIX).connect('{socket}')",
        FILTERED,
    ),
    Deed("read a file", "open('{secret}').read()"),
    Deed("read the list of users", "open('/etc/passwd').read()"),
    Deed("write a file", "open('{outside}/made', 'w').write('owned')"),
    Deed("look around", "import os; assert 'passwd' in os.listdir('/etc')"),
    Deed("start a shell", "import os; assert os.spawnv(os.P_WAIT, '/bin/sh', ['sh', '-c', 'exit 0']) == 0"),
    Deed("signal the process that watches", "import os; os.kill({parent}, 0)", OTHER_USER),
    Deed("read another process's environment", "open('/proc/{parent}/environ').read()", OTHER_USER),
    Deed("make a user namespace", "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0", FILTERED),
    Deed(
        "make a user namespace with clone",
        # an invalid stack pointer is never used: with CLONE_NEWUSER alone the child shares nothing and ends at once
        "import ctypes, os, platform\n"
        "pid = ctypes.CDLL(None).syscall(56 if platform.machine() == 'x86_64' else 220, 0x10000000 | 17, 0, 0, 0, 0)\n"
        "if pid == 0: os._exit(0)\n"
        "assert pid > 0",
        FILTERED,
    ),
    Deed("gain privileges by setuid", "import os; os.setuid(0)", EVERY),
    Deed("write more than a file may hold", "open('{own}/big', 'wb').write(bytes(2 << 20))", EVERY),
    Deed("take more memory than allowed", "bytearray(300 << 20)", EVERY),
    Deed(
        "start more processes than allowed",
        "import os, signal, time\n"
        "mine = []\n"
        "try:\n"
        "    while len(mine) < 40:\n"
        "        mine.append(os.fork())\n"
        "        if not mine[-1]: time.sleep(5); os._exit(0)\n"
        "finally:\n"
        "    for pid in mine: os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)",
        EVERY if USER is not None else (),
    ),
    Deed(
        "leave a core dump",
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))",
        tuple(Tier),
    ),
)
# Always allowed, so that "prevented" above cannot mean "nothing runs here at all".
HARMLESS = Deed("work in its own folder", "open('{own}/mine', 'w').write('x'); open('{own}/mine').read()", ())


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    found = reachable_interpreter()
    if found is None:
        pytest.skip("no Python here that another user could start")
    return found


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="migration-bot-place-", dir="/var/tmp"))
    folder.chmod(0o777)
    (folder / "secret").write_text("secret")
    (folder / "secret").chmod(0o644)
    (folder / "own").mkdir()
    if USER is not None:
        os.chown(folder / "own", USER, USER)
    yield folder
    shutil.rmtree(folder)


def inside(tier: Tier, interpreter: Interpreter, own: Path, code: str) -> str:
    """What the code prints, run in the cell."""
    cell = Cell((interpreter.library,), interpreter.binary, own, USER, LIMITS)
    words = [str(interpreter.binary), "-I", "-S", "-c", code]
    with filter_descriptor(tier) as seccomp, Path(os.devnull).open("wb") as info:
        descriptors = (info.fileno(), seccomp) if tier is Tier.BUBBLEWRAP else ()
        child = spawn(command(tier, cell, words, descriptors), subprocess.PIPE, descriptors)
        return child.communicate(timeout=20)[0].decode()


@pytest.mark.parametrize("tier", available_tiers())
@pytest.mark.parametrize("deed", [*DEEDS, HARMLESS], ids=lambda deed: deed.name)
def test_deed(tier: Tier, deed: Deed, interpreter: Interpreter, place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(place / "socket"))
        unix.listen()
        (place / "socket").chmod(0o777)
        fields = {
            "{outside}": place,
            "{own}": place / "own",
            "{secret}": place / "secret",
            "{socket}": place / "socket",
            "{port}": tcp.getsockname()[1],
            "{parent}": os.getpid(),
        }
        code = deed.code
        for field, value in fields.items():
            code = code.replace(field, str(value))
        said = inside(tier, interpreter, place / "own", code + "\nprint('done')")
    assert ("done" not in said) == (tier in deed.prevented_by), said


@pytest.mark.parametrize("tier", available_tiers())
def test_nothing_of_ours_is_inherited(tier: Tier, interpreter: Interpreter, place: Path) -> None:
    tell = (
        "import json, os\n"
        "def open_(n):\n"
        "    try: os.fstat(n); return True\n"
        "    except OSError: return False\n"
        "print(json.dumps([dict(os.environ), [n for n in range(3, 100) if open_(n)], os.getcwd(), os.getgroups()]))"
    )
    kept = os.open(os.devnull, os.O_RDONLY)
    environment, descriptors, folder, groups = json.loads(inside(tier, interpreter, place / "own", tell))
    os.close(kept)
    assert {name: value for name, value in environment.items() if name not in ("PWD", "LC_CTYPE")} == ENVIRONMENT
    assert (descriptors, folder) == ([], "/")
    assert groups == [] or USER is None


def test_the_weakest_tier_always_works() -> None:
    assert why_not(Tier.RLIMITS) is None
    assert available_tiers()[-1] is Tier.RLIMITS


def test_a_missing_bubblewrap_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert why_not(Tier.BUBBLEWRAP) == "the program bwrap (package bubblewrap) is not installed"
