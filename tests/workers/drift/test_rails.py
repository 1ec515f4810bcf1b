"""A Rails project with structure.sql: what is merged is built from it, and the new Ruby is told, not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from tests.live_server import LiveServer, live_server
from tests.repositories import Repo
from workers.audit import audit as run_audit
from workers.audit import place as audit
from workers.audit.place import find
from workers.environments.live import live_drift
from workers.environments.model import Environment
from workers.environments.seen import named_by
from workers.errors import CannotAnalyse, InputError
from workers.model import Change, Level
from workers.policy import POLICY_PATH
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier
from workers.reading import Asked, gathered
from workers.review import Machine, review
from workers.verdict import Report

HEAD = """SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;

COMMENT ON EXTENSION plpgsql IS 'only for superusers';

CREATE TABLE public.schema_migrations (version character varying NOT NULL);
CREATE TABLE public.users (
    id bigint NOT NULL
);
ALTER TABLE public.users OWNER TO shop;
"""
NAMED = "ALTER TABLE public.users ADD COLUMN name text;\n"
USERS, NAMES = "db/migrate/20240101000000_users.rb", "db/migrate/20240102000000_names.rb"
RUBY = "class Users < ActiveRecord::Migration[7.1]\nend\n"
UNREAD = (
    "Ruby, of which only Rails knows the SQL, and which is run in your own CI alone: there, migration-bot review "
    "--run-commands has its SQL printed; see docs/code-runners.md."
)


def dump(*versions: int, more: str = "") -> str:
    listed = ",\n".join(f"('{version}')" for version in versions)
    end = f'SET search_path TO "$user", public;\n\nINSERT INTO "schema_migrations" (version) VALUES\n{listed};\n'
    return f"{HEAD}{more}{end}"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path / "repo")
    repo.commit({USERS: RUBY, "db/structure.sql": dump(20240101000000)})
    return repo


@pytest.fixture
def machine(cache: Path) -> Machine:
    return Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)


def reviewed(repo: Repo, machine: Machine, files: Mapping[str, str | None]) -> Report:
    repo.commit(dict(files), branch="feature")
    return review(Asked(repo.folder, "main", "feature"), machine)


def test_nothing_new(repo: Repo, machine: Machine) -> None:
    report = reviewed(repo, machine, {"README.md": "More."})
    assert (report.layout, report.migrations, report.unread, report.notes) == ("rails", (), (), ())
    assert not any(one.touched for one in gathered(Asked(repo.folder, "main", "feature")))


def test_a_new_migration_is_unread_and_its_dump_is_evidence(repo: Repo, machine: Machine) -> None:
    after = dump(20240102000000, 20240101000000, more=NAMED)
    report = reviewed(repo, machine, {NAMES: RUBY, "db/structure.sql": after})
    assert [(one.id, one.change, one.statements) for one in report.migrations] == [
        ("20240102000000_names", Change.ADDED, ())
    ]
    assert [(one.path, one.line, one.reason) for one in report.unread] == [(NAMES, 1, UNREAD)]
    assert report.notes == (
        "db/structure.sql says what the code comes to, not how it gets there: column public.users.name is new.",
    )
    assert (report.level, report.findings, report.drift) == (Level.SAFE, (), ())


def test_a_migration_without_its_dump_and_a_dump_without_its_migration(repo: Repo, machine: Machine) -> None:
    after = dump(20240103000000, 20240101000000)
    report = reviewed(repo, machine, {NAMES: RUBY, "db/structure.sql": after})
    assert [(one.rule, one.path, one.line, one.object) for one in report.findings] == [
        ("schema-not-as-declared", NAMES, 1, "version 20240102000000"),
        ("schema-not-as-declared", "db/structure.sql", 16, "version 20240103000000"),
    ]


def test_what_the_base_branch_has_apart_already_is_nobody_s_fault_here(repo: Repo, machine: Machine) -> None:
    repo.commit({"db/structure.sql": dump(20240101000000, 20200101000000)})
    report = reviewed(repo, machine, {"db/structure.sql": dump(20240101000000, 20200101000000, more="-- More.\n")})
    assert (report.findings, report.drift) == ((), ())


def test_a_dump_that_changes_without_a_migration_is_drift(repo: Repo, machine: Machine) -> None:
    report = reviewed(repo, machine, {"db/structure.sql": dump(20240101000000, more=NAMED)})
    assert [(one.object, one.sql) for one in report.drift] == [
        ("column public.users.name", 'ALTER TABLE "public"."users" ADD COLUMN "name" text;')
    ]


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({USERS: RUBY + "# more\n"}, "merged-migration-changed"),
        ({USERS: RUBY.replace("\n", "\r\n")}, None),
        ({USERS: None, "db/migrate/20240101000000_people.rb": RUBY}, "merged-migration-changed"),
        ({"db/migrate/20230101000000_old.rb": "old"}, "migration-out-of-order"),
        ({"db/migrate/20240101000000_twin.rb": "twin"}, "migration-number-taken"),
    ],
)
def test_history(repo: Repo, files: Mapping[str, str | None], rule: str | None, machine: Machine) -> None:
    listed = [20240101000000, *([20230101000000] if rule == "migration-out-of-order" else [])]
    report = reviewed(repo, machine, {**files, "db/structure.sql": dump(*listed)})
    assert [finding.rule for finding in report.findings] == ([rule] if rule else [])


def test_the_ruby_of_a_second_database_is_another_project(repo: Repo, machine: Machine) -> None:
    repo.commit({"db/animals_structure.sql": dump(1), "db/animals_migrate/1_a.rb": RUBY})
    report = reviewed(
        repo, machine, {"db/animals_migrate/2_b.rb": RUBY, "db/animals_structure.sql": dump(1, 2, more=NAMED)}
    )
    assert [(one.id, one.path) for one in report.migrations] == [("2_b", "db/animals_migrate/2_b.rb")]
    assert [note.partition(" says ")[0] for note in report.notes] == ["db/animals_structure.sql"]


def test_an_audit_says_that_there_is_no_sql(repo: Repo, machine: Machine) -> None:
    with pytest.raises(InputError) as error:
        run_audit(audit.Asked("db/migrate", repo.folder), machine)
    assert str(error.value) == f"{USERS}: an audit takes SQL back, and this is code, whose SQL is not known"


@pytest.mark.parametrize(("more", "objects"), [(NAMED, []), ("", ["column public.users.name"])])
def test_ruby_whose_sql_is_printed_is_held_against_its_dump(
    repo: Repo, machine: Machine, more: str, objects: list[str]
) -> None:
    """Each new one by itself, over the dump of the base branch."""
    repo.commit({POLICY_PATH: "runner:\n  name: rails\n  print: tail -n 1 {path}\n"})
    after = dump(20240102000000, 20240101000000, more=more)
    repo.commit({NAMES: f"{RUBY}{NAMED}", "db/structure.sql": after}, branch="feature")
    report = review(Asked(repo.folder, "main", "feature", run_commands=True), machine)
    assert [(one.id, len(one.statements)) for one in report.migrations] == [("20240102000000_names", 1)]
    assert ([one.object for one in report.drift], report.unread) == (objects, ())


# ---------------------------------------------------------------- a live database


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


def live(server: LiveServer, name: str, *texts: str) -> Environment:
    """A database that has the table of versions, and what is run there."""
    url = server.create_database(name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)")
        for text in texts:
            connection.execute(text.encode())
    return named_by(url)


MADE = "CREATE TABLE users (id bigint NOT NULL)"
FIRST, NEXT = (f"INSERT INTO schema_migrations VALUES ('2024010{day}000000')" for day in (1, 2))


def test_a_database_is_what_the_dump_says(server: LiveServer, repo: Repo, machine: Machine) -> None:
    found = find(audit.Asked("db/migrate", repo.folder))
    drift = live_drift(live(server, "rails_same", MADE, FIRST), found.migrations, found.policy, machine)
    assert (drift.clean, drift.gaps, drift.notes) == (True, (), ())
    other = live(server, "rails_other", MADE, FIRST, "ALTER TABLE users ADD nick text")
    assert [gap.object for gap in live_drift(other, found.migrations, found.policy, machine).gaps] == [
        "column public.users.nick"
    ]


def test_a_database_behind_the_dump_is_not_compared(server: LiveServer, repo: Repo, machine: Machine) -> None:
    repo.commit({NAMES: RUBY, "db/structure.sql": dump(20240101000000, 20240102000000, more=NAMED)})
    found = find(audit.Asked("db/migrate", repo.folder))
    with pytest.raises(CannotAnalyse) as error:
        live_drift(live(server, "rails_behind", MADE, FIRST), found.migrations, found.policy, machine)
    assert str(error.value) == (
        "db/structure.sql has migrations that the database has not had (20240102000000_names): compare it with the "
        "commit that is deployed there"
    )
