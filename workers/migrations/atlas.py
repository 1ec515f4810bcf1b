"""Atlas: the .sql files beside an atlas.sum, in the order of their names, each in one transaction.

Detection: atlas.sum, where the names are Atlas's own and not another tool's, which it also writes. Order: of names,
as text (https://github.com/ariga/atlas/blob/master/sql/migrate/dir.go). A file whose head, with an empty line below
it, has -- atlas:txmode none is run statement by statement without a transaction; the modes of the command line and of
atlas.hcl are not read. A file called VERSION_checkpoint.sql stands for all before it, and is read where these are
gone. Other delimiters (-- atlas:delimiter) are not read. No ways back: Atlas plans them itself. No variables.
Checksums: atlas.sum, a SHA-256 for each file. The history table has the version: the name up to the first _.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.atlas_sum import SUM, sum_faults
from workers.migrations.layout import Entry, Layout, each_file
from workers.migrations.numbered import as_text, by, other_server
from workers.model import Transaction

_NAME = re.compile(r"\d.*\.sql")
_OTHERS = re.compile(r"\.(?:up|down|undo|do)\.sql$")
_CHECKPOINT = "_checkpoint.sql"
_HEAD = re.compile(r"(?P<comments>(?:(?:--|#)[^\n]*\n)+)[ \t\r]*\n")
_NONE = re.compile(r"^-- atlas:txmode +none\s*$", re.M)


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    there = frozenset(paths)
    folders = sorted(path.rpartition("/")[0] for path in there if path.rpartition("/")[2] == SUM)
    return tuple(folder for folder in folders if not other_server(folder) and _entries(there, folder))


_by_name = by(as_text, _NAME)


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    found = _by_name(paths, directory)
    if any(_OTHERS.search(entry.path) for entry in found):
        return ()
    return found[:1] + tuple(entry for entry in found[1:] if not entry.path.endswith(_CHECKPOINT))


def _of_file(text: str, usual: Transaction) -> Transaction:
    head = _HEAD.match(text)
    return Transaction.STATEMENT if head and _NONE.search(head["comments"]) else usual


ATLAS = Layout(
    "atlas",
    _claims,
    _entries,
    ways=each_file(_of_file),
    version=lambda id: id.partition("_")[0],
    faults=sum_faults,
)
