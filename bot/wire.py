"""Work and outcomes as plain values, for Redis: what is read back equals what was written, or is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from bot.model import Work

_KINDS: Mapping[str, type[Work]] = {kind.__name__: kind for kind in get_args(Work)}
_T = TypeVar("_T")
_adapter: Callable[[Any], TypeAdapter[Any]] = functools.cache(TypeAdapter)


class Unreadable(ValueError):
    """Plain values that are not what they should be: another version wrote them. Says where, never what they hold."""


def to_json(work: Work) -> dict[str, Any]:
    """Values that JSON has, with the name of the kind under "kind"."""
    plain: dict[str, Any] = _adapter(type(work)).dump_python(work, mode="json")
    return {"kind": type(work).__name__, **plain}


def from_json(plain: Mapping[str, Any]) -> Work:
    """Raises Unreadable, also for a kind that is not known."""
    kind = str(plain.get("kind"))
    if kind not in _KINDS:
        raise Unreadable(f"{kind} is no kind of work")
    with_values = {name: value for name, value in plain.items() if name != "kind"}
    try:
        work: Work = _adapter(_KINDS[kind]).validate_python(with_values)
    except ValidationError as error:
        raise Unreadable(_where(kind, error)) from None
    return work


def dumps(value: object) -> bytes:
    """A frozen dataclass of plain values as JSON; loads() is told its type."""
    return _adapter(type(value)).dump_json(value)


def loads(kind: type[_T], text: bytes) -> _T:
    """Raises Unreadable."""
    try:
        value: _T = _adapter(kind).validate_json(text)
    except ValidationError as error:
        raise Unreadable(_where(kind.__name__, error)) from None
    return value


def _where(kind: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{kind}: {'.'.join(str(step) for step in first['loc'])}: {first['msg']}"
