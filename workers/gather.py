"""Gathers what a pull request does to each project's migrations, from the repository at two commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workers.errors import InputError
from workers.merged_changes import changes, in_order
from workers.migrations import Layout, Project
from workers.migrations.code import told_apart
from workers.migrations.layout import Entry, Files, Way
from workers.migrations.mixed import mixed
from workers.model import Down, Fault, Migration, MigrationSet, Transaction
from workers.projects import Beside, Sides, Tree, Wanted, chosen, read_tree
from workers.repository import File, Repository

MIGRATION_LIMIT_BYTES = 64 << 20

_Ways = Callable[[Files], tuple[Way, Way | None]]


@dataclass(frozen=True, slots=True)
class Between:
    """Full SHAs. fork: the merge base's, where the repository is too shallow to know it."""

    base: str
    head: str
    fork: str | None = None


def gather(
    repository: Repository,
    between: Between,
    wanted: Sequence[Wanted],
    beside: Beside = lambda _project, _head, _changed: False,
) -> tuple[MigrationSet, ...]:
    """Compares head with its merge base, and places what it changes on the tip of base, as a merge would: one set for
    each project that is changed, by folder; for the largest one where none is.

    wanted: for each project that is named, or one that leaves it to detection. beside: whether files that changed say
    something of a project, by its folder, though they are none of its migrations. Raises NoMigrations; InputError when
    there are none where `wanted` says, or the only changed project cannot be read.
    """
    base, head = between.base, between.head
    fork = read_tree(repository, between.fork or repository.merge_base(base, head))
    sides = Sides(fork, fork if fork.commit == base else read_tree(repository, base), read_tree(repository, head))
    found, folders = chosen(sides, wanted, beside)
    read = _gathered if len(found) == 1 else _as_far_as_it_goes
    sets = [read(sides, *one) for one in found]
    return tuple(replace(one, others=tuple(each for each in folders if each != one.directory)) for one in sets)


# ---------------------------------------------------------------- its migrations


def _as_far_as_it_goes(sides: Sides, project: Project, wanted: Wanted) -> MigrationSet:
    """A project that cannot be read hides no other."""
    try:
        return _gathered(sides, project, wanted)
    except InputError as error:
        base, head = sides.base.commit, sides.head.commit
        return MigrationSet(project.layout, project.directory, base, head, (), (), why_not=str(error))


def _gathered(sides: Sides, project: Project, wanted: Wanted) -> MigrationSet:
    directory, head = project.directory, sides.head
    layout = next(each for each in wanted.layouts if each.name == project.layout)
    if refusal := layout.refuses(head.files, directory, head.text):
        raise InputError(refusal)
    fork, base, ours = (_place(tree, layout, directory) for tree in sides.all)
    contents = _contents(head.repository, (fork, base, ours))
    usual = wanted.transaction or _usual(layout, directory, head, base.texts(contents))
    migrations = [place.migrations(contents, lambda files: layout.ways(files, usual)) for place in (fork, base, ours)]
    others = None if wanted.layout or wanted.runner else mixed(head.files, project, head.text)
    found = MigrationSet(
        layout=project.layout,
        directory=directory,
        base=sides.base.commit,
        head=head.commit,
        history=tuple(migrations[1].values()),
        changed=in_order(changes(*migrations), fork.entries, base.entries, ours.entries),
        unread=_unread(layout.code(head.files, directory), head, (sides.fork, sides.base)),
        mixed=str(others or ""),
        passed_over=_unread(others.passed_over if others else (), head, (sides.fork, sides.base)),
        faults=_faults(layout, directory, sides, contents),
    )
    return told_apart(found, (*fork.entries, *base.entries, *ours.entries), layout)


def _faults(layout: Layout, directory: str, sides: Sides, contents: Mapping[str, bytes]) -> tuple[Fault, ...]:
    """What head has wrong and those before it have not."""

    def of(tree: Tree) -> tuple[Fault, ...]:
        def read(path: str) -> str:
            content = contents.get(tree.files[path].blob)
            return tree.text(path) if content is None else _text(content)

        return layout.faults(tree.files, directory, read)

    found = of(sides.head)
    known = {(fault.object, fault.said) for tree in (sides.fork, sides.base) for fault in of(tree)} if found else set()
    return tuple(fault for fault in found if (fault.object, fault.said) not in known)


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
    whole = None if there.text == text else text
    return Migration(
        entry.id, entry.path, there.text, there.transaction, wrong, way_back, known_as=entry.known_as, whole=whole
    )


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
