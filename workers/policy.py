"""The repository's own settings, .github/migrations.yml: which tables are large or hot, which rules count how much."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from workers.errors import InputError
from workers.model import Level, Transaction
from workers.words import Name

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


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything may be left out. `path` is the policy's own file, for messages; `directory` is the migrations folder.
    Whether the names in `rules` are rules is for their reader to check (workers.judge): rules stand above this layer.
    """

    path: str = POLICY_PATH
    layout: str | None = None
    directory: str | None = None
    transaction: Transaction | None = None
    postgres_version: int | None = None  # major
    small_rows: int = SMALL_ROWS
    tables: tuple[tuple[Name, TablePolicy], ...] = ()
    rules: tuple[RulePolicy, ...] = ()

    def table(self, name: Name) -> TablePolicy:
        """What is told of a table; nothing is told of most."""
        return next((told for known, told in self.tables if known == name), TablePolicy())

    def level(self, rule: str, own: Level) -> Level | None:
        """The level of a rule's finding, whose own level is given; None when the rule is off."""
        return next((setting.level for setting in self.rules if setting.name == rule), own)


def parse_policy(text: str, path: str = POLICY_PATH) -> Policy:
    """Reads a policy file. Raises InputError, one sentence with the line, for the first thing not understood."""
    import pydantic  # here, because pydantic and yaml take 70 ms to import, and most repositories have no policy

    node, value = _load(text, path)
    if node is None:
        return Policy(path=path)
    for key, line in _repeated(node):
        raise InputError(f"{path}:{line}: {key} is given twice.")
    try:
        told: dict[str, Any] = _schema().model_validate(value).model_dump()
    except pydantic.ValidationError as error:
        raise InputError(_sentence(error, node, path)) from None
    return Policy(
        path=path,
        layout=told["layout"],
        directory=None if told["path"] is None else _directory(told["path"], f"{path}:{_line(node, ('path',))}"),
        transaction=told["transaction"] and Transaction(told["transaction"]),
        postgres_version=(told["postgres"] or {}).get("version"),
        small_rows=told["small_rows"],
        tables=tuple((_table(name), TablePolicy(**table)) for name, table in told["tables"].items()),
        rules=tuple(
            RulePolicy(name, None if word == "off" else Level.from_word(word), _line(node, ("rules", name)))
            for name, word in told["rules"].items()
        ),
    )


def _load(text: str, path: str) -> tuple[yaml.Node | None, object]:
    """The file as nodes, which know their lines, and as values. Both are None for an empty file."""
    import yaml

    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"{path}:{line}: not YAML: {error.reason}.") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply.") from None
    except ValueError as error:  # a date that is none: 2024-99-99
        raise InputError(f"{path}: not YAML: {error}.") from None


@functools.cache
def _schema() -> type[pydantic.BaseModel]:
    """The shape of the file. Strict: "12" is no number, and a key that is not listed is an error."""
    from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

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

    class File(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        layout: str | None = None
        path: str | None = None
        transaction: Literal["file", "simple-query", "statement"] | None = None
        postgres: Postgres | None = None
        small_rows: int = Field(SMALL_ROWS, ge=0)
        tables: dict[str, Table] = {}
        rules: dict[str, word] = {}

    return File


def _sentence(error: pydantic.ValidationError, node: yaml.Node, path: str) -> str:
    """The first of the errors, by line, in one sentence."""
    found = error.errors(include_url=False, include_input=False)
    line, first = min(((_line(node, e["loc"]), e) for e in found), key=lambda pair: pair[0])
    keys = ".".join(str(key) for key in first["loc"] if key != "[key]")
    if first["type"] == "extra_forbidden":
        return f"{path}:{line}: {keys} is not a known setting."
    if first["type"] in ("model_type", "dict_type"):
        return f"{path}:{line}: {keys or 'the file'} should hold settings, as key: value."
    wrong = first["msg"].removeprefix("Input ")
    return f"{path}:{line}: {keys} {wrong[0].lower()}{wrong[1:]}."


def _line(node: yaml.Node, keys: Iterable[str | int]) -> int:
    """The line, from 1, of the deepest of the nested keys that the file has."""
    line = node.start_mark.line + 1
    for wanted in keys:
        for key, value in _items(node):
            if str(key.value) == str(wanted):
                line, node = key.start_mark.line + 1, value
                break
    return line


def _repeated(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys that a mapping has twice, which YAML forbids and PyYAML lets pass; each node once, as aliases form rings."""
    reached = {id(node)}
    waiting = [node]
    while waiting:
        seen: set[str] = set()
        for key, value in _items(waiting.pop()):
            if str(key.value) in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(str(key.value))
            if id(value) not in reached:
                reached.add(id(value))
                waiting.append(value)


def _items(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    import yaml

    return node.value if isinstance(node, yaml.MappingNode) else []


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
