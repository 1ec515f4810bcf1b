"""What is wrong with a file of settings that pydantic has read: one sentence with the line, without what was given."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pydantic

_TEAM = re.compile(r"@[A-Za-z0-9-]+/[A-Za-z0-9_.-]+")


def who_is(*roles: str) -> Callable[[str], str]:
    """Of what pydantic has read: a ValueError for all but these words and @org/team."""

    def checked(word: str) -> str:
        if word not in roles and not _TEAM.fullmatch(word):
            raise ValueError(f"should be {', '.join(roles)} or @org/team")
        return word

    return checked


def complaint(
    error: pydantic.ValidationError, path: str, line_at: Callable[[tuple[int | str, ...]], int], settings: str
) -> str:
    """The first of the errors, by line, in one sentence without what was given. settings: how the file writes them."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    line, first = min(((line_at(e["loc"]), e) for e in found), key=lambda pair: pair[0])
    keys = ".".join(str(key) for key in first["loc"] if key != "[key]")
    if first["type"] == "extra_forbidden":
        return f"{path}:{line}: {keys} is not a known setting."
    if first["type"] == "missing":
        return f"{path}:{line}: {keys} is missing."
    if first["type"] in ("model_type", "dict_type"):
        return f"{path}:{line}: {keys or 'the file'} should hold settings, as {settings}."
    wrong = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{path}:{line}: {keys} {wrong[0].lower()}{wrong[1:]}."
