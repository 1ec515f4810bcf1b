"""What doctor says of each environment, of real servers: what is there, what is wrong, and never a secret."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bot.settings import read_settings
from tests.live_server import OWNER, PASSWORD, LiveServer, live_server
from tests.neon.server import neon
from tests.redis_server import free_port
from workers.cli import CLEAN, NOT_ANALYSED, WRONG_INPUT, run
from workers.environments.config import Configured, Environments, read_environments
from workers.environments.doctor import environment_lines, examine_environments
from workers.environments.examination import PROBLEM, WARNING
from workers.environments.history import PLAIN, PRISMA, Book
from workers.environments.model import BackupMethod, BackupPlan, DriftPlan, Environment, EnvironmentKind
from workers.machine import machine_of
from workers.model import Migration, Transaction
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier
from workers.review import Machine


@pytest.fixture(scope="module")
def live() -> Iterator[LiveServer]:
    with live_server() as server:
        yield server


@pytest.fixture
def machine(cache: Path) -> Machine:
    return Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "environments.toml"
    path.touch(mode=0o600)
    return path


def staging(url: str) -> Environment:
    return Environment("acme/shop", "staging", EnvironmentKind.STAGING, url)


class Seen:
    """What is said of one environment, and of the file."""

    def __init__(self, environment: Environment, file: Path, machine: Machine) -> None:
        environments = Environments((Configured("acme/shop", 1, (environment,)),))
        self.file, found = examine_environments(environments, file, machine)
        self.title, self.usable = found.title, found.usable
        self.words = [tuple(word) for word in found.words]
        assert PASSWORD not in repr(found)

    def said(self, *labels: str) -> list[str]:
        return [text for label, text in self.words if label in labels]


def test_a_new_environment(live: LiveServer, file: Path, machine: Machine) -> None:
    seen = Seen(staging(live.create_database("new")), file, machine)
    assert (seen.title, seen.usable, seen.file.words) == ("acme/shop staging (staging)", True, ())
    assert seen.words == [
        ("address", f"127.0.0.1:{live.port}/new as {OWNER}"),
        ("server", f"PostgreSQL {live.installation.version}, not encrypted"),
        ("role", f"{OWNER}, owner of the database"),
        ("history", "none yet"),
        ("backup", "none"),
    ]


def migration(id: str) -> Migration:
    return Migration(id, f"{id}/migration.sql", "SELECT 1;", Transaction.FILE)


@pytest.mark.parametrize("book", [PRISMA, PLAIN])
def test_a_history_without_entries(live: LiveServer, file: Path, machine: Machine, book: Book) -> None:
    url = live.create_database(f"empty{book.name}")
    with psycopg.connect(url, autocommit=True) as connection:
        book.prepare(connection)
    assert Seen(staging(url), file, machine).said("history", WARNING) == [f"{book.name}: 0 applied"]


def test_the_tables_of_other_runners(live: LiveServer, file: Path, machine: Machine) -> None:
    """golang-migrate's one row stands for all before it; dbmate's table of that name would be another."""
    url = live.create_database("others")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean)")
        connection.execute("INSERT INTO schema_migrations VALUES (9, false)")
        connection.execute("CREATE TABLE __diesel_schema_migrations (version text, run_on timestamp)")
        connection.execute("INSERT INTO __diesel_schema_migrations VALUES ('1', now())")
    assert Seen(staging(url), file, machine).said("history", WARNING) == [
        "__diesel_schema_migrations: 1 applied, the newest 1",
        "schema_migrations: all applied, the newest 9",
    ]


def test_what_a_history_says(live: LiveServer, file: Path, machine: Machine) -> None:
    url = live.create_database("told")
    with psycopg.connect(url, autocommit=True) as connection:
        PRISMA.prepare(connection)
        for id in ("1_init", "2_users"):
            PRISMA.finish(connection, PRISMA.begin(connection, migration(id)))
        PRISMA.begin(connection, migration("3_pets"))
    seen = Seen(staging(url), file, machine)
    assert seen.said("history", WARNING) == [
        "_prisma_migrations: 2 applied, the newest 2_users",
        "3_pets failed or is running: see /migrate status staging",
    ]
    assert seen.usable


def test_tables_without_a_history(live: LiveServer, file: Path, machine: Machine) -> None:
    url = live.create_database("untold")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE users (id int)")
    assert Seen(staging(url), file, machine).said("history", WARNING) == [
        "none yet",
        "it has tables and no history: say what it has with /migrate resolve … --applied",
    ]


def test_a_role_with_too_little(live: LiveServer, file: Path, machine: Machine) -> None:
    live.create_database("poor")
    with live.admin("poor") as connection:
        connection.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM public")
        connection.execute("CREATE TABLE users (id int)")
        connection.execute("ALTER ROLE guest SET default_transaction_read_only = on")
    seen = Seen(staging(live.url("guest", "poor")), file, machine)
    assert not seen.usable
    assert seen.said("role", PROBLEM, WARNING)[:4] == [
        "guest, does not own the database",
        "its transactions are read-only: default_transaction_read_only is on",
        "guest may create nothing in the schema public: GRANT CREATE, or use its owner's role",
        "1 of 1 tables are others', and only they may alter them",
    ]


def test_a_role_with_too_much(live: LiveServer, file: Path, machine: Machine) -> None:
    live.create_database("rich")
    seen = Seen(staging(live.url("postgres", "rich")), file, machine)
    assert seen.said("role", WARNING) == [
        "postgres, superuser",
        "postgres is a superuser: the owner of the tables is enough",
    ]


def test_a_schema_that_is_not_there(live: LiveServer, file: Path, machine: Machine) -> None:
    seen = Seen(staging(live.create_database("bare") + "?schema=shop"), file, machine)
    assert (seen.usable, seen.said("history", PROBLEM, WARNING)) == (True, ["none yet"])


@pytest.mark.parametrize("change", ["password", "database", "port", "pooler", "accelerate"])
def test_what_cannot_be_used_is_told_with_its_address(
    live: LiveServer, file: Path, machine: Machine, change: str
) -> None:
    url = live.url(OWNER, "postgres")
    changed = {
        "password": url.replace(PASSWORD, PASSWORD[::-1]),
        "database": url.replace("/postgres", "/nothing"),
        "port": url.replace(f":{live.port}/", f":{free_port()}/"),
        "pooler": url.replace(f":{live.port}/", ":6543/"),
        "accelerate": f"prisma://accelerate.prisma-data.net/?api_key={PASSWORD}",
    }[change]
    seen = Seen(staging(changed), file, machine)
    assert [label for label, _ in seen.words] == ["address", PROBLEM]
    assert PASSWORD[::-1] not in repr(seen.words)
    assert not seen.usable


def test_an_environment_of_another_machine_that_needs_no_encryption(file: Path, machine: Machine) -> None:
    far = staging(f"postgresql://u:{PASSWORD}@192.0.2.1:1/x?connect_timeout=1")
    far = replace(far, tls=False, timeouts=replace(far.timeouts, connect_ms=1000))
    seen = Seen(far, file, machine)
    assert seen.said(WARNING) == ["tls = false, and it is on another machine: who is between them can read all"]


# ---------------------------------------------------------------- backups, copies, Neon


def test_production_without_backups(live: LiveServer, file: Path, machine: Machine) -> None:
    production = replace(staging(live.create_database("careless")), kind=EnvironmentKind.PRODUCTION)
    assert Seen(production, file, machine).said("backup", WARNING) == [
        "none",
        "it is production, and nothing is backed up before it is changed",
    ]


def test_where_dumps_go(live: LiveServer, file: Path, machine: Machine, tmp_path: Path) -> None:
    bin = live.installation.bin
    if not all(os.access(bin / program, os.X_OK) for program in ("pg_dump", "pg_restore")):
        pytest.skip(f"{bin} has no pg_dump with a pg_restore")
    plan = BackupPlan(BackupMethod.DUMP, str(tmp_path), pg_dump=bin / "pg_dump")
    seen = Seen(replace(staging(live.create_database("dumped")), backup=plan), file, machine)
    assert seen.said("backup", PROBLEM) == [f"pg_dump {live.installation.version} to {tmp_path}: 0 there"]


def test_no_program_to_dump_with(live: LiveServer, file: Path, machine: Machine, tmp_path: Path) -> None:
    plan = BackupPlan(BackupMethod.DUMP, str(tmp_path), pg_dump=tmp_path / "pg_dump")
    seen = Seen(replace(staging(live.create_database("undumped")), backup=plan), file, machine)
    (why,) = seen.said(PROBLEM)
    assert f"{tmp_path}/pg_dump is not a pg_dump" in why
    assert seen.said("history") == ["none yet"]


def test_a_copy_to_rehearse_on(live: LiveServer, file: Path, machine: Machine) -> None:
    environment = staging(live.create_database("original"))
    copy = live.create_database("copy")
    assert Seen(replace(environment, copy_url=copy), file, machine).said("copy") == [f"127.0.0.1:{live.port}/copy"]
    lost = Seen(replace(environment, copy_url=copy.replace("/copy", "/copies")), file, machine)
    assert (len(lost.said(PROBLEM)), lost.said("history")) == (1, ["none yet"])


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (DriftPlan(24), "compared with the default branch every 24 hours, told in an issue"),
        (
            DriftPlan(1, issue=False, branch="develop"),
            "compared with develop every hour, told in the metrics alone",
        ),
    ],
)
def test_how_often_it_is_compared(file: Path, machine: Machine, plan: DriftPlan, expected: str) -> None:
    nowhere = staging(f"postgresql://a@127.0.0.1:{free_port()}/a")
    assert Seen(replace(nowhere, drift=plan), file, machine).said("drift") == [expected]


def test_a_neon_project(live: LiveServer, file: Path, machine: Machine) -> None:
    url = live.create_database("neon_main")
    with neon(live, "neon_main") as (server, _):
        environment = replace(staging(url), neon=server.configured())
        assert Seen(environment, file, machine).said("neon") == [f"branch main of {server.configured().project}"]
        for wrong in (server.configured(branch="nowhere"), server.configured(key="napi_wrong")):
            seen = Seen(replace(environment, neon=wrong), file, machine)
            assert (len(seen.said(PROBLEM)), seen.said("history")) == (1, ["none yet"])
            assert "napi_wrong" not in repr(seen.words)


# ---------------------------------------------------------------- the file, and the command


def _file(path: Path, *urls: str, pinned: bool = True) -> Path:
    lines = ['[repositories."acme/shop"]', "id = 1" if pinned else ""]
    for number, url in enumerate(urls):
        lines += [f'[repositories."acme/shop".environments.e{number}]', 'kind = "test"', f'url = "{url}"']
    path.write_text("\n".join(lines))
    return path


def test_what_the_file_itself_needs(live: LiveServer, file: Path, machine: Machine) -> None:
    url = live.create_database("twice")
    _file(file, url, url, pinned=False).chmod(0o640)
    of_file, *_ = examine_environments(read_environments(file, {}), file, machine)
    assert of_file.usable
    assert [text for _, text in of_file.words] == [
        "others may read it, and repositories.acme/shop.environments.e0.url holds a secret: chmod 600",
        "acme/shop has no id: whoever takes the name after you gets its environments",
        "acme/shop: e1 is the same database as e0",
    ]


def test_what_names_no_database_is_the_same_as_nothing(file: Path, machine: Machine) -> None:
    accelerate = "prisma://accelerate.prisma-data.net/?api_key={}"
    _file(file, accelerate.format("hush"), accelerate.format("hush-2"))
    of_file, *environments = examine_environments(read_environments(file, {}), file, machine)
    assert of_file.words == ()
    assert [one.usable for one in environments] == [False, False]


def test_the_settings_name_the_file() -> None:
    assert machine_of(read_settings({})).environments is None
    assert machine_of(read_settings({"MIGRATION_BOT_ENVIRONMENTS": "/e.toml"})).environments == Path("/e.toml")


def test_no_environment_hides_another(
    live: LiveServer, file: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    good, lost = live.create_database("shown"), live.url(OWNER, "not_there")
    asked = replace(machine, environments=_file(file, lost, good))
    assert run(["doctor"], lambda: asked) == NOT_ANALYSED
    out, err = capsys.readouterr()
    assert PASSWORD not in out + err
    told = out.split("\n\n")[-1].splitlines()
    assert [line.strip().split()[0] for line in told] == [
        *("Environments", str(file), "acme/shop", "address", "problem"),
        *("acme/shop", "address", "server", "role", "history", "backup"),
    ]
    _file(file, good)
    assert run(["doctor"], lambda: asked) == CLEAN


def test_a_file_that_is_not_understood(
    file: Path, machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_URL", raising=False)
    asked = replace(machine, environments=_file(file, "${SHOP_URL}"))
    assert run(["doctor"], lambda: asked) == WRONG_INPUT
    out, err = capsys.readouterr()
    assert out.startswith("Servers\n")
    assert err == (
        f"migration-bot: {file}:5: repositories.acme/shop.environments.e0.url needs the environment variable SHOP_URL, "
        "which is not set.\n"
    )


def test_lines() -> None:
    assert list(environment_lines(())) == ["Environments"]
