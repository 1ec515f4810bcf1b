"""Hasura: migrations/DATABASE/NUMBER_name/up.sql, and mostly down.sql; each in one transaction.

Detection: folders with an up.sql whose number is a time in milliseconds (13 digits), or below a folder that has
Hasura's config.yaml and metadata. Order: by number
(https://github.com/hasura/graphql-engine/blob/master/cli/migrate/source/parse.go). The server runs a file in a
transaction; one whose first line is -- hasura:no-transaction is sent as one message without, by the newest command
line (https://github.com/hasura/graphql-engine/blob/master/cli/migrate/detect_no_transaction_test.go). Metadata is not
read. No variables, no checksums. The history table, kept by the server, has the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.folders import by_folder, holding_folders
from workers.migrations.layout import Entry, Layout, ancestors, each_file, inside
from workers.migrations.numbered import number
from workers.model import Transaction

_NAME = re.compile(r"\d+_.*", re.S)
_MILLISECONDS = re.compile(r"\d{13}_.*", re.S)
_CONFIG, _METADATA = "config.yaml", "metadata/version.yaml"


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    return by_folder(paths, directory, lambda name: (number(name), name) if _NAME.fullmatch(name) else None)


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    there = frozenset(paths)
    return tuple(folder for folder in holding_folders(there) if _claimed(there, folder))


def _claimed(paths: frozenset[str], folder: str) -> bool:
    newest = _entries(paths, folder)[-1:]
    if not newest:
        return False
    return _MILLISECONDS.fullmatch(newest[0].id) is not None or any(
        inside(above, _CONFIG) in paths and inside(above, _METADATA) in paths for above in ancestors(folder)
    )


def _of_file(text: str, usual: Transaction) -> Transaction:
    first = text.partition("\n")[0].strip()
    return Transaction.SIMPLE_QUERY if first == "-- hasura:no-transaction" else usual


HASURA = Layout("hasura", _claims, _entries, ways=each_file(_of_file), version=lambda id: str(number(id)))
