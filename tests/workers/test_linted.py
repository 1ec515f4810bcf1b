"""Files as they lie on the disk: SQL, and those with commands, as a hook of pre-commit hands them over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.repositories import Repo
from workers.commands.files import holds_commands
from workers.errors import InputError
from workers.linted import lint_files

HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text("utf-8"))
}
RUN = "scripts/run.sh"
RESET = "npx prisma migrate reset\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    repo = Repo.at(tmp_path)
    monkeypatch.chdir(tmp_path)
    return repo


def found(*paths: str, since: str | None = None) -> list[tuple[str, int, str]]:
    report = lint_files([Path(path) for path in paths], since)
    return [(finding.path, finding.line, finding.rule) for finding in report.findings]


def test_each_by_its_kind(repo: Repo) -> None:
    repo.commit({RUN: RESET, "migrations/1.sql": "DROP TABLE a;\n", "package.json": "{}"})
    told = [("migrations/1.sql", 1, "table-dropped"), (RUN, 1, "dangerous-command")]
    assert found(RUN, "migrations/1.sql", "package.json") == told
    assert found(str(repo.folder / RUN)) == told[1:]
    assert found("package.json") == []


def test_only_what_is_new_since_a_revision(repo: Repo) -> None:
    (repo.folder / "new.sh").write_text(RESET, "utf-8")
    assert found("new.sh", since="HEAD") == [("new.sh", 1, "dangerous-command")]  # there is no commit yet
    repo.commit({RUN: RESET, "new.sh": "ls\n"})
    assert found(RUN, "new.sh", since="HEAD") == []
    (repo.folder / RUN).write_text(f"dropdb a\n{RESET}", "utf-8")
    assert found(RUN, since="HEAD") == [(RUN, 1, "dangerous-command")]


def test_a_kind_that_is_not_read(repo: Repo) -> None:
    repo.commit({"README.md": RESET})
    with pytest.raises(InputError, match=r"README\.md: neither SQL nor a file whose commands are read"):
        found("README.md")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "package.json",
            "a/package.json",
            ".github/workflows/x.yml",
            "Dockerfile",
            "a/web.Dockerfile",
            "Dockerfile.dev",
        ),
        *("compose.yml", "docker-compose.prod.yaml", "Procfile", "Makefile", "a/b.mk", "justfile", "vercel.json"),
        *("fly.toml", "nixpacks.toml", "Taskfile.yml", ".gitlab-ci.yml", ".circleci/config.yml", "a/b.sh", "bin/x"),
        *(
            ".husky/pre-push",
            "scripts/x.ts",
            "a/scripts/b/x.mjs",
            "start.js",
            ".do/app.yaml",
            "action.yml",
            "x/action.yml",
        ),
        *(
            "README.md",
            "src/x.ts",
            "src/bin.go",
            "a/x.sql",
            "xpackage.json",
            "package.json5",
            "a/.do/app.yaml",
            "bin/a/x",
        ),
        *(
            "node_modules/x/package.json",
            "a/node_modules/x.sh",
            "turbo.json",
            "Dockerfiles/x",
            "docs/x.yml",
            "a/start.js",
        ),
    ],
)
def test_the_hook_takes_the_files_that_are_read(path: str) -> None:
    hook = HOOKS["migration-bot-commands"]
    taken = re.search(hook["files"], path) is not None and re.search(hook["exclude"], path) is None
    assert taken == holds_commands(path)


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("prisma/migrations/1_a/migration.sql", True),
        ("db/migrate/1.sql", True),
        ("migrations/1.down.sql", False),
        ("prisma/migrations/1_a/down.sql", False),
        ("seed.sql", False),
    ],
)
def test_the_hook_for_sql(path: str, taken: bool) -> None:
    hook = HOOKS["migration-bot-lint"]
    assert (re.search(hook["files"], path) is not None and re.search(hook["exclude"], path) is None) is taken
