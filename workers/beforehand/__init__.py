"""What is there before the first migration: the platform's own, the runner's table, the policy's prelude."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from workers.beforehand.platforms import PLATFORMS, Platform
from workers.migrations.history_tables import HISTORY_TABLES, HistoryTable
from workers.model import Migration, Part, Transaction
from workers.policy import NO_PLATFORM, DriftPolicy, Policy, PreludeFile

__all__ = ["NOTHING", "Before", "advice", "beforehand"]

_NO_SCHEMA = re.compile(r'^schema "(.+)" does not exist$')


@dataclass(frozen=True, slots=True)
class Before:
    """sql: to be replayed in front of the history, in this order. provided: extensions that CREATE EXTENSION is to pass
    over, because their objects are there, as far as anybody makes them. schemas: the platform's own, as names."""

    sql: tuple[Migration, ...] = ()
    provided: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()

    def outside(self, drift: DriftPolicy) -> DriftPolicy:
        """What is in a platform's own schemas is no drift of a project's."""
        return replace(drift, ignore=(*drift.ignore, *(f"{schema}.*" for schema in sorted(self.schemas))))


NOTHING = Before()


def beforehand(layout: str, migrations: Sequence[Migration], policy: Policy) -> Before:
    """What these migrations need, of the base branch and of the pull request: most parts only where one names them."""
    texts = [*(migration.text for migration in migrations), *(file.text for file in policy.prelude)]
    platform = _platform(layout, policy)
    back = [migration.down.text for migration in migrations if migration.down]
    sql = (*_of_platform(platform, texts), *_table(layout, [*texts, *back]), *map(_of_policy, policy.prelude))
    if platform is None:
        return Before(sql, frozenset(policy.provided))
    return Before(sql, platform.provided.union(policy.provided), platform.schemas)


def _platform(layout: str, policy: Policy) -> Platform | None:
    """The policy's, else the one that the layout is made for."""
    name = policy.platform or layout
    return None if name == NO_PLATFORM else PLATFORMS.get(name)


def advice(message: str) -> str:
    """Behind a server's message about a schema that is missing: which platform would have it; else empty."""
    if missing := _NO_SCHEMA.match(message):
        made = re.compile(rf"^CREATE SCHEMA {re.escape(missing[1])}\b", re.M)
        for name, platform in PLATFORMS.items():
            if made.search(platform.sql):
                return f"; {platform.title} has it, which the policy can say: platform: {name}"
    return ""


def _of_policy(file: PreludeFile) -> Migration:
    return Migration(file.path, file.path, file.text, Transaction.STATEMENT, part=Part.PRELUDE)


def _of_platform(platform: Platform | None, texts: Sequence[str]) -> Iterator[Migration]:
    if platform is None or (platform.named and not _named(platform.named, texts)):
        return
    name = f"{platform.title}'s {platform.what}"
    yield Migration(name, name, platform.sql, Transaction.SIMPLE_QUERY, part=platform.part)
    for extension in platform.extensions:
        if _named(extension.named, texts):
            sql = f'CREATE EXTENSION IF NOT EXISTS "{extension.name}" WITH SCHEMA {extension.schema}'
            name = f"{platform.title}'s extension {extension.name}"
            yield Migration(name, name, sql, Transaction.SIMPLE_QUERY, part=Part.PRELUDE)


def _table(layout: str, texts: Sequence[str]) -> Iterator[Migration]:
    """Where a migration or its way back names it, and none makes it itself, as one that was dumped does."""
    table = HISTORY_TABLES.get(layout)
    if table is None or not _named(rf"\b{table.name}\b", texts) or _named(_making(table), texts):
        return
    where = f"{table.schema}.{table.name}" if table.schema else table.name
    schema = f"CREATE SCHEMA {table.schema};\n" if table.schema else ""
    name = f"the runner's own table {where}"
    text = schema + table.sql.format(table=where)
    yield Migration(name, name, text, Transaction.SIMPLE_QUERY, part=Part.PRELUDE)


def _making(table: HistoryTable) -> str:
    schema = f'"?{table.schema or "public"}"?\\s*\\.\\s*'
    return rf'\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(?:{schema})?"?{table.name}\b'


def _named(pattern: str, texts: Iterable[str]) -> bool:
    searched = re.compile(pattern, re.I)
    return any(searched.search(text) for text in texts)
