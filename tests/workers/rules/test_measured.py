"""The table of measurements holds on this server too, and the verdict on each statement follows what was observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.workers.rules.verdicts import ELSEWHERE, LATER, ROWS, VERDICTS
from tests.workers.sql.measured import MODES, SETUP
from tests.workers.sql.test_predict import measured
from workers.catalog import Catalog
from workers.facts import Facts
from workers.judge import judge
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.play import play
from workers.policy import Policy
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.postgres.prelude import Prelude
from workers.postgres.session import Session
from workers.rehearsed import Observation, Rehearsal, RehearsedMigration, Timing
from workers.rollback.attribution import with_objects
from workers.sql.split import split
from workers.stand import Stage, Stand
from workers.words import LockMode

_LETTERS = {words: letter for letter, words in MODES.items()}


@dataclass(frozen=True)
class Scene:
    """A database with the tables of the measurements, a hundred rows in each."""

    cluster: Cluster
    stand: Stand


@pytest.fixture(scope="module")
def scene(cluster: Cluster) -> Iterator[Scene]:
    cluster.create_database("measured")
    stand = Stand(cluster, Prelude(cluster), line="measured")
    with Session(cluster, database="measured") as session:
        for statement in split(_setup() + ROWS).statements:
            assert session.run(statement.text).error is None, statement.text
    yield Scene(cluster, stand)
    for number in range(1, stand.clones + 1):
        cluster.drop_database(f"play_{number}")
    cluster.drop_database("measured")


def _setup() -> str:
    """citext is an extension; nothing that is run here tells it from another text type."""
    function = "create function trgf() returns trigger language plpgsql as $$begin return new; end$$;"
    return f"create domain citext as text; {function} {SETUP}"


def _observed(scene: Scene, before: str, text: str) -> tuple[Observation, RehearsedMigration]:
    alone = Transaction.FILE if text.startswith("lock ") else Transaction.STATEMENT
    new = Migration("3_new", "3_new.sql", text, alone)
    script = split(text)
    with scene.stand.stage() as stage:
        for name in [name for name, relation in stage.observer.relations.items() if relation.is_table]:
            stage.observer.rows[name] = 100
        if before:
            assert all(one and not one.error for one in play(stage, split(before), Transaction.STATEMENT))
        was = _catalog(scene, stage)
        seen = play(stage, script, alone)
        now = _catalog(scene, stage)
    scene.stand.drop(stage.database)
    seen = with_objects(script.statements, seen, was, now)
    assert seen[0] is not None
    assert seen[0].error is None
    return seen[0], replace(RehearsedMigration(new, script, seen), before=was, after=now)


def _catalog(scene: Scene, stage: Stage) -> Catalog:
    with scene.cluster.connect(Role.MIGRATION, stage.database) as reader:
        return read_catalog(reader)


def _shown(facts: Facts) -> tuple[str, str]:
    """Locks and rewrites as the table has them."""
    strong = (lock for lock in facts.locks if lock.mode > LockMode.ACCESS_SHARE)
    locks = sorted(f"{lock.relation.name} {_LETTERS[lock.mode.sql]}" for lock in strong)
    return ", ".join(locks), " ".join(sorted(table.name for table in facts.rewrites))


def _verdict(scene: Scene, before: str, rehearsed: RehearsedMigration) -> str:
    history = (
        Migration("1_setup", "1_setup.sql", _setup(), Transaction.FILE),
        Migration("2_before", "2_before.sql", before, Transaction.STATEMENT),
    )
    changed = (ChangedMigration(Change.ADDED, None, rehearsed.migration),)
    rehearsal = Rehearsal(scene.cluster.info, (rehearsed,), Timing())
    report = judge(MigrationSet("plain", "", "a", "b", history, changed), rehearsal, Policy())
    assert report.notes == ()
    return ", ".join(finding.rule for finding in report.findings)


@pytest.mark.campaign
@pytest.mark.parametrize(("before", "text", "locks", "rewrites"), measured())
def test_observed_as_measured_and_judged_so(scene: Scene, before: str, text: str, locks: str, rewrites: str) -> None:
    if any(word in text for word in ELSEWHERE):
        pytest.skip("not on every server, or not the owner's to do")
    seen, rehearsed = _observed(scene, before, text)
    locks = LATER.get(text, locks) if scene.cluster.installation.major >= 18 else locks
    assert _shown(seen.facts) == (locks, "" if text.startswith("truncate") else rewrites)
    assert _verdict(scene, before, rehearsed) == VERDICTS.get(f"{before} || {text}" if before else text, "")


def test_each_verdict_is_on_a_measured_statement() -> None:
    assert set(VERDICTS) <= {f"{before} || {text}" if before else text for before, text, _, _ in measured()}
