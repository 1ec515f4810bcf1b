"""Migrations that are code: without being asked nothing of theirs is run, and with it their printed SQL is reviewed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.repositories import Repo
from workers.errors import CannotAnalyse, InputError, NoMigrations
from workers.model import Change
from workers.policy import POLICY_PATH
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier
from workers.reading import Asked, gathered
from workers.review import Machine, review
from workers.verdict import Report

FOLDER = "migrations/versions"
USERS = {"id": "a1", "up": "CREATE TABLE users (id int PRIMARY KEY);", "down": "DROP TABLE users;"}
INDEX = {"id": "b2", "up": "CREATE INDEX i ON users (id);", "down": "DROP INDEX i;"}

# What Alembic would print, by a program that reads SQL out of the files: `revision`, then the way there and back.
PRINTER = """
import pathlib, re, sys
files = sorted(pathlib.Path("migrations/versions").glob("*.py"))
steps = [re.findall(r'= "(.*)"', file.read_text()) for file in files]
print("BEGIN;\\n\\nCREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);\\n")
for id, up, down in steps if sys.argv[1] == "up" else reversed(steps):
    way, sql = ("upgrade x ->", up) if sys.argv[1] == "up" else ("downgrade", down)
    print(f"-- Running {way} {id}" + (" -> x" if sys.argv[1] != "up" else "") + f"\\n\\n{sql}\\n")
    print(f"UPDATE alembic_version SET version_num='{id}';\\n")
print("COMMIT;")
"""
POLICY = f"""runner:
  name: alembic
  print: {sys.executable} print.py up
  down: {sys.executable} print.py down
