"""The audit of small histories on a real server: what it tells, what it goes on after, what it keeps."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.repositories import Repo, plain, prisma
from workers.audit.chain import Ground, audited
from workers.audit.halves import audit_in_halves, halves
from workers.audit.place import Asked, find
from workers.audited import AuditedMigration
from workers.cli import CLEAN, FOUND, WRONG_INPUT, run
from workers.model import Migration, Transaction
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier, strongest_tier
from workers.postgres.servers import Installation
from workers.report.as_json import schema
from workers.review import Machine

USERS = "CREATE TABLE users (id serial PRIMARY KEY, name text, old text);"
HISTORY = {
    "m1": USERS,
    "m2": "CREATE TABLE half_done (id int);\nALTER TABLE nobody ADD COLUMN x int;",
    "m3": "ALTER TABLE users DROP COLUMN old;",
    "m4": "INSERT INTO users (name) VALUES ('Ada'), ('Bob');",
    # Fails where the rows of m4 have got other numbers when it was applied again.
    "m5": "CREATE TABLE pets (owner int REFERENCES users); INSERT INTO pets VALUES (1), (2);",
    "m6": "DO $$ BEGIN UPDATE users SET name = 'Eve' WHERE id = 2; END $$;",
    "m7": "CREATE INDEX CONCURRENTLY users_name ON users (name);",
}

Audited = Callable[..., tuple[int, str]]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.at(tmp_path / "repo")


@pytest.fixture
def machine(cache: Path) -> Iterator[Machine]:
    """What is kept of a history ends with its test. Not in pytest's folder: servers run as users who must read it."""
    with tempfile.TemporaryDirectory(prefix="migration-bot-audit-", dir="/var/tmp") as folder:
        own = Path(folder)
        own.chmod(0o755)
        for shared in cache.iterdir():
            (own / shared.name).symlink_to(shared)
        yield Machine(own, Limits(), snapshots_bytes=0, require=Tier.RLIMITS)


@pytest.fixture
def audit(machine: Machine, capsys: pytest.CaptureFixture[str]) -> Audited:
    def call(path: Path | str, *arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["audit", str(path), *arguments], lambda: machine)
        out, err = capsys.readouterr()
        return code, out + err

    return call


def as_json(told: tuple[int, str]) -> tuple[int, dict[str, Any]]:
    code, text = told
    found: dict[str, Any] = json.loads(text)
    Draft202012Validator(schema("audit_schema.json")).validate(found)
    return code, found


# ---------------------------------------------------------------- what is told


def test_a_history_with_a_failing_migration_in_the_middle(repo: Repo, audit: Audited) -> None:
    repo.commit(prisma(**HISTORY))
    code, found = as_json(audit(repo.folder, "--format", "json", "--sql"))
    by_id = {one["id"]: one for one in found["migrations"]}
    assert [one["id"] for one in found["migrations"] if not one["applied"]] == ["m2"]
    assert by_id["m2"]["error"].endswith('relation "nobody" does not exist (42P01)')
    assert (by_id["m2"]["grade"], by_id["m2"]["sql"]) == (None, None)
    assert {id: one["grade"] for id, one in by_id.items() if one["applied"]} == {
        "m1": "exact",
        "m3": "lossy",
        "m4": "lossy",
        "m5": "exact",
        "m6": "lossy",
        "m7": "exact",
    }
    assert {id: one["difference"] for id, one in by_id.items() if one["applied"] and not one["proven"]} == {}
    assert found["summary"] == {"migrations": 7, "applied": 6, "exact": 3, "lossy": 3, "irreversible": 0, "proven": 6}
    assert "DROP TABLE" in by_id["m1"]["sql"]
    assert {id: [step["transaction"] for step in one["steps"]] for id, one in by_id.items()} == {
        "m1": [True],
        "m2": [],
        "m3": [True],
        "m4": [],
        "m5": [True],
        "m6": [],
        "m7": [False],
    }
    assert (code, found["kept"]) == (CLEAN, 0)


