"""Everything that runs: the stand-in GitHub with its pages, Redis, the bot's web and its worker, on loopback only."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from demo import shop
from demo.live import Live, running_live
from demo.pages import routes
from tests.github.bare import Bare
from tests.github.state import Pull, Repo
from tests.github.world import World
from tests.redis_server import free_port, program

_ROOT = Path(__file__).parents[1]
_REDIS = "{} --port {} --bind 127.0.0.1 --save '' --appendonly no"
_START_S = 30.0
_STOP_S = 20.0  # a worker that is told to stop ends its review first
_LOOK_S = 0.05
_LOG_LINES = 15

Found = TypeVar("Found")


class Trouble(Exception):
    """One sentence: what did not come, or did not come as it should."""


@dataclass(frozen=True, slots=True)
class Process:
    """Redis, or a part of the bot under its name in the Procfile."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises Trouble when it has ended by itself."""
        if self.popen.poll() is not None:
            raise Trouble(f"the process {self.name} has ended with {self.popen.returncode}:\n{self.last_lines()}")

    def last_lines(self) -> str:
        """Of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


@dataclass(frozen=True, slots=True)
class Town:
    """github: the stand-in. repo: the shop. live: its databases. parts: the bot's processes."""

    github: World
    repo: Repo
    live: Live
    parts: tuple[Process, ...]

    def open_pull(self, branch: shop.Branch) -> Pull:
        pull = self.github.open_pull(self.repo, branch.name, branch.author.login)
        with self.github.state.lock:
            pull.title, pull.body = branch.title, branch.body
        return pull

    def push(self, pull: Pull, change: shop.Change, login: str) -> str:
        """The SHA of a prepared change. Raises Trouble where it changes nothing."""
        bare = Bare(pull.head_repo.directory)
        files = shop.edited(bare, pull.head_sha, change)
        if not files:
            raise Trouble(f"{change.title}: the branch has this change already")
        sha = shop.commit(bare, files, pull.head_sha, change.title, login)
        self.github.force_push(pull.head_repo, pull.head_ref, sha, login)
        return sha

    def wait(self, what: str, look: Callable[[], Found | None], timeout_s: float) -> Found:
        """As wait_for(), which see."""
        return wait_for(what, look, timeout_s, self.parts)


def wait_for(what: str, look: Callable[[], Found | None], timeout_s: float, parts: Sequence[Process]) -> Found:
    """What look() gives, as soon as it gives anything. Raises Trouble, which says what was awaited, and with what the
    logs end; at once where one of the processes has."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            logs = "\n".join(f"--- {part.name}\n{part.last_lines()}" for part in parts)
            raise Trouble(f"waited {timeout_s:.0f} s in vain: {what}\n{logs}")
        for part in parts:
            part.check()
        time.sleep(_LOOK_S)
    return found


@contextlib.contextmanager
def running_town(port: int = 0) -> Iterator[Town]:
    """All of it, until the block ends; nothing is left behind. port: of the pages, 0 for any that is free."""
    with contextlib.ExitStack() as stack:
        prefix = f"migration-bot-demo-{os.getpid()}-"
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix, dir=reachable())))
        folder.chmod(0o711)
        redis_port, web_port = free_port(), free_port()
        redis = stack.enter_context(_running("redis", _REDIS.format(program(), redis_port), os.environ, folder))
        wait_for("Redis listens", lambda: _listens(redis_port), _START_S, (redis,))
        (folder / "github").mkdir()
        github = stack.enter_context(World(folder / "github", port, routes))
        repo = _shop(github, folder / "shop.git")
        live = stack.enter_context(running_live(folder))
        environment = {
            **_environment(github, redis_port, web_port, folder),
            "MIGRATION_BOT_ENVIRONMENTS": str(live.config),
        }
        parts = [stack.enter_context(_running(name, line, environment, folder)) for name, line in _procfile().items()]
        town = Town(github, repo, live, (redis, *parts))
        town.wait("the bot's web listens", lambda: _listens(web_port), _START_S)
        github.webhook_url = f"http://127.0.0.1:{web_port}/webhook"
        yield town


def reachable() -> str | None:
    """Where our folder can be; None for any place. Root's servers run as another user, who has to get there."""
    return None if os.geteuid() else "/var/tmp"  # the folder in it is made as safely as in any place


def _shop(github: World, folder: Path) -> Repo:
    shop.build(Bare.create(folder, "main"))
    repo = github.create_repository(shop.NAME, folder)
    for person in shop.PEOPLE:
        github.allow(repo, person.login, person.role)
    for team in {team for person in shop.PEOPLE for team in person.teams}:
        members = (person.login for person in shop.PEOPLE if team in person.teams)
        github.add_team(repo.owner.login, team, *members)
    return repo


def _environment(github: World, redis_port: int, port: int, folder: Path) -> Mapping[str, str]:
    """Ours, without settings of the bot that are meant for another one."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MIGRATION_BOT_", "GIT_"))}
    return {
        **own,
        **github.app_settings(),
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "MIGRATION_BOT_WRITE_GAP_MS": "50",  # this GitHub needs no rest
        "MIGRATION_BOT_CACHE": str(folder / "cache"),
        "PORT": str(port),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
    }


def _procfile() -> Mapping[str, str]:
    """Name → command, as a platform would run it, but not for the whole network to reach."""
    lines = (_ROOT / "Procfile").read_text().splitlines()
    named = (line.partition(": ") for line in lines if line.strip())
    return {name: command.replace("0.0.0.0", "127.0.0.1") for name, _, command in named}


@contextlib.contextmanager
def _running(name: str, command: str, environment: Mapping[str, str], folder: Path) -> Iterator[Process]:
    """In a session of its own, so that Ctrl-C reaches it through us, in order."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            ("/bin/sh", "-c", f"exec {command}"),
            cwd=_ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Process(name, popen, log)
    finally:
        _stop(popen)


def _stop(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    try:
        popen.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
