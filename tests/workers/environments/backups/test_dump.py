"""A dump is taken of a live database, proven and kept; or nothing is."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import stat
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.live_server import OWNER, PASSWORD
from tests.workers.environments.backups.conftest import SHOP, Team, Watching, environment, restored
from workers.environments.backups import dumps, prune_dumps, take_dump
from workers.environments.backups.backup import Backup
from workers.environments.model import BackupMethod, Progress, Timeouts
from workers.errors import Cancelled, Refused, Unreachable
from workers.review import Machine

ALL_CAME_BACK = (
    "all rows came back, counted in the same snapshot: public.orders (1000), public.users (100), public.visits_1 (10)."
)


def files(target: Path) -> list[str]:
    return sorted(path.name for path in target.rglob("*") if not path.is_dir())


# ---------------------------------------------------------------- what is kept


def test_an_empty_database(team: Team, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    backup = take_dump(environment(team.database(), tmp_path), "pr1", ground, watching)
    assert backup.checks == (
        "The archive was read to its end; it holds no table, as there is none of the database.",
        "No table was restored for a test: there is none, or none that is small enough.",
    )


def test_what_a_backup_says(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    before = datetime.now(UTC)
    backup = take_dump(environment(shop, tmp_path), "pr12", ground, watching)
    file = tmp_path / "acme/shop/staging" / backup.name
    assert backup.name == f"staging-{backup.taken_at:%Y%m%d-%H%M%S}-pr12.dump"
    assert (backup.method, backup.where) == (BackupMethod.DUMP, str(file))
    assert before <= backup.taken_at <= datetime.now(UTC)
    assert backup.bytes == file.stat().st_size
    assert backup.checks[0] == "The archive was read to its end; it holds all 5 tables of the database."
    assert backup.checks[1].endswith(ALL_CAME_BACK)
    assert backup.expires_at is None


def test_the_manifest_is_enough_to_list_it(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    staging = environment(shop, tmp_path)
    backup = take_dump(staging, "pr12", ground, watching)
    (kept,) = dumps(dataclasses.replace(staging, url="postgresql://nobody@127.0.0.1:1/gone"))
    assert (kept.name, kept.taken_at, kept.bytes, kept.checks) == (
        backup.name, backup.taken_at, backup.bytes, backup.checks,
    )  # fmt: skip
    assert (kept.good, kept.label, kept.tables) == (True, "pr12", 5)
    said = subprocess.run(["sha256sum", backup.where], capture_output=True, text=True, check=True).stdout
    assert kept.sha256 == said.split()[0]
    assert json.loads(Path(f"{backup.where}.json").read_text())["label"] == "pr12"


def test_nobody_else_may_read_it(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    file = Path(take_dump(environment(shop, tmp_path), "pr1", ground, watching).where)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert files(tmp_path) == [file.name, f"{file.name}.json"]


def test_progress_names_the_tables(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    take_dump(environment(shop, tmp_path), "pr1", ground, watching)
    tables = [progress for progress in watching.told if progress.detail.startswith("public.")]
    assert sorted(progress.detail for progress in tables) == [
        f"public.{name}" for name in ("notes", "orders", "users", "visits_1")
    ]
    assert [progress.done for progress in tables] == [0, 1, 2, 3]
    assert {progress.step for progress in watching.told} == {"backup"}


def test_several_processes_write_one_file(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    backup = take_dump(environment(shop, tmp_path, jobs=2), "pr1", ground, watching)
    assert backup.name.endswith("-pr1.dump.tar")
    assert backup.checks[1].endswith(ALL_CAME_BACK)
    with tarfile.open(backup.where) as tar:
        assert "toc.dat" in tar.getnames()


def test_what_is_written_meanwhile_is_not_in_it(team: Team, tmp_path: Path, ground: Machine) -> None:
    url = team.database(SHOP)

    def write(progress: Progress) -> None:
        if progress.total:
            team.run(url, "INSERT INTO visits SELECT 7, 7 FROM generate_series(1, 10)")

    backup = take_dump(environment(url, tmp_path), "pr1", ground, Watching(write))
    assert backup.checks[1].endswith(ALL_CAME_BACK)
    assert team.count(url, "visits") == 60


def test_odd_names(team: Team, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    with team.server.admin() as connection:
        connection.execute(f"""CREATE DATABASE "it's ""ödd"" = db" OWNER {OWNER}""")
    url = f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:{team.server.port}/it's%20%22%C3%B6dd%22%20=%20db"
    team.run(
        url,
        'CREATE SCHEMA "DATA"',
        """CREATE TABLE "DATA"."My ""Täble""; it's" ("Id" int PRIMARY KEY)""",
        """INSERT INTO "DATA"."My ""Täble""; it's" SELECT generate_series(1, 7)""",
        'CREATE TABLE "TABLE DATA" (id int)',
        'CREATE TABLE "two\nlines" (id int)',
    )
    for jobs in (1, 2):
        backup = take_dump(environment(url, tmp_path, jobs), "pr1", ground, watching)
        assert backup.checks[0] == "The archive was read to its end; it holds all 3 tables of the database."
        assert """DATA.My "Täble"; it's (7)""" in backup.checks[1]


