"""Supabase's table, which has the statements of each file as well
(https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/history.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workers.environments.history.bare import VERSIONS
from workers.environments.history.book import Begun
from workers.environments.history.place import TEXT, Table
from workers.environments.history.rows import RowsBook, by_version, own_lock
from workers.migrations import BY_NAME
from workers.migrations.history_tables import HISTORY_TABLES
from workers.sql.scan import SEMICOLON, scan
from workers.sql.split import split


def statements(text: str) -> Iterator[str]:
    """All between two semicolons, with its comments, also where there is nothing else
    (https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/parser/token.go)."""
    script, open = split(text), ""
    for between, statement in (*((one.lead, one.text) for one in script.statements), (script.tail, "")):
        *ended, begun = _parts(between)
        for part in ended:
            yield from filter(None, [f"{open}{part}".strip()])
            open = ""
        open += begun + statement
    yield from filter(None, [open.strip()])


def _parts(blank: str) -> Iterator[str]:
    """What stands between the semicolons of a text that has nothing else but comments."""
    start = 0
    for kind, begin, end in scan(blank):
        if kind == SEMICOLON:
            yield blank[start:begin]
            start = end
    yield blank[start:]


def _row(begun: Begun) -> Mapping[str, object]:
    id = begun.migration.id
    cut = list(statements(begun.migration.text))
    return {"version": BY_NAME["supabase"].version(id), "name": id.partition("_")[2], "statements": cut}


SUPABASE = RowsBook(
    Table("Supabase", "schema_migrations", {"version": TEXT}, schema="supabase_migrations", reach=0),
    VERSIONS,
    by_version("supabase"),
    made=HISTORY_TABLES["supabase"],
    row=_row,
    lock=own_lock("supabase_migrations.schema_migrations"),
    late="Supabase refuses to run it",
)
