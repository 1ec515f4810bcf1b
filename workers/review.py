"""The straight line: gather what a pull request changes, rehearse it, judge what was seen."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import psycopg

from workers.around import around
from workers.changed_files import changed_files
from workers.code import Mentions
from workers.drift.declaration import Declaration, read_declaration
from workers.drift.declared import Place
from workers.drift.told import Declared, asked_about, declared_drift, not_checked
from workers.errors import CannotAnalyse, InputError, NoMigrations
from workers.extensions import server_with_all
from workers.gather import Wanted, gather
from workers.judge import judge
from workers.mentions import Code, mentions_of, sought
from workers.model import Migration, MigrationSet, Rehearsal
from workers.policy import POLICY_PATH, Policy
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier, sandbox_of
from workers.postgres.servers import Installation, find_installations
from workers.rehearse import passed, rehearse
from workers.replay import Ground, Replayed, replayed
from workers.repository import Repository, open_repository
from workers.stand import Stand
from workers.verdict import Finding, Report

# Tried in this order when the user names no base.
_BASES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")

# What has none of these words leaves every name to the code that uses it.
_TAKES_AWAY = re.compile(r"\b(drop|rename|set\s+schema|type)\b", re.I)

Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]


@contextlib.contextmanager
def no_progress(total: int) -> Iterator[Callable[[], None]]:
    """For when nobody watches."""
    yield lambda: None


@dataclass(frozen=True, slots=True)
class Machine:
    """What the bot's own settings say about this machine. require: the weakest tier that will do. environments: their
    file, for who asks how they are."""

    cache: Path
    limits: Limits
    snapshots_bytes: int
    require: Tier
    postgres: tuple[Path, ...] = ()  # more folders of server binaries
    environments: Path | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asks to be reviewed; None where they leave it to us. fork: the merge base of the two, where the
    repository is too shallow to know it."""

    repository: Path
    base: str | None = None
    head: str | None = None
    directory: str | None = None
    fork: str | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that the repository has to say, before a server is asked. repository: where code is looked at for what the
    migrations take away from it; trees: of both commits, if they may take away anything. around: what is found in other
    files than migrations, which there may be none of. declaration: what else says how the schema is to be."""

    policy: Policy
    migrations: MigrationSet
    repository: Repository | None = None
    trees: tuple[str, ...] = ()
    around: tuple[Finding, ...] = ()
    declaration: Declaration | None = None

    @property
    def touched(self) -> bool:
        """Whether there is anything to say at all."""
        return bool(self.migrations.changed or self.around or (self.declaration and self.declaration.changed))


def review(asked: Asked, machine: Machine, progress: Progress = no_progress) -> Report:
    """Reviews what head does to the migrations of base. Raises InputError and CannotAnalyse."""
    began = time.monotonic()
    with ThreadPoolExecutor(1) as meanwhile:
        offer = meanwhile.submit(_offer, machine)
        found = gathered(asked)
    return _reviewed(found, machine, progress, offer.result, began)


def review_gathered(found: Gathered, machine: Machine, progress: Progress = no_progress) -> Report:
    """The rest of a review. Raises CannotAnalyse."""
    return _reviewed(found, machine, progress, lambda: _offer(machine), time.monotonic())


def gathered(asked: Asked) -> Gathered:
    """The beginning of a review: what head does to the migrations of base, and the policy. Raises InputError."""
    repository = open_repository(asked.repository)
    head = repository.commit(asked.head or "HEAD")
    base = repository.commit(asked.base or _default_base(repository))
    policy = read_policy(repository, base)
    wanted = Wanted(policy.layout, asked.directory or policy.directory, policy.transaction)
    fork = repository.commit(asked.fork) if asked.fork else repository.merge_base(base, head)
    beside = around(changed_files(repository, fork, base, head), policy)
    try:
        migrations = gather(repository, base, head, wanted, fork)
    except NoMigrations:
        if not beside:
            raise
        migrations = MigrationSet("none", "", base, head, (), ())
    taking = any(_TAKES_AWAY.search(migration.text) for migration in migrations.added)
    trees = (repository.tree(base), repository.tree(head)) if taking else ()
    declaration = read_declaration(repository, migrations, fork)
    return Gathered(policy, migrations, repository, trees, beside, declaration)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hexadecimal. whole: equal for two reviews that would say the same. migrations: equal where the migrations, what
    they stand on and the policy are, whatever else the repository holds."""

    whole: str
    migrations: str


