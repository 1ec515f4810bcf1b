"""The repository's own settings, .github/migrations.yml: tables, rules, checklist, and what environments ask for."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from workers.complaints import complaint, who_is
from workers.errors import InputError
from workers.model import Level, Transaction
from workers.words import Name
from workers.yaml_lines import line_of, load, repeated

if TYPE_CHECKING:
    import pydantic
    import yaml

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

    def level(self, rule: str, own: Level) -> Level | None:
        """The level of a rule's finding, whose own level is given; None when the rule is off."""
        return next((setting.level for setting in self.rules if setting.name == rule), own)


def parse_policy(text: str, path: str = POLICY_PATH) -> Policy:
    """Reads a policy file. Raises InputError, one sentence with the line, for the first thing not understood."""
    import pydantic  # here, because pydantic and yaml take 70 ms to import, and most repositories have no policy

    node, value = load(text, path)
    if node is None:
        return Policy(path=path)
    for key, line in repeated(node):
        raise InputError(f"{path}:{line}: {key} is given twice.")
    try:
        told: dict[str, Any] = _schema().model_validate(value).model_dump()
    except pydantic.ValidationError as error:
        raise InputError(complaint(error, path, functools.partial(line_of, node), "key: value")) from None
    return Policy(
        path=path,
        layout=told["layout"],
        directory=None if told["path"] is None else _directory(told["path"], f"{path}:{line_of(node, ('path',))}"),
        transaction=told["transaction"] and Transaction(told["transaction"]),
        postgres_version=(told["postgres"] or {}).get("version"),
        small_rows=told["small_rows"],
        tables=tuple((_table(name), TablePolicy(**table)) for name, table in told["tables"].items()),
        rules=tuple(
            RulePolicy(name, None if word == "off" else Level.from_word(word), line_of(node, ("rules", name)))
            for name, word in told["rules"].items()
        ),
        checklist=_checklist(told["checklist"], node, path),
        environments=tuple(
            (name, EnvironmentPolicy(**{**asked, "after": tuple(asked["after"])}))
            for name, asked in told["environments"].items()
        ),
    )


def _checklist(told: dict[str, Any], node: yaml.Node, path: str) -> ChecklistPolicy:
    items = tuple(
        AskedPolicy(name, item["who"], line_of(node, ("checklist", "items", name)))
        for name, item in told["items"].items()
    )
    for item in items:
        if item.who is None and item.name not in ASKED_TOGETHER:
            raise InputError(
                f"{path}:{item.line}: {item.name} cannot be off, only {', '.join(ASKED_TOGETHER)} can; a rule is "
                "switched off under rules."
            )
    return ChecklistPolicy(told["who"], items)


@functools.cache
def _schema() -> type[pydantic.BaseModel]:
    """The shape of the file. Strict: "12" is no number, and a key that is not listed is an error."""
    from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

    class Table(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        rows: int | None = Field(None, ge=0)
        hot: bool = False

    class Postgres(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        version: int = Field(ge=9)

    # YAML 1.1 reads a bare off as the boolean false.
    word = Annotated[
        Literal["off", "safe", "risky", "high-risk"], BeforeValidator(lambda v: "off" if v is False else v)
    ]

    person = Annotated[str, AfterValidator(who_is("write", "author", "not-author"))]

    class Asked(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        who: person

    unasked = Asked.model_construct(who=None)
    asked = Annotated[Asked, BeforeValidator(lambda v: unasked if v is False or v == "off" else v)]

    class Checklist(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        who: person = DEFAULT_WHO
        items: dict[str, asked] = {}

    class Environment(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        approvals: int = Field(0, ge=0)
        ticks: bool = False
        after: list[str] = []
        merged: bool = False

    class File(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        layout: str | None = None
        path: str | None = None
        transaction: Literal["file", "simple-query", "statement"] | None = None
        postgres: Postgres | None = None
        small_rows: int = Field(SMALL_ROWS, ge=0)
        tables: dict[str, Table] = {}
        rules: dict[str, word] = {}
        checklist: Checklist = Checklist()
        environments: dict[str, Environment] = {}

    return File


def _table(name: str) -> Name:
    """orders → public.orders; sales.orders as it stands."""
    schema, dot, table = name.partition(".")
    return Name(schema, table) if dot else Name("public", name)


def _directory(text: str, place: str) -> str:
    """The migrations folder from the repository's root, as the rest of the program spells it."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{place}: path should be a folder inside the repository.")
    return "" if str(path) == "." else str(path)