# ---------------------------------------------------------------- how it comes back


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_commands_bring_it_back(team: Team, tmp_path: Path, ground: Machine, watching: Watching, jobs: int) -> None:
    url = team.database(SHOP)
    backup = take_dump(environment(url, tmp_path, jobs), "pr1", ground, watching)
    team.run(url, "ALTER TABLE users DROP COLUMN name", "DELETE FROM orders", "CREATE TABLE later (id int)")
    assert restored(backup, url, tmp_path).stderr == ""
    assert [team.count(url, table) for table in ("orders", "users WHERE name = 'user 7'")] == [1000, 1]
    assert team.count(url, "later") == 0


def test_where_something_is_in_the_way_nothing_changes(
    team: Team, tmp_path: Path, ground: Machine, watching: Watching
) -> None:
    url = team.database(SHOP)
    backup = take_dump(environment(url, tmp_path), "pr1", ground, watching)
    team.run(url, "DELETE FROM orders", "CREATE TABLE later (user_id int REFERENCES users)")
    failed = restored(backup, url, tmp_path)
    assert failed.returncode != 0
    assert "depends on" in failed.stderr
    assert (team.count(url, "orders"), team.count(url, "users")) == (0, 100)


def test_into_an_empty_database(team: Team, tmp_path: Path, ground: Machine, watching: Watching, shop: str) -> None:
    backup = take_dump(environment(shop, tmp_path), "pr1", ground, watching)
    url = team.database()
    assert restored(backup, url, tmp_path).stderr == ""
    assert [team.count(url, table) for table in ("orders", "visits", "totals")] == [1000, 10, 100]


# ---------------------------------------------------------------- secrets


def test_the_password_is_nowhere_to_be_seen(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    over, seen = threading.Event(), set[str]()
    looking = threading.Thread(target=_look, args=(over, seen))
    looking.start()
    try:
        backup = take_dump(environment(shop, tmp_path), "pr1", ground, watching)
    finally:
        over.set()
        looking.join()
    assert any("PGPASSFILE=" in text for text in seen)
    told = [*seen, repr(backup), repr(watching.told), Path(f"{backup.where}.json").read_text()]
    assert [text for text in told if PASSWORD in text] == []


def _look(over: threading.Event, seen: set[str]) -> None:
    """At all that runs below this process, over and over: pg_dump takes a tenth of a second."""
    while not over.is_set():
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):
                for child in (task / "children").read_text().split():
                    for name in ("cmdline", "environ", "comm"):
                        with contextlib.suppress(OSError):
                            seen.add(Path(f"/proc/{child}/{name}").read_bytes().decode("utf-8", "replace"))


