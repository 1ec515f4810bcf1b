"""The policy's words on a runner whose migrations are code: their shape, and what they become."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field

from workers.errors import InputError
from workers.runners import READY, TIME_LIMIT_S, Runner, completed

Inside = Callable[[str, str, str], str]  # a path, the place that names it, what it is → as the program spells it


class RunnerForm(BaseModel):
    """Strict, as the rest of the policy."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    files: list[str] = []
    print: str = ""
    down: str = ""
    state: str | None = None
    folder: str = "."
    time_limit_s: int = Field(TIME_LIMIT_S, ge=1)


def runner_of(told: RunnerForm, place: str, inside: Inside) -> Runner:
    """place: file, line and key. Raises InputError where something is missing, or outside the repository."""
    runner = completed(
        Runner(
            told.name,
            tuple(told.files),
            told.print,
            told.down,
            None if told.state is None else inside(told.state, f"{place}: state", "file"),
            inside(told.folder, f"{place}: folder", "folder"),
            told.time_limit_s,
        )
    )
    for key, value in (("files", runner.files), ("print", runner.print)):
        if not value:
            raise InputError(f"{place}: {key} is missing; only for {' and '.join(READY)} it is known.")
    return runner
