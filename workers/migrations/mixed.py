"""Says which files of a migrations folder the layout that it is read in passes over, and another one would read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from workers.migrations import BY_NAME, LAYOUTS
from workers.migrations.layout import Layout, Project, ReadText

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Mixed:
    """Two layouts in one folder. other: the name of the one that the folder is not read in. read, passed_over: paths of
    migrations, in the order of either."""

    project: Project
    other: str
    read: tuple[str, ...]
    passed_over: tuple[str, ...]

    def __str__(self) -> str:
        where, taken = self.project.directory or "The root", self.project.layout
        return (
            f"{where} holds migrations of two layouts, {taken} ({_few(self.read)}) and {self.other} "
            f"({_few(self.passed_over)}): it was read as {taken}, and the files of {self.other} were left unread. "
            "Keep them in folders of their own, or name the layout in .github/migrations.yml."
        )


def mixed(paths: Iterable[str], project: Project, read: ReadText) -> Mixed | None:
    """paths: of all files of the commit. None where all that looks like migrations is read."""
    prefix = f"{project.directory}/" if project.directory else ""
    there = [path for path in paths if path.startswith(prefix)]
    entries = BY_NAME[project.layout].entries(there, project.directory)
    own = {path for entry in entries for path in entry.paths}
    for other in LAYOUTS:
        rest = _rest(other, there, project, own)
        if rest and other.known(there, project.directory, read) and not other.refuses(there, project.directory, read):
            return Mixed(project, other.name, tuple(entry.path for entry in entries), rest)
    return None


def _rest(other: Layout, there: Collection[str], project: Project, own: Collection[str]) -> tuple[str, ...]:
    if other.name == project.layout or project.directory not in other.claims(there):
        return ()
    return tuple(entry.path for entry in other.entries(there, project.directory) if entry.path not in own)


def _few(paths: Collection[str]) -> str:
    names = [path.rpartition("/")[2] for path in paths][:_SHOWN]
    return ", ".join(names) + (f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else "")
