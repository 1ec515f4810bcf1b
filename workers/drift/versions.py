"""The versions that a Rails dump lists against the migrations that are there: what a pull request leaves apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from workers.migrations.layout import Holds
from workers.migrations.rails import RAILS, dump_of, version, versions
from workers.model import MigrationSet
from workers.policy import Policy
from workers.projects import Tree, read_tree
from workers.repository import Repository
from workers.rules import schema_not_as_declared
from workers.verdict import Finding

_Apart = tuple[str, str, int, str]  # version, path, line, what is wrong with it


def versions_apart(repository: Repository, migrations: MigrationSet, policy: Policy, fork: str) -> tuple[Finding, ...]:
    """One finding for each version that one has and the other has not; of those at the fork point, its full SHA,
    nothing is told. None for any layout but Rails'."""
    rule = schema_not_as_declared.RULE
    level = policy.level(rule.name, rule.level)
    if level is None or migrations.layout != RAILS.name:
        return ()
    before, after = (read_tree(repository, commit) for commit in (fork, migrations.head))
    known = {version for version, *_ in _apart(before, migrations.directory)}
    return tuple(
        Finding(rule.name, level, path, line, f"version {version}", message)
        for version, path, line, message in _apart(after, migrations.directory)
        if version not in known
    )


def _apart(tree: Tree, directory: str) -> Iterator[_Apart]:
    """A dump that lists no versions says nothing about them. Where a list has no file, it may be a library's: any file
    of the repository that has the version will do."""
    dump = dump_of(directory)
    listed = versions(tree.text(dump)) if dump in tree.files else {}
    if not listed:
        return
    entries = [one for one in RAILS.entries(tree.files, directory) if one.holds is Holds.CODE]
    for entry in entries:
        if (own := version(entry.id)) not in listed:
            yield own, entry.path, 1, _not_dumped(own, dump)
    there = {version(name) for path in tree.files if path.endswith(".rb") and (name := PurePosixPath(path).stem)}
    for own, line in listed.items():
        if own not in there:
            yield own, dump, line, _not_there(own, dump)


def _not_dumped(version: str, dump: str) -> str:
    return (
        f"{dump} was dumped without {version}: it is not in its list of versions. Whoever sets up a database from it "
        "gets one without this migration, which then runs or not. Run the migration, and commit the dump that it makes."
    )


def _not_there(version: str, dump: str) -> str:
    return (
        f"{dump} says that {version} has run, and no file of the repository has this version: what it did came from "
        "another branch, or is in nobody's migrations. Dump again where exactly these migrations have run."
    )
