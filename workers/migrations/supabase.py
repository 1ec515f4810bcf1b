"""Supabase: supabase/migrations/NUMBER_name.sql, in the order of their names, each in one implicit transaction.

Detection: the folder's name. Order: of names, as text; the first is passed over where it is one of the old
NUMBER_init.sql (https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/list.go). A file's statements
are sent as one batch, so what needs to be outside of a transaction works only where it is alone in its file
(https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/file.go). Nothing opts out. Seeds are not
read. What Supabase's own servers have (the schemas auth, storage …) is made by workers.beforehand. No ways back, no
variables, no checksums. The history table has the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.layout import Entry, Layout
from workers.migrations.numbered import as_text, by, digits
from workers.model import Transaction

_DIRECTORY = re.compile(r"(?:^|/)supabase/migrations$")
_NAME = re.compile(r"\d+_.*\.sql")
_OLD = re.compile(r"(?P<number>\d{14})_init\.sql")
_OLD_UNTIL = 20211209000000


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    folders = {folder for folder, _, name in (path.rpartition("/") for path in paths) if _NAME.fullmatch(name)}
    return tuple(sorted(folder for folder in folders if _DIRECTORY.search(folder)))


_by_name = by(as_text, _NAME)


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    found = _by_name(paths, directory)
    old = _OLD.search(found[0].path) if found else None
    return found[1:] if old and int(old["number"]) < _OLD_UNTIL else found


SUPABASE = Layout(
    "supabase",
    _claims,
    _entries,
    transaction=lambda _paths, _directory, _read: Transaction.SIMPLE_QUERY,
    version=digits,
)
