"""One town for each process of the run, in which every test has a repository of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.github.state import Comment, Pull, Repo, Run
from tests.repositories import prisma
from tests.town import Town, town

INDEX = 'CREATE INDEX "orders_total" ON "orders" ("total");\n'
COLUMN = 'ALTER TABLE "orders" ADD COLUMN "note" text;\n'
DROP = 'ALTER TABLE "orders" DROP COLUMN "total";\n'
INIT = 'CREATE TABLE "orders" ("id" serial PRIMARY KEY, "total" integer NOT NULL);\n'
_NAMES = itertools.count(1)


@dataclass(frozen=True)
class Shop:
    """A repository with one merged migration, where ann and bob write, rae reads, and dora is of the team acme/dba."""

    town: Town
    repo: Repo

    def migrations(self, **migrations: str | None) -> dict[str, str | bytes | None]:
        """Files below prisma/migrations."""
        return {path: text for path, text in prisma(**migrations).items() if path.endswith(".sql")}

    def open(self, branch: str = "feature", base: str = "", **migrations: str | None) -> Pull:
        """A pull request of ann's that adds migrations; returns when the product has said all it has to say."""
        self.town.github.push(self.repo, branch, self.migrations(**migrations), by="ann")
        pull = self.town.github.open_pull(self.repo, branch, "ann", base=base)
        self.town.settle()
        return pull

    def push(self, pull: Pull, **migrations: str | None) -> str:
        """Another commit on its branch."""
        sha = self.town.github.push(self.repo, pull.head_ref, self.migrations(**migrations), by="ann")
        self.town.settle()
        return sha

    def tick(self, login: str, pull: Pull, item: str, *, on: bool = True) -> None:
        self.town.github.tick(login, pull, item, on=on)
        self.town.settle()

    def say(self, login: str, pull: Pull, body: str) -> Comment:
        comment = self.town.github.comment(login, pull, body)
        self.town.settle()
        return comment

    def check(self, pull: Pull) -> Run:
        """The one that counts; the others at this commit must be done with."""
        *older, newest = self.town.github.checks(self.repo, pull.head_sha)
        assert all(run.status == "completed" for run in older), [(run.status, run.conclusion) for run in older]
        return newest

    def state(self, pull: Pull) -> tuple[str, str | None]:
        """Status and conclusion of the check."""
        run = self.check(pull)
        return run.status, run.conclusion

    def body(self, pull: Pull) -> str:
        """Of the one comment with the checklist."""
        (comment,) = [one for one in self.town.github.bot_comments(pull) if "migration-bot:comment" in one.body]
        return comment.body

    def comment(self, pull: Pull) -> Comment:
        (comment,) = [one for one in self.town.github.bot_comments(pull) if "migration-bot:comment" in one.body]
        return comment

    def boxes(self, pull: Pull) -> dict[str, bool]:
        return self.town.github.boxes(pull)

    def open_items(self, pull: Pull) -> list[str]:
        return [item for item, ticked in self.boxes(pull).items() if not ticked]

    def line(self, pull: Pull, item: str) -> str:
        """Of an item in the comment."""
        return next(line for line in self.body(pull).splitlines() if f"<!-- item:{item} -->" in line)

    def tick_all(self, login: str, pull: Pull) -> None:
        for item in self.open_items(pull):
            self.tick(login, pull, item)


@pytest.fixture(scope="session")
def a_town(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town"), cache) as running:
        yield running


def make_shop(
    place: Town, files: dict[str, str | bytes | None] | None = None, owner: str = "acme", name: str = ""
) -> Shop:
    """A shop of its own in the town; files: beside its first migration. owner: whose installation it is in."""
    github = place.github
    name = name or f"shop-{next(_NAMES)}"
    repo = github.create_repository(f"{owner}/{name}", {**prisma(m1_init=INIT), **(files or {})})
    for login, role in (("ann", "write"), ("bob", "write"), ("dora", "write"), ("rae", "read"), ("max", "maintain")):
        github.allow(repo, login, role)
    github.add_team(owner, "dba", "dora")
    place.settle()
    return Shop(place, repo)


@pytest.fixture
def shop(a_town: Town) -> Iterator[Shop]:
    """Everything that was made to fail is well again at the end."""
    yield make_shop(a_town)
    a_town.github.state.faults.clear()
    a_town.settle()
