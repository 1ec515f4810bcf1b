"""The policy's own file, as YAML, and production's statistics, as JSON: their shape, and what they become."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from workers.complaints import complaint, who_is
from workers.errors import InputError
from workers.model import Level, Transaction
from workers.policy import (
    ASKED_TOGETHER,
    DEFAULT_WHO,
    POLICY_PATH,
    SMALL_ROWS,
    SNAKE_CASE,
    AskedPolicy,
    ChecklistPolicy,
    EnvironmentPolicy,
    NamingPolicy,
    Policy,
    RollbackForm,
    RollbackPolicy,
    RulePolicy,
    Statistics,
    TablePolicy,
)
from workers.words import Name
from workers.yaml_lines import line_of, load, repeated

_LineAt = Callable[[tuple[int | str, ...]], int]


def _word(value: object) -> object:
    """YAML 1.1 reads a bare off as the boolean false (https://yaml.org/type/bool.html)."""
    return "off" if value is False else value


def _compiles(pattern: str) -> str:
    """Of what pydantic has read: a ValueError for what is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"should be a regular expression: {error.msg}") from None
    return pattern


_Pattern = Annotated[str, AfterValidator(_compiles)]
_Level = Annotated[Literal["off", "safe", "risky", "high-risk"], BeforeValidator(_word)]
_Person = Annotated[str, AfterValidator(who_is("write", "author", "not-author"))]


class _Form(BaseModel):
    """Strict: "12" is no number, and a key that is not listed is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Table(_Form):
    rows: int | None = Field(None, ge=0)
    hot: bool = False


class _Index(_Form):
    scans: int = Field(ge=0)


class _Postgres(_Form):
    version: int = Field(ge=9)


class _Asked(_Form):
    who: _Person


_UNASKED = _Asked.model_construct(who="off")
_Item = Annotated[_Asked, BeforeValidator(lambda value: _UNASKED if _word(value) == "off" else value)]


class _Naming(_Form):
    table: _Pattern = SNAKE_CASE
    column: _Pattern = SNAKE_CASE
    index: _Pattern = SNAKE_CASE
    constraint: _Pattern = SNAKE_CASE


class _Checklist(_Form):
    who: _Person = DEFAULT_WHO
    items: dict[str, _Item] = {}


class _Rollback(_Form):
    preserve: bool = False
    form: Literal["file", "forward", "down"] = "file"


class _Environment(_Form):
    approvals: int = Field(0, ge=0)
    ticks: bool = False
    after: list[str] = []
    merged: bool = False


class _File(_Form):
    layout: str | None = None
    path: str | None = None
    transaction: Literal["file", "simple-query", "statement"] | None = None
    postgres: _Postgres | None = None
    small_rows: int = Field(SMALL_ROWS, ge=0)
    tables: dict[str, _Table] = {}
    indexes: dict[str, _Index] = {}
    statistics: str | None = None
    rules: dict[str, _Level] = {}
    naming: _Naming = _Naming()
    checklist: _Checklist = _Checklist()
    environments: dict[str, _Environment] = {}
    rollback: _Rollback = _Rollback()


class _CountedForm(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _CountedTable(_CountedForm):
    rows: int = Field(ge=0)
    bytes: int | None = Field(None, ge=0)


class _CountedIndex(_CountedForm):
    scans: int = Field(ge=0)


class _Counted(_CountedForm):
    tables: dict[str, _CountedTable]
    indexes: dict[str, _CountedIndex] = {}


def parse_policy(text: str, path: str = POLICY_PATH) -> Policy:
    """Reads a policy file. Raises InputError, one sentence with the line, for the first thing not understood."""
    node, value = load(text, path)
    if node is None:
        return Policy(path=path)
    for key, line in repeated(node):
        raise InputError(f"{path}:{line}: {key} is given twice.")
    line_at: _LineAt = functools.partial(line_of, node)
    try:
        return _policy(_File.model_validate(value), path, line_at)
    except ValidationError as error:
        raise InputError(complaint(error, path, line_at, "key: value")) from None


def _policy(told: _File, path: str, line_at: _LineAt) -> Policy:
    return Policy(
        path=path,
        layout=told.layout,
        directory=None if told.path is None else _inside(told.path, f"{path}:{line_at(('path',))}: path", "folder"),
        transaction=told.transaction and Transaction(told.transaction),
        postgres_version=told.postgres.version if told.postgres else None,
        small_rows=told.small_rows,
        tables=tuple((_name(name), TablePolicy(table.rows, table.hot)) for name, table in told.tables.items()),
        statistics=None
        if told.statistics is None
        else _inside(told.statistics, f"{path}:{line_at(('statistics',))}: statistics", "file"),
        scans=tuple((_name(name), index.scans) for name, index in told.indexes.items()),
        rules=tuple(
            RulePolicy(name, None if word == "off" else Level.from_word(word), line_at(("rules", name)))
            for name, word in told.rules.items()
        ),
        naming=NamingPolicy(**told.naming.model_dump()),
        checklist=ChecklistPolicy(told.checklist.who, tuple(_asked(told.checklist, path, line_at))),
        environments=tuple(
            (name, EnvironmentPolicy(asked.approvals, asked.ticks, tuple(asked.after), asked.merged))
            for name, asked in told.environments.items()
        ),
        rollback=RollbackPolicy(told.rollback.preserve, RollbackForm(told.rollback.form)),
    )


def _asked(told: _Checklist, path: str, line_at: _LineAt) -> Iterator[AskedPolicy]:
    for name, item in told.items.items():
        line = line_at(("checklist", "items", name))
        if item is _UNASKED and name not in ASKED_TOGETHER:
            raise InputError(
                f"{path}:{line}: {name} cannot be off, only {', '.join(ASKED_TOGETHER)} can; a rule is switched off "
                "under rules."
            )
        yield AskedPolicy(name, None if item is _UNASKED else item.who, line)


def parse_statistics(text: str, path: str) -> Statistics:
    """Reads what production has counted, as the query in docs/statistics.md prints it; what else is in it is passed
    over. Raises InputError, one sentence with the line."""
    try:
        told = _Counted.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON: {error.msg}.") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply.") from None
    except ValidationError as error:
        node, _ = load(text, path)  # JSON is YAML, and YAML knows its lines
        line_at = functools.partial(line_of, node) if node else lambda _: 1
        raise InputError(complaint(error, path, line_at, '"key": value')) from None
    return Statistics(
        tuple((_name(name), TablePolicy(table.rows, size_bytes=table.bytes)) for name, table in told.tables.items()),
        tuple((_name(name), index.scans) for name, index in told.indexes.items()),
    )


def _name(text: str) -> Name:
    """orders → public.orders; sales.orders as it stands."""
    schema, dot, name = text.partition(".")
    return Name(schema, name) if dot else Name("public", text)


def _inside(text: str, place: str, kind: str) -> str:
    """A path from the repository's root, as the rest of the program spells it."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{place} should be a {kind} inside the repository.")
    return "" if str(path) == "." else str(path)
