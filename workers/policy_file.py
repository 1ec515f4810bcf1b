"""The policy's own file, as YAML: its shape, and the policy that it becomes."""

from __future__ import annotations

import functools
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
    AskedPolicy,
    ChecklistPolicy,
    EnvironmentPolicy,
    Policy,
    RulePolicy,
    TablePolicy,
)
from workers.words import Name
from workers.yaml_lines import line_of, load, repeated

_LineAt = Callable[[tuple[int | str, ...]], int]


def _word(value: object) -> object:
    """YAML 1.1 reads a bare off as the boolean false (https://yaml.org/type/bool.html)."""
    return "off" if value is False else value


_Level = Annotated[Literal["off", "safe", "risky", "high-risk"], BeforeValidator(_word)]
_Person = Annotated[str, AfterValidator(who_is("write", "author", "not-author"))]


class _Form(BaseModel):
    """Strict: "12" is no number, and a key that is not listed is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Table(_Form):
    rows: int | None = Field(None, ge=0)
    hot: bool = False


class _Postgres(_Form):
    version: int = Field(ge=9)


class _Asked(_Form):
    who: _Person


_UNASKED = _Asked.model_construct(who="off")
_Item = Annotated[_Asked, BeforeValidator(lambda value: _UNASKED if _word(value) == "off" else value)]


class _Checklist(_Form):
    who: _Person = DEFAULT_WHO
    items: dict[str, _Item] = {}


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
    rules: dict[str, _Level] = {}
    checklist: _Checklist = _Checklist()
    environments: dict[str, _Environment] = {}


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
        directory=None if told.path is None else _directory(told.path, f"{path}:{line_at(('path',))}"),
        transaction=told.transaction and Transaction(told.transaction),
        postgres_version=told.postgres.version if told.postgres else None,
        small_rows=told.small_rows,
        tables=tuple((_table(name), TablePolicy(table.rows, table.hot)) for name, table in told.tables.items()),
        rules=tuple(
            RulePolicy(name, None if word == "off" else Level.from_word(word), line_at(("rules", name)))
            for name, word in told.rules.items()
        ),
        checklist=ChecklistPolicy(told.checklist.who, tuple(_asked(told.checklist, path, line_at))),
        environments=tuple(
            (name, EnvironmentPolicy(asked.approvals, asked.ticks, tuple(asked.after), asked.merged))
            for name, asked in told.environments.items()
        ),
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