def fingerprint(found: Gathered) -> Fingerprint:
    """sha256 over all that a review depends on, the program's version with it, and not over the commits it was read
    at."""
    migrations = replace(found.migrations, base="", head="")
    alone = _digest(version("migration-bot"), asdict(found.policy), asdict(migrations))
    declared = asdict(found.declaration) if found.declaration else None
    return Fingerprint(_digest(alone, found.trees, declared, *map(asdict, found.around)), alone)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_policy(repository: Repository, commit: str) -> Policy:
    """The policy file as the base branch has it, with the statistics that it names: a pull request cannot weaken its
    own review. Raises InputError."""
    content = repository.file(commit, POLICY_PATH)
    if content is None:
        return Policy()
    from workers.policy_file import parse_policy, parse_statistics  # here: 80 ms to import, and most have no such file

    policy = parse_policy(content.decode("utf-8", "replace"))
    if policy.statistics is None:
        return policy
    counted = repository.file(commit, policy.statistics)
    if counted is None:
        raise InputError(f"{POLICY_PATH}: there is no {policy.statistics} at {commit[:12]}, which statistics names.")
    return policy.with_statistics(parse_statistics(counted.decode("utf-8", "replace"), policy.statistics))


def _default_base(repository: Repository) -> str:
    for revision in _BASES:
        if repository.has(revision):
            return revision
    raise InputError(f"no base branch found (looked for {', '.join(_BASES)}); name one with --base")


@dataclass(frozen=True, slots=True)
class _Offer:
    """What this machine has for a rehearsal."""

    tier: Tier
    installations: tuple[Installation, ...]


def _offer(machine: Machine) -> _Offer:
    """Takes 60 ms of waiting for programs: time enough to read the repository."""
    return _Offer(sandbox_of(machine.require), find_installations(machine.postgres))


def _reviewed(
    found: Gathered, machine: Machine, progress: Progress, offer: Callable[[], _Offer], began: float
) -> Report:
    migrations, policy = found.migrations, found.policy
    declaration = asked_about(found.declaration, bool(migrations.added), machine.cache)
    rehearsal, declared = None, Declared()
    if migrations.added or (declaration and not declaration.why_not):
        rehearsal, declared = _rehearsed(replace(found, declaration=declaration), machine, offer(), progress)
    elif declaration:
        declared = not_checked(declaration)
    mentions = _mentions(found, rehearsal) if rehearsal else {}
    report = judge(migrations, rehearsal, policy, mentions, (*found.around, *declared.findings))
    total_ms = (time.monotonic() - began) * 1000
    return replace(
        report,
        drift=(*report.drift, *declared.drift),
        notes=(*report.notes, *declared.notes),
        timing=replace(report.timing, total_ms=total_ms),
    )


def _mentions(found: Gathered, rehearsal: Rehearsal) -> dict[str, Mentions]:
    """Where the code names what the migrations take away; nothing where there is no code to look at."""
    if found.repository is None:
        return {}
    code = Code(found.repository, found.migrations.base, found.migrations.head, found.migrations.directory)
    catalogs = [catalog for each in rehearsal.migrations for catalog in (each.before, each.after) if catalog]
    return mentions_of(code, sought(rehearsal), catalogs)


def _rehearsed(
    found: Gathered, machine: Machine, offer: _Offer, progress: Progress
) -> tuple[Rehearsal | None, Declared]:
    migrations, policy, declaration = found.migrations, found.policy, found.declaration
    try:
        installation = server_with_all(migrations, policy, offer.installations)
        with (
            progress(len(migrations.history)) as advance,
            at_tip(migrations.history, machine, installation, offer.tier, advance) as base,
        ):
            stand = Stand(base.cluster, base.prelude)
            rehearsal = rehearse(base, migrations.added, policy, stand)
            if declaration is None:
                return rehearsal, Declared()
            if not all(passed(each) for each in rehearsal.migrations):
                return rehearsal, not_checked(declaration, "the new migrations do not come to their end")
            return rehearsal, declared_drift(declaration, Place(base.cluster, stand.line, machine.cache), policy)
    except CannotAnalyse as why:
        if migrations.added or declaration is None:
            raise
        return None, not_checked(declaration, str(why))


@contextlib.contextmanager
def at_tip(
    history: Sequence[Migration],
    machine: Machine,
    installation: Installation,
    tier: Tier,
    advance: Callable[[], None] = lambda: None,
) -> Iterator[Replayed]:
    """An ephemeral server at the end of the history. advance: called once for each migration. Raises CannotAnalyse,
    also for what psycopg raises inside."""
    ground = Ground(installation, tier, machine.limits, machine.cache, machine.snapshots_bytes, advance)
    try:
        with replayed(history, ground) as base:
            yield base
    except psycopg.Error as lost:
        raise CannotAnalyse(f"the PostgreSQL server did not answer us: {str(lost).splitlines()[0]}") from lost
