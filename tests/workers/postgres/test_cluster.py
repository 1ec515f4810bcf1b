"""A cluster starts in every tier, keeps to itself, and leaves nothing behind however its owner ends."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from tests.workers.postgres.strangers import reachable_interpreter
from workers.errors import CannotAnalyse
from workers.postgres.cluster import Cluster, Limits, Role, Tier, default_cache, start_cluster
from workers.postgres.sandbox import available_tiers
from workers.postgres.servers import Installation, find_installations
from workers.postgres.slots import SLOTS, slots_folder

REPOSITORY = Path(__file__).parents[3]
# What another process runs: starts a cluster, says where, and waits to be ended.
OWNER = """
import signal, sys, time
from pathlib import Path
from typing import LiteralString
from workers.postgres.cluster import Limits, Role, Tier, start_cluster
from workers.postgres.servers import choose, find_installations

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
installation = choose(find_installations(), None, frozenset())
with start_cluster(installation, Tier(sys.argv[1]), Limits(), Path(sys.argv[2])) as cluster:
    with cluster.connect(Role.MIGRATION) as connection:
        connection.execute("SELECT 1")
    print(cluster.data.parent, cluster._server.process.identity, sep="|", flush=True)
    while len(sys.argv) == 3:
        time.sleep(0.05)  # signal.pause() would miss a signal that came just before it, and wait for ever
