"""Rails with structure.sql: db/migrate/VERSION_name.rb, which only Ruby can run, and the dump of what they come to.

Detection: db/structure.sql that pg_dump has written, beside db/migrate; of a second database NAME_structure.sql beside
NAME_migrate. Where the schema is in schema.rb there is no SQL at all. Order: by version, which is a number, in folders
below as well (https://guides.rubyonrails.org/active_record_migrations.html); db/post_migrate, where some projects keep
what runs after a deployment, has the same versions. What is merged is replayed as the base branch's dump of it: its
data, owners and privileges are left out. The migrations are code, of which nothing is known: only that they are there,
and which of them. No way back, no transactions, no variables, no checksums. The history table has the versions; the
dump lists them, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workers.migrations.dumped import DUMPED, schema_text
from workers.migrations.layout import Entry, Files, Holds, Layout, ReadText, Way, inside
from workers.migrations.numbered import in_order, number
from workers.model import Transaction

_DUMP = re.compile(r"(?:.*/)?(?:\w+_)?structure\.sql")
_NAME = re.compile(r"\d+_[a-z0-9_.]*\.rb")
_MIGRATE, _LATER = "migrate", "post_migrate"
_LIST = re.compile(
    r"INSERT\s+INTO\s+(?:\"?\w+\"?\.)?\"?schema_migrations\"?\s*\(\s*\"?version\"?\s*\)\s*VALUES(?P<values>[^;]*);",
    re.I,
)
_LISTED = re.compile(r"'(\d+)'")


def dump_of(directory: str) -> str:
    """db/structure.sql of db/migrate, db/animals_structure.sql of db/animals_migrate."""
    return f"{directory.removesuffix(_MIGRATE)}structure.sql"


def _directory_of(dump: str) -> str:
    return f"{dump.removesuffix('structure.sql')}{_MIGRATE}"


def versions(dump: str) -> dict[str, int]:
    """The versions that a dump says it holds, each with its line."""
    found: dict[str, int] = {}
    for listed in _LIST.finditer(dump):
        for version in _LISTED.finditer(dump, listed.start("values"), listed.end("values")):
            found.setdefault(str(int(version[1])), dump.count("\n", 0, version.start()) + 1)
    return found


def version(id: str) -> str:
    """20240101120000 of 20240101120000_add_users; none of the dump."""
    return str(number(id)) if id[:1].isdigit() else ""


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(_directory_of(path) for path in paths if _DUMP.fullmatch(path)))


def _known(paths: Iterable[str], directory: str, read: ReadText) -> bool:
    dump = dump_of(directory)
    return any(True for _ in _code(paths, directory)) and dump in frozenset(paths) and bool(DUMPED.search(read(dump)))


def _code(paths: Iterable[str], directory: str) -> Iterator[str]:
    above, _, own = directory.rpartition("/")
    folders = (f"{directory}/", f"{inside(above, _LATER)}/") if own == _MIGRATE else (f"{directory}/",)
    return (path for path in paths if path.startswith(folders) and _NAME.fullmatch(path.rpartition("/")[2]))


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    there, dump = frozenset(paths), dump_of(directory)
    state = [Entry("structure", dump, order=(-1,), holds=Holds.STATE)] if dump in there else []
    stems = ((path, path.rpartition("/")[2].removesuffix(".rb")) for path in sorted(_code(there, directory)))
    code = (Entry(stem, path, order=(number(stem),), holds=Holds.CODE) for path, stem in stems)
    return in_order((*state, *code))


def _ways(files: Files, usual: Transaction) -> tuple[Way, None]:
    """The dump's settings hold until its last line, and each of its statements is a transaction."""
    if files.path.endswith(".rb"):
        return Way(files.text, usual), None
    return Way(schema_text(files.text), Transaction.STATEMENT), None


RAILS = Layout(
    "rails",
    _claims,
    _entries,
    known=_known,
    ways=_ways,
    version=version,
    unreadable="Ruby, of which only Rails knows the SQL, and which is run in your own CI alone: there, migration-bot"
    " review --run-commands has its SQL printed; see docs/code-runners.md.",
)
