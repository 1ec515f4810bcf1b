"""Every attack that was tried against the sandbox, on every tier of this machine: what it must come to."""

from __future__ import annotations

import contextlib
import enum
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workers.postgres.cluster import Cluster, Limits, Role, Tier, start_cluster
from workers.postgres.sandbox import available_tiers
from workers.postgres.servers import EMBEDDED, Installation, find_installations
from workers.postgres.session import Loss, ServerLost, Session

DEADLINE_MS = 250
MIB = 1 << 20


class Fate(enum.Enum):
    BLOCKED = "the last statement fails"
    HARMLESS = "it goes through and changes nothing that matters: `proof` is true afterwards"
    CANCELLED = "the watchdog cancels it; the session lives on"
    ENDED = "the watchdog ends its connection; the server lives on"
    KILLED = "the watchdog kills the server, for time"
    FULL = "the watchdog kills the server, for disk"


@dataclass(frozen=True, slots=True)
class Attack:
    """`sql`: format fields {folder}, {secret}, {port}, {admin}. `sqlstate`: of the last statement's error on every
    server; None: any. `needs`: an extension; only servers that have it are attacked."""

    name: str
    sql: tuple[str, ...]
    fate: Fate = Fate.BLOCKED
    sqlstate: str | None = "42501"
    proof: str | None = None  # asked by the observer, answers one true value
    needs: str | None = None
    stains: bool = False  # changes roles for good where it is not refused outright
    campaign: bool = False

    @property
    def leaves_traces(self) -> bool:
        """Whether it needs a database of its own: not if its only statement is refused."""
        return len(self.sql) > 1 or self.fate is not Fate.BLOCKED


def sleepless(body: str) -> tuple[str, str]:
    return ("SET statement_timeout = 0", body)


UNDAUNTED = """
    DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(1000); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"""
SORT = (
    "SELECT count(*) FROM (SELECT repeat(md5(g::text), 30), g FROM generate_series(1, {rows}) g ORDER BY 1 OFFSET 1) q"
)

