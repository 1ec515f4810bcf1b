"""What a rule is, and the one statement it looks at: our own words about it, never a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from workers.catalog import Catalog
from workers.changes import CatalogChange, ColumnAdded, TableCreated, TableDropped
from workers.code import Mentions, TextFile
from workers.facts import Facts, Lock
from workers.model import Level, Migration, MigrationSet, Statement
from workers.policy import Policy
from workers.rehearsed import Observation, RehearsedMigration, Rejection
from workers.rules.course import Course
from workers.sql.actions import Action
from workers.verdict import Finding
from workers.words import LockMode, Name


@dataclass(frozen=True, slots=True)
class Documented:
    """Something a finding can be named after. Its name is also its page's file stem (with underscores), the word in a
    suppression and the key in the policy, so that it reads well in "allow NAME because …"."""

    name: str
    level: Level  # of its findings, until the policy says otherwise
    summary: str  # one sentence, the page's first
    needs_server: bool = field(default=False, kw_only=True)  # the text alone cannot show it
    opt_in: bool = field(default=False, kw_only=True)  # off until the policy gives it a level


@dataclass(frozen=True, slots=True)
class Rule(Documented):
    """Looks at one statement."""

    check: Callable[[Step], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class MigrationRule(Documented):
    """Looks at a migration as a whole, and at the ways back from it."""

    check: Callable[[RehearsedMigration], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class HistoryRule(Documented):
    """Looks at the set of files: what a pull request does to migrations that are merged."""

    check: Callable[[MigrationSet], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class FileRule(Documented):
    """Looks at a file around the migrations, in one of its states: whether it is new there is for others to tell."""

    check: Callable[[TextFile], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement with all a rule may know. `facts` decide: observed if the statement ran, else predicted."""

    migration: Migration
    statement: Statement
    index: int  # of the statement, in its migration
    action: str  # in the words of SQL: ALTER TABLE … ADD COLUMN
    actions: tuple[Action, ...]
    facts: Facts
    observation: Observation | None = None
    rejections: tuple[Rejection, ...] = ()  # this statement's
    in_transaction: bool = False  # as the layout's runner would run it
    whole: Course[CatalogChange] = field(default_factory=Course)  # by all statements of its migration
    earlier: Course[CatalogChange] = field(default_factory=Course)  # by those before it
    later: Course[CatalogChange] = field(default_factory=Course)  # by those after it
    earlier_actions: Course[Action] = field(default_factory=Course)  # what those before it ask for, done or not
    later_actions: Course[Action] = field(default_factory=Course)
    held: tuple[Lock, ...] = ()  # taken by earlier statements of the same transaction
    created: frozenset[Name] = frozenset()  # tables that earlier statements of the pull request made
    policy: Policy = field(default_factory=Policy)
    before: Catalog | None = None  # the schema before the migration, and after it; None when it did not come to its end
    after: Catalog | None = None
    partitions: Mapping[Name, Name] = field(default_factory=dict)  # each partition's parent
    views: frozenset[Name] = frozenset()  # materialized ones that were there before the migration
    settings: Mapping[str, str] = field(default_factory=dict)  # what SET has set in the file so far, by name
    mentions: Mapping[str, Mentions] = field(default_factory=dict)  # by object: public.users.email, public.users
    found: tuple[Finding, ...] = ()  # by the rules that stand before this one in RULES

    def finding(self, rule: Documented, name: str, message: str, level: Level | None = None) -> Finding:
        """A finding about an object, at this statement's line."""
        return Finding(
            rule.name, rule.level if level is None else level, self.migration.path, self.statement.line, name, message
        )

    @property
    def changes(self) -> tuple[CatalogChange, ...]:
        return self.facts.changes

    def existing(self, table: Name) -> bool:
        """The table was there before the pull request, so it may hold rows and be in use."""
        made = any(isinstance(change, TableCreated) and change.table == table for change in self.changes)
        return not made and table not in self.facts.new_tables and table not in self.created

    def large(self, table: Name) -> bool:
        """Work on each of its rows takes noticeable time. A merged table counts as large until the policy tells its
        rows: the replayed one is empty and proves nothing."""
        rows = self.policy.table(table).rows
        return self.existing(table) and (rows is None or rows > self.policy.small_rows)

    def lock_on(self, table: Name) -> LockMode | None:
        """The strongest lock the statement runs under, be it taken by an earlier one of its transaction."""
        return max((lock.mode for lock in (*self.facts.locks, *self.held) if lock.relation == table), default=None)

    def blocks(self, table: Name) -> str | None:
        """What others cannot do to the table while the statement runs; None when they can read and write."""
        mode = self.lock_on(table)
        if mode is None or not mode.blocks_writes or (table in self.views and not mode.blocks_reads):
            return None  # nobody but REFRESH writes a materialized view
        return "reads and writes" if mode.blocks_reads else "writes"

    def lock_words(self, table: Name) -> str:
        """For a message: "an ACCESS EXCLUSIVE lock, which blocks reads and writes"."""
        mode = self.lock_on(table)
        assert mode is not None
        article = "an" if mode.sql[0] in "AE" else "a"
        return f"{article} {mode.sql} lock, which blocks {self.blocks(table) or 'neither reads nor writes'}"

    def dropped(self, table: Name) -> bool:
        """This statement drops the table itself."""
        return any(isinstance(change, TableDropped) and change.table == table for change in self.changes)

    def added(self, table: Name, column: str) -> bool:
        """The column came with an earlier statement of the same migration, so nothing depends on it yet."""
        return any(change.column == column for change in self.earlier.of(ColumnAdded, table))

    def about(self, table: Name, *rules: str) -> bool:
        """A rule before this one (of those named, if any are) has found something about the table or a part of it."""
        return any(
            (finding.object == str(table) or finding.object.startswith(f"{table}."))
            and (not rules or finding.rule in rules)
            for finding in self.found
        )
