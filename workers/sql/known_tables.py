"""What the statements read so far say about tables: the types Known and Foreign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.words import Name


@dataclass(frozen=True, slots=True)
class Foreign:
    """A foreign key: the table and columns that have it, its name, the table it refers to."""

    table: Name
    constraint: str
    columns: tuple[str, ...]
    references: Name
    referenced_columns: tuple[str, ...] = ()  # none when left out: the primary key's


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before a statement runs. new_tables: created by the pull request; all else may be about any table
    whose statements were read. What is missing here is not known to be absent from the database."""

    new_tables: frozenset[Name] = frozenset()
    columns: Mapping[tuple[Name, str], str] = field(default_factory=dict)  # its type, as format_type prints it
    indexes: Mapping[Name, Name] = field(default_factory=dict)  # index → table or materialized view
    foreign: frozenset[Foreign] = frozenset()
    partitions: Mapping[Name, Name] = field(default_factory=dict)  # partition → parent
    default_partitions: frozenset[Name] = frozenset()
    not_null_checks: Mapping[tuple[Name, str], str] = field(default_factory=dict)  # (table, constraint) → column
    validated: frozenset[tuple[Name, str]] = frozenset()  # those of not_null_checks that hold for every row
    constrained_types: frozenset[Name] = frozenset()  # domains with CHECK or NOT NULL
    objects: frozenset[tuple[str, Name]] = frozenset()  # views and functions: (kind, name)

    def proves_not_null(self, table: Name, column: str) -> bool:
        """A validated CHECK (column IS NOT NULL) spares SET NOT NULL its scan."""
        return any(
            key in self.validated and key[0] == table and found == column for key, found in self.not_null_checks.items()
        )

    def has(self, table: Name) -> bool:
        """Something was read that made this table."""
        return table in self.new_tables or any(found == table for found, _ in self.columns)

    def tables_of(self, schema: str) -> tuple[Name, ...]:
        """The known tables in a schema."""
        tables = self.new_tables | {table for table, _ in self.columns}
        return tuple(sorted(table for table in tables if table.schema == schema))

    def tied(self, table: Name, column: str) -> tuple[Name, ...]:
        """The tables at the other end of the foreign keys that a column is part of. A key that leaves out the columns
        it refers to counts for every column of the referenced table."""
        away = {found.references for found in self.foreign if found.table == table and column in found.columns}
        back = {
            found.table
            for found in self.foreign
            if found.references == table and column in (found.referenced_columns or (column,))
        }
        return tuple(sorted(away | back))

    def stored(self, table: Name) -> tuple[Name, ...]:
        """The tables that hold the rows: the partitions at the lowest level, or the table itself."""
        parents = set(self.partitions.values())
        return tuple(found for found in (table, *self.children(table)) if found not in parents)

    def children(self, table: Name) -> tuple[Name, ...]:
        """All partitions below a table, nearest first."""
        found = [table]
        for above in found:  # grows while it is walked; text that no server took may go in circles
            found += [child for child, parent in self.partitions.items() if parent == above and child not in found]
        return tuple(found[1:])
