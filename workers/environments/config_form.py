"""The shape of the environments' file, and the nouns that it becomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from workers.complaints import who_is
from workers.environments import config_values as values
from workers.environments.model import (
    BackupMethod,
    BackupPlan,
    DriftPlan,
    Environment,
    EnvironmentKind,
    Freeze,
    NeonProject,
    RehearseOn,
    Retention,
    Rules,
    Timeouts,
    Window,
)

_RULES = frozenset(field.name for field in dataclasses.fields(Rules))
_WRITERS = {"who": ("write",), "lossy": ("write",)}
# Nobody puts production's rules aside, or loses its data, before those who answer for it have said who may.
_MAINTAINERS = {"who": ("maintain",), "ticks": True, "approvals": 1}
_LEFT_OUT: Any = None  # what is not told has the noun's own default

_Text = Annotated[str, Field(min_length=1)]
_Url = Annotated[str, AfterValidator(values.readable_url)]
_People = list[Annotated[str, AfterValidator(who_is("write", "maintain", "admin"))]]
_Moment = Annotated[AwareDatetime, AfterValidator(values.in_this_age)]
_Clock = Annotated[time, BeforeValidator(values.clock)]
_Ms = AfterValidator(values.ms)


class _Form(BaseModel):
    """Strict: "12" is no number, and a key that is not listed is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    def told(self) -> dict[str, Any]:
        """What the file says, as nouns, and nothing that it leaves out."""
        return {name: _as_noun(getattr(self, name)) for name in self.model_fields_set}


class _Noun(_Form):
    noun: ClassVar[Callable[..., Any]]


def _as_noun(value: object) -> object:
    if isinstance(value, _Noun):
        return type(value).noun(**value.told())
    return tuple(map(_as_noun, value)) if isinstance(value, list) else value


class _Window(_Noun):
    noun = Window
    days: Annotated[tuple[int, ...], BeforeValidator(values.days)]
    start: _Clock = Field(alias="from")
    end: _Clock = Field(alias="to")
    zone: Annotated[str, AfterValidator(values.known_zone)]


class _Freeze(_Noun):
    noun = Freeze
    start: _Moment = Field(alias="from")
    end: _Moment = Field(alias="to")
    reason: _Text

    @model_validator(mode="after")
    def _order(self) -> _Freeze:
        if self.start >= self.end:
            raise ValueError("should end after it begins")
        return self


class _Timeouts(_Noun):
    noun = Timeouts
    connect_ms: Annotated[float, Field(ge=1, le=values.LONGEST_S), _Ms] = Field(_LEFT_OUT, alias="connect_seconds")
    lock_ms: Annotated[float, Field(ge=0.001, le=values.LONGEST_S), _Ms] = Field(_LEFT_OUT, alias="lock_seconds")
    lock_attempts: int = Field(_LEFT_OUT, ge=1, le=20)
    statement_ms: Annotated[float, Field(ge=0, le=values.LONGEST_S), _Ms] = Field(_LEFT_OUT, alias="statement_seconds")
    total_ms: Annotated[float, Field(ge=1, le=values.LONGEST_S), _Ms] = Field(_LEFT_OUT, alias="total_seconds")


class _Retention(_Noun):
    noun = Retention
    daily: int = Field(_LEFT_OUT, ge=0)
    weekly: int = Field(_LEFT_OUT, ge=0)
    monthly: int = Field(_LEFT_OUT, ge=0)
    branch_hours: int = Field(_LEFT_OUT, ge=1)


class _Backup(_Noun):
    noun = BackupPlan
    method: Annotated[BackupMethod, Field(strict=False)]
    target: Annotated[str, AfterValidator(values.place)] = _LEFT_OUT
    jobs: int = Field(_LEFT_OUT, ge=1, le=64)
    compress: int = Field(_LEFT_OUT, ge=0, le=9)
    pg_dump: Annotated[Path, Field(strict=False)] = _LEFT_OUT
    sample: int = Field(_LEFT_OUT, ge=0)
    retention: _Retention = _LEFT_OUT

    @model_validator(mode="after")
    def _has_target(self) -> _Backup:
        if self.method is BackupMethod.DUMP and not self.target:
            raise ValueError("should have a target, where its dumps go")
        return self


class _Neon(_Noun):
    noun = NeonProject
    project: _Text
    branch: _Text
    api_key: _Text
    api_url: Annotated[str, AfterValidator(values.api_address)] = _LEFT_OUT


class _Drift(_Noun):
    noun = DriftPlan
    every_hours: int = Field(ge=1, le=values.LONGEST_S // 3600)
    issue: bool = _LEFT_OUT
    branch: _Text = _LEFT_OUT


class EnvironmentForm(_Form):
    """[repositories."owner/name".environments.NAME]"""

    kind: Annotated[EnvironmentKind, Field(strict=False)]
    url: _Url
    pooled_url: _Url = _LEFT_OUT
    tls: bool = _LEFT_OUT
    who: _People = _LEFT_OUT
    force: _People = _LEFT_OUT
    lossy: _People = _LEFT_OUT
    ticks: bool = _LEFT_OUT
    approvals: int = Field(_LEFT_OUT, ge=0)
    after: list[str] = _LEFT_OUT
    merged: bool = _LEFT_OUT
    windows: list[_Window] = _LEFT_OUT
    freezes: list[_Freeze] = _LEFT_OUT
    timeouts: _Timeouts = _LEFT_OUT
    backup: _Backup = _LEFT_OUT
    neon: _Neon = _LEFT_OUT
    rehearse_on: Annotated[RehearseOn, Field(strict=False)] = Field(_LEFT_OUT, alias="rehearse")
    copy_url: _Url = _LEFT_OUT
    drift: _Drift = _LEFT_OUT
    path: Annotated[str, AfterValidator(values.folder)] = _LEFT_OUT

    @model_validator(mode="after")
    def _has_places(self) -> EnvironmentForm:
        wants_neon = self.rehearse_on is RehearseOn.NEON or (self.backup and self.backup.method is BackupMethod.NEON)
        if wants_neon and not self.neon:
            raise ValueError("should have a table neon, which its backup or rehearsal is made in")
        if self.rehearse_on is RehearseOn.URL and not self.copy_url:
            raise ValueError("should have the copy_url that rehearsals run on")
        return self

    def made(self, repository: str, name: str, after: tuple[str, ...]) -> Environment:
        """after: where the file does not say."""
        told = self.told()
        usual = _MAINTAINERS if self.kind is EnvironmentKind.PRODUCTION else _WRITERS
        rules = {"after": after, **usual, **{key: told.pop(key) for key in _RULES & told.keys()}}
        return Environment(repository, name, rules=Rules(**rules), **told)


class RepositoryForm(_Form):
    """[repositories."owner/name"]. id: GitHub's."""

    id: int | None = Field(None, ge=1)
    environments: dict[str, EnvironmentForm] = {}

    def made(self, repository: str) -> tuple[Environment, ...]:
        """Production comes after each staging, unless it says what it comes after."""
        forms = self.environments.items()
        staging = tuple(name for name, form in forms if form.kind is EnvironmentKind.STAGING)
        first = {EnvironmentKind.PRODUCTION: staging}
        return tuple(form.made(repository, name, first.get(form.kind, ())) for name, form in forms)


class FileForm(_Form):
    """The whole file."""

    repositories: dict[str, RepositoryForm] = {}
