"""The policy's own file, YAML: its shape, and what it becomes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
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
    DriftPolicy,
    EnvironmentPolicy,
    NamingPolicy,
    Policy,
    PreludeFile,
    RollbackForm,
    RollbackPolicy,
    RulePolicy,
    TablePolicy,
    relation,
)
from workers.runner_form import RunnerForm, runner_of
from workers.yaml_lines import line_of, load, repeated

_Keys = tuple[int | str, ...]
_LineAt = Callable[[_Keys], int]


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


def _file_name(extension: str) -> str:
    """A server looks for an extension in files that are called like it."""
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,62}", extension):
        raise ValueError("should be the name of an extension")
    return extension


_Pattern = Annotated[str, AfterValidator(_compiles)]
_Level = Annotated[Literal["off", "safe", "risky", "high-risk"], BeforeValidator(_word)]
_Extension = Annotated[str, AfterValidator(_file_name)]
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


class _Drift(_Form):
    ignore: list[str] = []
    owners: bool = False
    grants: bool = False


class _Environment(_Form):
    approvals: int = Field(0, ge=0)
    ticks: bool = False
    after: list[str] = []
    merged: bool = False


class _OfProject(_Form):
    """What may differ between the projects of a repository."""

    layout: str | None = None
    transaction: Literal["file", "simple-query", "statement"] | None = None
    postgres: _Postgres | None = None
    tables: dict[str, _Table] = {}
    indexes: dict[str, _Index] = {}
    statistics: str | None = None
    runner: RunnerForm | None = None
    platform: Annotated[Literal["supabase", "hasura", "off"] | None, BeforeValidator(_word)] = None
    prelude: list[str] = []
    extensions: dict[_Extension, Literal["provided"]] = {}


class _Project(_OfProject):
    path: str


class _File(_OfProject):
    path: str | None = None
    projects: list[_Project] | None = Field(None, min_length=1)
    small_rows: int = Field(SMALL_ROWS, ge=0)
    rules: dict[str, _Level] = {}
    naming: _Naming = _Naming()
    checklist: _Checklist = _Checklist()
    environments: dict[str, _Environment] = {}
    rollback: _Rollback = _Rollback()
    drift: _Drift = _Drift()


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
    whole = Policy(
        path=path,
        directory=None if told.path is None else _inside(told.path, f"{path}:{line_at(('path',))}: path", "folder"),
        small_rows=told.small_rows,
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
        drift=DriftPolicy(tuple(told.drift.ignore), told.drift.owners, told.drift.grants),
    )
    whole = _with(whole, told, line_at, ())
    return replace(whole, projects=tuple(_projects(whole, told, line_at)))


def _with(whole: Policy, told: _OfProject, line_at: _LineAt, keys: _Keys) -> Policy:
    """With what is told at these keys in place of what is told for all."""

    def at(key: str) -> str:
        return f"{whole.path}:{line_at((*keys, key))}: {key}"

    tables = {relation(name): TablePolicy(table.rows, table.hot) for name, table in told.tables.items()}
    scans = {relation(name): index.scans for name, index in told.indexes.items()}
    return replace(
        whole,
        layout=told.layout or whole.layout,
        layout_line=line_at((*keys, "layout")) if told.layout else whole.layout_line,
        transaction=Transaction(told.transaction) if told.transaction else whole.transaction,
        postgres_version=told.postgres.version if told.postgres else whole.postgres_version,
        tables=tuple({**dict(whole.tables), **tables}.items()),
        scans=tuple({**dict(whole.scans), **scans}.items()),
        statistics=_inside(told.statistics, at("statistics"), "file") if told.statistics else whole.statistics,
        runner=runner_of(told.runner, at("runner"), _inside) if told.runner else whole.runner,
        platform=told.platform or whole.platform,
        prelude=tuple(PreludeFile(_inside(name, at("prelude"), "file")) for name in told.prelude) or whole.prelude,
        provided=tuple(told.extensions) or whole.provided,
    )


def _projects(whole: Policy, told: _File, line_at: _LineAt) -> Iterator[Policy]:
    if told.projects and told.path is not None:
        line = line_at(("projects",))
        raise InputError(f"{whole.path}:{line}: projects stands beside path; each project has a path of its own.")
    seen: set[str] = set()
    for index, project in enumerate(told.projects or ()):
        keys: _Keys = ("projects", index)
        line = line_at((*keys, "path"))
        directory = _inside(project.path, f"{whole.path}:{line}: path", "folder")
        if directory in seen:
            raise InputError(f"{whole.path}:{line}: {project.path} is given twice.")
        seen.add(directory)
        yield replace(_with(whole, project, line_at, keys), directory=directory)


def _asked(told: _Checklist, path: str, line_at: _LineAt) -> Iterator[AskedPolicy]:
    for name, item in told.items.items():
        line = line_at(("checklist", "items", name))
        if item is _UNASKED and name not in ASKED_TOGETHER:
            raise InputError(
                f"{path}:{line}: {name} cannot be off, only {', '.join(ASKED_TOGETHER)} can; a rule is switched off "
                "under rules."
            )
        yield AskedPolicy(name, None if item is _UNASKED else item.who, line)


def _inside(text: str, place: str, kind: str) -> str:
    """A path from the repository's root, as the rest of the program spells it."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{place} should be a {kind} inside the repository.")
    return "" if str(path) == "." else str(path)
