"""Which files hold commands, by their paths, and all that is dangerous in one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workers.commands.calls import calls
from workers.commands.dangers import Danger, dangers
from workers.commands.docker import compose, dockerfile
from workers.commands.known import TOOLS
from workers.commands.package_json import package_scripts
from workers.commands.places import Place, first_sure
from workers.commands.recipes import processes, recipes, script
from workers.commands.settings import host, host_toml, tasks
from workers.commands.workflow import composite_action, workflow
from workers.commands.written import Written

LIMIT_BYTES = 256 << 10  # nobody writes a longer one by hand
Reader = Callable[[str, str], Iterator[Written]]

_ANYWHERE = r"(?:.*/)?"
_READERS: tuple[tuple[str, Reader], ...] = (
    (rf"{_ANYWHERE}package\.json", package_scripts),
    (rf"{_ANYWHERE}\.github/workflows/[^/]+\.ya?ml", workflow),
    (rf"{_ANYWHERE}action\.ya?ml", composite_action),
    (rf"{_ANYWHERE}(?:[^/]*\.)?(?:Dockerfile|Containerfile|dockerfile)(?:\.[^/]+)?", dockerfile),
    (rf"{_ANYWHERE}(?:docker-)?compose[^/]*\.ya?ml", compose),
    (rf"{_ANYWHERE}Procfile(?:\.[^/]+)?", processes),
    (rf"{_ANYWHERE}(?:GNUm|M|m)akefile|{_ANYWHERE}[^/]+\.mk|{_ANYWHERE}\.?[Jj]ustfile|{_ANYWHERE}[^/]+\.just", recipes),
    (rf"{_ANYWHERE}(?:vercel|railway|app|render)\.(?:json|ya?ml)|\.do/[^/]+\.ya?ml", host),
    (rf"{_ANYWHERE}(?:fly|railway|netlify|nixpacks)[^/]*\.toml", host_toml),
    (
        rf"{_ANYWHERE}Taskfile[^/]*\.ya?ml|{_ANYWHERE}\.gitlab-ci\.ya?ml|\.circleci/config\.ya?ml|bitbucket-pipelines\.yml",
        tasks,
    ),
    (rf"{_ANYWHERE}[^/]+\.(?:sh|bash|zsh|ksh)|{_ANYWHERE}\.husky/[^/.]+|{_ANYWHERE}(?:bin|scripts?)/[^/.]+", script),
    (rf"(?:{_ANYWHERE}(?:scripts?|bin|tools|deploy|docker|prisma|db)/.*)?[^/]+\.(?:[mc]?js|[mc]?ts|py|rb)", calls),
)
_KINDS = tuple((re.compile(pattern), reader) for pattern, reader in _READERS)


@dataclass(frozen=True, slots=True)
class Found:
    """A danger in a file, with what the file says about where it runs."""

    danger: Danger
    where: str
    place: Place


def holds_commands(path: str) -> bool:
    """Whether a file of this name is one whose commands are read."""
    return _reader(path) is not None


def read_commands(path: str, text: str) -> Iterator[Found]:
    """The dangers in a file that matter where they run, in the order of its lines. Commands of a local database do
    not."""
    reader = _reader(path)
    if reader is None or not any(tool in text for tool in TOOLS):
        return
    for written in reader(path, text):
        for danger in dangers(written.text, written.line, written.environment):
            place = first_sure(written.place, danger.place)
            if place is Place.DEPLOY or (place is Place.ANYWHERE and danger.empties):
                yield Found(danger, written.where, place)


def _reader(path: str) -> Reader | None:
    if "node_modules" in path.split("/"):
        return None
    return next((reader for kind, reader in _KINDS if kind.fullmatch(path)), None)