"""


def code(told: dict[str, str]) -> str:
    return f'revision = "{told["id"]}"\nup = "{told["up"]}"\ndown = "{told["down"]}"\n'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path / "repo")
    repo.commit({POLICY_PATH: POLICY, "print.py": PRINTER, f"{FOLDER}/1_users.py": code(USERS)})
    return repo


@pytest.fixture
def machine(cache: Path) -> Machine:
    return Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)


def reviewed(repo: Repo, machine: Machine, *, run_commands: bool = True) -> Report:
    return review(Asked(repo.folder, "main", "feature", run_commands=run_commands), machine)


def test_nothing_is_run_where_no_migration_is_new(repo: Repo, machine: Machine) -> None:
    repo.commit({"README.md": "More.", "print.py": "raise SystemExit('was run')"}, branch="feature")
    report = reviewed(repo, machine)
    assert (report.migrations, report.notes, report.unread) == ((), (), ())
    assert not any(one.touched for one in gathered(Asked(repo.folder, "main", "feature")))


def test_nothing_is_run_unless_somebody_asked_for_it(repo: Repo, machine: Machine) -> None:
    repo.commit({f"{FOLDER}/2_index.py": code(INDEX), "print.py": "raise SystemExit('was run')"}, branch="feature")
    report = reviewed(repo, machine, run_commands=False)
    assert [(one.path, one.line, one.reason) for one in report.unread] == [
        (
            f"{FOLDER}/2_index.py",
            1,
            "alembic's migrations are code, which is run in your own CI alone: there, migration-bot review "
            "--run-commands has their SQL printed; see docs/code-runners.md.",
        )
    ]
    assert (report.server, report.findings, report.notes) == (None, (), ())


def test_what_is_printed_is_reviewed(repo: Repo, machine: Machine) -> None:
    repo.commit({f"{FOLDER}/2_index.py": code(INDEX)}, branch="feature")
    report = reviewed(repo, machine)
    (migration,) = report.migrations
    (statement,) = migration.statements
    assert (migration.path, statement.statement.text) == (f"{FOLDER}/2_index.py", INDEX["up"].rstrip(";"))
    assert [finding.rule for finding in report.findings] == ["index-not-concurrent"]
    assert report.unread == ()
    assert report.notes == (f"{FOLDER}: the lines of a migration that is code are those of its printed SQL.",)
    assert migration.rollback is not None
    assert migration.written is not None
    assert "alembic_version" not in str(migration)


def test_what_is_merged_and_edited(repo: Repo, machine: Machine) -> None:
    repo.commit({f"{FOLDER}/1_users.py": code({**USERS, "down": "SELECT 1;"})}, branch="feature")
    report = reviewed(repo, machine)
    assert [(one.change, one.path) for one in report.migrations] == [(Change.EDITED, f"{FOLDER}/1_users.py")]
    assert [finding.rule for finding in report.findings] == ["merged-migration-changed"]


def test_a_command_that_fails_ends_the_review_with_its_words(repo: Repo, machine: Machine) -> None:
    repo.commit({f"{FOLDER}/2_index.py": code(INDEX), "print.py": "raise SystemExit('no such app')"}, branch="feature")
    with pytest.raises(CannotAnalyse, match=r"print.py up' ends with status 1: no such app$"):
        reviewed(repo, machine)
    repo.commit({"print.py": "print('SELECT 1;')"})
    with pytest.raises(CannotAnalyse, match=r"prints no migration: a line `-- migration: ID` has to stand above each"):
        reviewed(repo, machine)


def test_ways_back_that_cannot_be_printed_are_none(repo: Repo, machine: Machine) -> None:
    printer = PRINTER + "\nif sys.argv[1] == 'down': raise SystemExit('irreversible')\n"
    repo.commit({f"{FOLDER}/2_index.py": code(INDEX), "print.py": printer}, branch="feature")
    report = reviewed(repo, machine)
    assert report.migrations[0].written is None
    assert report.notes[1].startswith("No way back was read: the policy's command")
    assert report.notes[1].endswith("ends with status 1: irreversible")


def test_a_migration_that_is_not_printed_is_unread(repo: Repo, machine: Machine) -> None:
    printer = PRINTER.replace('"*.py"', '"1*.py"')
    repo.commit({f"{FOLDER}/2_index.py": code(INDEX), "print.py": printer}, branch="feature")
    report = reviewed(repo, machine)
    assert [(one.path, one.reason) for one in report.unread] == [
        (f"{FOLDER}/2_index.py", "the policy's command does not print it.")
    ]


def test_only_what_is_checked_out_is_run(repo: Repo, machine: Machine) -> None:
    repo.commit({f"{FOLDER}/2_index.py": code(INDEX)}, branch="feature")
    repo.git("switch", "-q", "main")
    with pytest.raises(InputError, match=r"commands run what is checked out, which is \w{12}: check out \w{12} first"):
        reviewed(repo, machine)
    bare = repo.folder.parent / "bare"
    repo.git("clone", "-q", "--bare", ".", str(bare))
    with pytest.raises(InputError, match=r"bare: commands run what is checked out, and nothing is checked out here"):
        review(Asked(bare, "main", "feature", run_commands=True), machine)


def test_each_by_itself_over_a_dump(tmp_path: Path, machine: Machine) -> None:
    """Any runner: a command for each new migration, over a dump of what is merged."""
    policy = (
        "runner:\n  name: knex\n  files: ['migrations/*.js']\n  state: schema.sql\n"
        f"  print: {sys.executable} print.py up {{path}}\n  down: {sys.executable} print.py down {{path}}\n"
    )
    repo = Repo.at(tmp_path / "repo")
    merged = {"migrations/1_users.js": "not printed", "schema.sql": "CREATE TABLE users (id int PRIMARY KEY);\n"}
    printer = "import sys; print(open(sys.argv[2]).read().splitlines()[sys.argv[1] == 'down'])"
    repo.commit({POLICY_PATH: policy, "print.py": printer, **merged})
    repo.commit({"migrations/2_index.js": f"{INDEX['up']}\n{INDEX['down']}\n"}, branch="feature")
    report = reviewed(repo, machine)
    (migration,) = report.migrations
    assert [one.statement.text for one in migration.statements] == ["CREATE INDEX i ON users (id)"]
    assert migration.written is not None
    assert [finding.rule for finding in report.findings] == ["index-not-concurrent"]
    assert report.layout == "knex"


def test_a_command_that_fails_hides_no_other_project(repo: Repo, machine: Machine) -> None:
    repo.commit({POLICY_PATH: f"projects:\n- path: db\n- path: {FOLDER}\n  {POLICY.replace(chr(10), chr(10) + '  ')}"})
    repo.commit({"db/1_users.sql": "CREATE TABLE users (id int PRIMARY KEY);"})
    files = {"db/2_pets.sql": "CREATE TABLE pets (id int PRIMARY KEY);", f"{FOLDER}/2_index.py": code(INDEX)}
    repo.commit({**files, "print.py": "raise SystemExit('no such app')"}, branch="feature")
    report = reviewed(repo, machine)
    assert [(one.path, len(one.statements)) for one in report.migrations] == [("db/2_pets.sql", 1)]
    assert [(one.path, one.reason.rpartition(": ")[2]) for one in report.unread] == [(FOLDER, "no such app")]


def test_a_new_migration_of_code_in_a_repository_without_any_that_can_be_read(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path / "repo")
    repo.commit({"app/models.py": ""})
    repo.commit({"app/migrations/0001_initial.py": ""}, branch="feature")
    with pytest.raises(NoMigrations) as error:
        gathered(Asked(repo.folder, "main", "feature"))
    assert str(error.value).endswith(
        "; app/migrations/0001_initial.py looks like a migration of Django, which is code: see docs/code-runners.md"
    )
