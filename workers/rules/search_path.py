"""The schemas in which the server looks for a name that gives none, as a migration's own SET search_path has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workers.catalog import Catalog
from workers.sql.actions import Action, SetParameter
from workers.sql.cursor import Cursor, Unreadable

_NEVER_MEANT = ("$user", "pg_catalog", "pg_temp")  # what a migration names stands in none of these


@dataclass(frozen=True, slots=True)
class SearchPath:
    """known: the names that the schema before the migration has, with their schemas."""

    known: frozenset[tuple[str, str]] = frozenset()
    schemas: tuple[str, ...] = ("public",)

    def home(self, name: str) -> str:
        """The schema of a name: the first that has it, else the first of all, where new objects are made."""
        return next((each for each in self.schemas if (each, name) in self.known), self.schemas[0])

    def after(self, actions: Iterable[Action]) -> SearchPath:
        """As the next statement meets it."""
        values = [
            action.value for action in actions if isinstance(action, SetParameter) and action.name == "search_path"
        ]
        return SearchPath(self.known, tuple(_schemas(values[-1])) or ("public",)) if values else self


def search_path(before: Catalog | None) -> SearchPath:
    """At the beginning of a migration."""
    objects: Sequence[tuple[str, ...]] = [each.path for each in before.objects.values()] if before else []
    return SearchPath(frozenset((path[0], path[1]) for path in objects if len(path) > 1))


def _schemas(value: str | None) -> Iterator[str]:
    for item in Cursor(value or "").items():
        try:
            name = item.string() if item.peek().text.startswith("'") else item.identifier()
        except Unreadable:  # what no server takes
            continue
        if name and name not in _NEVER_MEANT:
            yield name