def test_odd_passwords(team: Team, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    with team.server.admin() as connection:
        connection.execute(r"CREATE ROLE odd LOGIN PASSWORD 'a:b\c #é '")
        connection.execute("CREATE DATABASE odd OWNER odd")
    url = f"postgresql://odd:a%3Ab%5Cc%20%23%C3%A9%20@127.0.0.1:{team.server.port}/odd"
    assert take_dump(environment(url, tmp_path), "pr1", ground, watching).bytes > 0


# ---------------------------------------------------------------- what ends it


def untouched(target: Path, older: Backup) -> bool:
    """Whether the older backup is there as it was, and nothing else."""
    whole = Path(older.where).stat().st_size == older.bytes
    return whole and files(target) == [older.name, f"{older.name}.json"]


def no_session_is_left(team: Team) -> bool:
    """A server notices within moments that a client has been killed."""
    deadline = time.monotonic() + 20
    while _sessions(team):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _sessions(team: Team) -> int:
    with team.server.admin() as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'migration-bot%'"
        ).fetchone()
        assert found is not None
        return int(found[0])


@pytest.mark.campaign
@pytest.mark.parametrize(("jobs", "when"), [(1, "public.orders"), (2, "public.orders"), (1, "restoring a sample")])
def test_stopped_in_the_middle(shop: str, team: Team, tmp_path: Path, ground: Machine, jobs: int, when: str) -> None:
    older = take_dump(environment(shop, tmp_path), "older", ground, Watching())
    watching = Watching()

    def stop(progress: Progress) -> None:
        watching.stop |= progress.detail == when

    watching.at = stop
    with pytest.raises(Cancelled, match=r"^the backup was stopped; nothing of it stays$"):
        take_dump(environment(shop, tmp_path, jobs), "pr1", ground, watching)
    assert watching.stop
    assert untouched(tmp_path, older)
    assert no_session_is_left(team)


