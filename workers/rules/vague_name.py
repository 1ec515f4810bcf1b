"""A migration's name that says nothing about what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from workers.model import Change, Level, MigrationSet
from workers.rules.rule import HistoryRule
from workers.verdict import Finding

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_VAGUE = frozenset(
    (
        *("update", "updates", "updated", "fix", "fixes", "fixed", "hotfix", "change", "changes", "changed", "modify"),
        *("alter", "edit", "add", "added", "new", "more", "some", "final", "again", "another", "next", "last", "minor"),
        *("small", "migration", "migrations", "migrate", "migrated", "schema", "database", "db", "sql", "table"),
        *("tables", "column", "columns", "auto", "test", "tests", "wip", "tmp", "temp", "misc", "stuff", "things"),
        *("try", "draft", "todo", "asdf", "foo", "bar", "my", "the", "a", "v"),
    )
)


def check(migrations: MigrationSet) -> Iterator[Finding]:
    """New ones, whose names are made of nothing but numbers and such words."""
    for changed in migrations.changed:
        migration = changed.migration
        words = _WORD.findall(PurePosixPath(migration.id).name.removesuffix(".sql"))
        if changed.change is Change.ADDED and all(word.lower() in _VAGUE for word in words):
            yield Finding(
                RULE.name,
                RULE.level,
                migration.path,
                1,
                migration.id,
                f"{migration.id} does not say what it does, to who looks for it in a year. Name the table and the "
                "change: add_country_to_orders.",
            )


RULE = HistoryRule(
    "vague-name", Level.RISKY, "A migration's name that says nothing about what it does.", check, opt_in=True
)
