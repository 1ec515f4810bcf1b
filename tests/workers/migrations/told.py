"""Files of one commit in memory, and what the layouts make of them."""

from __future__ import annotations

from collections.abc import Mapping

from workers.migrations import LAYOUTS, TELLING, Layout
from workers.migrations.layout import Files, Way
from workers.model import Transaction

FILE, SIMPLE_QUERY, STATEMENT = Transaction.FILE, Transaction.SIMPLE_QUERY, Transaction.STATEMENT


def owners(files: Mapping[str, str]) -> dict[str, str]:
    """Whose each folder is: of the first layout that claims and knows it."""
    found: dict[str, str] = {}
    telling = [path for path in files if path.endswith(TELLING)]
    for layout in LAYOUTS:
        for directory in layout.claims(telling):
            if directory not in found and layout.known(files, directory, files.__getitem__):
                found[directory] = layout.name
    return found


def ids(layout: Layout, *names: str) -> list[str]:
    """The migrations of the folder db/migrations that has these files, in order."""
    return [entry.id for entry in layout.entries([f"db/migrations/{name}" for name in names], "db/migrations")]


def ways(layout: Layout, text: str, down: str | None = None, settings: str | None = None) -> tuple[Way, Way | None]:
    """Of a file that its runner would usually run in one transaction."""
    return layout.ways(Files(text, down, settings, path="m/1_a.sql"), FILE)
