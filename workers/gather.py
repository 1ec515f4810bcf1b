"""Gathers what a pull request does to a project's migrations, from the repository at two commits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from workers.errors import InputError, NoMigrations
from workers.migrations import LAYOUTS, Layout, Project
from workers.migrations.layout import Entry
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.repository import File, Repository

MIGRATION_LIMIT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user or the repository's policy asks for; None where they leave it to detection."""

    layout: str | None = None
    directory: str | None = None
    transaction: Transaction | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """All files of one commit, by path, with a way to their bytes."""

    repository: Repository
    commit: str
    files: Mapping[str, File]

    def text(self, path: str) -> str:
        """A file's text, U+FFFD for what is not UTF-8."""
        blob = self.files[path].blob
        return self.repository.contents((blob,))[blob].decode("utf-8", "replace")


def read_tree(repository: Repository, commit: str) -> Tree:
    """The files at a commit."""
    return Tree(repository, commit, {file.path: file for file in repository.files(commit)})


def gather(repository: Repository, base: str, head: str, wanted: Wanted, fork_point: str | None = None) -> MigrationSet:
    """Compares head with its merge base, and places what it changes on the tip of base, as a merge would.

    base, head: full SHAs. fork_point: the merge base's, where the repository is too shallow to know it. Raises
    NoMigrations; InputError when there are none where `wanted` says, or more than one project is changed.
    """
    fork = read_tree(repository, fork_point or repository.merge_base(base, head))
    base_tree = fork if fork.commit == base else read_tree(repository, base)
    head_tree = read_tree(repository, head)
    project = _choose(_projects(head_tree, wanted) or _projects(base_tree, wanted), fork, head_tree, wanted)
    layout = next(layout for layout in LAYOUTS if layout.name == project.layout)
    places = _places((fork, base_tree, head_tree), layout, project.directory)
    if refusal := layout.refuses(head_tree.files, project.directory, head_tree.text):
        raise InputError(refusal)
    transaction = wanted.transaction or layout.transaction(head_tree.files, project.directory, head_tree.text)
    at_fork, at_base, at_head = _migrations(repository, places, lambda text: layout.of_file(text, transaction))
    if wanted.transaction is None:
        learned = layout.learned([migration.text for migration in at_base.values()], transaction)
        if learned is not transaction:
            at_fork, at_base, at_head = (_run_as(one, layout, learned) for one in (at_fork, at_base, at_head))
    return MigrationSet(
        layout=project.layout,
        directory=project.directory,
        base=base,
        head=head,
        history=tuple(at_base.values()),
        changed=_in_order(_changes(at_fork, at_base, at_head), at_base, at_head, layout, project.directory),
    )


# ---------------------------------------------------------------- which project


def _projects(tree: Tree, wanted: Wanted) -> tuple[Project, ...]:
    found: dict[str, Project] = {}
    for layout in LAYOUTS:
        if wanted.layout in (None, layout.name):
            claimed = layout.claims(tree.files)
            if (
                wanted.directory is not None
                and wanted.layout == layout.name
                and layout.entries(tree.files, wanted.directory)
            ):
                claimed = (*claimed, wanted.directory)
            for directory in claimed:
                found.setdefault(directory, Project(layout.name, directory))
    return tuple(p for p in found.values() if wanted.directory in (None, p.directory))


def _choose(projects: tuple[Project, ...], fork: Tree, head: Tree, wanted: Wanted) -> Project:
    if not projects:
        where = f"{wanted.directory}/: " if wanted.directory else ""
        names = " or ".join(layout.name for layout in LAYOUTS)
        # A folder or layout that was named and is not there is a mistake, not an absence.
        kind = InputError if wanted.directory is not None or wanted.layout else NoMigrations
        raise kind(f"{where}no migrations found at {head.commit[:12]} (looked for {names})")
    touched = [p for p in projects if _blobs(fork, p.directory) != _blobs(head, p.directory)]
    candidates = touched or sorted(projects, key=lambda p: -len(_blobs(head, p.directory)))[:1]
    if len(candidates) > 1:
        folders = ", ".join(sorted(p.directory for p in candidates))
        told = "name one with --path, or as path in .github/migrations.yml of the base branch"
        raise InputError(f"more than one migrations folder is changed: {folders}; {told}")
    return candidates[0]


def _blobs(tree: Tree, directory: str) -> frozenset[tuple[str, str]]:
    prefix = f"{directory}/" if directory else ""
    return frozenset(
        (f.path, f.blob) for f in tree.files.values() if f.path.startswith(prefix) and f.path.endswith(".sql")
    )


# ---------------------------------------------------------------- its migrations


def _places(trees: tuple[Tree, ...], layout: Layout, directory: str) -> list[dict[Entry, str]]:
    """For each tree the blobs of its migrations, in the runner's order: none too large, none missing."""
    places = [{entry: tree.files[entry.path].blob for entry in layout.entries(tree.files, directory)} for tree in trees]
    path_of = {blob: entry.path for place in places for entry, blob in place.items()}
    for blob, size in trees[0].repository.sizes(path_of).items():
        if size > MIGRATION_LIMIT_BYTES:
            raise InputError(f"{path_of[blob]}: {size} bytes; a migration may have {MIGRATION_LIMIT_BYTES}")
    return places


def _migrations(
    repository: Repository, places: Iterable[Mapping[Entry, str]], runs: Callable[[str], Transaction]
) -> list[dict[str, Migration]]:
    """For each tree its migrations by id, in the runner's order. A blob that several trees hold is read once."""
    contents = repository.contents(blob for place in places for blob in place.values())
    return [{e.id: _migration(e, contents[blob], runs) for e, blob in place.items()} for place in places]


def _run_as(migrations: Mapping[str, Migration], layout: Layout, transaction: Transaction) -> dict[str, Migration]:
    return {id_: replace(m, transaction=layout.of_file(m.text, transaction)) for id_, m in migrations.items()}


def _migration(entry: Entry, content: bytes, runs: Callable[[str], Transaction]) -> Migration:
    text = content.decode("utf-8", "replace")
    return Migration(entry.id, entry.path, text, runs(text), _undecodable(content))


def _undecodable(content: bytes) -> int | None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return None


# ---------------------------------------------------------------- what changed


def _changes(
    fork: Mapping[str, Migration], base: Mapping[str, Migration], head: Mapping[str, Migration]
) -> Iterable[ChangedMigration]:
    """What head did since the fork, as it meets the tip of base, which may have merged the same words meanwhile."""
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


def _in_order(
    changes: Iterable[ChangedMigration],
    base: Mapping[str, Migration],
    head: Mapping[str, Migration],
    layout: Layout,
    directory: str,
) -> tuple[ChangedMigration, ...]:
    changes = tuple(changes)
    paths = {m.path for m in (*base.values(), *head.values())} | {c.migration.path for c in changes}
    place = {entry.id: index for index, entry in enumerate(layout.entries(paths, directory))}
    newest = max((place[id_] for id_ in base), default=-1)
    late = (replace(c, out_of_order=c.change is Change.ADDED and place[c.migration.id] < newest) for c in changes)
    return tuple(sorted(late, key=lambda c: place[c.migration.id]))
