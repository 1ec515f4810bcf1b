"""The files with commands that a pull request adds or changes, and how they were, from real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repositories import Repo, prisma
from workers.changed_files import changed_files
from workers.code import ChangedFile, TextFile
from workers.errors import NoMigrations
from workers.model import Level
from workers.reading import Asked, fingerprint, gathered
from workers.repository import Repository

RUN = "scripts/deploy.sh"
RESET = "npx prisma migrate reset\n"


def changed(repo: Repo, base: str = "main") -> list[ChangedFile]:
    names = (repo.git("merge-base", base, "HEAD"), repo.git("rev-parse", base), repo.git("rev-parse", "HEAD"))
    return list(changed_files(Repository(repo.folder), *names))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path / "repo")
    repo.commit({RUN: "ls\n", "README.md": "x", "a/old.sh": RESET})
    repo.commit({}, branch="feature")
    return repo


def test_nothing_with_commands(repo: Repo) -> None:
    repo.commit({"README.md": RESET, "src/a.py": RESET})
    assert changed(repo) == []


def test_added_edited_and_moved(repo: Repo) -> None:
    repo.commit({RUN: RESET, "b/new.sh": "x\n", "a/old.sh": None, "c/moved.sh": RESET})
    assert changed(repo) == [
        ChangedFile(TextFile("a/old.sh", ""), (TextFile("a/old.sh", RESET),) * 2),
        ChangedFile(TextFile("b/new.sh", "x\n")),
        ChangedFile(TextFile("c/moved.sh", RESET)),
        ChangedFile(TextFile(RUN, RESET), (TextFile(RUN, "ls\n"),) * 2),
    ]


def test_what_the_base_branch_has_meanwhile(repo: Repo) -> None:
    repo.commit({RUN: RESET})
    repo.git("switch", "-q", "main")
    repo.commit({RUN: RESET, "b/new.sh": "y\n"})
    repo.git("switch", "-q", "feature")
    assert changed(repo) == []
    repo.commit({"b/new.sh": "x\n"})
    assert changed(repo) == [ChangedFile(TextFile("b/new.sh", "x\n"), (TextFile("b/new.sh", "y\n"),))]


def test_too_long_and_not_utf_8(repo: Repo) -> None:
    repo.commit({RUN: b"\xff\n", "b/long.sh": RESET * 20_000})
    assert [file.after for file in changed(repo)] == [TextFile("b/long.sh", ""), TextFile(RUN, "\ufffd\n")]


def test_a_review_without_any_migrations(repo: Repo) -> None:
    with pytest.raises(NoMigrations):
        gathered(Asked(repo.folder, "main"))
    repo.commit({RUN: RESET})
    (found,) = gathered(Asked(repo.folder, "main"))
    assert [(one.path, one.line, one.level) for one in found.around] == [(RUN, 1, Level.HIGH_RISK)]
    assert (found.migrations.layout, found.migrations.changed) == ("none", ())


def test_the_policy_is_the_base_branchs(repo: Repo) -> None:
    off: dict[str, str | bytes | None] = {".github/migrations.yml": "rules: {dangerous-command: off}\n"}
    repo.commit({**prisma(m1="CREATE TABLE a (b int);"), RUN: RESET, **off})
    assert len(gathered(Asked(repo.folder, "main"))[0].around) == 1
    repo.git("switch", "-q", "main")
    repo.commit(off)
    repo.git("switch", "-q", "feature")
    assert gathered(Asked(repo.folder, "main"))[0].around == ()


def test_it_counts_for_the_fingerprint(repo: Repo) -> None:
    repo.commit(prisma(m1="CREATE TABLE a (b int);"))
    prints = [fingerprint(gathered(Asked(repo.folder, "main")))]
    repo.commit({RUN: "ls -l\n"})
    prints.append(fingerprint(gathered(Asked(repo.folder, "main"))))
    repo.commit({RUN: RESET})
    prints.append(fingerprint(gathered(Asked(repo.folder, "main"))))
    assert [one == prints[0] for one in prints] == [True, True, False]
