"""A program that is run for a backup says what it has to say, and does not outlive us."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.workers.environments.backups.conftest import Team, Watching
from workers.environments.backups.child import Ended, Look, run
from workers.errors import Cancelled

LOOK = Look(Watching(), math.inf)


def shell(script: str) -> Ended:
    return run(("/bin/sh", "-c", script), "secret", LOOK)


def test_it_says_nothing() -> None:
    assert shell("true") == Ended(0, ())


def test_lines_are_heard_as_they_come() -> None:
    heard: list[str] = []
    script = "printf 'one\\ntwo\\n\\nthr' >&2; printf 'ee' >&2; echo out; exit 3"
    assert run(("/bin/sh", "-c", script), "", LOOK, heard.append) == Ended(3, ("one", "two", "three"))
    assert heard == ["one", "two", "three"]


def test_a_signal_ends_it() -> None:
    assert shell("kill -9 $$").code == -9


def test_what_it_gets_to_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "ours")
    said = shell("env >&2; cat $PGPASSFILE >&2; stat -c %a $PGPASSFILE $(dirname $PGPASSFILE) >&2; ulimit -c >&2").said
    names = {line.partition("=")[0] for line in said[:-4]}
    assert names <= {"HOME", "LC_ALL", "PATH", "PGPASSFILE", "PWD", "SHLVL", "_", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    assert said[-4:] == ("*:*:*:*:secret", "600", "700", "0")


def test_it_is_stopped_with_all_that_it_started() -> None:
    watching = Watching()

    def stop(line: str) -> None:
        watching.stop = True

    with pytest.raises(Cancelled):
        run(("/bin/sh", "-c", "sleep 61 & echo started >&2; wait"), "", Look(watching, math.inf), stop)
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _words(path) == b"sleep\x0061\x00"]
    assert left == []


def _words(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


# ---------------------------------------------------------------- when we die

DUMPS = """
import sys
from pathlib import Path
from tests.workers.environments.backups.conftest import Watching, environment
from tests.workers.environments.staging import machine
from workers.environments.backups import take_dump

def wait(progress):
    if progress.total:
        print("ready", flush=True)
        sys.stdin.readline()

take_dump(environment(sys.argv[1], sys.argv[2], sample=0), "pr1", machine(Path(sys.argv[2])), Watching(wait))
"""
SESSIONS = """
SELECT count(*), count(*) FILTER (WHERE wait_event_type = 'Lock') FROM pg_stat_activity
WHERE datname = %s AND application_name LIKE 'migration-bot%%'
"""


def test_a_dump_does_not_outlive_us(team: Team, tmp_path: Path) -> None:
    url = team.database("CREATE TABLE t (id int)")
    name = url.rpartition("/")[2]
    with (
        team.server.admin() as admin,
        psycopg.connect(url) as other,
        subprocess.Popen(
            [sys.executable, "-c", DUMPS, url, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as bot,
    ):
        assert bot.stdout is not None
        assert bot.stdin is not None
        assert bot.stdout.readline() == "ready\n"
        other.execute("LOCK TABLE t")
        bot.stdin.write("\n")
        bot.stdin.flush()
        _until(admin, name, (2, 1))
        bot.kill()
        _until(admin, name, (0, 0))


def _until(admin: psycopg.Connection, name: str, expected: tuple[int, int]) -> None:
    """That many sessions of ours, of which so many wait for a lock."""
    deadline = time.monotonic() + 5
    while admin.execute(SESSIONS, (name,)).fetchone() != expected:
        assert time.monotonic() < deadline
        time.sleep(0.02)