ATTACKS = (
    # ---- files and programs of the machine
    Attack("copy to program", ("COPY (SELECT 1) TO PROGRAM 'id > {folder}/made'",)),
    Attack("copy from program", ("CREATE TABLE x (t text)", "COPY x FROM PROGRAM 'id'")),
    Attack("copy from a file", ("CREATE TABLE x (t text)", "COPY x FROM '{secret}'")),
    Attack("copy from /etc/passwd", ("CREATE TABLE x (t text)", "COPY x FROM '/etc/passwd'")),
    Attack("copy to a file", ("COPY (SELECT 'owned') TO '{folder}/made'",)),
    Attack("read a file", ("SELECT pg_read_file('{secret}')",)),
    Attack("list a folder", ("SELECT count(*) FROM pg_ls_dir('/')",)),
    Attack("import a file as a large object", ("SELECT lo_import('{secret}')",)),
    Attack(
        "export a large object to a file",
        ("SELECT lo_from_bytea(9999, 'owned')", "SELECT lo_export(9999, '{folder}/made')"),
    ),
    Attack(
        "export a library into the data directory",
        ("SELECT lo_from_bytea(9998, 'owned')", "SELECT lo_export(9998, current_setting('data_directory') || '/x.so')"),
    ),
    Attack("own environment", ("SELECT pg_read_binary_file('/proc/self/environ')",)),
    Attack("environment of pid 1", ("SELECT pg_read_binary_file('/proc/1/environ')",)),
    Attack("tablespace outside", ("CREATE TABLESPACE ts LOCATION '{folder}'",)),
    Attack("psql's shell", ("\\! id",), sqlstate="42601"),
    # ---- code
    Attack("C function", ("CREATE FUNCTION s(cstring) RETURNS int LANGUAGE c AS 'libc.so.6', 'system'",)),
    Attack("internal function", ("CREATE FUNCTION s(oid) RETURNS text LANGUAGE internal AS 'pg_get_userbyid'",)),
    Attack("load a library", ("LOAD 'libc.so.6'",), sqlstate=None),
    Attack("load a library by its path", ("LOAD '/lib/x86_64-linux-gnu/libc.so.6'",)),
    Attack("python", ("CREATE EXTENSION plpython3u",), sqlstate=None),
    Attack("file_fdw", ("CREATE EXTENSION file_fdw",), needs="file_fdw"),
    Attack(
        "event trigger",
        (
            "CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
            "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION et()",
        ),
    ),
    # ---- other roles
    Attack(
        "reset role and session authorization",
        ("RESET SESSION AUTHORIZATION", "RESET ROLE"),
        Fate.HARMLESS,
        proof="SELECT count(*) = 1 FROM pg_roles WHERE rolsuper",
    ),
    Attack("session authorization of the superuser", ("SET SESSION AUTHORIZATION {admin}",)),
    Attack("role of the superuser", ("SET ROLE {admin}",)),
    Attack("make oneself superuser", ("ALTER ROLE CURRENT_USER SUPERUSER",)),
    Attack("create a superuser", ("CREATE ROLE x SUPERUSER",)),
    Attack("grant the superuser to oneself", ("GRANT {admin} TO CURRENT_USER",)),
    Attack("change the superuser's password", ("ALTER ROLE {admin} PASSWORD 'x'",)),
    Attack(
        "grant oneself programs",  # a 15 in bubblewrap lets the grant through, but has no shell to start
        ("GRANT pg_execute_server_program TO CURRENT_USER", "COPY (SELECT 1) TO PROGRAM 'id > {folder}/made'"),
        sqlstate=None,
        stains=True,
    ),
    Attack(
        "grant oneself files",
        ("GRANT pg_read_server_files TO CURRENT_USER", "CREATE TABLE x (t text)", "COPY x FROM '{secret}'"),
        sqlstate=None,
        stains=True,
    ),
    Attack("write pg_authid", ("UPDATE pg_catalog.pg_authid SET rolsuper = true",)),
    Attack(
        "clone into the administrators' database", ("CREATE TABLE template1.pg_catalog.x (i int)",), sqlstate="0A000"
    ),
    Attack(
        "kill the observer", ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE '%observer'",)
    ),
    Attack(
        "kill the checkpointer",
        ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'checkpointer'",),
        Fate.HARMLESS,
        proof="SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'checkpointer'",
    ),
    # ---- the server's settings
    Attack("alter system: archive_command", ("ALTER SYSTEM SET archive_command = 'id'",)),
    Attack("alter system: preload", ("ALTER SYSTEM SET session_preload_libraries = '{folder}/x'",)),
    Attack("reload", ("SELECT pg_reload_conf()",)),
    Attack("switch WAL", ("SELECT pg_switch_wal()",)),
    Attack("max_stack_depth", ("SET max_stack_depth = '6MB'",)),
    Attack("temp_file_limit", ("SET temp_file_limit = -1",)),
    Attack("log flood", ("SET log_min_messages = debug5",)),
    Attack("prepared transaction", ("BEGIN", "CREATE TABLE x (i int)", "PREPARE TRANSACTION 'x'"), sqlstate="55000"),
    Attack(
        "parallel workers",
        (
            "SET max_parallel_workers_per_gather = 8",
            "SET parallel_setup_cost = 0",
            "SET min_parallel_table_scan_size = 0",
            "CREATE TABLE x AS SELECT generate_series(1, 50000) i",
            "SELECT count(*) FROM x",
        ),
        Fate.HARMLESS,
        proof="SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'parallel%'",
    ),
    # ---- the network
    Attack(
        "dblink",
        ("CREATE EXTENSION dblink", "SELECT dblink_connect('host=127.0.0.1 port={port} user=x password=y')"),
        sqlstate=None,
        needs="dblink",
    ),
    Attack(
        "dblink to ourselves as superuser",
        ("CREATE EXTENSION dblink", "SELECT dblink_connect('dbname=template1 user={admin}')"),
        sqlstate=None,
        needs="dblink",
    ),
    Attack(
        "postgres_fdw",
        (
            "CREATE EXTENSION postgres_fdw",
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}')",
        ),
        needs="postgres_fdw",
    ),
    Attack(
        "subscription",
        ("CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port={port} user=x password=y dbname=z' PUBLICATION p",),
    ),
    # ---- the watchdog's eyes and hands
    Attack("sleep", sleepless("SELECT pg_sleep(1000000)"), Fate.CANCELLED),
    Attack("busy loop", sleepless("DO $$ BEGIN LOOP END LOOP; END $$"), Fate.CANCELLED),
    Attack(
        "swallow the cancellation",
        sleepless(UNDAUNTED),
        Fate.ENDED,
    ),
    Attack(
        "swallow the cancellation behind a locked door",
        (
            "REVOKE ALL ON DATABASE target FROM PUBLIC",
            "ALTER DATABASE target CONNECTION LIMIT 0",
            UNDAUNTED,
        ),
        Fate.ENDED,
        campaign=True,
    ),
    Attack(
        "a computation that hears nothing",
        (
            "CREATE TABLE x AS SELECT repeat('7', 131000)::numeric a, repeat('3', 65000)::numeric b",
            "SELECT " + " + ".join(["length((a / b)::text)"] * 1200) + " FROM x",
        ),
        Fate.KILLED,
    ),
    Attack("leave the transaction", ("BEGIN", "CREATE TABLE x (i int)", "COMMIT"), Fate.HARMLESS, proof="SELECT true"),
    # ---- memory, disk, locks
    Attack(
        "recursion",
        ("CREATE FUNCTION r(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN r(i + 1); END'", "SELECT r(1)"),
        sqlstate="54001",
    ),
    Attack(
        "all locks",
        ("DO $$ BEGIN FOR i IN 1..200000 LOOP PERFORM pg_advisory_lock(i); END LOOP; END $$",),
        sqlstate="53200",
    ),
    Attack(
        "memory: variables",
        ("DO $$ DECLARE a text[]; BEGIN FOR i IN 1..9 LOOP a[i] := repeat(md5(i::text), 2000000); END LOOP; END $$",),
        sqlstate="53200",
    ),
    Attack(
        "memory: a sort",
        (
            "SET work_mem = '8GB'",
            SORT.format(rows=2_000_000),
        ),
        sqlstate="53200",
        campaign=True,
    ),
    Attack(
        "disk: one file",
        ("CREATE TABLE x AS SELECT repeat(md5(g::text), 60) FROM generate_series(1, 40000) g",),
        sqlstate=None,
    ),
    Attack(
        "disk: many files",
        tuple(
            f"CREATE TABLE x{n} AS SELECT repeat(md5(g::text), 60) FROM generate_series(1, 12000) g" for n in range(12)
        ),
        Fate.FULL,
    ),
    Attack(
        "disk: temporary files",
        (
            "SET work_mem = '64kB'",
            SORT.format(rows=100_000),
        ),
        sqlstate="53400",
    ),
    Attack(
        "disk: WAL",
        ("SELECT count(pg_logical_emit_message(false, 'x', repeat('x', 10000000))) FROM generate_series(1, 60)",),
        Fate.HARMLESS,
        proof="SELECT sum(size) < 150000000 FROM pg_ls_waldir()",
        campaign=True,
    ),
)

