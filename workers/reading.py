"""The beginning of a review: all that the repository has to say, before a server is asked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from workers.around import around
from workers.changed_files import changed_files
from workers.drift.declaration import Declaration, declared_in, read_declaration
from workers.drift.versions import versions_apart
from workers.errors import InputError, NoMigrations
from workers.gather import Between, gather
from workers.migrations import BY_NAME, Project
from workers.migrations.code import sign_of_code
from workers.model import MigrationSet
from workers.policy import POLICY_PATH, Policy, PreludeFile
from workers.printed import Read, all_printed
from workers.projects import Tree, Wanted, projects, read_tree
from workers.repository import Repository, open_repository
from workers.verdict import Finding

# Tried in this order when the user names no base.
_BASES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")

_NONE = "none"  # the layout where there are no migrations

# What has none of these words leaves every name to the code that uses it, and asks for no value that it does not set.
_TAKES_AWAY = re.compile(r"\b(drop|rename|set\s+schema|type|add\b[^;]{0,120}\s(not\s+null|primary\s+key))\b", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asks to be reviewed; None where they leave it to us. fork: the merge base of the two, where the
    repository is too shallow to know it. run_commands: whether the policy's own may be run, which run the code that is
    under review."""

    repository: Path
    base: str | None = None
    head: str | None = None
    directory: str | None = None
    fork: str | None = None
    run_commands: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is read of one project. policy: of the repository. repository: where code is looked at for what the
    migrations take away from it, or ask of it; trees: of both commits, if they may. around: what is found in other
    files than migrations, which there may be none of. declaration: what else says how the schema is to be. notes: on
    how it was read."""

    policy: Policy
    migrations: MigrationSet
    repository: Repository | None = None
    trees: tuple[str, ...] = ()
    around: tuple[Finding, ...] = ()
    declaration: Declaration | None = None
    notes: tuple[str, ...] = ()

    @property
    def of_project(self) -> bool:
        """Or of what is found around all of them."""
        return self.migrations.layout != _NONE

    @property
    def touched(self) -> bool:
        """Whether there is anything to say at all."""
        own = self.migrations
        said = own.changed or own.passed_over or own.why_not or own.faults or self.around
        return bool(said or (self.declaration and self.declaration.changed))


def gathered(asked: Asked) -> tuple[Gathered, ...]:
    """What head does to the migrations of base: for each project that it changes, by folder, for one where it changes
    none. In a repository with several, what is found around them stands last, by itself. Raises InputError."""
    repository = open_repository(asked.repository)
    head = repository.commit(asked.head or "HEAD")
    base = repository.commit(asked.base or _default_base(repository))
    policy = read_policy(repository, base)
    fork = repository.commit(asked.fork) if asked.fork else repository.merge_base(base, head)
    beside = around(changed_files(repository, fork, base, head), policy)
    alone = Gathered(policy, MigrationSet(_NONE, "", base, head, (), ()), repository, around=beside)
    try:
        sets = gather(repository, Between(base, head, fork), wanted(policy, asked.directory), _declares)
    except NoMigrations as none:
        if not beside:
            raise NoMigrations(f"{none}{sign_of_code(repository.differing(fork, head))}") from None
        return (alone,)
    told = all_printed(repository, policy, sets) if asked.run_commands else tuple(map(Read, sets))
    found = tuple(_gathered(repository, policy, one, fork) for one in told)
    if sets[0].alone:
        return (replace(found[0], around=(*found[0].around, *beside)),)
    telling = tuple(one for one in found if one.touched or one.migrations.unread) or found[:1]
    return (*telling, alone) if beside else telling


def _gathered(repository: Repository, policy: Policy, read: Read, fork: str) -> Gathered:
    migrations = read.migrations
    taking = any(_TAKES_AWAY.search(migration.text) for migration in migrations.added)
    trees = tuple(map(repository.tree, (migrations.base, migrations.head))) if taking else ()
    is_built = not migrations.history or any(one.unreadable is None for one in migrations.history)
    declaration = read_declaration(repository, migrations, fork) if is_built and not migrations.why_not else None
    apart = versions_apart(repository, migrations, policy.of(migrations.directory), fork)
    return Gathered(policy, migrations, repository, trees, apart, declaration, read.notes)


def _declares(project: Project, head: Tree, changed: Set[str]) -> bool:
    return any(path in changed for path in declared_in(project, head))


def wanted(policy: Policy, directory: str | None = None) -> tuple[Wanted, ...]:
    """What the policy says of each project that it names, or of all. directory: of the only one that is asked for."""
    if directory is not None:
        told = policy.of(directory)
        return (Wanted(told.layout, directory, told.transaction, told.runner),)
    return tuple(Wanted(one.layout, one.directory, one.transaction, one.runner) for one in policy.projects or (policy,))


# ---------------------------------------------------------------- whether it was said before


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hexadecimal. whole: equal for two reviews that would say the same. migrations: equal where the migrations, what
    they stand on and the policy are, whatever else the repository holds."""

    whole: str
    migrations: str


