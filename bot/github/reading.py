"""Reads GitHub's JSON into our own nouns; an answer that does not fit is told by its fields, never by its values."""

from __future__ import annotations

import functools
from typing import Annotated, Any, TypeVar

from pydantic import AliasPath, BeforeValidator, Field, TypeAdapter, ValidationError

from bot.errors import Retryable

T = TypeVar("T")

# Where GitHub may say null, and we mean nothing by it.
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


def at(*path: str) -> Any:
    """Where a field stands in GitHub's JSON. A null on the way counts as missing."""
    return Field(validation_alias=AliasPath(*path))


def read(shape: type[T], value: object, what: str) -> T:
    """A value of GitHub's JSON as `shape`. Raises Retryable: GitHub also sends half an answer when it is unwell."""
    key: Any = shape  # mypy does not take a class of which it knows nothing for hashable
    try:
        found: T = _adapter(key).validate_python(value)
        return found
    except ValidationError as error:
        places = {".".join(map(str, found["loc"])) for found in error.errors(include_url=False, include_input=False)}
        told = ", ".join(sorted(places - {""})) or shape.__name__
    raise Retryable(f"{what}: GitHub's answer has no usable {told}")


def same_text(one: str, other: str) -> bool:
    """Whether a text that GitHub kept is the one we wrote: a browser saves CRLF, and spaces at the end may be lost."""
    return one.replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()


@functools.cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)