def test_past_its_time(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    staging = dataclasses.replace(environment(shop, tmp_path), timeouts=Timeouts(total_ms=0))
    with pytest.raises(Unreachable, match="was not done in the time that a command may take"):
        take_dump(staging, "pr1", ground, watching)
    assert files(tmp_path) == []


def test_a_wrong_password(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    with pytest.raises(Unreachable) as failed:
        take_dump(environment(shop.replace(PASSWORD, "wrong-one"), tmp_path), "pr1", ground, watching)
    assert "password authentication failed" in str(failed.value)
    assert "wrong-one" not in str(failed.value)
    assert files(tmp_path) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_another_session_holds_a_lock(
    team: Team, tmp_path: Path, ground: Machine, watching: Watching, jobs: int
) -> None:
    url = team.database("CREATE TABLE t (id int)")
    staging = dataclasses.replace(environment(url, tmp_path, jobs), timeouts=Timeouts(lock_ms=20, lock_attempts=2))
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unreachable, match=r"^the backup of staging waited 0\.04 s for a table"):
            take_dump(staging, "pr1", ground, watching)


@pytest.mark.parametrize("jobs", [1, 2])
def test_another_session_takes_a_lock_then(team: Team, tmp_path: Path, ground: Machine, jobs: int) -> None:
    url = team.database("CREATE TABLE t (id int)")
    staging = environment(url, tmp_path, jobs, sample=0)
    with psycopg.connect(url) as other:
        lock = Watching(lambda progress: progress.total and other.execute("LOCK TABLE t"))
        with pytest.raises(Unreachable, match=r"^the backup of staging waited 0\.04 s for a table"):
            take_dump(dataclasses.replace(staging, timeouts=Timeouts(lock_ms=20, lock_attempts=2)), "pr1", ground, lock)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("CREATE TABLE secret (id int)", "permission denied for table secret"),
        ("CREATE TABLE secret (id int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY; GRANT SELECT ON secret TO PUBLIC",
         'query would be affected by row-level security policy for table "secret"'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sample", [0, 3])
def test_a_role_that_may_not_read_everything(
    team: Team, tmp_path: Path, ground: Machine, text: str, why: str, sample: int
) -> None:
    url = team.database()
    team.admin(url, text)
    with pytest.raises(Refused) as refused:
        take_dump(environment(url, tmp_path, sample=sample), "pr1", ground, Watching())
    assert str(refused.value) == f"the backup needs a role that may read everything, and this one may not: {why}"
    assert files(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_disk_is_full(
    shop: str, team: Team, small_disk: Path, ground: Machine, watching: Watching, jobs: int
) -> None:
    older = take_dump(environment(shop, small_disk), "older", ground, watching)
    large = team.database("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 20000) i")
    with pytest.raises(Unreachable) as failed:
        take_dump(environment(large, small_disk, jobs), "pr1", ground, watching)
    said = str(failed.value)
    assert said.endswith(" is full: the new backup is not kept, older ones are as they were")
    assert str(small_disk) in said
    assert untouched(small_disk, older)
    assert no_session_is_left(team)


def test_a_target_that_is_no_folder(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable, match=r"^the backup folder .*/file/acme/shop/staging cannot be used: Not a direc"):
        take_dump(environment(shop, tmp_path / "file"), "pr1", ground, watching)


def test_no_target(shop: str, ground: Machine, watching: Watching) -> None:
    with pytest.raises(Refused, match=r"^backups of staging have no place to go: backup\.target is not set$"):
        take_dump(environment(shop, ""), "pr1", ground, watching)


def test_the_named_pg_dump_is_too_old(shop: str, tmp_path: Path, ground: Machine, watching: Watching) -> None:
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 9.6.1'\n")
        (tmp_path / name).chmod(0o755)
    staging = environment(shop, tmp_path / "target")
    plan = dataclasses.replace(staging.backup, pg_dump=tmp_path / "pg_dump")
    with pytest.raises(Refused, match=r"or newer; found 9\.6\.1 at "):
        take_dump(dataclasses.replace(staging, backup=plan), "pr1", ground, watching)


def test_the_server_ends_our_session(team: Team, tmp_path: Path, ground: Machine) -> None:
    url = team.database(SHOP)

    def end(progress: Progress) -> None:
        if progress.total:
            team.admin(
                url, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE application_name LIKE 'migration-bot%' AND datname = current_database()",
            )  # fmt: skip

    with pytest.raises(Unreachable, match=r"^pg_dump gave up: "):
        take_dump(environment(url, tmp_path), "pr1", ground, Watching(end))
    assert files(tmp_path) == []


# ---------------------------------------------------------------- pruning


def test_old_ones_go_and_the_newest_good_one_stays(
    shop: str, tmp_path: Path, ground: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    staging = environment(shop, tmp_path)
    backup = take_dump(staging, "pr1", ground, Watching())
    folder = Path(backup.where).parent
    for year in (2020, 2099):
        shutil.copy(backup.where, folder / f"staging-{year}0101-000000-pr{year}.dump")
    (folder / "README").touch()
    gone = "The backup {} ({} bytes) was removed: it was not whole."
    told = [gone.format(f"staging-{year}0101-000000-pr{year}.dump", backup.bytes) for year in (2020, 2099)]
    assert prune_dumps(staging, datetime.now(UTC)) == (told[0],)
    assert prune_dumps(staging, datetime(2199, 1, 1, tzinfo=UTC)) == (told[1],)
    assert prune_dumps(staging, datetime(2199, 1, 1, tzinfo=UTC)) == ()
    assert files(tmp_path) == ["README", backup.name, f"{backup.name}.json"]
    assert caplog.messages == [f"staging: {sentence}" for sentence in told]


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    folder = tmp_path / "acme/shop/staging"
    for name in ("old", "new"):
        (folder / f".migration-bot-partial-{name}").mkdir(parents=True)
        (folder / f".migration-bot-partial-{name}" / "archive").touch()
    long_ago = datetime.now(UTC).timestamp() - 25 * 3600
    os.utime(folder / ".migration-bot-partial-old", (long_ago, long_ago))
    assert prune_dumps(environment("postgresql://nobody@127.0.0.1:1/gone", tmp_path), datetime.now(UTC)) == ()
    assert [path.name for path in folder.iterdir()] == [".migration-bot-partial-new"]
