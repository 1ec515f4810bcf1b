"""The rollback that is written from the two catalogs around a migration, proven where the migration was played."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from workers.catalog import Catalog, Kind, ObjectId
from workers.errors import CannotAnalyse
from workers.facts import Facts, Lock
from workers.model import Migration, Transaction
from workers.play import play
from workers.policy import Policy
from workers.postgres.cluster import Role
from workers.postgres.dump import schema_dump
from workers.rehearsed import Observation, RehearsedMigration
from workers.rollback.effects import effects_in
from workers.rollback.grading import DataEffects
from workers.rollback.proof import Rehearsed, States, prove, settle
from workers.rollback.steps import in_use
from workers.rollback.write import write_rollback
from workers.rules.found import found
from workers.rules.steps import look, steps
from workers.sql.known import Known
from workers.sql.split import split
from workers.stand import Stand
from workers.undoing.played import Done, Played, play_again
from workers.ways_back import Rollback
from workers.words import Name

# The rules about work under a lock. What goes is gone with the code that used it: others would speak of that.
_ABOUT_WORK = frozenset(
    {"blocking-work", "constraint-validated-at-once", "hot-table-lock", "index-not-concurrent"}
    | {"lock-held-through-work", "not-null-set", "table-locked", "table-rewritten"}
)


def effects_on_rows(done: Done, seen: Sequence[Observation | None]) -> DataEffects:
    """What the migration did to rows."""
    return effects_in(done.played.script.statements, [one.facts if one else Facts() for one in seen])


def dumped_before(stand: Stand) -> Callable[[], str]:
    """Tells what pg_dump says of the schema before the migration; empty where it cannot. As long as the stand does not
    follow a stage its line has that schema, so that this can wait until somebody asks."""

    @functools.cache
    def dump() -> str:
        with contextlib.suppress(CannotAnalyse):
            return schema_dump(stand.cluster, stand.line)
        return ""

    return dump


def around(played: Played, seen: Sequence[Observation | None], states: States, made: frozenset[Name]) -> States:
    """With the tables that the migration treats as being in use, and those that may be large. made: by the pull
    request's earlier migrations."""
    used = in_use(played.script.statements, seen, (states.before, states.after))
    return replace(states, in_use=used, large=frozenset(_large(played.policy, states, made)))


def _large(policy: Policy, states: States, made: frozenset[Name]) -> Iterator[ObjectId]:
    """As the rules see it: of a table that was there nobody knows how many rows it has, until the policy tells."""
    for table in states.before.of_kind(Kind.TABLE):
        name = Name(*table.path)
        rows = policy.table(name).rows
        if table.id in states.after.objects and name not in made and (rows is None or rows > policy.small_rows):
            yield table.id


def rolled_back(done: Done, states: States, effects: DataEffects) -> Rollback:
    """Leaves the stage's database as the migration leaves it, if all goes well."""
    plan = write_rollback(states.before, states.after, effects)
    watched = _Watched(done, states)

    def again() -> str | None:
        done.played.roles.put_aside()
        # On a session of its own: temporary tables of the first time must not be in the way.
        error = play_again(done.stand, done.played, done.stage.other("again", Role.MIGRATION))
        return error.message if error else None

    def dump() -> str:
        return schema_dump(done.stand.cluster, done.stage.database)

    proof = prove(Rehearsed(done.reader, watched.run, again, dump), plan, states)
    return watched.told(settle(plan, proof))


@dataclass(slots=True)
class _Watched:
    """Runs the steps of a rollback as they will be run, and keeps what was seen of each. new: the tables that the pull
    request makes, before the rollback drops any."""

    done: Done
    states: States
    seen: list[RehearsedMigration] = field(default_factory=list)
    new: frozenset[Name] = frozenset()

    def run(self, sql: str) -> str | None:
        observer, script = self.done.stage.observer, split(sql)
        if not self.seen:
            tables = ((oid, relation.name) for oid, relation in observer.relations.items() if relation.is_table)
            self.new = frozenset(name for oid, name in tables if oid not in observer.base)
        several = len(script.statements) > 1
        migration = self.done.played.migration
        back = Migration(migration.id, migration.path, sql, Transaction.FILE if several else Transaction.STATEMENT)
        seen = play(self.done.stage, script, back.transaction)
        states = self.states
        self.seen.append(RehearsedMigration(back, script, seen, before=states.after, after=states.before))
        # Also of what a block refuses and the play then ran outside of it: a step is run as it is.
        return next((one.error.message for one in seen if one and one.error), None)

    def told(self, rollback: Rollback) -> Rollback:
        """With what its steps took; what was run beside them is not theirs."""
        own = self.seen[: len(rollback.steps)]
        return replace(rollback, locks=_locks(own, self.states), takes=tuple(dict.fromkeys(self._takes(own))))

    def _takes(self, own: Sequence[RehearsedMigration]) -> Iterator[str]:
        policy = self.done.played.policy
        for one in own:
            looks, _ = look(one, Known(new_tables=self.new))
            for step in steps(one, looks, policy, {}):
                about_work = [finding for finding in found(step) if finding.rule in _ABOUT_WORK]
                yield from (f"{step.action}: {_first(finding.message)}" for finding in about_work[:1])


def _first(message: str) -> str:
    """Its first sentence: the others say how a migration is better written."""
    return message.partition(". ")[0].removesuffix(".") + "."


def _locks(own: Sequence[RehearsedMigration], states: States) -> tuple[Lock, ...]:
    """The strongest on each table that the migration found there, in the order of their names."""
    held: dict[Name, Lock] = {}
    known = _tables(states.before) | _former(states)
    for lock in (lock for one in own for seen in one.observations if seen for lock in seen.facts.locks):
        if lock.relation in known and (lock.relation not in held or lock.mode > held[lock.relation].mode):
            held[lock.relation] = lock
    return tuple(held[name] for name in sorted(held))


def _tables(catalog: Catalog) -> frozenset[Name]:
    return frozenset(Name(*each.path) for each in catalog.of_kind(Kind.TABLE, Kind.MATERIALIZED_VIEW))


def _former(states: States) -> frozenset[Name]:
    """Under the names that the migration has given them."""
    tables = states.after.of_kind(Kind.TABLE, Kind.MATERIALIZED_VIEW)
    return frozenset(Name(*each.path) for each in tables if each.id in states.before.objects)
