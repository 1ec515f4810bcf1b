"""Asks the policy's commands for the SQL of migrations, and finds out whose each printed one is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from workers.errors import CannotAnalyse
from workers.printed.commands import Command, output_of
from workers.printed.django import SCRIPT
from workers.printed.parts import Printed, cut, printed
from workers.runners import PLACEHOLDERS, Runner
from workers.sql.split import split

_REVISION = re.compile(r"^revision\b[^=\n]*=\s*[\"']([^\"']+)[\"']", re.M)  # Alembic's own id, whatever the file's name
_NEW = "MIGRATION_BOT_NEW"  # the paths of the new ones, a line each: whose ways back a script may print as well


@dataclass(frozen=True, slots=True)
class Found:
    """A printed migration. path: None where no file of the project is it, such as a library's own."""

    id: str
    path: str | None
    up: Printed
    down: Printed | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """found: in the runner's order."""

    found: tuple[Found, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """root: of the work tree. wanted: the paths of all migrations that are to be printed; new: those whose ways back
    are, too."""

    runner: Runner
    root: Path
    wanted: Sequence[str]
    new: Sequence[str]

    def answer(self) -> Answer:
        """Raises CannotAnalyse where a command fails that prints the ways there."""
        if not _each(self.runner.print):
            return self._whole()
        ups = [(path, self._one(self.runner.print, path)) for path in self.wanted]
        return self._with_downs(tuple(Found(path, path, up) for path, up in ups))

    def _whole(self) -> Answer:
        output = cut(self._run(self.runner.print, {}))
        if not output.up:
            raise CannotAnalyse(
                f"the policy's command {self.runner.print!r} prints no migration: a line `-- migration: ID` has to "
                "stand above each; see docs/code-runners.md"
            )
        path_of = {id: path for path in reversed(self.wanted) for id in reversed(_ids(path, self.root))}
        found = (Found(id, path_of.get(id), up, output.down.get(id)) for id, up in output.up.items())
        return self._with_downs(tuple(found))

    def _with_downs(self, found: tuple[Found, ...]) -> Answer:
        """A way back that cannot be printed is none: the ways there are what is reviewed."""
        command = self.runner.down
        wanted = {one.id: one.path for one in found if one.path in self.new and split(one.up.text).statements}
        if not (command and wanted):
            return Answer(found)
        downs: dict[str, Printed] = {}
        notes = []
        for id, path in wanted.items() if _each(command) else (("", ""),):
            try:
                downs |= {id: self._one(command, path or "")} if id else cut(self._run(command, {})).down
            except CannotAnalyse as why:
                notes.append(f"No way back{f' of {path}' if path else ''} was read: {why}")
        return Answer(tuple(replace(one, down=downs.get(one.id)) for one in found), tuple(notes))

    def _one(self, command: str, path: str) -> Printed:
        place = PurePosixPath(path)
        id = _revision(path, self.root) or place.stem
        words = {"{id}": id, "{path}": path, "{name}": place.stem, "{app}": place.parent.parent.name}
        return printed(self._run(command, words))

    def _run(self, command: str, words: Mapping[str, str]) -> str:
        folder, told = self.root / self.runner.folder, {_NEW: "\n".join(self.new)}
        return output_of(Command(command, folder, self.runner.time_limit_s, {"{django}": SCRIPT, **words}, told))


def _ids(path: str, root: Path) -> tuple[str, ...]:
    """What a runner may call a migration, the most telling first: Django's name has the app's, Alembic's is inside."""
    place, revision = PurePosixPath(path), _revision(path, root)
    return (*([revision] if revision else []), f"{place.parent.parent.name}.{place.stem}", place.stem, place.name, path)


def _revision(path: str, root: Path) -> str | None:
    file = root / path
    found = _REVISION.search(file.read_text("utf-8", "replace")) if file.is_file() else None
    return found[1] if found else None


def _each(command: str) -> bool:
    return any(word in command for word in PLACEHOLDERS)
