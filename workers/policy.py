"""The repository's own settings, .github/migrations.yml: tables, rules, checklist, and what environments ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

from workers.model import Level, Transaction
from workers.words import Name

POLICY_PATH = ".github/migrations.yml"
SMALL_ROWS = 10_000  # a rewrite of so many rows with three indexes took 84 ms, a scan 2 ms, on a two-core machine


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """What production knows of a table and a replayed schema cannot. rows: None when not told."""

    rows: int | None = None
    hot: bool = False


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


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything may be left out. `path` is the policy's own file, for messages; `directory` is the migrations folder.
    Whether the names in `rules` and `checklist.rules` are rules is for their reader to check (workers.judge): rules
    stand above this layer.
    """

    path: str = POLICY_PATH
    layout: str | None = None
    directory: str | None = None
    transaction: Transaction | None = None
    postgres_version: int | None = None  # major
    small_rows: int = SMALL_ROWS
    tables: tuple[tuple[Name, TablePolicy], ...] = ()
    rules: tuple[RulePolicy, ...] = ()
    checklist: ChecklistPolicy = field(default_factory=ChecklistPolicy)
    environments: tuple[tuple[str, EnvironmentPolicy], ...] = ()

    def environment(self, name: str) -> EnvironmentPolicy:
        """What is asked of an environment; of most, nothing."""
        return next((asked for known, asked in self.environments if known == name), EnvironmentPolicy())

    def table(self, name: Name) -> TablePolicy:
        """What is told of a table; nothing is told of most."""
        return next((told for known, told in self.tables if known == name), TablePolicy())

    def level(self, rule: str, own: Level | None) -> Level | None:
        """The level of a rule's finding, whose own level is given, None where it has to be asked for; None when the
        rule is off."""
        return next((setting.level for setting in self.rules if setting.name == rule), own)