def fingerprint(found: Sequence[Gathered]) -> Fingerprint:
    """sha256 over all that a review depends on, the program's version with it, and not over the commits it was read
    at."""
    sets = (replace(one.migrations, base="", head="", others=()) for one in found)
    alone = _digest(version("migration-bot"), asdict(found[0].policy), *map(asdict, sets))
    more = (
        (one.migrations.others, one.trees, one.declaration and asdict(one.declaration), *map(asdict, one.around))
        for one in found
    )
    return Fingerprint(_digest(alone, *more), alone)


def standing(repository: Repository, commit: str) -> str:
    """sha256 over what a review takes from the base branch: its policy, and the files of all its projects. "" where
    there is no project. Raises InputError."""
    policy, tree = read_policy(repository, commit), read_tree(repository, commit)
    found = [_files(project, one, tree) for one in wanted(policy) for project in projects(tree, one)]
    return _digest(version("migration-bot"), asdict(policy), *found) if found else ""


def _files(project: Project, told: Wanted, tree: Tree) -> list[object]:
    """With how they are run, which other files may say."""
    layout = next(each for each in told.layouts if each.name == project.layout)
    prefix = f"{project.directory}/" if project.directory else ""
    paths = {*(path for path in tree.files if path.startswith(prefix)), *declared_in(project, tree)}
    paths |= {path for entry in layout.entries(tree.files, project.directory) for path in entry.paths}
    run = layout.transaction(tree.files, project.directory, tree.text)
    return [asdict(project), run, sorted((path, tree.files[path].blob) for path in paths)]


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


# ---------------------------------------------------------------- the policy


def read_policy(repository: Repository, commit: str) -> Policy:
    """The policy file as the base branch has it, with the statistics that it names: a pull request cannot weaken its
    own review. Raises InputError."""
    content = repository.file(commit, POLICY_PATH)
    if content is None:
        return Policy()
    from workers.policy_file import parse_policy  # here: 80 ms to import, and most have no such file

    told = parse_policy(content.decode("utf-8", "replace"))
    known = tuple(map(_of_known_layout, (told, *told.projects)))
    policy, *projects = (_with_files(one, told, repository, commit) for one in known)
    return replace(policy, projects=tuple(projects))


def _of_known_layout(policy: Policy) -> Policy:
    if policy.layout is None or policy.layout in BY_NAME:
        return policy
    known = ", ".join(sorted(BY_NAME))
    raise InputError(f"{policy.path}:{policy.layout_line}: there is no layout {policy.layout}; there are {known}.")


def _with_files(policy: Policy, whole: Policy, repository: Repository, commit: str) -> Policy:
    """With what the files say that it names. whole: what the repository's policy says of other projects."""

    def text(path: str, key: str) -> str:
        found = repository.file(commit, path)
        if found is None:
            raise InputError(f"{POLICY_PATH}: there is no {path} at {commit[:12]}, which {key} names.")
        return found.decode("utf-8", "replace")

    def sql(path: str) -> tuple[PreludeFile, ...]:
        if path.endswith(".sql"):
            return (PreludeFile(path, text(path, "prelude")),)
        (theirs,) = gather(repository, Between(commit, commit, commit), wanted(whole, path))
        return tuple(PreludeFile(migration.path, migration.text) for migration in theirs.history)

    policy = replace(policy, prelude=tuple(file for one in policy.prelude for file in sql(one.path)))
    if policy.statistics is None:
        return policy
    from workers.statistics_file import parse_statistics

    return policy.with_statistics(parse_statistics(text(policy.statistics, "statistics"), policy.statistics))


def _default_base(repository: Repository) -> str:
    for revision in _BASES:
        if repository.has(revision):
            return revision
    raise InputError(f"no base branch found (looked for {', '.join(_BASES)}); name one with --base")
