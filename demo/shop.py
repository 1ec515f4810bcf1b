"""The shop of the demo: who works on it, what is merged, what is under review, what could be pushed next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.github.bare import Bare, Files

NAME = "acme/shop"
MIGRATIONS = "prisma/migrations"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Person:
    """role: in the repository, as GitHub names it. about: for whoever plays."""

    login: str
    role: str
    about: str
    teams: tuple[str, ...] = ()


AUTHOR = Person("ada", "write", "author of #1")
REVIEWER = Person("grace", "write", "reviewer, may write")
DBA = Person("edgar", "write", "in the team @acme/dba", ("dba",))
READER = Person("rita", "read", "may only read")
PEOPLE = (AUTHOR, REVIEWER, DBA, READER)


def _files(of: str) -> dict[str, str]:
    folder = _HERE / of
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass(frozen=True, slots=True)
class Branch:
    """What becomes a pull request. files: those it adds."""

    name: str
    title: str
    body: str
    author: Person
    files: Files


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that could be pushed to the first branch. edits: path below the migrations → (what, by what)."""

    key: str
    title: str
    expect: str
    edits: Mapping[str, tuple[str, str]]


_WISHES = """-- CreateTable
CREATE TABLE "Wish" (
    "customerId" INTEGER NOT NULL,
    "productId" INTEGER NOT NULL,

    CONSTRAINT "Wish_pkey" PRIMARY KEY ("customerId","productId")
);
"""
LOYALTY = Branch(
    "loyalty",
    "Display names, referrals and gift cards",
    "Customers choose the name that others see, bring friends, and give gift cards.",
    AUTHOR,
    _files("branch"),
)
WISHES = Branch(
    "wishes",
    "Wish lists",
    "A new table, and nothing that anybody waits for.",
    REVIEWER,
    {f"{MIGRATIONS}/20260415090000_wishes/migration.sql": _WISHES},
)
CHANGES = (
    Change(
        "index",
        "Index the date of an order as well",
        "what it concerns is open again, the other ticks stay",
        {"20260413101500_orders_at_scale/migration.sql": ('("customerId")', '("customerId", "placedAt")')},
    ),
    Change(
        "rename",
        "Rename fullName instead of dropping it",
        "nothing is lost any more, so no item asks for it",
        {
            "20260413090000_customer_display_name/migration.sql": (
                'DROP COLUMN "fullName",\nADD COLUMN     "displayName" TEXT',
                'RENAME COLUMN "fullName" TO "displayName"',
            )
        },
    ),
    Change(
        "comment",
        "Say what gift cards are for",
        "a comment changes no cause: every tick stays",
        {"20260414093000_gift_cards/migration.sql": ("-- CreateTable", "-- Bought by one customer, spent by another")},
    ),
    Change(
        "mistake",
        "Misspell a column",
        "the migration fails when it is run",
        {"20260413113000_referrals/migration.sql": ('COLUMN "description"', 'COLUMN "descripton"')},
    ),
)


def edited(bare: Bare, head: str, change: Change) -> Files:
    """The files that a change makes of those at a commit; none where it was made before."""
    found = {}
    for name, (old, new) in change.edits.items():
        path = f"{MIGRATIONS}/{name}"
        before = bare.blob(head, path)
        text = before[1].decode() if before else ""
        if old in text and new not in text:
            found[path] = text.replace(old, new)
    return found


def build(bare: Bare) -> None:
    """Fills an empty repository with main and the branches."""
    sha = None
    for message, files in _merged():
        sha = commit(bare, files, sha, message, AUTHOR.login)
    bare.update("refs/heads/main", sha)
    for branch in (LOYALTY, WISHES):
        bare.update(f"refs/heads/{branch.name}", commit(bare, branch.files, sha, branch.title, branch.author.login))


def merged_migrations() -> tuple[tuple[str, str], ...]:
    """(path, text) of main's, in their order."""
    return tuple((path, text) for path, text in sorted(_files("main").items()) if path.endswith("migration.sql"))


def _merged() -> tuple[tuple[str, Files], ...]:
    """The commits of main: what each is about, and its files."""
    rest = _files("main")
    found = []
    for folder in sorted({path.split("/")[2] for path in rest if path.endswith("migration.sql")}):
        path = f"{MIGRATIONS}/{folder}/migration.sql"
        found.append((folder.partition("_")[2], {path: rest.pop(path)}))
    first, *more = found
    return ((first[0], {**rest, **first[1]}), *more)


def commit(bare: Bare, files: Files, parent: str | None, message: str, login: str) -> str:
    """A commit by somebody."""
    sha = bare.commit(files, parent, message)
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _identity(login)}
    parents = ("-p", parent) if parent else ()
    made = bare.raw("commit-tree", f"{sha}^{{tree}}", *parents, "-m", message, environment=who)
    return made.decode().strip()


def _identity(login: str) -> tuple[tuple[str, str], ...]:
    return (("NAME", login), ("EMAIL", f"{login}@example.com"))
