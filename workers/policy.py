"""The repository's own settings, .github/migrations.yml: tables, rules, names, checklist, what environments ask for."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from workers.model import Level, Transaction
from workers.runners import Runner
from workers.words import Name

POLICY_PATH = ".github/migrations.yml"
SMALL_ROWS = 10_000  # a rewrite of so many rows with three indexes took 84 ms, a scan 2 ms, on a two-core machine


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """What production knows of a table and a replayed schema cannot; None when not told. size_bytes: of the rows."""

    rows: int | None = None
    hot: bool = False
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What production has counted: the rows of tables, and how often it has used each index."""

    tables: tuple[tuple[Name, TablePolicy], ...] = ()
    scans: tuple[tuple[Name, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """The level that a rule's findings get instead of the rule's own; None switches the rule off."""

    name: str
    level: Level | None
    line: int


# What is asked about a pull request as a whole. Only these can be left unasked: a finding is, once its rule is off.
ASKED_TOGETHER = ("backup", "preflight", "rollback", "staging", "window")
DEFAULT_WHO = "write"
ASKED = (*ASKED_TOGETHER, "unread", Level.RISKY.word, Level.HIGH_RISK.word)


@dataclass(frozen=True, slots=True)
class AskedPolicy:
    """Who may confirm an item, None where it is not asked at all. name: one of ASKED, or a rule."""

    name: str
    who: str | None
    line: int


@dataclass(frozen=True, slots=True)
class ChecklistPolicy:
    """Who may confirm what: write, author, not-author or @org/team."""

    who: str = DEFAULT_WHO
    items: tuple[AskedPolicy, ...] = ()

    def asks(self, kind: str) -> bool:
        """Whether items of this kind are wanted."""
        return all(item.who is not None for item in self.items if item.name == kind)

    def confirmed_by(self, *names: str) -> str:
        """Who may confirm an item that goes by these names, the most telling first."""
        told = {item.name: item.who for item in self.items}
        return next((who for name in names if (who := told.get(name))), self.who)

    @property
    def rules(self) -> tuple[AskedPolicy, ...]:
        """The items that have to be named after rules."""
        return tuple(item for item in self.items if item.name not in ASKED)


@dataclass(frozen=True, slots=True)
class EnvironmentPolicy:
    """What an environment asks for beyond its own configuration, which is out of the repository's reach. after:
    environments that must have the migrations first."""

    approvals: int = 0
    ticks: bool = False
    after: tuple[str, ...] = ()
    merged: bool = False


class RollbackForm(enum.StrEnum):
    """What `/migrate rollback` commits."""

    FILE = "file"  # rollback.sql, to be run by hand
    FORWARD = "forward"  # a new migration, in the layout's own form
    DOWN = "down"  # the layout's down file


@dataclass(frozen=True, slots=True)
class RollbackPolicy:
    """preserve: whether what a migration takes is to be kept, so that a rollback can bring it back."""

    preserve: bool = False
    form: RollbackForm = RollbackForm.FILE


@dataclass(frozen=True, slots=True)
class DriftPolicy:
    """What is compared of a live database. ignore: names with * and ?, as schema.name, or name for one in any schema;
    also of what is declared. owners, grants: whether they count."""

    ignore: tuple[str, ...] = ()
    owners: bool = False
    grants: bool = False


def relation(text: str) -> Name:
    """orders → public.orders; sales.orders as it stands."""
    schema, dot, name = text.partition(".")
    return Name(schema, name) if dot else Name("public", text)


NO_PLATFORM = "off"


@dataclass(frozen=True, slots=True)
class PreludeFile:
    """SQL that is run before the first migration. path: from the repository's root."""

    path: str
    text: str = ""


SNAKE_CASE = "[a-z_][a-z0-9_]*"


@dataclass(frozen=True, slots=True)
class NamingPolicy:
    """Regular expressions that new names have to match as a whole."""

    table: str = SNAKE_CASE
    column: str = SNAKE_CASE
    index: str = SNAKE_CASE
    constraint: str = SNAKE_CASE

    def pattern(self, kind: str) -> str:
        """Of the names of a kind: table, column, index, constraint. Raises KeyError for any other."""
        return {"table": self.table, "column": self.column, "index": self.index, "constraint": self.constraint}[kind]


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything may be left out. `path` is the policy's own file, for messages; `directory` is the migrations folder.
    projects: where several are named, each one's policy, its own settings in place of those for all. Whether the names
    in `rules` and `checklist.rules` are rules is for their reader to check (workers.judge), and likewise `layout`
    (workers.reading): rules and layouts stand above this layer.
    """

    path: str = POLICY_PATH
    layout: str | None = None
    layout_line: int = field(default=1, compare=False)
    directory: str | None = None
    transaction: Transaction | None = None
    runner: Runner | None = None  # of migrations that are code
    postgres_version: int | None = None  # major
    small_rows: int = SMALL_ROWS
    tables: tuple[tuple[Name, TablePolicy], ...] = ()
    statistics: str | None = None  # the file of them, from the repository's root
    scans: tuple[tuple[Name, int], ...] = ()  # how often production has used an index
    rules: tuple[RulePolicy, ...] = ()
    naming: NamingPolicy = field(default_factory=NamingPolicy)
    checklist: ChecklistPolicy = field(default_factory=ChecklistPolicy)
    environments: tuple[tuple[str, EnvironmentPolicy], ...] = ()
    rollback: RollbackPolicy = field(default_factory=RollbackPolicy)
    drift: DriftPolicy = field(default_factory=DriftPolicy)
    platform: str | None = None  # supabase, hasura or NO_PLATFORM; None: the layout's own
    prelude: tuple[PreludeFile, ...] = ()
    provided: tuple[str, ...] = ()  # extensions that CREATE EXTENSION passes over
    projects: tuple[Policy, ...] = ()

    def of(self, directory: str) -> Policy:
        """For the project in a folder: its own, where it is named."""
        return next((one for one in self.projects if one.directory == directory), self)

    def environment(self, name: str) -> EnvironmentPolicy:
        """What is asked of an environment; of most, nothing."""
        return next((asked for known, asked in self.environments if known == name), EnvironmentPolicy())

    def table(self, name: Name) -> TablePolicy:
        """What is told of a table; nothing is told of most."""
        return next((told for known, told in self.tables if known == name), TablePolicy())

    def scanned(self, index: Name) -> int | None:
        """How often production has used an index; None when it is not told."""
        return next((scans for known, scans in self.scans if known == index), None)

    def with_statistics(self, found: Statistics) -> Policy:
        """What the policy file says itself wins."""
        told = dict(self.tables)
        counted = {name: replace(table, hot=told.get(name, table).hot) for name, table in found.tables}
        own = {name: table for name, table in told.items() if table.rows is not None or name not in counted}
        return replace(self, tables=tuple({**counted, **own}.items()), scans=(*self.scans, *found.scans))

    def level(self, rule: str, own: Level | None) -> Level | None:
        """The level of a rule's finding, whose own level is given, None where it has to be asked for; None when the
        rule is off."""
        return next((setting.level for setting in self.rules if setting.name == rule), own)
