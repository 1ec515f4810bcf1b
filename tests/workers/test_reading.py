"""What is read of a repository with several projects, and what the policy says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repositories import Repo, plain, prisma
from workers.errors import InputError
from workers.model import Transaction
from workers.projects import Wanted
from workers.reading import Asked, Gathered, fingerprint, gathered, read_policy, standing, wanted
from workers.repository import open_repository

ONE, TWO = "CREATE TABLE one (id int);\n", "CREATE TABLE two (id int);\n"
POLICY = ".github/migrations.yml"
CI = ".github/workflows/deploy.yml"
RESET = "jobs:\n  deploy:\n    steps:\n      - run: npx prisma migrate reset --force\n"
SCHEMA = 'datasource db {\n  provider = "postgresql"\n}\n'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Two projects."""
    repo = Repo.at(tmp_path)
    repo.commit({**prisma(m1=ONE), "prisma/schema.prisma": SCHEMA, **plain(_1_a=ONE)})
    repo.git("switch", "-q", "-c", "feature")
    return repo


def found(repo: Repo) -> tuple[Gathered, ...]:
    return gathered(Asked(repo.folder, "main", "feature"))


def folders(repo: Repo) -> list[str]:
    return [one.migrations.directory for one in found(repo)]


def test_nothing_changed(repo: Repo) -> None:
    assert [one.touched for one in found(repo)] == [False]


def test_what_is_found_around_them_stands_by_itself(repo: Repo) -> None:
    repo.commit({**prisma(m2=TWO), **plain(_2_b=TWO), CI: RESET})
    assert [(one.migrations.directory, one.of_project, len(one.around)) for one in found(repo)] == [
        ("migrations", True, 0),
        ("prisma/migrations", True, 0),
        ("", False, 1),
    ]
    repo.commit({"prisma/migrations/m2/migration.sql": None})
    assert [one.of_project for one in found(repo)] == [True, False]


def test_a_schema_that_changes_brings_its_project(repo: Repo) -> None:
    repo.commit({"prisma/schema.prisma": f"// orders\n{SCHEMA}"})
    assert folders(repo) == ["prisma/migrations"]
    repo.commit(plain(_2_b=TWO))
    assert folders(repo) == ["migrations", "prisma/migrations"]


def test_the_path_that_is_asked_for(repo: Repo) -> None:
    repo.commit({**prisma(m2=TWO), **plain(_2_b=TWO)})
    (only,) = gathered(Asked(repo.folder, "main", "feature", "migrations"))
    assert (only.migrations.layout, only.migrations.alone) == ("plain", True)


def test_another_project_beside_it_is_another_review(repo: Repo) -> None:
    repo.commit(prisma(m2=TWO))
    before = fingerprint(found(repo))
    assert fingerprint(found(repo)) == before
    repo.commit({"README.md": "hello"})
    assert fingerprint(found(repo)) == before
    repo.commit(plain(_2_b=TWO))
    assert fingerprint(found(repo)).migrations != before.migrations


def test_where_a_branch_stands(repo: Repo) -> None:
    """Whatever project is another, it stands elsewhere."""

    def now() -> str:
        repository = open_repository(repo.folder)
        return standing(repository, repository.commit("HEAD"))

    seen = [now()]
    repo.commit({"README.md": "hello"})
    assert now() == seen[0]
    schema: dict[str, str | bytes | None] = {"prisma/schema.prisma": f"// x\n{SCHEMA}"}
    for files in (plain(_2_b=TWO), prisma(m2=TWO), schema, {**schema, POLICY: "small_rows: 1"}):
        repo.commit(files)
        seen.append(now())
    assert len(set(seen)) == len(seen)
    repo.commit({POLICY: "layout: diesel"})
    assert now() == ""


def test_a_policy_names_projects(repo: Repo) -> None:
    repo.git("switch", "-q", "main")
    repo.commit({POLICY: "projects:\n- {path: migrations, transaction: statement}\n- {path: prisma/migrations}\n"})
    policy = read_policy(open_repository(repo.folder), "main")
    assert wanted(policy) == (Wanted(None, "migrations", Transaction.STATEMENT), Wanted(None, "prisma/migrations"))
    assert wanted(policy, "migrations") == (Wanted(None, "migrations", Transaction.STATEMENT),)
    assert wanted(policy, "other") == (Wanted(None, "other"),)


def test_a_project_on_the_database_of_another(repo: Repo) -> None:
    policy = "projects:\n- path: migrations\n- {path: prisma/migrations, prelude: [roles.sql, migrations]}\n"
    repo.commit({POLICY: policy, "roles.sql": "CREATE ROLE app;\n", **plain(_2_b=TWO)})
    read = open_repository(repo.folder)
    plain_, prisma_ = read_policy(read, read.commit("HEAD")).projects
    assert plain_.prelude == ()
    assert [(one.path, one.text) for one in prisma_.prelude] == [
        ("roles.sql", "CREATE ROLE app;\n"),
        ("migrations/1_a.sql", ONE),
        ("migrations/2_b.sql", TWO),
    ]
    repo.commit({POLICY: "prelude: [gone]\n"})
    with pytest.raises(InputError, match=r"^gone/: no migrations found at "):
        read_policy(read, read.commit("HEAD"))


@pytest.mark.parametrize(("text", "line"), [("\nlayout: flywy", 2), ("projects:\n- path: a\n  layout: flywy\n", 3)])
def test_a_layout_that_there_is_none_of(text: str, line: int, repo: Repo) -> None:
    repo.commit({POLICY: text})
    with pytest.raises(InputError) as error:
        read_policy(open_repository(repo.folder), "HEAD")
    assert str(error.value).startswith(f"{POLICY}:{line}: there is no layout flywy; there are atlas, dbmate, diesel, ")