# Small, so that the bombs go off quickly; the behaviour at the limit is the same.
SMALL = Limits(memory_bytes=400 * MIB, disk_bytes=160 * MIB, file_bytes=48 * MIB)
ROOMY = Limits(disk_bytes=600 * MIB)


def judged() -> tuple[Installation, ...]:
    """The embedded 16, and one server with contrib where there is one; the campaign takes all others, too."""
    found = find_installations()
    first = [i for i in found if i.origin == EMBEDDED and i.major == 16] + [
        i for i in found if "dblink" in i.extensions
    ][:1]
    return (*first, *(i for i in found if i not in first))


def cases() -> Iterator[object]:
    for number, installation in enumerate(judged()):
        for tier in available_tiers():
            for attack in ATTACKS:
                if attack.needs is None or attack.needs in installation.extensions:
                    slow = attack.fate in (Fate.ENDED, Fate.KILLED) and number > 0
                    long = attack.campaign or number > 1 or slow
                    yield pytest.param(
                        (installation, tier),
                        attack,
                        id=f"{installation.version}-{tier.value}-{attack.name}",
                        marks=[pytest.mark.campaign] if long else [],
                    )


class Stage:
    """Runs one cluster at a time: the one that was asked for last, until an attack has killed or stained it."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._running = contextlib.ExitStack()
        self._key: object = None
        self._cluster: Cluster | None = None
        self.stained = False

    def cluster(self, installation: Installation, tier: Tier, limits: Limits) -> Cluster:
        key = (installation, tier, limits)
        if self._cluster is None or self.stained or self._key != key or not self._cluster.alive():
            self.clear()
            self._cluster = self._running.enter_context(start_cluster(installation, tier, limits, self._cache))
            self._key = key
        return self._cluster

    def clear(self) -> None:
        self._running.close()
        self._cluster = None


@pytest.fixture(scope="module")
def stage(cache: Path) -> Iterator[Stage]:
    opened = Stage(cache)
    yield opened
    opened.clear()


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that any user of this machine may read and write, with a secret in it."""
    folder = Path(tempfile.mkdtemp(prefix="migration-bot-outside-", dir="/var/tmp"))
    folder.chmod(0o777)
    (folder / "secret").write_text("none of the server's business")
    (folder / "secret").chmod(0o644)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.setblocking(False)
        yield opened


