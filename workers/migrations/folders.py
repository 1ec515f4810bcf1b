"""What layouts share that keep a folder for each migration, with up.sql and down.sql."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from workers.migrations.layout import Entry, children, inside
from workers.migrations.numbered import in_order, other_server

UP, DOWN, SETTINGS = "up.sql", "down.sql", "metadata.toml"


def holding_folders(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders whose folders hold an up.sql."""
    parents = {path.rpartition("/")[0] for path in paths if path.endswith(f"/{UP}")}
    folders = {parent.rpartition("/")[0] for parent in parents}
    return tuple(sorted(folder for folder in folders if not other_server(folder)))


def by_folder(
    paths: Iterable[str], directory: str, order: Callable[[str], tuple[Any, ...] | None]
) -> tuple[Entry, ...]:
    """The folders that hold an up.sql, sorted; those are left out that have no place in the order."""
    found = []
    for name, rests in children(paths, directory).items():
        place = order(name)
        if place is not None and f"{name}/{UP}" in rests:
            own = {
                file: inside(directory, f"{name}/{file}") for file in (UP, DOWN, SETTINGS) if f"{name}/{file}" in rests
            }
            found.append(Entry(name, own[UP], own.get(DOWN), own.get(SETTINGS), place))
    return in_order(found)
