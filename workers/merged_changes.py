"""What a pull request does to a project's migrations, as it meets the tip of its base branch. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from workers.migrations.layout import Entry
from workers.model import Change, ChangedMigration, Migration

ById = Mapping[str, Migration]


def changes(fork: ById, base: ById, head: ById) -> Iterable[ChangedMigration]:
    """What head did since the fork. base may have merged the same words meanwhile."""
    added = [m for id_, m in head.items() if id_ not in fork and not (id_ in base and _same(base[id_], m))]
    deleted = [m for id_, m in fork.items() if id_ not in head and id_ in base]
    for after in added:
        before = next((m for m in deleted if _same(m, after)), None)
        if before is not None:
            deleted.remove(before)
            yield ChangedMigration(Change.RENAMED, before, after)
        elif after.id in base:  # two branches, one id, two texts
            yield ChangedMigration(Change.EDITED, base[after.id], after)
        else:
            yield ChangedMigration(Change.ADDED, None, after)
    for before in deleted:
        yield ChangedMigration(Change.DELETED, before, None)
    for id_, after in head.items():
        if id_ in fork and id_ in base and not _same(fork[id_], after) and not _same(base[id_], after):
            yield ChangedMigration(Change.EDITED, base[id_], after)


def _same(one: Migration, other: Migration) -> bool:
    """A checkout with other line ends is no edit."""
    return one.text == other.text or _lines(one.text) == _lines(other.text)


def _lines(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text)


def in_order(
    found: Iterable[ChangedMigration], fork: Sequence[Entry], base: Sequence[Entry], head: Sequence[Entry]
) -> tuple[ChangedMigration, ...]:
    """In the runner's order, those that come too late marked. A repeatable migration that was edited is run again, as a
    new one would be."""
    entries = {entry.id: entry for entry in (*fork, *base, *head)}
    newest = max((entry.order for entry in base if not entry.repeatable), default=None)

    def placed(changed: ChangedMigration) -> ChangedMigration:
        entry = entries[changed.migration.id]
        if entry.repeatable:
            again = changed.change is Change.EDITED
            return ChangedMigration(Change.ADDED, None, changed.after) if again else changed
        late = changed.change is Change.ADDED and newest is not None and entry.order < newest
        return replace(changed, out_of_order=late)

    return tuple(sorted(map(placed, found), key=lambda changed: entries[changed.migration.id].order))