def test_one_that_is_not_proven_and_the_next(repo: Repo, audit: Audited) -> None:
    """A large object is no part of a schema."""
    repo.commit(prisma(m1=USERS, m2="SELECT lo_create(4711);", m3="ALTER TABLE users ADD mail text;"))
    code, found = as_json(audit(repo.folder / "prisma", "--format", "json"))
    assert [(one["applied"], one["proven"]) for one in found["migrations"]] == [
        (True, True),
        (True, False),
        (True, True),
    ]
    assert found["migrations"][1]["difference"][0].startswith(
        "applying the migration again failed: duplicate key value"
    )
    assert "sql" not in found["migrations"][0]
    assert code == FOUND
    again, text = audit(repo.folder)
    assert again == FOUND
    assert "m2" in text
    assert "proven        2 of 3" in text
    assert "| proven | 2 of 3 " in audit(repo.folder, "--format", "markdown")[1]


def test_nobody_looks_back_over_one_that_fails(repo: Repo, audit: Audited) -> None:
    """What is done CONCURRENTLY would wait for whoever does."""
    repo.commit(prisma(m1=USERS, m2="SELECT FROM nobody;", m3="CREATE INDEX CONCURRENTLY mails ON users (id);"))
    found = as_json(audit(repo.folder, "--format", "json"))[1]
    assert [(one["applied"], one["proven"]) for one in found["migrations"]] == [
        (True, True),
        (False, False),
        (True, True),
    ]


def test_a_view_that_is_made_again(repo: Repo, audit: Audited) -> None:
    """Its parsed query lists the columns of its tables as they are then: pg_dump has to tell, on another server."""
    made = (
        "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE days (mood mood); CREATE VIEW moods AS SELECT mood FROM days;"
    )
    migrations = prisma(
        m1=made,
        m2="ALTER TABLE days ADD day date;",
        m3="ALTER TYPE mood ADD VALUE 'ok';",
        m4="DROP TABLE days CASCADE;",
    )
    repo.commit(migrations)
    found = as_json(audit(repo.folder, "--format", "json"))[1]
    assert [(one["id"], one["grade"], one["proven"]) for one in found["migrations"]] == [
        ("m1", "exact", True),
        ("m2", "exact", True),
        ("m3", "exact", True),
        ("m4", "lossy", True),
    ]


def test_a_role_that_is_there_before_the_migration(repo: Repo, audit: Audited) -> None:
    """Whatever is granted to it when it is made here."""
    repo.commit(prisma(m1=USERS, m2="GRANT SELECT ON users TO reader; CREATE POLICY own ON users TO other;"))
    found = as_json(audit(repo.folder, "--format", "json", "--sql"))[1]
    undo = found["migrations"][1]
    assert (undo["proven"], undo["difference"], "ON SCHEMA" in undo["sql"]) == (True, [], False)
    assert [note.partition(":")[0] for note in found["notes"]] == ["role reader", "role other"]


def test_down_files_of_a_plain_folder_outside_of_git(tmp_path: Path, audit: Audited) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name, text in {
        "1_users.up.sql": USERS,
        "1_users.down.sql": "DROP TABLE users;",
        "2_mail.up.sql": "ALTER TABLE users ADD mail text; CREATE INDEX mails ON users (mail);",
        "2_mail.down.sql": "DROP INDEX mails;",
        "3_pets.up.sql": "CREATE TABLE pets (id int);",
        "3_pets.down.sql": "DROP TABLE cats;",
        "4_toys.up.sql": "CREATE TABLE toys (id int);",
        "4_toys.down.sql": "-- not to be taken back\n",
        "5_views.up.sql": "CREATE INDEX CONCURRENTLY toy ON toys (id);",
        "5_views.down.sql": "SELECT 1;\nDROP INDEX CONCURRENTLY toy;",
    }.items():
        (folder / name).write_text(text)
    code, found = as_json(audit(folder, "--format", "json"))
    assert [one["down"] and (one["down"]["restores"], one["down"]["difference"]) for one in found["migrations"]] == [
        (True, []),
        (False, ["column public.users.mail is not expected"]),
        (False, ['line 1: table "cats" does not exist']),
        None,
        (False, ["line 2: DROP INDEX CONCURRENTLY cannot run inside a transaction block"]),
    ]
    assert found["down"] == {"written": 4, "restores": 1, "empty": 1}
    assert (code, found["commit"], found["summary"]["proven"]) == (CLEAN, None, 5)
    assert "1 of 4 restore the schema, 1 more without a statement" in audit(folder)[1]


