"""Rails's table, read only
(https://github.com/rails/rails/blob/main/activerecord/lib/active_record/schema_migration.rb).

The dump of the schema is there where all are that it says it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.environments.history.bare import VERSIONS
from workers.environments.history.place import TEXT, Connection, Found, Table
from workers.environments.history.rows import RowsReader, by_version
from workers.environments.model import Entry
from workers.migrations.rails import versions
from workers.model import Migration


@dataclass(frozen=True, slots=True)
class RailsReader(RowsReader):
    def read(self, c: Connection, found: Found, migrations: Sequence[Migration]) -> tuple[Entry, ...]:
        rows = RowsReader.read(self, c, found, [one for one in migrations if self.version(one)])
        there = {row.row for row in rows}
        dumps = (one for one in migrations if not self.version(one) and versions(one.whole or one.text).keys() <= there)
        return (*(Entry("", one.id, "", None, failed=False) for one in dumps), *rows)


RAILS = RailsReader(
    Table("Rails", "schema_migrations", {"version": TEXT}),
    VERSIONS,
    by_version("rails"),
)
