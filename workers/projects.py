"""Which migrations projects a repository has, and which of them a pull request changes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice

from workers.errors import InputError, NoMigrations
from workers.migrations import BY_NAME, LAYOUTS, TELLING, Layout, Project
from workers.migrations.code import layout_of
from workers.model import Transaction
from workers.repository import File, Repository
from workers.runners import Runner

_COUNTS = (*TELLING, ".conf", ".toml")  # how the names of files end that say what is run, or how
_SCHEMAS = (".prisma", "structure.sql", "schema.sql")  # and of those that say how a schema is to be


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user or the repository's policy asks for; None where they leave it to detection. runner: of migrations
    that are code."""

    layout: str | None = None
    directory: str | None = None
    transaction: Transaction | None = None
    runner: Runner | None = None

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """Those that the project may be kept in."""
        if self.runner and self.runner.name not in BY_NAME:
            return (layout_of(self.runner, self.directory),)
        name = self.runner.name if self.runner else self.layout
        return tuple(layout for layout in LAYOUTS if name in (None, layout.name))


@dataclass(frozen=True, slots=True)
class Tree:
    """All files of one commit, by path, with a way to their bytes."""

    repository: Repository
    commit: str
    files: Mapping[str, File]
    read: dict[str, str] = field(default_factory=dict, compare=False)  # the texts that were asked for

    def text(self, path: str) -> str:
        """A file's text, U+FFFD for what is not UTF-8."""
        if path not in self.read:
            blob = self.files[path].blob
            self.read[path] = self.repository.contents((blob,))[blob].decode("utf-8", "replace")
        return self.read[path]

    def differing(self, other: Tree) -> frozenset[str]:
        """The paths of files that are not the same in both."""
        blobs, theirs = ({(file.path, file.blob) for file in tree.files.values()} for tree in (self, other))
        return frozenset(path for path, _ in blobs ^ theirs)


Beside = Callable[[Project, Tree, Set[str]], bool]


def read_tree(repository: Repository, commit: str) -> Tree:
    """The files at a commit; where there is none, in a folder outside of git, as they are now."""
    return _of_commit(repository, commit) if commit else _tree(repository, commit)


def _tree(repository: Repository, commit: str) -> Tree:
    return Tree(repository, commit, {file.path: file for file in repository.files(commit)})


# A review asks for the same three once and again, for each of its projects.
_of_commit = functools.lru_cache(maxsize=3)(_tree)


@dataclass(frozen=True, slots=True)
class Sides:
    """The trees that are compared."""

    fork: Tree
    base: Tree
    head: Tree

    @property
    def all(self) -> tuple[Tree, Tree, Tree]:
        return self.fork, self.base, self.head


@dataclass(frozen=True, slots=True)
class _Claim:
    """A folder that layouts claim, the more telling first. tree: where they do."""

    directory: str
    layouts: tuple[Layout, ...]
    tree: Tree
    wanted: Wanted

    def project(self) -> Project | None:
        """In the first layout that knows it; None where none does. This reads files."""
        found = (layout for layout in self.layouts if self._known(layout))
        return next((Project(layout.name, self.directory) for layout in found), None)

    @property
    def holds_migrations(self) -> bool:
        return any(self._known(layout) for layout in reversed(self.layouts))

    def _known(self, layout: Layout) -> bool:
        both_named = self.wanted.layout == layout.name and self.wanted.directory == self.directory
        return both_named or layout.known(self.tree.files, self.directory, self.tree.text)

    def paths(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those inside the folder."""
        prefix = f"{self.directory}/" if self.directory else ""
        return tuple(path for path in among if path.startswith(prefix))

    def touched(self, changed: Iterable[str]) -> bool:
        """Whether what is run of it may be another."""
        inside = self.paths(changed)
        return any(path.endswith(_COUNTS) for path in inside) or any(
            layout.code(inside, self.directory) or (layout.unreadable and layout.entries(changed, self.directory))
            for layout in self.layouts
        )


Found = tuple[Project, Wanted]


def projects(tree: Tree, wanted: Wanted) -> tuple[Project, ...]:
    """The migrations folders at a commit, each with the layout that it is read in: the first that claims and knows it.
    A folder that is named may have any name."""
    return tuple(project for claim in _claims(tree, wanted) if (project := claim.project()))


def _claims(tree: Tree, wanted: Wanted) -> tuple[_Claim, ...]:
    layouts = wanted.layouts
    paths = [path for path in tree.files if wanted.runner or path.endswith(TELLING)]
    found: dict[str, list[Layout]] = {}
    for layout in layouts:
        for directory in layout.claims(paths):
            if wanted.directory in (None, directory):
                found.setdefault(directory, []).append(layout)
    if (named := wanted.directory) is not None:
        able = [layout for layout in layouts if layout.anywhere or wanted.layout]
        found.setdefault(named, []).extend(layout for layout in able if layout.entries(paths, named))
    return tuple(_Claim(directory, tuple(by), tree, wanted) for directory, by in found.items() if by)


def chosen(sides: Sides, wanted: Sequence[Wanted], beside: Beside) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """Those that are changed, by folder, else the one with the most files; and the folders of all, if there are more.
    What is not changed costs little. Raises NoMigrations; InputError where something that is named is not there."""
    claims = _claimed(sides, wanted)
    changed = sides.fork.differing(sides.head)
    touched = [claim for claim in claims if claim.touched(changed)]
    found = dict(_known(touched))
    schemas = {path for path in changed if path.endswith(_SCHEMAS)}.difference(*(one.paths(changed) for one in touched))
    if schemas:
        others = _known(claim for claim in claims if claim not in touched)
        found |= ((project, one) for project, one in others if beside(project, sides.head, schemas))
    if not found:
        largest = sorted(claims, key=lambda claim: -len(claim.paths(sides.head.files)))
        found = dict(islice(_known(largest), 1))
    if not found:
        raise _none(sides, wanted[0])
    folders = () if _alone(claims, wanted) else tuple(sorted(claim.directory for claim in claims))
    return tuple(sorted(found.items(), key=lambda each: each[0].directory)), folders


def _claimed(sides: Sides, wanted: Sequence[Wanted]) -> tuple[_Claim, ...]:
    """At head, else at base: the last migration may be deleted."""
    found = [(one, _claims(sides.head, one) or _claims(sides.base, one)) for one in wanted]
    missing = next((one for one, claims in found if not claims), None)
    if missing:
        raise _none(sides, missing)
    return tuple(claim for _, claims in found for claim in claims)


def _alone(claims: Sequence[_Claim], wanted: Sequence[Wanted]) -> bool:
    """Claims are looked into until there are two, the layouts first that read no file for it."""
    if len(claims) < 2 or len(wanted) > 1:
        return len(wanted) < 2
    return len(list(islice((claim for claim in claims if claim.holds_migrations), 2))) < 2


def _known(claims: Iterable[_Claim]) -> Iterator[Found]:
    return ((project, claim.wanted) for claim in claims if (project := claim.project()))


def _none(sides: Sides, wanted: Wanted) -> InputError:
    """A folder or layout that was named and is not there is a mistake, not an absence."""
    kind = InputError if wanted.directory is not None or wanted.layout else NoMigrations
    where = f"{wanted.directory}/: " if wanted.directory else ""
    *names, last = (layout.name for layout in LAYOUTS)
    return kind(f"{where}no migrations found at {sides.head.commit[:12]} (looked for {', '.join(names)} and {last})")
