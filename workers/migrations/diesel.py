"""Diesel: one folder per migration with up.sql, and mostly down.sql; each in one transaction.

Detection: folders with an up.sql that Hasura does not know. Order: by version, as text: what stands in the name
before the first _, without its dashes
(https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/migrations_internals/src/lib.rs). A metadata.toml
beside up.sql opts out for both ways: with run_in_transaction = false, and also where it does not say. Then the file
is sent as one message. No variables, no checksums. The history table has the version.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable

from workers.migrations.folders import by_folder, holding_folders
from workers.migrations.hasura import HASURA
from workers.migrations.layout import Entry, Files, Layout, Way, each_file
from workers.model import Transaction


def version(id: str) -> str:
    """20240102030405 of 2024-01-02-030405_add_users."""
    return id.partition("_")[0].replace("-", "")


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    return by_folder(paths, directory, lambda name: None if name.startswith(".") else (version(name), name))


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    paths = tuple(paths)
    others = frozenset(HASURA.claims(paths))
    return tuple(folder for folder in holding_folders(paths) if folder not in others)


def _opts_out(settings: str | None) -> bool:
    """What Diesel cannot read is as if it were not there."""
    if settings is None:
        return False
    try:
        return tomllib.loads(settings).get("run_in_transaction", False) is False
    except tomllib.TOMLDecodeError:
        return False


def _ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
    return each_file()(files, Transaction.SIMPLE_QUERY if _opts_out(files.settings) else usual)


DIESEL = Layout("diesel", _claims, _entries, ways=_ways, version=version)