@pytest.mark.parametrize(("where", "attack"), list(cases()))
def test_attack(
    stage: Stage, outside: Path, listener: socket.socket, where: tuple[Installation, Tier], attack: Attack
) -> None:
    cluster = stage.cluster(*where, ROOMY if attack.campaign else SMALL)
    stage.stained = True  # until the end is reached
    with cluster.connect(Role.OBSERVER, "template1") as observer:
        if attack.leaves_traces:
            cluster.create_database("target")
        fate, sqlstate = attempt(cluster, attack, [written(sql, outside, listener) for sql in attack.sql])
        assert fate == attack.fate
        assert attack.sqlstate in (None, sqlstate) or attack.fate is not Fate.BLOCKED, sqlstate
        assert [path.name for path in outside.iterdir()] == ["secret"]
        with pytest.raises(BlockingIOError):  # nobody has knocked
            listener.accept()
        if fate in (Fate.KILLED, Fate.FULL):
            assert not cluster.alive()
            return
        assert observer.execute(attack.proof or "SELECT true").fetchone() == (True,)
    if attack.leaves_traces:
        cluster.drop_database("target")
    stage.stained = attack.stains


def written(sql: str, outside: Path, listener: socket.socket) -> str:
    fields = {
        "{folder}": str(outside),
        "{secret}": str(outside / "secret"),
        "{port}": str(listener.getsockname()[1]),
        "{admin}": Role.ADMIN.value,
    }
    for field, value in fields.items():
        sql = sql.replace(field, value)
    return sql


def attempt(cluster: Cluster, attack: Attack, sql: list[str]) -> tuple[Fate, str | None]:
    """Runs the statements as a migration would, all of them; what became of the last one, and its error's SQLSTATE."""
    watched = attack.fate in (Fate.CANCELLED, Fate.ENDED, Fate.KILLED)
    try:
        with Session(cluster, database="target" if attack.leaves_traces else "app") as session:
            for before in sql[:-1]:
                session.run(before)
            outcome = session.run(sql[-1], deadline_ms=DEADLINE_MS if watched else None)
    except ServerLost as lost:
        if lost.loss is Loss.CRASH:
            raise
        killed = Fate.FULL if lost.loss is Loss.DISK else Fate.KILLED
        return Fate.ENDED if cluster.alive() else killed, None
    if outcome.error is None:
        return Fate.HARMLESS, None
    return Fate.CANCELLED if outcome.timed_out else Fate.BLOCKED, outcome.error.sqlstate