# ---------------------------------------------------------------- what is asked for


def test_a_folder_with_several_projects(repo: Repo, audit: Audited) -> None:
    one, other = prisma(m1=USERS), plain(_1_users=USERS)
    repo.commit(
        {f"{folder}/{path}": text for folder, files in (("a", one), ("b", other)) for path, text in files.items()}
    )
    code, text = audit(repo.folder)
    assert (code, text.count("\n")) == (WRONG_INPUT, 1)
    assert "the migrations of 2 projects: a/prisma/migrations, b/migrations; name one of them" in text


@pytest.mark.parametrize(
    ("files", "asked", "layout", "directory"),
    [
        (plain(_1_users=USERS), ".", "plain", "migrations"),
        ({"sql/1_users.sql": USERS}, "sql", "plain", "sql"),
        ({"sql/1_users.up.sql": USERS, "sql/1_users.down.sql": ""}, "sql", "golang-migrate", "sql"),
        ({"migrations/1_users.sql": f"-- +goose Up\n{USERS}"}, "migrations", "goose", "migrations"),
    ],
)
def test_which_layout(repo: Repo, files: dict[str, str], asked: str, layout: str, directory: str) -> None:
    repo.commit(dict(files))
    found = find(Asked(asked, repo.folder)).migrations
    assert (found.layout, found.directory, len(found.history)) == (layout, directory, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: no such directory"),
        ([".", "--repo", "REPO"], "no migrations found"),
        (["lib", "--repo", "REPO"], "no migrations found"),
        ([".", "--repo", "REPO", "--rev", "v9"], "v9: no such revision"),
    ],
)
def test_what_is_not_there(repo: Repo, audit: Audited, arguments: list[str], said: str) -> None:
    repo.commit({"lib/a.py": ""})
    code, text = audit(*(str(repo.folder) if word == "REPO" else word for word in arguments))
    assert (code, said in text, text.count("\n")) == (WRONG_INPUT, True, 1)


# ---------------------------------------------------------------- killed, edited, in two


def test_goes_on_where_it_was_killed_and_behind_an_edit(repo: Repo, machine: Machine, audit: Audited) -> None:
    repo.commit(prisma(m1=USERS, m2="CREATE TABLE pets (id int);", m3="SELECT pg_sleep(50);", m4="SELECT 1;"))
    words = (sys.executable, "-m", "workers", "audit", str(repo.folder))
    told = {"MIGRATION_BOT_CACHE": str(machine.cache), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(words, env=told, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while _lines(machine.cache) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    repo.commit(prisma(m3="CREATE TABLE toys (id int);"))
    code, found = as_json(audit(repo.folder, "--format", "json"))
    assert (code, found["kept"], found["summary"]["proven"]) == (CLEAN, 2, 4)
    assert as_json(audit(repo.folder, "--format", "json"))[1]["kept"] == 4


def _lines(cache: Path) -> int:
    return sum(path.read_text().count("\n") for path in cache.glob("audits/*[0-9a-f]"))


def test_two_halves_tell_what_one_audit_tells(installation: Installation, cache: Path) -> None:
    texts = (USERS, "ALTER TABLE nobody ADD x int;", "ALTER TABLE users DROP old;", "CREATE INDEX ON users (name);")
    history = [Migration(text[:9], "m.sql", text, Transaction.SIMPLE_QUERY) for text in texts]
    ground = Ground(installation, strongest_tier(), Limits(), cache)
    whole = {place: replace(one, seconds=0.0) for place, one in audited(history, range(len(history)), ground)}
    found: dict[int, AuditedMigration] = {}
    audit_in_halves(history, range(len(history)), ground, lambda place, one: found.update({place: one}))
    assert {place: replace(one, seconds=0.0) for place, one in sorted(found.items())} == whole


def test_halves_take_about_the_same_time() -> None:
    assert halves(range(0)) == (range(0), range(0))
    assert halves(range(1)) == (range(0), range(1))
    first, second = halves(range(500))
    assert (first[0], first[-1] + 1, second[-1]) == (0, second[0], 499)
    assert 250 < len(first) < 350
