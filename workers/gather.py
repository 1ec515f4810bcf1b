"""Gathers what a pull request does to a project's migrations, from the repository at two commits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workers.errors import InputError, NoMigrations
from workers.migrations import BY_NAME, LAYOUTS, TELLING, Layout, Project
from workers.migrations.layout import Entry, Files, Way
from workers.model import Change, ChangedMigration, Down, Migration, MigrationSet, Transaction
from workers.repository import File, Repository

MIGRATION_LIMIT_BYTES = 64 << 20

_Ways = Callable[[Files], tuple[Way, Way | None]]


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
    read: dict[str, str] = field(default_factory=dict, compare=False)  # the texts that were asked for

    def text(self, path: str) -> str:
        """A file's text, U+FFFD for what is not UTF-8."""
        if path not in self.read:
            blob = self.files[path].blob
            self.read[path] = self.repository.contents((blob,))[blob].decode("utf-8", "replace")
        return self.read[path]


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
    project = _choose(projects(head_tree, wanted) or projects(base_tree, wanted), fork, head_tree, wanted)
    layout = BY_NAME[project.layout]
    if refusal := layout.refuses(head_tree.files, project.directory, head_tree.text):
        raise InputError(refusal)
    places = [_place(tree, layout, project.directory) for tree in (fork, base_tree, head_tree)]
    contents = _contents(repository, places)
    usual = wanted.transaction or _usual(layout, project.directory, head_tree, places[1].texts(contents))
    migrations = [place.migrations(contents, lambda files: layout.ways(files, usual)) for place in places]
    return MigrationSet(
        layout=project.layout,
        directory=project.directory,
        base=base,
        head=head,
        history=tuple(migrations[1].values()),
        changed=_in_order(_changes(*migrations), *places),
        unread=_unread(layout.code(head_tree.files, project.directory), head_tree, (fork, base_tree)),
    )


# ---------------------------------------------------------------- which project


def projects(tree: Tree, wanted: Wanted) -> tuple[Project, ...]:
    """The migrations folders at a commit, each with the layout that it is read in: the first that claims and knows it.
    A folder that is named may have any name."""
    layouts = [layout for layout in LAYOUTS if wanted.layout in (None, layout.name)]
    paths = [path for path in tree.files if path.endswith(TELLING)]
    found: dict[str, Project] = {}
    for layout in layouts:
        new = (one for one in layout.claims(paths) if one not in found and wanted.directory in (None, one))
        known = (directory for directory in new if _known(layout, directory, tree, wanted))
        found |= {directory: Project(layout.name, directory) for directory in known}
    if found or wanted.directory is None:
        return tuple(found.values())
    named = wanted.directory
    able = (layout for layout in layouts if layout.anywhere or wanted.layout)
    holding = (each for each in able if each.entries(paths, named) and _known(each, named, tree, wanted))
    return tuple(Project(layout.name, named) for layout in holding)[:1]


def _known(layout: Layout, directory: str, tree: Tree, wanted: Wanted) -> bool:
    both_named = wanted.layout == layout.name and wanted.directory == directory
    return both_named or layout.known(tree.files, directory, tree.text)


def _choose(projects: tuple[Project, ...], fork: Tree, head: Tree, wanted: Wanted) -> Project:
    if not projects:
        where = f"{wanted.directory}/: " if wanted.directory else ""
        *names, last = (layout.name for layout in LAYOUTS)
        # A folder or layout that was named and is not there is a mistake, not an absence.
        kind = InputError if wanted.directory is not None or wanted.layout else NoMigrations
        raise kind(f"{where}no migrations found at {head.commit[:12]} (looked for {', '.join(names)} and {last})")
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


@dataclass(frozen=True, slots=True)
class _Place:
    """A project at one commit: its migrations in the runner's order."""

    files: Mapping[str, File]
    entries: tuple[Entry, ...]

    def blob(self, path: str) -> str:
        return self.files[path].blob

    def texts(self, contents: Mapping[str, bytes]) -> list[str]:
        return [_text(contents[self.blob(entry.path)]) for entry in self.entries]

    def migrations(self, contents: Mapping[str, bytes], ways: _Ways) -> dict[str, Migration]:
        """By id."""
        return {entry.id: _migration(entry, self, contents, ways) for entry in self.entries}


def _place(tree: Tree, layout: Layout, directory: str) -> _Place:
    entries = layout.entries(tree.files, directory)
    return _Place(tree.files, layout.listed(entries, tree.files, directory, tree.text))


def _contents(repository: Repository, places: Iterable[_Place]) -> Mapping[str, bytes]:
    """All that the migrations consist of, by blob: none too large, none missing, each read once."""
    path_of = {place.blob(path): path for place in places for entry in place.entries for path in entry.paths}
    for blob, size in repository.sizes(path_of).items():
        if size > MIGRATION_LIMIT_BYTES:
            raise InputError(f"{path_of[blob]}: {size} bytes; a migration may have {MIGRATION_LIMIT_BYTES}")
    return repository.contents(path_of)


def _usual(layout: Layout, directory: str, head: Tree, merged: Sequence[str]) -> Transaction:
    """How the runner runs a file that says nothing else."""
    return layout.learned(merged, layout.transaction(head.files, directory, head.text))


def _migration(entry: Entry, place: _Place, contents: Mapping[str, bytes], ways: _Ways) -> Migration:
    text, down, settings = [
        path and _text(contents[place.blob(path)]) for path in (entry.path, entry.down, entry.settings)
    ]
    assert text is not None
    there, back = ways(Files(text, down, settings, entry.path))
    way_back = Down(entry.down or entry.path, back.text, back.transaction) if back else None
    wrong = _undecodable(contents[place.blob(entry.path)])
    return Migration(entry.id, entry.path, there.text, there.transaction, wrong, way_back)


def _unread(code: Iterable[str], head: Tree, earlier: Iterable[Tree]) -> tuple[str, ...]:
    """What head has in other words than those before it."""
    blobs = {path: {tree.files[path].blob for tree in earlier if path in tree.files} for path in code}
    return tuple(path for path, known in blobs.items() if head.files[path].blob not in known)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


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


def _in_order(changes: Iterable[ChangedMigration], *places: _Place) -> tuple[ChangedMigration, ...]:
    """places: at the fork point, at the tip of base, at head. A repeatable migration that was edited is run again, as a
    new one would be."""
    entries = {entry.id: entry for place in places for entry in place.entries}
    newest = max((entry.order for entry in places[1].entries if not entry.repeatable), default=None)

    def placed(changed: ChangedMigration) -> ChangedMigration:
        entry = entries[changed.migration.id]
        if entry.repeatable:
            again = changed.change is Change.EDITED
            return ChangedMigration(Change.ADDED, None, changed.after) if again else changed
        late = changed.change is Change.ADDED and newest is not None and entry.order < newest
        return replace(changed, out_of_order=late)

    return tuple(sorted(map(placed, changes), key=lambda changed: entries[changed.migration.id].order))
