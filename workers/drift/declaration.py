"""Reads from the repository what a pull request declares its schema to be, and what the base branch does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workers.drift.dumps import find_dump
from workers.drift.merge import merged
from workers.drift.schema_files import Found, find_schema, guessed_major
from workers.migrations import Project
from workers.migrations.prisma import PRISMA, version_of
from workers.model import MigrationSet
from workers.projects import Tree, read_tree
from workers.repository import Repository

_FILE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class PrismaSchema:
    """external: tables and enums that are not Prisma's."""

    major: int
    external: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dump:
    """SQL that pg_dump, or the runner in its place, has written."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """place: the file or folder, as people know it. files: texts by path as a merge leaves them; before: those of the
    base branch. why_not: what keeps it from being compared, in a sentence."""

    place: str
    files: Mapping[str, str]
    before: Mapping[str, str]
    form: PrismaSchema | Dump
    why_not: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the pull request declares anything else than its base branch."""
        return self.files != self.before


def declared_in(project: Project, tree: Tree) -> tuple[str, ...]:
    """The paths of what stands beside the migrations."""
    found = _find(project, tree)
    return found.paths if found else ()


def _find(project: Project, tree: Tree) -> Found | None:
    find = find_schema if project.layout == PRISMA.name else find_dump
    return find(tree.files, project.directory, tree.text)


def read_declaration(repository: Repository, migrations: MigrationSet, fork: str) -> Declaration | None:
    """What stands beside the migrations; None where nothing does. fork: the merge base's SHA."""
    head = read_tree(repository, migrations.head)
    project = Project(migrations.layout, migrations.directory)
    found = _find(project, head)
    if found is None:
        return None
    known = {commit: read_tree(repository, commit) for commit in {fork, migrations.base} - {head.commit}}
    trees = [known.get(commit, head) for commit in (fork, migrations.base, migrations.head)]
    sides = [_texts(tree, _find(project, tree)) for tree in trees]
    files, conflict = _merged(*sides)
    is_prisma = project.layout == PRISMA.name
    form = _prisma(head, project.directory, found, files) if is_prisma else Dump()
    return Declaration(found.place, files, sides[1], form, conflict)


def _prisma(head: Tree, directory: str, found: Found, files: Mapping[str, str]) -> PrismaSchema:
    version = version_of(head.files, directory, head.text)
    return PrismaSchema(version[0] if version else guessed_major(files.values()), tuple(sorted(found.external)))


def _texts(tree: Tree, found: Found | None) -> dict[str, str]:
    paths = found.paths if found else ()
    blobs = {path: tree.files[path].blob for path in paths}
    sizes = tree.repository.sizes(blobs.values())
    small = {path: blob for path, blob in blobs.items() if sizes[blob] <= _FILE_BYTES}
    contents = tree.repository.contents(small.values())
    return {path: contents[blob].decode("utf-8", "replace") for path, blob in small.items()}


def _merged(
    fork: Mapping[str, str], base: Mapping[str, str], head: Mapping[str, str]
) -> tuple[dict[str, str], str | None]:
    """Each file as a merge leaves it, and the first that it cannot merge, in a sentence."""
    found: dict[str, str] = {}
    for path in sorted({*fork, *base, *head}):
        was, ours, theirs = fork.get(path), base.get(path), head.get(path)
        if ours in (was, theirs):
            text = theirs
        elif theirs == was:
            text = ours
        else:
            text = merged(ours or "", was or "", theirs or "")
            if text is None:
                return dict(head), f"both branches change {path}, and the changes do not merge"
        if text is not None:
            found[path] = text
    return found, None