"""
NOBODY = (pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)  # initdb wants one who is in /etc/passwd
EVERYWHERE = pytest.mark.parametrize("tier", available_tiers())


def one(connection: psycopg.Connection, query: LiteralString) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


@EVERYWHERE
@pytest.mark.parametrize("installation", find_installations(), ids=str)
def test_roles_and_settings(installation: Installation, tier: Tier, cache: Path) -> None:
    with start_cluster(installation, tier, Limits(), cache) as cluster:
        assert cluster.info.version == installation.version
        assert (cluster.info.origin, cluster.info.sandbox) == (installation.origin, tier.value)
        with cluster.connect(Role.MIGRATION) as migration:
            assert one(migration, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
            assert one(migration, "SELECT current_user = 'postgres' AND current_database() = 'app'") is True
            may_create_roles = installation.major >= 16 or tier is Tier.BUBBLEWRAP
            assert one(migration, "SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user") is may_create_roles
            migration.execute("SET session_replication_role = replica")
            migration.execute("COMMENT ON EXTENSION plpgsql IS 'as pg_dump writes it'")
            migration.execute("CREATE SCHEMA other; CREATE TABLE public.t (i int)")
            migration.execute("CREATE DATABASE fresh")
        with cluster.connect(Role.OBSERVER, "template1") as observer:
            assert one(observer, "SELECT pg_has_role('pg_monitor', 'usage')") is True
            assert one(observer, "SHOW listen_addresses") == ""
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            cluster.connect(Role.MIGRATION, "template1")


@EVERYWHERE
def test_only_we_can_reach_it_and_it_sees_nothing_of_ours(
    installation: Installation, tier: Tier, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for migrations")
    with start_cluster(installation, tier, Limits(), cache) as cluster:
        server = cluster._server.process.pid
        names = {part.split(b"=")[0] for part in Path(f"/proc/{server}/environ").read_bytes().split(b"\0") if part}
        assert names <= {b"PATH", b"LC_ALL", b"TZ", b"PWD"}
        assert stat.S_IMODE(cluster.socket_folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((cluster.socket_folder / ".s.PGSQL.5432").stat().st_mode) == 0o700
        assert listening_sockets(server) == set()
        if os.geteuid() == 0:
            assert Path(f"/proc/{server}").stat().st_uid >= 60800
        with cluster.connect(Role.MIGRATION) as connection:
            assert one(connection, "SHOW search_path") == '"$user", public'


def listening_sockets(pid: int) -> set[str]:
    """The inodes of TCP sockets that a process holds."""
    held = {str(descriptor.readlink()) for descriptor in Path(f"/proc/{pid}/fd").iterdir()}
    inodes = {
        line.split()[9]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
    }
    return {inode for inode in inodes if f"socket:[{inode}]" in held}


def test_two_at_once_share_nothing(installation: Installation, cache: Path) -> None:
    tier = available_tiers()[0]
    with (
        start_cluster(installation, tier, Limits(), cache) as one_,
        start_cluster(installation, tier, Limits(), cache) as other,
    ):
        assert one_.data != other.data
        with one_.connect(Role.MIGRATION) as connection:
            connection.execute("CREATE TABLE t (i int)")
        with other.connect(Role.MIGRATION) as connection:
            assert one(connection, "SELECT to_regclass('t') IS NULL") is True
        if os.geteuid() == 0:
            assert one_.data.stat().st_uid != other.data.stat().st_uid


class Unexpected(Exception):
    pass


@EVERYWHERE
def test_nothing_is_left_after_an_exception(installation: Installation, tier: Tier, cache: Path) -> None:
    seen: list[Cluster] = []

    def fail() -> None:
        with start_cluster(installation, tier, Limits(), cache) as cluster:
            seen.append(cluster)
            raise Unexpected

    with pytest.raises(Unexpected):
        fail()
    assert not seen[0].alive()
    assert not seen[0]._server.process.alive()
    assert not seen[0].data.parent.exists()


@EVERYWHERE
def test_a_killed_server_is_reported_and_erased(installation: Installation, tier: Tier, cache: Path) -> None:
    with start_cluster(installation, tier, Limits(), cache) as cluster:
        connection = cluster.connect(Role.MIGRATION)
        cluster.kill()
        assert not cluster.alive()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()
    assert not cluster.data.parent.exists()


def own(tier: Tier, cache: Path) -> tuple[subprocess.Popen[str], Path, str]:
    """A process that owns a cluster; a file in the cluster's folder, and its server's identity. The folder itself may
    soon be another's, who takes the slot when it is free."""
    child = subprocess.Popen(
        [sys.executable, "-c", OWNER, tier.value, str(cache)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    folder, identity = child.stdout.readline().strip().split("|")
    child.stdout.close()
    left = Path(folder) / "left"
    left.touch()
    return child, left, identity


def gone(identity: str) -> bool:
    """Whether that very process has ended, within two seconds."""
    pid, started = identity.split()
    for _ in range(200):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            return True
        if fields[19] != started or fields[0] == "Z":
            return True
        time.sleep(0.01)
    return False


@EVERYWHERE
def test_sigterm_cleans_up(tier: Tier, cache: Path) -> None:
    child, left, identity = own(tier, cache)
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 143
    assert gone(identity)
    assert not left.exists()


@EVERYWHERE
def test_leftovers_of_a_killed_process_are_swept(installation: Installation, tier: Tier, cache: Path) -> None:
    child, left, identity = own(tier, cache)
    child.kill()
    child.wait()
    assert gone(identity)
    with start_cluster(installation, tier, Limits(), cache):
        assert not left.exists()
        assert child.pid not in {int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()}


def test_a_server_that_outlives_its_owner_is_ended_by_the_next_start(installation: Installation, cache: Path) -> None:
    """The recorded process is killed, should the kernel not have done so: here a stand-in that nothing else ends, in
    the last slot, which no other test takes."""
    survivor = subprocess.Popen(["/bin/sleep", "60"])
    started = Path(f"/proc/{survivor.pid}/stat").read_text().rpartition(")")[2].split()[19]
    folder, lock = slots_folder() / str(SLOTS - 1), slots_folder() / f"{SLOTS - 1}.lock"
    for recorded, ended in ((int(started) + 1, None), (int(started), -signal.SIGKILL)):
        lock.write_text(f"{survivor.pid} {recorded}")
        folder.mkdir()
        with start_cluster(installation, Tier.RLIMITS, Limits(), cache):
            assert not folder.exists()
        assert survivor.poll() == ended  # a process that merely has the same pid is left alone


def test_databases_are_cloned_and_dropped(cluster: Cluster) -> None:
    cluster.create_database("line")
    with cluster.connect(Role.MIGRATION, "line") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    cluster.create_database('odd "name', "line")
    with cluster.connect(Role.MIGRATION, 'odd "name') as connection:
        assert one(connection, "SELECT i FROM t") == 1
        assert (
            one(connection, "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'odd \"name'") == "postgres"
        )
    for name in ("line", 'odd "name', "never was"):
        cluster.drop_database(name)
    with cluster.connect(Role.OBSERVER) as connection:
        assert one(connection, "SELECT array_agg(datname ORDER BY datname) FROM pg_database") == ["app", "template1"]


def test_a_refused_database_is_one_sentence(cluster: Cluster) -> None:
    with pytest.raises(CannotAnalyse, match=r'CREATE DATABASE "app" .*: database "app" already exists'):
        cluster.create_database("app")


@EVERYWHERE
def test_frozen_data_is_whole_and_thaws(installation: Installation, tier: Tier, cache: Path) -> None:
    with start_cluster(installation, tier, Limits(), cache) as cluster:
        with cluster.connect(Role.MIGRATION) as connection:
            connection.execute("CREATE UNLOGGED TABLE t AS SELECT 1 AS i")
        cluster.freeze()
        assert not (cluster.data / "postmaster.pid").exists()
        cluster.thaw()
        with cluster.connect(Role.MIGRATION) as connection:
            assert one(connection, "SELECT i FROM t") == 1  # a crash would have emptied it


def test_a_template_wanted_twice_at_once_is_made_once() -> None:
    cache = Path(tempfile.mkdtemp(prefix="migration-bot-cache-", dir="/var/tmp"))
    cache.chmod(0o755)
    words = [sys.executable, "-c", OWNER, "rlimits", str(cache), "and end"]
    children = [subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [child.wait(60) for child in children] == [0, 0]
    kept = [path.name for path in (cache / "templates").iterdir() if path.suffix != ".lock"]
    assert len(kept) == 1, kept
    assert [path.name for path in (cache / "servers").iterdir() if path.name.startswith(".")] == []
    shutil.rmtree(cache)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="migration-bot-home-", dir="/var/tmp"))
    os.chown(folder, *NOBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="all the other tests run as an ordinary user already")
@EVERYWHERE
def test_an_ordinary_user_can_do_all_this(tier: Tier, home: Path) -> None:
    interpreter = reachable_interpreter()
    if interpreter is None or f"python3.{sys.version_info.minor}" != interpreter.binary.name:
        pytest.skip("no Python of our version that another user could start")
    packages = Path(psycopg.__file__).parents[1]
    ended = subprocess.run(
        [interpreter.binary, "-c", OWNER, tier.value, str(home / "cache"), "and end"],
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"{REPOSITORY}:{packages}", "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        user=NOBODY[0],
        group=NOBODY[1],
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    folder, _, identity = ended.stdout.strip().partition("|")
    assert gone(identity)
    assert not Path(folder).exists()


def test_a_server_that_does_not_start_says_why(installation: Installation, cache: Path, tmp_path: Path) -> None:
    broken = tmp_path / "data"
    broken.mkdir()
    (broken / "PG_VERSION").write_text("9.6\n")
    with (
        pytest.raises(CannotAnalyse, match=r"the PostgreSQL server did not start: .+"),
        start_cluster(installation, Tier.RLIMITS, Limits(), cache, broken),
    ):
        pass


def test_default_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_cache() == Path("/somewhere/migration-bot")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_cache() == Path("/var/cache/migration-bot")
