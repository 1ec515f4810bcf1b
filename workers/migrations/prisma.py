"""Prisma Migrate: one folder per migration, each with a migration.sql, and maybe a down.sql; order by folder name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from workers.migrations.layout import Entry, Files, Layout, ReadText, Way, ancestors, children, inside
from workers.migrations.numbered import in_order
from workers.migrations.prisma_lock import LOCK, lock_faults
from workers.model import Transaction
from workers.sql.actions import DropIndex
from workers.sql.read import read
from workers.sql.split import split

_FILE, _DOWN = "migration.sql", "down.sql"
_PROVIDER = re.compile(r'^\s*provider\s*=\s*"([^"]*)"', re.M)
POSTGRES = frozenset({"postgresql", "postgres", "cockroachdb", ""})

# The engine splits a file and sends statement by statement since 7.4 (prisma-engines PR 5767); before, the file is one
# simple query.
_SPLITS_SINCE = (7, 4)

_LOCKFILES = ("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock")
# Each begins with a literal, so that a lock file of megabytes is searched in milliseconds.
_LOCKED = (
    re.compile(r"prisma@(\d+)\.(\d+)\.\d+"),  # pnpm, bun: prisma@7.10.1
    re.compile(r'prisma@[^\n]*:\n\s+version:?\s+"?(\d+)\.(\d+)\.'),  # yarn: "prisma@npm:^7.0.0": … version: 7.10.1
    re.compile(r'"node_modules/prisma":\s*\{\s*"version":\s*"(\d+)\.(\d+)\.'),  # npm
)
_NAME_BEGINS = re.compile(r"(?:^|[\n {\"'])/?\Z")  # else it is the end of another one: @casl/prisma@1.6.1
_WANTED = re.compile(r"(\d+)(?:\.(\d+))?")


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, bool] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name == _FILE and folder:
            found.setdefault(folder.rpartition("/")[0], False)
        elif name == LOCK:
            found[folder] = True
    return tuple(sorted(directory for directory, locked in found.items() if locked or _named(directory)))


def _named(directory: str) -> bool:
    return directory.rpartition("/")[2] == "migrations"


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    found = []
    for name, rests in children(paths, directory).items():
        if f"{name}/{_FILE}" in rests:
            down = inside(directory, f"{name}/{_DOWN}") if f"{name}/{_DOWN}" in rests else None
            found.append(Entry(name, inside(directory, f"{name}/{_FILE}"), down, order=locale_key(name)))
    return in_order(found)


def locale_key(name: str) -> tuple[str, str]:
    """Sorts names as JavaScript's localeCompare does for what folder names hold, which is how Prisma lists them:
    punctuation before digits before letters, case only between names otherwise equal, small before capital."""
    return name.lower().translate(_PUNCTUATION_FIRST), name.swapcase()


_PUNCTUATION_FIRST = {ord(mark): place for place, mark in enumerate("_-,;:!?./()[]@#%&+=~ ", start=1)}


def _transaction(paths: Iterable[str], directory: str, text_of: ReadText) -> Transaction:
    version = version_of(paths, directory, text_of)
    return Transaction.STATEMENT if version and version >= _SPLITS_SINCE else Transaction.SIMPLE_QUERY


def version_of(paths: Iterable[str], directory: str, text_of: ReadText) -> tuple[int, int] | None:
    """The major and minor version of Prisma that the project runs, as far as it says."""
    return next(_versions(frozenset(paths), directory, text_of), None)


def _versions(paths: frozenset[str], directory: str, text_of: ReadText) -> Iterator[tuple[int, int]]:
    """What the project runs, as exactly as it says: lock files first, then package.json, nearest folder first."""
    for folder in ancestors(directory):
        for lockfile in _LOCKFILES:
            if (path := inside(folder, lockfile)) in paths:
                yield from _locked(text_of(path))
    for folder in ancestors(directory):
        if (path := inside(folder, "package.json")) in paths:
            yield from _wanted(text_of(path))


def _locked(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _LOCKED:
        for match in pattern.finditer(text):
            if _NAME_BEGINS.search(text, max(match.start() - 2, 0), match.start()):
                yield int(match[1]), int(match[2])


def _wanted(text: str) -> Iterator[tuple[int, int]]:
    try:
        package = json.loads(text)
    except ValueError:
        return
    if not isinstance(package, dict):
        return
    for section in ("devDependencies", "dependencies"):
        wanted = package.get(section)
        spec = wanted.get("prisma") if isinstance(wanted, dict) else None
        if isinstance(spec, str) and (match := _WANTED.search(spec)):
            # A caret range takes the newest release of its major: 7.0 then means 7.9 or so.
            minor = 999 if spec.startswith(("^", ">")) or not match[2] else int(match[2])
            yield int(match[1]), minor


def _refuses(paths: Iterable[str], directory: str, text_of: ReadText) -> str | None:
    lock = inside(directory, LOCK)
    if lock not in frozenset(paths):
        return None
    provider = _PROVIDER.search(text_of(lock))
    if provider and provider[1] not in POSTGRES:
        return f"{lock}: the provider is {provider[1]}, not postgresql"
    return None


def _of_file(text: str, transaction: Transaction) -> Transaction:
    """What Prisma cannot read it does not split: the file goes as one message, as before 7.4
    (https://github.com/prisma/prisma-engines/pull/5847)."""
    if transaction is not Transaction.STATEMENT or "concurrently" not in text.lower():
        return transaction
    actions = (action for statement in split(text).statements for action in read(statement))
    unreadable = any(isinstance(action, DropIndex) and action.concurrently for action in actions)
    return Transaction.SIMPLE_QUERY if unreadable else transaction


def _ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
    """Migrate never runs a way back: a person does, with `prisma db execute`, which sends a file as one message
    (https://www.prisma.io/docs/orm/prisma-migrate/workflows/generating-down-migrations)."""
    down = None if files.down is None else Way(files.down, Transaction.SIMPLE_QUERY)
    return Way(files.text, _of_file(files.text, usual)), down


PRISMA = Layout(
    "prisma",
    _claims,
    _entries,
    transaction=_transaction,
    refuses=_refuses,
    ways=_ways,
    anywhere=True,
    faults=lock_faults,
)
